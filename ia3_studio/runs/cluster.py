"""Which cluster is a run meant for, and which file tells that a process is connected to it?"""

from __future__ import annotations

import hashlib
import os
import socket

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run

LOG = ".cluster.log"
"""What the processes that are connected to clusters print, in the folder of runs."""
REACH_SECONDS = 5.0
"""For a connection to the cluster's address."""


def address_of(run: Run) -> str:
    """Return the address of the cluster that a run is meant for; empty for this machine."""
    try:
        config = run.config
    except RunError:
        return ""
    return (config.ray_address or os.environ.get("RAY_ADDRESS", "") or "auto") if config.compute == "ray" else ""


def lock_name(address: str) -> str:
    """Return the name of the lock that the process for a cluster holds in the folder of runs."""
    return f".cluster-{hashlib.sha256(address.encode()).hexdigest()[:12]}.lock"


def require_reachable(address: str) -> None:
    """Reject an address of a cluster at which nobody answers; one without a port is not tried.

    Raises:
        RunError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host, int(port)), REACH_SECONDS).close()
        except OSError as error:
            raise RunError(unreachable(address, error.strerror or str(error))) from error


def unreachable(address: str, why: str) -> str:
    """Return what the user is told of a cluster that cannot be reached."""
    return f"The Ray cluster at {address} cannot be reached ({why}); start it, then start or resume the run."
