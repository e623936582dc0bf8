"""How is a table read whose rows are turns, each with its role in front of its text: "user: Is berth 5 free?"?"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ia3_studio.data.shapes import turn_rows
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape
from ia3_studio.data.turn_roles import known_role

ROLE, CONTENT = "role", "content"
_MARK = re.compile(r"\s*[\[<*]*([^\W\d_]+(?:[ _][^\W\d_]+)?)[\]>*]*\s*[:：]\s*(\S.*)", re.DOTALL)
_SECOND = re.compile(r"\n[^\S\n]*(?:user|assistant|human|bot|ai|system|agent|customer)\s*:", re.IGNORECASE)


def _said(cell: Any) -> tuple[str, str] | None:
    """Return the role in front of a text and the text behind it; None for any other cell, and for whole talks."""
    found = _MARK.fullmatch(cell) if isinstance(cell, str) else None
    if found is None or known_role(found[1]) is None or _SECOND.search(cell):
        return None
    return found[1], found[2]


def _column(rows: Rows) -> str:
    """Return the column of texts with the roles of both sides in front of them; empty if there is none."""
    for name in rows.columns:
        if rows.mostly(name, lambda cell: _said(cell) is not None):
            roles = {known_role(said[0]) for cell in rows.sample(name) if (said := _said(cell))}
            return name if {"user", "assistant"} <= roles else ""
    return ""


def _parted(rows: Rows) -> Rows | None:
    """Return the rows with their roles in a column of their own; None where no role stands in front of the texts."""
    column = _column(rows)
    if not column or {ROLE, CONTENT} & {*rows.columns} - {column}:
        return None
    frame = rows.frame.drop(columns=[column])
    said = [_said(cell) or ("", cell) for cell in rows.frame[column]]
    frame = frame.assign(**{ROLE: [role for role, _text in said], CONTENT: [text for _role, text in said]})
    first = rows.first
    return replace(rows, frame=frame, first=None) if first is None else None


def _shape(rows: Rows) -> tuple[Shape, Rows] | None:
    parted = _parted(rows)
    shape = next((each for each in turn_rows.SHAPES if each.fits(parted)), None) if parted else None
    return (shape, parted) if shape and parted else None


def _read(rows: Rows) -> Recognized:
    found = _shape(rows)
    assert found is not None
    shape, parted = found
    return shape.read(parted)


SHAPES = (
    Shape("turns with their role in front of the text", lambda rows: _shape(rows) is not None, _read, by_row=False),
)
