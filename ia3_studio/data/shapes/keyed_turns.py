"""How are lists of objects read in which a key of any name says who speaks? As conversations, by the roles it names.

So systems for contact centers and chatbots write what was said, between other events, which have no text or no role.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed, role_of, side_role
from ia3_studio.data.turns import CONTENT_KEYS, SIDE_KEYS, turns_of

_MESSAGES = "messages"
_BOTH = {"user", "assistant"}
_TEXTS = tuple(map(bare, CONTENT_KEYS))
_SIDES = frozenset((*map(bare, SIDE_KEYS), "iscreatedbyuser"))
_FORM = "lists of what was said"


def _items(cell: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; of objects whose only object in them holds a text, these."""
    objects = [each for each in listed(_held(cell)) if isinstance(each, dict)]
    return [_unwrapped(each) for each in objects]


def _held(cell: Any) -> Any:
    value = structure_of(cell)
    return value.get("messages", value) if isinstance(value, dict) else value


def _unwrapped(item: dict[str, Any]) -> dict[str, Any]:
    inner = [each for each in item.values() if isinstance(each, dict)]
    return inner[0] if len(inner) == 1 and not _text(item) and _text(inner[0]) else item


def _text(item: dict[str, Any]) -> str:
    """Return what is said in an item; empty where it has no text of a usual name."""
    by_name = {bare(str(key)): value for key, value in item.items()}
    return next((by_name[name] for name in _TEXTS if is_text(by_name.get(name))), "")


def _role(item: dict[str, Any], key: str) -> str:
    if bare(key) in _SIDES and isinstance(item.get(key), bool):
        return side_role("is_user" if bare(key) == "iscreatedbyuser" else key, item[key])
    value = item.get(key)
    return role_of(value) if isinstance(value, str) and value != _text(item) else ""


def _key(rows: Rows, name: str) -> str:
    """Return the key by which the items of a column say who speaks; empty where none names both sides."""
    cells = [_items(cell) for cell in rows.sample(name)]
    said = [item for items in cells for item in items if _text(item)]
    first = next((cell for cell, items in zip(rows.sample(name), cells, strict=True) if items), None)
    if not said or _is_conversation(first):  # of which the usual reading says more
        return ""
    roles = {str(key): Counter(_role(item, str(key)) for item in said) for key in said[0]}
    fits = [key for key, found in roles.items() if found.keys() >= _BOTH and 10 * found[""] <= len(said)]
    return next(iter(fits), "")


def _is_conversation(cell: Any) -> bool:
    try:
        return bool(turns_of(_held(cell)))
    except UnusableError:
        return False


def _column(rows: Rows) -> tuple[str, str]:
    """Return the only column of such lists, and the key; empty where there is none."""
    found = [(name, key) for name in rows.structured if (key := _key(rows, name))]
    return found[0] if len(found) == 1 else ("", "")


def _read(rows: Rows) -> Recognized:
    (name, key), found = _column(rows), Collector()
    for row, record in rows.records():
        items = _items(record.get(name))
        turns = [{"role": role, "content": _text(each)} for each in items if _text(each) and (role := _role(each, key))]
        found.unused["events without a text or a speaker"] += len(items) - len(turns)
        if {turn["role"] for turn in turns} >= _BOTH:
            found.use(row, {_MESSAGES: turns, **{other: cell for other, cell in record.items() if other != name}})
        else:
            found.leave_out(row, f"not both sides speak in it ({name})")
    notes = (f"{key} in {name} says who speaks.",)
    return found.recognized(_FORM, Mapping("messages", column=_MESSAGES), notes)


SHAPES = (Shape(_FORM, lambda rows: bool(_column(rows)[0]), _read),)
