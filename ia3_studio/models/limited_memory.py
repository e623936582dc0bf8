"""Which limits on memory does this process have? Those of its control groups, and its own (``ulimit -v``, ``-d``).

Control groups are the limits of containers, services and jobs of a scheduler; each of those above a process counts, in
both versions of Linux's interface. A scheduler may also limit the address space of each process.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux shows control groups, if it does not say where."""
MEMBERSHIP = Path("/proc/self/cgroup")
"""Names the control groups of this process."""
MOUNTS = Path("/proc/self/mountinfo")
"""Names the folders in which control groups are shown, and which part of them."""


@dataclass(frozen=True)
class Limit:
    """A limit and what is used of it, in bytes."""

    most: int
    used: int


def process_limits() -> Iterator[Limit]:
    """Yield the limits on the address space and on the data of this process; none on Windows."""
    if importlib.util.find_spec("resource") is None:
        return
    import resource

    import psutil

    used = psutil.Process().memory_info()
    for kind, taken in (("RLIMIT_AS", used.vms), ("RLIMIT_DATA", getattr(used, "data", None))):
        number = getattr(resource, kind, None)
        most = resource.RLIM_INFINITY if number is None else resource.getrlimit(number)[0]
        if most != resource.RLIM_INFINITY and taken is not None:
            yield Limit(int(most), int(taken))


def group_limits(root: Path = CGROUPS, membership: Path = MEMBERSHIP, mounts: Path = MOUNTS) -> Iterator[Limit]:
    """Yield the limit of each control group that this process is in, and of those above; none without Linux.

    Args:
        root: where groups are shown by default.
        membership: the file that names those of this process.
        mounts: the file that names where they are shown.
    """
    for folder in dict.fromkeys(_groups(root, membership, mounts)):
        stat = _stat(folder)
        used = _number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0
        used = max(0, used - stat.get("total_inactive_file", stat.get("inactive_file", 0)))  # dropped when needed
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            most = _number(folder / name)
            if most is not None:
                yield Limit(most, used)
        if "hierarchical_memory_limit" in stat:  # version 1: the smallest of those above, which may be hidden
            yield Limit(stat["hierarchical_memory_limit"], used)


def _groups(root: Path, membership: Path, mounts: Path) -> Iterator[Path]:
    """Yield the folders of the process's control groups and of all above them.

    A container often sees its own group as the root, whatever its membership says.
    """
    yield from (root, root / "memory")
    places = [(root, "", ""), (root / "memory", "memory", ""), *_mounted(mounts)]
    for controllers, path in _memberships(membership):
        for top, kind, shown in places:
            inside = f"{path.rstrip('/')}/".startswith(f"{shown.rstrip('/')}/")
            if ("memory" if controllers else "") == kind and inside:
                inner = top / path[len(shown.rstrip("/")) :].lstrip("/")
                yield from (each for each in (inner, *inner.parents) if each == top or top in each.parents)


def _memberships(membership: Path) -> Iterator[tuple[str, str]]:
    """Yield (controllers, path) of the groups that limit the memory of this process; version 2 names no controllers."""
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _number_of_it, controllers, path = (*line.split(":", 2), "", "")[:3]
        known = not controllers or "memory" in controllers.split(",")
        if known and ".." not in path:  # else a group outside of what this process sees
            yield controllers, path


def _mounted(mounts: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield (folder, "memory" or "" for version 2, the group that is shown there) of each place that shows groups."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        mount, _dash, system = line.partition(" - ")
        fields, kind = mount.split(" "), system.split(" ")
        if len(fields) < 5 or len(kind) < 3 or ".." in fields[3]:
            continue
        if kind[0] == "cgroup2":
            yield Path(fields[4]), "", fields[3]
        elif kind[0] == "cgroup" and "memory" in kind[2].split(","):
            yield Path(fields[4]), "memory", fields[3]


def _number(*files: Path) -> int | None:
    """Return the number in the first of these files that exists; None for "max"."""
    for path in files:
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def _stat(folder: Path) -> dict[str, int]:
    """Return the numbers in a group's memory.stat."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return {}
    pairs = [line.split() for line in lines if line.count(" ") == 1]
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
