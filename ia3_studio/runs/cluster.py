"""Which cluster is a run meant for, and which file tells that a process is connected to it?"""

from __future__ import annotations

import hashlib
import os

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run

LOG = ".cluster.log"
"""What the processes that are connected to clusters print, in the folder of runs."""


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
