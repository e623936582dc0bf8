"""Where does a model run, in which number format, and why?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from ia3_studio.settings import GPU_TURN, on_zero_gpu

if TYPE_CHECKING:
    import torch

_RESERVED = "On the CPU in float32: the GPU of this Space is reserved for training runs."
_NO_GPU = "On the CPU in float32: no GPU was found, and float32 is fastest on CPUs."


@dataclass(frozen=True)
class Device:
    """A device with the number format that suits it."""

    name: str
    """As torch names it: "cuda", "cuda:1", "mps" or "cpu"."""
    dtype: torch.dtype
    reason: str
    """One sentence for the screen."""


def choose_device() -> Device:
    """Pick the fastest device of this machine and the safest fast format on it."""
    import torch

    if _waits_for_gpu():
        return Device("cpu", torch.float32, _RESERVED)
    if torch.cuda.is_available():
        return _on_gpu(torch.cuda.get_device_name(), torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.backends.mps.is_available():
        return Device("mps", torch.float32, "On the Apple GPU in float32: a GPU was found, and float32 is exact on it.")
    return Device("cpu", torch.float32, _NO_GPU)


def device_reason() -> str:
    """Return the reason of :func:`choose_device`; torch is not imported where its build supports no GPU."""
    if _waits_for_gpu():
        return _RESERVED
    if "torch" not in sys.modules and is_cpu_build():
        return _NO_GPU
    return choose_device().reason


def is_cpu_build() -> bool:
    """Say whether the installed torch supports no GPU; it is not imported."""
    return version("torch").endswith("+cpu") and sys.platform != "darwin"


def _waits_for_gpu() -> bool:
    """Say whether this process is the page of a Space that lends a GPU to runs only."""
    return on_zero_gpu() and not os.environ.get(GPU_TURN)


def gpu_name() -> str:
    """Return this process's GPU: processes that were launched together have one each."""
    rank = os.environ.get("LOCAL_RANK")
    return f"cuda:{rank}" if rank else "cuda"


def local_processes() -> int:
    """Return how many processes that were launched together share the memory of this machine."""
    count = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, int(count)) if count.isdecimal() else 1


def _on_gpu(name: str, bfloat16: bool) -> Device:
    import torch

    if bfloat16:
        return Device(gpu_name(), torch.bfloat16, f"On the GPU ({name}) in bfloat16: half the memory, same range.")
    return Device(
        gpu_name(), torch.float16, f"On the GPU ({name}) in float16: it has no bfloat16, and half the memory."
    )


def in_float32(device: Device, reason: str) -> Device:
    """Return a device with float32 in place of float16, whose range is too narrow for some.

    Args:
        device: any device; with another format than float16 it is returned as it is.
        reason: why, as the end of a sentence.
    """
    import torch

    if device.dtype is not torch.float16:
        return device
    return replace(
        device, dtype=torch.float32, reason=f"{device.reason.partition(' in float16')[0]} in float32: {reason}."
    )
