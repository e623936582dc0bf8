"""How are conversations read whose turns stand in columns by number, such as user_1, bot_1, user_2 and bot_2?"""

from __future__ import annotations

import re

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_blank, is_text, role_of
from ia3_studio.data.turn_roles import role_key
from ia3_studio.data.turns import PAIR_KEYS

_MESSAGES = "messages"
_NUMBERED = re.compile(
    r"(?P<side>.*?\D)[\W_]{0,9}(?P<number>\d{1,2})|(?:turn|round)?[\W_]{0,9}(?P<first>\d{1,2})[\W_]{1,9}(?P<last>\D+)"
)
_FORM = "turns in columns by number"


def _columns(rows: Rows) -> list[tuple[str, str]]:
    """Return the columns of turns with their roles in order; nothing unless both sides have the same two numbers."""
    found: dict[str, dict[int, str]] = {"user": {}, "assistant": {}}
    for name in rows.columns:
        parts = _NUMBERED.fullmatch(name.strip().lower())
        side = (parts["side"] or parts["last"]).strip("_ -") if parts else ""
        role = role_of(side) or str(PAIR_KEYS.get(role_key(side), ""))
        if parts and role in found and rows.any(name, is_text):
            found[role].setdefault(int(parts["number"] or parts["first"]), name)
    numbers = sorted(found["user"])
    if len(numbers) < len(found) or numbers != sorted(found["assistant"]):
        return []
    return [(found[role][number], role) for number in numbers for role in found]


def _read(rows: Rows) -> Recognized:
    columns, found = _columns(rows), Collector()
    names = [name for name, _role in columns]
    for row, record in rows.records():
        turns = [{"role": role, "content": record[name]} for name, role in columns if not is_blank(record.get(name))]
        if any(turn["role"] == "assistant" for turn in turns):
            found.use(row, {_MESSAGES: turns, **{name: cell for name, cell in record.items() if name not in names}})
        else:
            found.leave_out(row, "nothing is answered in it")
    return found.recognized(_FORM, Mapping("messages", column=_MESSAGES))


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)), _read),)
