"""How much memory may a process of this machine use, and how much of it is free? Limits of containers count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.models.device import choose_device

if TYPE_CHECKING:
    from ia3_studio.models.device import Device

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux shows the limits of containers and services."""
MEMBERSHIP = Path("/proc/self/cgroup")
"""Names the control groups of this process."""
_UNLIMITED = 2**60
"""Version 1 writes a number beyond this where there is no limit."""


@dataclass(frozen=True)
class MachineMemory:
    """Memory that models on a device use, in bytes."""

    total: int
    free: int
    on_gpu: bool = False


def machine_memory(device: Device | None = None) -> MachineMemory:
    """Return the memory of a device: of a GPU its own, else the smaller of RAM and the limit of a control group.

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
    """Return the memory of processes: the smaller of RAM and the limit of a control group."""
    import psutil

    memory = psutil.virtual_memory()
    return limited(MachineMemory(int(memory.total), int(memory.available)))


def limited(memory: MachineMemory, groups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> MachineMemory:
    """Return memory within the limits of this process's control groups; without Linux or a limit it is unchanged.

    Args:
        memory: of the machine.
        groups: the root of the control groups.
        membership: the file that names those of this process.
    """
    total, free = memory.total, memory.free
    for folder in _groups(groups, membership):
        limit = _number(folder / "memory.max", folder / "memory.limit_in_bytes")
        if limit is None or limit >= min(memory.total, _UNLIMITED):
            continue
        used = (_number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0) - _file_cache(folder)
        total, free = min(total, limit), min(free, max(0, limit - max(0, used)))
    return MachineMemory(total, free, memory.on_gpu)


def _groups(root: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of the process's control groups and of all above them: each of them may have a limit.

    A container often sees its own group as the root, whatever its membership says.
    """
    yield from (root, root / "memory")
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _number_of_it, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers not in ("", "memory") or ".." in path:  # a group outside of what this process sees
            continue
        top = root / "memory" if controllers else root
        inner = top / path.lstrip("/")
        yield from (each for each in (inner, *inner.parents) if top in each.parents)


def _number(*files: Path) -> int | None:
    """Return the number in the first of these files that exists; None for "max"."""
    for path in files:
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def _file_cache(folder: Path) -> int:
    """Return the bytes of files that the kernel drops from memory when a process needs it."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    named = dict(line.split() for line in lines if line.count(" ") == 1)
    return int(named.get("total_inactive_file", named.get("inactive_file", "0")))
