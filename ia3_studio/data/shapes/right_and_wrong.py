"""How are questions on a text read of which each answer is right or wrong? As a label for each answer."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.questions_on_text import STORIES, asked_objects, paragraphs
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed

_FORM = "answers to questions on a text, each right or wrong"
_QUESTION = "question"
_ANSWERS = ("answers", "options", "choices", "candidates")
_LABEL = ("label", "correct", "iscorrect")
_TRUTHS = (0, 1, True, False)


def _judged(question: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the answers to a question with their labels; nothing for any other."""
    name = next((key for key in question if key.lower() in _ANSWERS), "")
    found = []
    for each in listed(question.get(name)):
        keys = [key for key in each if bare(str(key)) in _LABEL] if isinstance(each, dict) else []
        key = next(iter(keys), "")
        text = each.get("text", each.get("answer")) if key else None
        if not is_text(text) or each[key] not in _TRUTHS:
            return []
        found.append((str(text), each[key]))
    return found


def _fits(rows: Rows) -> bool:
    """Say whether answers are labeled, and any number of those to a question may be right."""
    name = paragraphs(rows)
    asked = [each for cell in rows.sample(name) for each in asked_objects(cell)] if name else []
    judged = [_judged(each) for each in asked]
    return bool(judged) and all(judged) and any(sum(bool(label) for _text, label in each) != 1 for each in judged)


def _read(rows: Rows) -> Recognized:
    name, story, found = paragraphs(rows), rows.find(STORIES), Collector()
    for row, record in rows.records():
        judged = [(each, text, label) for each in asked_objects(record.get(name)) for text, label in _judged(each)]
        if not judged:
            found.leave_out(row, f"{name} holds no answers with labels")
        passage = structure_of(record.get(story))
        passage = passage.get("text", "") if isinstance(passage, dict) else passage
        rest = {column: cell for column, cell in record.items() if column not in (name, story)}
        for each, text, label in judged:
            said = f"{each[_QUESTION]}\n{text}"
            found.use(row, {**rest, story: passage, _QUESTION: said, "label": int(label)})
    note = "Each answer is a row of its own, behind its question: any number of those to a question may be right."
    return found.recognized(_FORM, Mapping("labels", column=story, context=_QUESTION, answer="label"), (note,))


SHAPES = (Shape(_FORM, _fits, _read),)
