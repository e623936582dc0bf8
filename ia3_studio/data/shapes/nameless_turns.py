"""How are the turns of two speakers read that name nobody? They take turns, and who begins is told by what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.dialogue import Turns
from ia3_studio.data.shapes.dialogue_shapes import ANSWERS, BESIDE_TALKS, TALKS, column_of, read_cells
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, is_text, listed
from ia3_studio.data.split_names import ORIGIN
from ia3_studio.data.talk_texts import END_OF_TURN
from ia3_studio.data.turn_roles import role_key
from ia3_studio.data.turns import CONTENT_KEYS, PAIR_KEYS, ROLE_KEYS, SIDE_KEYS


def _is_alternating(value: Any) -> bool:
    texts = listed(value)
    return len(texts) > 1 and all(map(is_text, texts))


def _alternating_column(rows: Rows) -> str:
    """Return the column of lists of texts that are two speakers' by turns, as UltraChat has them; empty for none.

    They are no answers to something else, and nothing else is made of them. Texts with marks between what is said are
    such lists as well.
    """
    marked = [name for name in rows.columns if rows.mostly(name, lambda cell: len(_marked_off(cell)) > 1)]
    if len(marked) == 1 and not rows.named((*ANSWERS, *BESIDE_TALKS)):
        return marked[0]
    if set(rows.columns) <= {"id", "data", "split", ORIGIN} and (column := column_of(rows, ("data",), _is_alternating)):
        return column
    if rows.named((*ANSWERS, *BESIDE_TALKS)):
        return ""
    return column_of(rows, TALKS, lambda value: bool(listed(value)) and all(map(is_text, listed(value)))) or column_of(
        rows,
        ("messages", "log", *TALKS),
        lambda value: len(listed(value)) > 1 and all(map(_said_by_nobody, listed(value))),
    )


def _marked_off(value: Any) -> list[str]:
    """Return what is said in a text with a mark at the end of each turn; nothing of any other text."""
    parts = END_OF_TURN.split(value) if is_text(value) else []
    return [part.strip() for part in parts if part.strip()] if len(parts) > 1 else []


def _said_by_nobody(turn: Any) -> str:
    """Return the text of a turn that is an object and names no speaker; empty for any other."""
    if not isinstance(turn, dict) or any(role_key(key) in _SPEAKING for key in turn):
        return ""
    texts = [turn[key] for key in CONTENT_KEYS if is_text(turn.get(key))]
    return texts[0] if len(texts) == 1 else ""


_SPEAKING = {*ROLE_KEYS, *SIDE_KEYS, *PAIR_KEYS, "agent", "name", "user", "id", "actor", "party"} - {*CONTENT_KEYS}
"""Keys of turns that may name who speaks."""


def _read_alternating(rows: Rows) -> Recognized:
    column = _alternating_column(rows)
    begins = rows.mostly(column, _is_begun_by_a_helper)
    roles = ("assistant", "user") if begins else ("user", "assistant")

    def turns(_record: dict[str, Any], value: Any) -> Turns:
        said = _marked_off(value) or [_said_by_nobody(each) or each for each in listed(value)]
        if not said or not all(map(is_text, said)):
            raise UnusableError(f"{column} holds a turn that is empty or not text")
        return [{"role": roles[place % 2], "content": text} for place, text in enumerate(said)]

    read = read_cells(rows, column, "alternating texts of a user and an assistant", turns)
    first = "the assistant's, as it offers help" if begins else "the user's"
    return replace(read, notes=(*read.notes, f"The texts of {column} say no speaker: the first is read as {first}."))


def _is_begun_by_a_helper(value: Any) -> bool:
    """Say whether the first of several texts offers help, as those of a desk do."""
    first = next(iter(_marked_off(value) or listed(value)), "")
    return bool(_OFFER.search(_said_by_nobody(first) or str(first)))


_OFFER = re.compile(
    r"\b(?:(?:can|may|could) i (?:help|assist)|welcome to|puedo ayudar|posso ajudar|aider|helfen|posso aiutar)"
    r"|чем могу|помочь|帮您|您好|ご用件|도와",
    re.IGNORECASE,
)
"""Words by which somebody who answers begins."""


SHAPES = (Shape("alternating texts", lambda rows: bool(_alternating_column(rows)), _read_alternating),)
"""Tried after the shapes of texts that name their speakers."""
