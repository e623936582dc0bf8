"""What are the results of all runs? Computed once per ended run, and cached in its folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import RunError
from ia3_studio.runs.environment import read_environment
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.runs.held_out import held_out_loss
from ia3_studio.runs.run import ACTIVE, Run
from ia3_studio.typed import typed_or_none

if TYPE_CHECKING:
    from ia3_studio.runs.store import RunStore

RECORD = "record.json"
FORMAT = 2
"""Version of the records; cached ones of another version are computed again."""


@dataclass(frozen=True)
class RunRecord:
    """Result of a run; None for unknown values."""

    id: str
    name: str
    state: str
    model: str
    data: str
    sites: str
    """A preset, an expression, or the number of selected sites."""
    learning_rate: float
    epochs: float
    batch_size: int
    seed: int
    step: int
    total_steps: int
    base_loss: float | None
    """Held-out loss before training, in nats per token or row."""
    loss: float | None
    """Held-out loss of the kept vectors."""
    measure: str
    """The first measure of the verdict; empty without a verdict."""
    lower_is_better: bool
    base: float | None
    tuned: float | None
    low: float | None
    """Lower end of the 95 % interval of ``tuned``."""
    high: float | None
    verdict: str
    """"gain", "no gain", "loss" or "too few rows to tell"; empty without one."""
    parameters: int | None
    """Trainable parameters."""
    seconds: float
    kilobytes: float | None
    """Size of the adapter's files."""
    tags: tuple[str, ...]
    created_at: float

    @property
    def better(self) -> float | None:
        """Return the ranking score, higher is better: the verdict's measure, or else the loss."""
        if self.tuned is not None:
            return -self.tuned if self.lower_is_better else self.tuned
        return None if self.loss is None else -self.loss


def records(store: RunStore) -> list[RunRecord]:
    """Return a record of every run, newest first."""
    return [record_of(run) for run in store.list()]


def record_of(run: Run) -> RunRecord:
    """Return the result of a run. **Caches it in the run's folder** once the run has ended."""
    mark = [FORMAT, *(_changed(path) for path in (run.files.status, run.files.notes, run.files.config))]
    kept = run.folder / RECORD
    document = read_json(kept)
    if document and document.get("mark") == mark and isinstance(document.get("record"), dict):
        record = typed_or_none(RunRecord, document["record"])
        if record and record.id == run.id:
            return record
    found = _read(run)
    if found.state not in ACTIVE and run.has_ended:
        with suppress(OSError):  # a full disk, or a folder of somebody else: it is read again next time
            write_json(kept, {"mark": mark, "record": asdict(found)})
    return found


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(run: Run) -> RunRecord:
    status = run.status()
    losses = held_out_loss(run, status.is_trained)
    environment = read_environment(run.files.environment)
    return RunRecord(
        id=run.id,
        name=run.name,
        state=status.state,
        **_settings(run),
        step=status.step,
        total_steps=status.total_steps,
        base_loss=losses.base,
        loss=losses.kept,
        **_verdict(run.folder),
        parameters=_count(environment.get("parameters")),
        seconds=round(status.seconds, 1),
        kilobytes=_kilobytes(run),
        tags=run.notes.tags,
        created_at=status.created_at,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _settings(run: Run) -> dict[str, Any]:
    try:
        config = run.config
    except RunError:
        words, numbers = ("model", "data", "sites"), ("learning_rate", "epochs", "batch_size", "seed")
        return dict.fromkeys(words, "–") | dict.fromkeys(numbers, 0)
    sites = config.selection if isinstance(config.selection, str) else f"{len(config.selection)} selected"
    train = config.train
    return {
        "model": config.model.rstrip("/").rpartition("/")[2],
        "data": Path(config.data).name,
        "sites": sites,
        "learning_rate": train.learning_rate,
        "epochs": train.epochs,
        "batch_size": train.batch_size,
        "seed": train.seed,
    }


def _verdict(folder: Path) -> dict[str, Any]:
    found = read_evaluation(folder)
    if found is None:
        return {
            "measure": "",
            "lower_is_better": True,
            "base": None,
            "tuned": None,
            "low": None,
            "high": None,
            "verdict": "",
        }
    first = found.held_out.measures[0]
    low, high = first.tuned_interval or (None, None)
    return {
        "measure": first.name, "lower_is_better": first.better == "lower", "base": first.base, "tuned": first.tuned,
        "low": low, "high": high, "verdict": found.verdict.kind,
    }  # fmt: skip


def _kilobytes(run: Run) -> float | None:
    adapter = run.adapter_folder()
    if adapter is None:
        return None
    with os.scandir(adapter) as entries:
        return round(sum(entry.stat().st_size for entry in entries if entry.is_file()) / 1e3, 1)


def ranked(found: Sequence[RunRecord]) -> list[RunRecord]:
    """Return runs ranked by their held-out result, best first; runs without a result last."""
    return sorted(found, key=lambda record: (record.better is None, -(record.better or 0.0)))


def matching(found: Sequence[RunRecord], words: str) -> list[RunRecord]:
    """Return the runs that match every word in name, model, data, sites, state, verdict, tags or id."""
    wanted = words.casefold().split()

    def text(record: RunRecord) -> str:
        parts = (record.name, record.model, record.data, record.sites, record.state, record.verdict, record.id)
        return " ".join((*parts, *record.tags)).casefold()

    return [record for record in found if all(word in text(record) for word in wanted)] if wanted else list(found)
