"""How are several questions on one text read, with their answers in another list? As a conversation on the text."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.examples import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

STORY_NAMES = ("story", "context", "passage", "text", "background")
TEXTS = ("input_text", "text", "question", "answer", "texts")
"""Keys of a question or an answer that is an object."""
MESSAGES = "messages"


def _texts(cell: Any) -> list[str]:
    """Return the texts of a list of texts or of objects with one; nothing for anything else."""
    value = structure_of(cell)
    value = value.get("texts", value.get("input_text")) if isinstance(value, dict) else value
    found = [_text(each) for each in listed(value)]
    return [each for each in found if each] if all(found) else []


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in TEXTS if is_text(value.get(key))), "")
    return value if is_text(value) else ""


def _are_paired(rows: Rows) -> bool:
    asked, said = rows.find(["questions"]), rows.find(["answers"])
    if not (asked and said and rows.find(STORY_NAMES)):
        return False
    pairs = [(_texts(one), _texts(other)) for one, other in zip(rows.sample(asked), rows.sample(said), strict=False)]
    return (
        bool(pairs)
        and all(len(one) == len(other) > 0 for one, other in pairs)
        and any(len(one) > 1 for one, _ in pairs)
    )


def _read_pairs(rows: Rows) -> Recognized:
    asked, said, story = rows.find(["questions"]), rows.find(["answers"]), rows.find(STORY_NAMES)
    found = Collector()
    for row, record in rows.records():
        questions, answers = _texts(record.get(asked)), _texts(record.get(said))
        if not questions or len(questions) != len(answers):
            found.leave_out(row, f"it has {len(questions)} questions ({asked}) and {len(answers)} answers ({said})")
            continue
        opening = f"{record[story]}\n\n" if is_text(record.get(story)) else ""
        sides = zip(questions, answers, strict=True)
        turns = [turn for one, other in sides for turn in (("user", one), ("assistant", other))]
        messages = [{"role": role, "content": text} for role, text in turns]
        messages[0]["content"] = opening + messages[0]["content"]
        rest = {name: cell for name, cell in record.items() if name not in (asked, said, story)}
        found.use(row, {**rest, MESSAGES: messages})
    notes = (f"The {story} stands before the first of the questions on it.",)
    return found.recognized("questions on a text", Mapping("messages", column=MESSAGES), notes)


SHAPES = (Shape("questions on a text", _are_paired, _read_pairs),)
