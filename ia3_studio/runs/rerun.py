"""How is a run re-run, with the same or other settings? From its folder, which may come from another machine."""

from __future__ import annotations

import itertools
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ia3_studio.errors import RunError
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.notes import RunNotes, write_notes
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore

MOST_RUNS = 64
"""Maximum runs per sweep."""
GROUPS = {
    "keys": "key",
    "values": "value",
    "feed-forward": "feed-forward",
    "keys and values": "key,value",
    "keys, values and feed-forward": "key,value,feed-forward",
}
"""Module groups for sweeps, and their selections."""


@dataclass(frozen=True)
class Variations:
    """The values of a sweep; empty fields keep the value of the run."""

    learning_rates: tuple[float, ...] = ()
    epochs: tuple[float, ...] = ()
    seeds: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    """Names of ``GROUPS``."""

    @property
    def count(self) -> int:
        """Return the number of runs."""
        count = 1
        for part in (self.learning_rates, self.epochs, self.seeds, self.groups):
            count *= max(len(part), 1)
        return count


def rerun(store: RunStore, run: Run, config: RunConfig | None = None, start_id: str = "") -> Run:
    """Create a run with the settings and data of another run, without starting it.

    The environment of the original run is stored, so that the new run can report differences.

    Args:
        run: the original run; may be from another folder or machine.
        config: new settings; the data are those of the original run.

    Raises:
        RunError: its settings cannot be read, or there is not enough disk space.
    """
    wanted = replace(config or run.config, data=run.data_source)
    if wanted.data == run.config.data and Path(wanted.data).is_absolute() and not Path(wanted.data).exists():
        raise RunError(f"The data of this run were not found in its folder or at {wanted.data}; copy them there.")
    made = store.create(wanted, start_id or secrets.token_hex(8))
    if run.files.environment.exists():
        shutil.copyfile(run.files.environment, made.files.original_environment)
    return made


def variations(config: RunConfig, tried: Variations) -> list[tuple[str, RunConfig]]:
    """Return all combinations of a sweep, each with a distinct name.

    Raises:
        RunError: there are too many, or a group is unknown.
        TrainingError: a setting is outside its range.
    """
    if tried.count > MOST_RUNS:
        raise RunError(f"The sweep has {tried.count:,} runs and the limit is {MOST_RUNS}; try fewer values.")
    unknown = [group for group in tried.groups if group not in GROUPS]
    if unknown:
        raise RunError(f"Unknown module group {unknown[0]!r}; choose from {', '.join(GROUPS)}.")
    parts: list[list[tuple[str, dict[str, float]]]] = [
        [("", {})] if not values else [(f"{what} {value:g}", {field: value}) for value in values]
        for what, field, values in (
            ("rate", "learning_rate", tried.learning_rates),
            ("epochs", "epochs", tried.epochs),
            ("seed", "seed", tried.seeds),
        )
    ]
    made = []
    for group in tried.groups or ("",):
        for combination in itertools.product(*parts):
            settings = {name: value for _said, changes in combination for name, value in changes.items()}
            said = ", ".join(filter(None, (group, *(words for words, _changes in combination))))
            selection = GROUPS[group] if group else config.selection
            train = replace(config.train, **settings)  # type: ignore[arg-type]
            name = f"{config.name}: {said}"[:80] if said else config.name
            made.append((said, replace(config, name=name, selection=selection, train=train)))
    return made


def sweep(store: RunStore, run: Run, tried: Variations, tag: str, start_id: str) -> list[Run]:
    """Create a run for every combination of a sweep, with a common tag if given, without starting them.

    Args:
        start_id: id of the request; the same id never creates a second sweep.

    Raises:
        RunError: as :func:`rerun` and :func:`variations`.
    """
    made: list[Run] = []
    configs: Sequence[tuple[str, RunConfig]] = variations(run.config, tried)
    for number, (_said, config) in enumerate(configs):
        new = rerun(store, run, config, f"{start_id}-{number}")
        if tag:
            write_notes(new.files.notes, RunNotes(tags=(tag,)))
        made.append(new)
    return made
