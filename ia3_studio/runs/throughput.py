"""How fast does this machine train? Measured in earlier runs, or else by a short benchmark that is kept in the home."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from ia3_studio.errors import RunError
from ia3_studio.models.fit import OPERATIONS
from ia3_studio.runs.folder import read_json, read_steps, write_json

if TYPE_CHECKING:
    from ia3_studio.runs.run import Run
    from ia3_studio.runs.store import RunStore

FILE = "speed.json"
"""In the home folder: what the benchmark found, and on which machine."""
RUNS_LOOKED_AT = 30
RUNS_USED = 5
SMALLEST = 10_000_000
"""Parameters below which a run does not tell how fast a larger model trains: a step has costs of its own."""
TAIL_BYTES = 16_384
"""At the end of the metrics file of a run; a line has about 300 bytes."""
_FASTEST = 1e18
"""Operations per second that no machine of today reaches: a file that claims more is not believed."""


@dataclass(frozen=True)
class MachineSpeed:
    """What training reaches on this machine."""

    operations_per_second: float
    """Multiplications and additions of matrix products, each counted as one."""
    measured_in: Literal["runs", "benchmark"]


def machine_speed(store: RunStore, home: Path, parameters_of: Callable[[str], int | None], device: str) -> MachineSpeed:
    """Return the speed of this machine. **Writes the result of the benchmark** into the home folder.

    Args:
        store: the runs whose throughput counts.
        home: the folder where the benchmark's result is kept.
        parameters_of: the parameters of a model by its source; None if they are not known.
        device: the name of the device that trains, as torch names it.
    """
    return known_speed(store, home, parameters_of, device) or _measured(home / FILE, _machine(device))


def known_speed(
    store: RunStore, home: Path, parameters_of: Callable[[str], int | None], device: str
) -> MachineSpeed | None:
    """Return the speed of this machine if runs or an earlier benchmark tell it, without measuring anything.

    Args:
        store: the runs whose throughput counts.
        home: the folder where the benchmark's result is kept.
        parameters_of: the parameters of a model by its source; None if they are not known.
        device: the name of the device that trains, as torch names it.
    """
    speeds = (speed for run in store.newest(RUNS_LOOKED_AT) if (speed := _speed_of(run, parameters_of)))
    found = tuple(islice(speeds, RUNS_USED))
    return MachineSpeed(median(found), "runs") if found else _kept(home / FILE, _machine(device))


def _machine(device: str) -> str:
    return f"{platform.node()} {device} torch {version('torch')}"


def _speed_of(run: Run, parameters_of: Callable[[str], int | None]) -> float | None:
    """Return the operations per second of a run's last steps; None if it does not tell."""
    try:
        parameters = parameters_of(run.config.model) or 0
    except RunError:
        return None
    if parameters < SMALLEST:
        return None
    rates = list(_last_rates(run.files.metrics))
    return OPERATIONS * parameters * median(rates) if rates else None


def _last_rates(metrics: Path) -> Iterator[float]:
    """Yield the tokens per second of the last steps."""
    try:
        size = metrics.stat().st_size
    except OSError:
        return
    steps, _end = read_steps(metrics, max(0, size - TAIL_BYTES))
    yield from (step.tokens_per_second for step in steps if step.tokens_per_second and step.tokens_per_second > 0)


def _kept(path: Path, machine: str) -> MachineSpeed | None:
    """Return the benchmark's result if one was kept for this machine."""
    kept = read_json(path) or {}
    rate = kept.get("operations_per_second")
    is_here = kept.get("machine") == machine and isinstance(rate, int | float) and 0 < rate < _FASTEST
    return MachineSpeed(float(rate), "benchmark") if is_here else None  # type: ignore[arg-type]


def _measured(path: Path, machine: str) -> MachineSpeed:
    """Measure the speed of this machine and keep the result."""
    from ia3_studio.training.forecast import REACHED, measure_speed

    speed = measure_speed()
    both = REACHED * 2 / (1 / speed.forward + 1 / speed.backward)
    with suppress(OSError):  # a full disk: it is measured again after the next start
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"machine": machine, "operations_per_second": both})
    return MachineSpeed(both, "benchmark")
