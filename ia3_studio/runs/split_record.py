"""Which rows did a run set aside? Written when it begins, so that the split can be checked and made again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import RunError
from ia3_studio.runs.folder import read_json, write_json

if TYPE_CHECKING:
    from ia3_studio.data.split import DataSplit
    from ia3_studio.runs.config import RunConfig

MOST_ROWS = 100_000
"""Row numbers that are written; of more rows set aside, the first."""


@dataclass(frozen=True)
class SplitRecord:
    """What a run's split.json says of its rows."""

    data: str
    """SHA-256 of the data."""
    learned: int
    held_out: int
    held_out_rows: tuple[int, ...] = ()


def record_split(path: Path, split: DataSplit, config: RunConfig) -> None:
    """Write how the data were read and split, and the numbers of the rows that are only measured.

    A run that goes on compares instead.

    Raises:
        RunError: the data are not those that the run began with.
    """
    made = _document(split, config)
    known = read_json(path)
    if known is None:
        write_json(path, made)
    elif (known.get("data"), known.get("held_out_rows")) != (made["data"], made["held_out_rows"]):
        raise RunError(
            "The data of this run have changed since it began, so that it cannot go on; start a new run on them."
        )


def _document(split: DataSplit, config: RunConfig) -> dict[str, Any]:
    rows = [example.row for example in split.held_out[:MOST_ROWS]]
    return {
        "data": split.fingerprint,
        "description": split.description,
        "mapping": json.loads(json.dumps(asdict(split.mapping))),
        "reading": asdict(config.reading) if config.reading else None,
        "held_out_share": config.held_out,
        "seed": config.train.seed,
        "learned": len(split.train),
        "held_out": len(split.held_out),
        "left_out": len(split.problems) + split.more_left_out,
        "held_out_rows": rows,
    }
