"""How are conversations read whose turns have versions, one of which is selected, as LM Studio keeps them?"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

_FORM = "conversations whose turns have versions"
_MESSAGES, _VERSIONS, _SELECTED = "messages", "versions", "currentlySelected"


def _has_versions(cell: Any) -> bool:
    turns = listed(structure_of(cell))
    return bool(turns) and all(isinstance(turn, dict) and isinstance(turn.get(_VERSIONS), list) for turn in turns)


def _turn(value: dict[str, Any]) -> dict[str, str] | None:
    """Return the selected version of a turn; what only its tools or its reasoning said is left out."""
    versions, place = listed(value.get(_VERSIONS)), value.get(_SELECTED, 0)
    chosen = versions[place] if isinstance(place, int) and 0 <= place < len(versions) else {}
    if not isinstance(chosen, dict) or not is_text(chosen.get("role")):
        return None
    steps = [step for step in listed(chosen.get("steps")) if isinstance(step, dict)]
    blocks = [chosen, *(step for step in steps if (step.get("style") or {}) == {})]
    parts = [part for block in blocks for part in listed(block.get("content")) if isinstance(part, dict)]
    said = "\n".join(part["text"] for part in parts if part.get("type", "text") == "text" and is_text(part.get("text")))
    return {"role": chosen["role"], "content": said} if said else None


def _read(rows: Rows) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        values = listed(structure_of(record.get(_MESSAGES)))
        turns = [turn for value in values if isinstance(value, dict) and (turn := _turn(value))]
        found.unused["turns without a text"] += len(values) - len(turns)
        opening = record.get("systemPrompt")
        first = [{"role": "system", "content": opening}] if is_text(opening) else []
        rest = {name: cell for name, cell in record.items() if name not in (_MESSAGES, "systemPrompt")}
        found.use(row, {_MESSAGES: [*first, *turns], **rest})
    return found.recognized(_FORM, Mapping("messages", column=_MESSAGES))


SHAPES = (Shape(_FORM, lambda rows: rows.mostly(_MESSAGES, _has_versions), _read),)
