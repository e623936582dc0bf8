"""How does a table become conversations whose rows fill one of two columns: what is asked, or what is answered?"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import WHO_ANSWERS, WHO_ASKS
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, is_blank, is_text
from ia3_studio.data.shapes.turn_groups import ID_NAMES, Turn, chat_of, conversations, grouped

_FEWEST = 2
"""Rows that fill each of the columns."""


def _sides(rows: Rows) -> tuple[str, str]:
    """Return the columns of what a user says and what an assistant says, one of which each row fills; else empty."""
    records = rows.first_records()
    asked = [name for name in rows.columns if says(name, WHO_ASKS) and _holds_text(records, name)]
    answered = [name for name in rows.columns if says(name, WHO_ANSWERS) and _holds_text(records, name)]
    if len(asked) != 1 or len(answered) != 1 or asked == answered:
        return "", ""
    one_of = sum(is_blank(record.get(asked[0])) != is_blank(record.get(answered[0])) for record in records)
    return (asked[0], answered[0]) if one_of >= MOST * len(records) else ("", "")


def _holds_text(records: list[dict[str, Any]], name: str) -> bool:
    filled = [record[name] for record in records if not is_blank(record.get(name))]
    return len(filled) >= _FEWEST and all(map(is_text, filled))


def _has_halves(rows: Rows) -> bool:
    return bool(chat_of(rows, ID_NAMES)) and all(_sides(rows))


def _read_halves(rows: Rows) -> Recognized:
    sides, found = _sides(rows), Collector()

    def turns(row: int, record: dict[str, Any]) -> list[Turn]:
        others = {name: cell for name, cell in record.items() if name not in sides}
        said = zip(("user", "assistant"), sides, strict=True)
        filled = [{"role": role, "content": record[name]} for role, name in said if not is_blank(record.get(name))]
        if not filled:
            found.leave_out(row, f"{' and '.join(sides)} are empty")
        return [Turn(row, message, others) for message in filled]

    return conversations(grouped(rows, chat_of(rows, ID_NAMES), found), found, turns, "one side of a talk per row")


SHAPES = (Shape("turns in two columns", _has_halves, _read_halves, by_row=False),)
