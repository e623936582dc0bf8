"""How are more rows than fit in memory kept? In a memory-mapped Arrow file, each row made when it is asked for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ia3_studio.atomic import remove_abandoned, replacing
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

Row = TypeVar("Row")
VERSION = 5
"""Version of the parser; cached rows of another version are made again."""
MOST_KEPT_BYTES = 20 * 2**30
"""What may be kept on disk; the files that were used longest ago go first."""
READ_AT_ONCE = 256


class ArrowRows(Sequence[Row], Generic[Row]):
    """Rows on disk, in order; memory holds their places only.

    Args:
        table: its column "row" holds each row as JSON.
        revive: makes a row of what its JSON says.
        places: which rows of the table, and in which order.
        key: identifies these rows.
    """

    def __init__(self, table: Dataset, revive: Callable[[Any], Row], places: np.ndarray, key: str) -> None:
        self._table = table
        self._revive = revive
        self._places = places
        self.key = key

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> ArrowRows[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | ArrowRows[Row]:
        if isinstance(place, slice):
            return self.at(range(len(self))[place])
        return self._revive(json.loads(self._table[int(self._places[place])]["row"]))

    def __iter__(self) -> Iterator[Row]:
        for first in range(0, len(self), READ_AT_ONCE):
            for text in self._table[self._places[first : first + READ_AT_ONCE]]["row"]:
                yield self._revive(json.loads(text))

    def at(self, places: Sequence[int]) -> ArrowRows[Row]:
        """Return the rows at some places."""
        import numpy as np

        chosen = self._places[np.asarray(places, dtype=np.int64)]
        digest = hashlib.sha256(chosen.tobytes()).hexdigest()[:16]
        return ArrowRows(self._table, self._revive, chosen, f"{self.key}/{digest}")


def write_arrow_rows(rows: Iterable[tuple[Any, bool]], path: Path) -> None:
    """Write rows, each with a mark, into a file that appears as a whole.

    Args:
        rows: dataclasses of numbers, texts and tuples of them.
    """
    from datasets import Features, Value
    from datasets.arrow_writer import ArrowWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    make_room(path.parent)
    features = Features({"row": Value("large_string"), "marked": Value("bool")})
    with (
        replacing(path) as part,
        ArrowWriter(features=features, path=str(part), writer_batch_size=READ_AT_ONCE) as writer,
    ):
        for row, marked in rows:
            text = json.dumps(astuple(row), ensure_ascii=False, separators=(",", ":"))
            writer.write({"row": text, "marked": marked})
        writer.finalize()


def open_arrow_rows(path: Path, revive: Callable[[Any], Row], key: str, marked: bool | None = None) -> ArrowRows[Row]:
    """Return the rows of a file: all, or those with or without the mark."""
    import numpy as np
    from datasets import Dataset

    os.utime(path)  # used now: others go before it
    table = Dataset.from_file(str(path))
    marks = table.data.column("marked").to_numpy()
    places = np.arange(len(marks)) if marked is None else np.flatnonzero(marks == marked)
    return ArrowRows(table, revive, places, f"{key}/{marked}")


def make_room(folder: Path) -> None:
    """Delete the files used longest ago until the others are within ``MOST_KEPT_BYTES``."""
    remove_abandoned(folder)
    found = sorted(folder.glob("*.arrow"), key=lambda path: path.stat().st_mtime, reverse=True)
    held = 0
    for path in found:
        held += path.stat().st_size
        if held > MOST_KEPT_BYTES:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)


def key_of(*parts: object) -> str:
    """Return a cache key for some parts, given by their text."""
    return hashlib.sha256("\0".join(map(repr, (VERSION, *parts))).encode()).hexdigest()[:32]


def revive_example(values: Sequence[Any]) -> Example:
    """Return an example of what its JSON says."""
    made = dict(zip((field.name for field in fields(Example)), map(_tuples, values), strict=True))
    turns = {name: tuple(Message(*turn) for turn in made[name]) for name in ("messages", "rejected")}
    return Example(**{**made, **turns})


def reviver(kind: Callable[..., Row]) -> Callable[[Any], Row]:
    """Return a converter to rows of a type, whose fields are numbers, strings and tuples of them."""
    return lambda values: kind(*map(_tuples, values))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def tokenizer_key(tokenizer: Any) -> str:
    """Return what identifies a tokenizer: its vocabulary, its rules and its chat template."""
    inner = getattr(tokenizer, "backend_tokenizer", None)
    rules = inner.to_str() if inner is not None else repr(sorted(tokenizer.get_vocab().items()))
    return key_of(type(tokenizer).__name__, rules, getattr(tokenizer, "chat_template", None))
