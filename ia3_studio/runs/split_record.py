"""Which rows did a run hold out? Recorded at its start, so that the split can be verified and reproduced."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.data.arrow_rows import ArrowRows
from ia3_studio.data.labels import Labels, labels_in
from ia3_studio.errors import RunError
from ia3_studio.old_names import SPLIT
from ia3_studio.runs.folder import read_json, write_json

if TYPE_CHECKING:
    from ia3_studio.data.split import DataSplit
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.run import Run

LABELS_FILE = "labels.json"
"""The labels of a classifier's run in output order, recorded before its first adapter."""
MOST_ROWS = 100_000
"""Maximum recorded row numbers; of more held-out rows, the first."""


@dataclass(frozen=True)
class SplitRecord:
    """The record of a run's split, split.json."""

    data: str
    """SHA-256 of the data."""
    training_rows: int
    held_out: int
    held_out_rows: tuple[int, ...] = ()


def record_split(path: Path, split: DataSplit, config: RunConfig) -> None:
    """Write how the data were parsed and split, with the numbers of held-out rows.

    A resumed run compares instead.

    Raises:
        RunError: the data have changed since the run started.
    """
    made = _document(split, config)
    known = read_split(path)
    if known is None:
        write_json(path, made)
    elif (known.get("data"), known.get("held_out_rows")) != (made["data"], made["held_out_rows"]):
        raise RunError("The data of this run have changed since it started, so it cannot be resumed; start a new run.")


def read_split(path: Path) -> dict[str, Any] | None:
    """Return what :func:`record_split` wrote; None if it does not exist or cannot be read."""
    document = read_json(path)
    return SPLIT.replaced(document) if document is not None else None


def split_of(run: Run) -> DataSplit:
    """Read a run's data with its recorded split; a run that has not started splits them by its settings.

    Raises:
        DataError: the data cannot be read.
    """
    config = run.config
    split = config.choice(run.data_source).load(config.held_out, config.train.seed)
    return _as_recorded(split, read_split(run.files.split))


def labels_of_run(run: Run, adapter: Path | None = None) -> Labels | None:
    """Return the recorded labels of a classifier's run.

    Args:
        adapter: one of its folders; by default the newest.

    Raises:
        DataError: the adapter's labels cannot be read.
    """
    folder = adapter or run.adapter_folder()
    if folder and (labels := labels_in(folder)):
        return labels
    known = read_json(run.folder / LABELS_FILE)
    return Labels.from_json(json.dumps(known)) if known else None


def record_labels(run: Run, labels: Labels) -> None:
    """Record the labels of a starting run."""
    if not (run.folder / LABELS_FILE).exists():
        write_json(run.folder / LABELS_FILE, json.loads(labels.to_json()))


def _as_recorded(split: DataSplit, known: dict[str, Any] | None) -> DataSplit:
    """Return the same examples, split as recorded.

    Records of other data, incomplete records, and records of data with a separate held-out file (whose row numbers
    start again) are ignored.
    """
    if known is None or known.get("data") != split.fingerprint or isinstance(split.train, ArrowRows):
        return split
    named = known.get("held_out_rows")
    if not isinstance(named, list) or len(named) != known.get("held_out"):
        return split
    training, held_out_now = ({example.row for example in side} for side in (split.train, split.held_out))
    recorded = {row for row in named if isinstance(row, int)}
    if training & held_out_now or recorded == held_out_now or not recorded <= training | held_out_now:
        return split
    everything = sorted((*split.train, *split.held_out), key=lambda example: example.row)
    train = tuple(example for example in everything if example.row not in recorded)
    held_out = tuple(example for example in everything if example.row in recorded)
    return replace(split, train=train, held_out=held_out, notes=()) if train and held_out else split


def _document(split: DataSplit, config: RunConfig) -> dict[str, Any]:
    rows = [example.row for example in split.held_out[:MOST_ROWS]]
    return {
        "data": split.fingerprint,
        "description": split.description,
        "mapping": json.loads(json.dumps(asdict(split.mapping))),
        "parsing": asdict(config.parsing) if config.parsing else None,
        "held_out_share": config.held_out,
        "seed": config.train.seed,
        "training_rows": len(split.train),
        "held_out": len(split.held_out),
        "skipped": len(split.problems) + split.more_left_out,
        "held_out_rows": rows,
    }
