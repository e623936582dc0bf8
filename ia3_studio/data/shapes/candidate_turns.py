"""How are talks read whose turns offer candidates after a history (PersonaChat)? The last candidate was said."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_blank, listed

MESSAGES = "messages"
_FACTS = ("personality", "persona", "yourpersona")
_FORM = "talks with candidates"


def _longest(cell: Any) -> tuple[list[str], str]:
    """Return the longest history of a talk and what was said after it; nothing for anything else."""
    turns = [each for each in listed(cell) if isinstance(each, dict)]
    if not turns or not all(map(is_list_of_texts, (turns[-1].get("history"), turns[-1].get("candidates")))):
        return [], ""
    return list(turns[-1]["history"]), str(turns[-1]["candidates"][-1])


def _column(rows: Rows) -> str:
    name = rows.find(("utterances", "dialog", "dialogue", "turns"))
    return name if rows.mostly(name, lambda cell: bool(_longest(cell)[0])) else ""


def _read(rows: Rows) -> Recognized:
    name, facts, found = _column(rows), rows.find(_FACTS), Collector()
    for row, record in rows.records():
        history, said = _longest(record.get(name))
        if not history or not said.strip():
            found.leave_out(row, f"it has no history with candidates ({name})")
            continue
        begun = len(history) % 2  # what was said last is the assistant's
        turns = [
            {"role": ("assistant", "user")[(place + begun) % 2], "content": text}
            for place, text in enumerate([*history, said])
        ]
        about = [each for each in listed(record.get(facts)) if isinstance(each, str) and not is_blank(each)]
        system = [{"role": "system", "content": "\n".join(about)}] if about else []
        rest = {each: cell for each, cell in record.items() if each not in (name, facts)}
        found.use(row, {**rest, MESSAGES: [*system, *turns]})
        found.unused["other candidates"] += len(listed(record.get(name))[-1]["candidates"]) - 1
    notes = ["The last of the candidates is what was said, and every second turn before it is the assistant's too."]
    notes += [f"The lines of {facts} are the system prompt."] if facts else []
    return found.recognized(_FORM, Mapping("messages", column=MESSAGES), notes)


SHAPES = (Shape(_FORM, lambda rows: bool(_column(rows)), _read),)
