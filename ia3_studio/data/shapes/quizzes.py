"""How is the question bank of a learning platform read? Moodle's questions become questions with choices."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.helpdesk import text_of_html
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, is_text, listed

QUESTION, CHOICES, ANSWER = "question", "choices", "answer"
_ALL_POINTS = 100.0
"""Percent of the points that the right choice has."""


def _text(value: Any) -> str:
    """Return what is read of a text of Moodle, which stands in an element of its own, mostly as HTML."""
    value = value.get("text") if isinstance(value, dict) else value
    return text_of_html(value) if is_text(value) else ""


def _is_question(cell: Any) -> bool:
    return isinstance(cell, dict) and "text" in cell


def _are_weighted(cell: Any) -> bool:
    return any(isinstance(each, dict) and "fraction" in each for each in [*listed(cell), cell])


def _is_moodle(rows: Rows) -> bool:
    return rows.mostly("questiontext", _is_question) and rows.any("answer", _are_weighted)


def _read_moodle(rows: Rows) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        if "questiontext" not in record:  # the name of a category
            found.unused["elements other than questions"] += 1
            continue
        offered = [each for each in listed(record.get("answer")) if isinstance(each, dict)]
        choices = [_text(each) for each in offered]
        right = [
            said for said, each in zip(choices, offered, strict=True) if finite(each.get("fraction")) == _ALL_POINTS
        ]
        if len(right) != 1 or len(choices) < len(("right", "wrong")) or not all(choices):
            kind = record.get("type", "unknown")
            found.leave_out(row, f"it is not a question with several choices of which one is right (type {kind})")
        else:
            found.use(row, {QUESTION: _text(record["questiontext"]), CHOICES: choices, ANSWER: right[0]})
    mapping = Mapping("choices", answer=ANSWER, parts=(QUESTION, CHOICES), asked=1)
    return found.recognized("Moodle questions", mapping, ("Texts are read without their HTML tags.",))


SHAPES = (Shape("Moodle questions", _is_moodle, _read_moodle),)
