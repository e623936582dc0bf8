"""A notebook's kernel that starts at once: python -m tests.e2e.kernel SOCKET CONNECTION_FILE orders one of a nursery.

It lives as long as the kernel, which is what whoever started it watches.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil

from tests.e2e.nursery import order

MODULE = "tests.e2e.kernel"


def write_kernel_spec(folder: Path, door: str) -> str:
    """Write a description of this kernel below a folder of ``JUPYTER_PATH``; return the kernel's name."""
    place = folder / "kernels" / "divided"
    place.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", MODULE, door, "{connection_file}"],
        "display_name": "Python",
        "language": "python",
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    return place.name


def main() -> int:
    """Be the kernel: what a nursery runs in the process that has divided from it."""
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance(argv=["-f", sys.argv[1]])
    return 0


def _order() -> None:
    door, connection_file = sys.argv[1:]
    kernel = psutil.Process(order(door, MODULE, [connection_file], dict(os.environ), Path(os.devnull), Path.cwd()))
    while kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.1)


if __name__ == "__main__":
    _order()
