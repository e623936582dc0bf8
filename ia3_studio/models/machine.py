"""How much memory may a process of this machine use, and how much of it is free? Limits of any kind count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.models.device import choose_device
from ia3_studio.models.limited_memory import Limit, group_limits, process_limits

if TYPE_CHECKING:
    from ia3_studio.models.device import Device


@dataclass(frozen=True)
class MachineMemory:
    """Memory that models on a device use, in bytes."""

    total: int
    free: int
    on_gpu: bool = False


def machine_memory(device: Device | None = None) -> MachineMemory:
    """Return the memory of a device: of a GPU its own, else that of this process.

    **A GPU that is asked is held by this process until it ends**: for whoever loads a model on it.
    :func:`~ia3_studio.models.gpu_process.idle_memory` is for everybody else.

    Args:
        device: by default the one that models are loaded on.
    """
    chosen = device or choose_device()
    if chosen.name.startswith("cuda"):
        import torch

        free, total = torch.cuda.mem_get_info()
        return MachineMemory(int(total), int(free), on_gpu=True)
    return system_memory()


def system_memory() -> MachineMemory:
    """Return the memory of this process: the smallest of RAM, the limits of its control groups and its own limits."""
    import psutil

    memory = psutil.virtual_memory()
    return limited(MachineMemory(int(memory.total), int(memory.available)), [*group_limits(), *process_limits()])


def limited(memory: MachineMemory, limits: Iterable[Limit]) -> MachineMemory:
    """Return memory within limits; one beyond all memory changes nothing."""
    total, free = memory.total, memory.free
    for limit in limits:
        if limit.most < memory.total:
            total, free = min(total, limit.most), min(free, max(0, limit.most - limit.used))
    return MachineMemory(total, free, memory.on_gpu)
