"""How is a GPU asked something without holding on to it? In a process that ends.

A process that has touched a GPU keeps some hundred megabytes of its memory until it ends: the page and the supervisor
of a run live long, and the runs need that memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError, first_line
from ia3_studio.models.machine import MachineMemory, machine_memory

if TYPE_CHECKING:
    from ia3_studio.models.device import Device

PYTHON: Sequence[str] = (sys.executable, "-c")
PACKAGE_PARENT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
"""Time limit; torch is imported in it, and a driver that is stuck never answers."""
FRESH_SECONDS = 20
"""What was said of the memory holds this long."""
MEMORY = """
import json, torch
print(json.dumps([torch.cuda.mem_get_info(number) for number in range(torch.cuda.device_count())]))
"""


def gpu_memory() -> tuple[MachineMemory, ...]:
    """Return the memory of each GPU that torch sees, in its order.

    Raises:
        ModelError: the GPUs do not answer.
    """
    return _gpu_memory(int(time.monotonic() / FRESH_SECONDS))


def idle_memory(device: Device) -> MachineMemory:
    """Return the memory of a device that this process does not compute on.

    Args:
        device: as :func:`~ia3_studio.models.device.choose_device` returns it.

    Raises:
        ModelError: the GPUs do not answer.
    """
    if not device.name.startswith("cuda"):
        return machine_memory(device)
    _cuda, _colon, number = device.name.partition(":")
    return gpu_memory()[int(number or 0)]


@lru_cache(maxsize=1)
def _gpu_memory(_moment: int) -> tuple[MachineMemory, ...]:
    return tuple(MachineMemory(int(total), int(free), on_gpu=True) for free, total in ask(MEMORY))


def ask(code: str, seconds: float = SECONDS) -> Any:
    """Return what some lines of Python print as JSON on their last line, in a process of their own.

    Args:
        code: the lines; they may import this package.
        seconds: after which the process is ended.

    Raises:
        ModelError: it failed, or took longer.
    """
    paths = os.pathsep.join(filter(None, (str(PACKAGE_PARENT), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}  # no torch.py of the working folder
    try:
        done = subprocess.run(
            (*PYTHON, code), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=True,
            env=environment,
        )  # fmt: skip
        return json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"The GPUs of this machine did not answer within {seconds:.0f} seconds; {_TRY}.") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise ModelError(
            f"The GPUs of this machine cannot be used ({said[-1][:200] if said else error}); {_TRY}."
        ) from error
    except (OSError, ValueError, IndexError) as error:
        raise ModelError(f"The GPUs of this machine cannot be used ({first_line(error)}); {_TRY}.") from error


_TRY = "see whether nvidia-smi lists them, or set CUDA_VISIBLE_DEVICES to an empty text to train on the CPU"
