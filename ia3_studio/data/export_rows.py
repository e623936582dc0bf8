"""How are parsed data exported? As JSON Lines that are read back to the same examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.data.conversations import Message, native_turn
from ia3_studio.data.split_names import SPLIT
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.mapping import Mapping
    from ia3_studio.data.problem import Problem
    from ia3_studio.data.split import DataSplit

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets; a mark in front of it makes it text (OWASP, CSV injection)."""


def export_rows(split: DataSplit, path: Path) -> None:
    """Write all rows that are used, with the split they are in; :func:`load_data` reads the same examples from them.

    Raises:
        DataError: the data are images, not text rows.
    """
    if split.mapping.kind == "pictures":
        raise DataError("Images cannot be exported as text rows; they are already in their folder.")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for name, examples in (("train", split.train), ("test", split.held_out)):
            file.writelines(
                json.dumps({**_record(example, split.mapping), SPLIT: name}, ensure_ascii=False) + "\n"
                for example in examples
            )


def write_left_out(problems: Sequence[Problem], path: Path) -> None:
    """Write the skipped rows as CSV: row, reason, and the text of unreadable rows."""
    from pandas import DataFrame

    rows = [(problem.row, *map(escape_formula, (problem.reason, problem.text))) for problem in problems]
    DataFrame(rows, columns=["row", "reason", "text"]).to_csv(path, index=False)


def escape_formula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    Example:
        >>> escape_formula("=1+1")
        "'=1+1"
    """
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _record(example: Example, mapping: Mapping) -> dict[str, Any]:
    if example.rejected:
        sides = {"chosen": _turns(example.messages), "rejected": _turns(example.rejected)}
        return {**sides, **({"tools": example.tools} if example.tools else {})}
    if example.messages:
        label = {} if example.desirable is None else {"kto_tag": example.desirable}
        return {**_conversation(example), **label}
    return dict(_labeled(example, mapping)) if example.labels else {"text": example.text}


def _conversation(example: Example) -> dict[str, Any]:
    """Return turns as they are read: a turn that is not trained has a weight of 0, tools have a column of their own."""
    return {"messages": _turns(example.messages), **({"tools": example.tools} if example.tools else {})}


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    natives = ((turn, native_turn(turn)) for turn in messages)
    return [{**native, **({} if turn.trained else {"weight": 0})} for turn, native in natives if native]


def _labeled(example: Example, mapping: Mapping) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an example with labels, under names by which they are understood."""
    if example.words:
        yield "tokens", list(example.words)
        yield "tags", list(example.labels)
    elif example.choices:
        yield "question", example.text
        yield "choices", list(example.choices)
        yield "answer", example.labels[0]
    else:
        yield "sentence1" if example.second else "text", example.text
        if example.second:
            yield "sentence2", example.second
        yield "label", _label(example, mapping)


def _label(example: Example, mapping: Mapping) -> Any:
    if mapping.target == "multi":
        return list(example.labels)
    return float(example.labels[0]) if mapping.target == "number" else example.labels[0]
