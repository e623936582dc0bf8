"""On how many processes and machines does a run train? The options of train and resume."""

from __future__ import annotations

import argparse

from ia3_studio.errors import RunError
from ia3_studio.runs.config import RunConfig, require_processes
from ia3_studio.runs.folder import Launch
from ia3_studio.worker.ranks import process_count, require_launch


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for several processes and several machines."""
    parser.add_argument(
        "--processes", type=int, metavar="N", help="processes on each machine that share a batch; 0: one per GPU"
    )
    parser.add_argument("--nodes", type=int, default=1, metavar="N", help="machines that train together")
    parser.add_argument(
        "--rdzv", default="", metavar="HOST:PORT", help="address at which they meet; its machine keeps the run"
    )


def launch_of(options: argparse.Namespace) -> Launch:
    """Return how a run is to be launched.

    Raises:
        RunError: an option is out of its range, or the machine has too few GPUs.
    """
    launch = Launch(options.processes, options.nodes, options.rdzv)
    require_launch(launch)
    if options.processes is not None:
        require_processes(options.processes)
        process_count(options.processes)
    return launch


def require_own_machines(config: RunConfig, launch: Launch) -> None:
    """Reject several machines for a run of a cluster, which chooses one itself.

    Raises:
        RunError: there are.
    """
    if launch.nodes > 1 and config.compute != "local":
        raise RunError(
            f"--nodes starts a run on machines of your own, and compute is {config.compute!r}: a run on the cluster "
            "has one node. Leave out --nodes and --rdzv, or set compute to local."
        )
