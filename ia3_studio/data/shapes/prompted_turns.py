"""How are prompts read that are turns, whose answer stands in a column of its own? As conversations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import says, says_last
from ia3_studio.data.column_words import ANSWERED
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import annotated
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, turns_in
from ia3_studio.data.shapes.preferences import CONVERSATIONS, FLAGGED, answered, is_answer, is_list_of_turns
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, frame_of, is_text, listed, role_of

EXPECTED = (
    *FLAGGED, "outputs", "responsebody",
    "ideal", "expected", "expectedoutput", "groundtruth", "reference", "referenceanswer", "target",
)  # fmt: skip
"""Columns of the answer to a prompt that holds turns, as tools of evaluations name them."""
REQUESTS = ("inputs", "request", "requestbody")
"""Columns that may hold what was sent to a model."""
_TALKS = (*CONVERSATIONS, "turns", "dialogue", "dialog", "chat")
"""Columns of turns, the last of which asks."""


def _prompted(rows: Rows) -> tuple[str, str]:
    """Return the columns of a prompt that holds turns, and of its answer; empty where there are none."""
    named = rows.named((*PROMPT_NAMES, *REQUESTS)) + [name for name in rows.columns if says(name, _SENT)]
    asked = next((name for name in named if rows.mostly(name, is_list_of_turns)), "")
    talk = next((name for name in rows.named(_TALKS) if rows.mostly(name, _is_unanswered)), "")
    asked = asked or talk
    named = rows.named(EXPECTED) + [name for name in rows.columns if says(name, _GIVEN) or says_last(name, ANSWERED)]
    fits = _is_value if asked == talk else _is_expected
    answer = next((name for name in named if name != asked and rows.mostly(name, fits)), "")
    answer = answer or next((name for name in rows.structured if rows.mostly(name, _has_expected)), "")
    return (asked, answer) if asked and answer else ("", "")


_SENT, _GIVEN = frozenset(("input", "inputs", "request", "prompt")), frozenset(("output", "outputs", "response"))
"""Words in the names of columns that hold turns, as traces have them: attributes.llm.input_messages."""


def _is_unanswered(cell: Any) -> bool:
    """Say whether a cell holds turns, the last of which asks."""
    turns = [] if isinstance(structure_of(cell), str) else turns_in(cell)
    return bool(turns) and role_of(turns[-1]["role"]) == "user"


def _texts_of(cell: Any) -> list[str]:
    """Return the texts of a list of texts, each of which would be right; nothing for anything else."""
    texts = listed(structure_of(cell))
    return texts if texts and all(map(is_text, texts)) else []


def _has_expected(cell: Any) -> bool:
    return bool(_expected_inside(cell))


def _expected_inside(cell: Any) -> str:
    """Return the text of the answer inside an object that says how others are judged, as {"ground_truth": …}."""
    value = structure_of(cell)
    keys = {bare(str(key)): key for key in value} if isinstance(value, dict) else {}
    held = (value[keys[name]] for name in _JUDGED_BY if name in keys)
    return next((said for said in held if is_text(said)), "")


_JUDGED_BY = ("groundtruth", "referenceanswer", "expectedoutput", "idealanswer")


def _is_expected(cell: Any) -> bool:
    return is_answer(cell) or bool(_texts_of(cell)) or bool(listed(structure_of(cell)))


def _is_value(cell: Any) -> bool:
    """Say whether a cell is an answer, or an object or a number that is one as JSON."""
    value = structure_of(cell)
    return is_answer(cell) or isinstance(value, dict | int | float)


def _has_prompts(rows: Rows) -> bool:
    return all(_prompted(rows))


def _read_prompted(rows: Rows) -> Recognized:
    asked, answer = _prompted(rows)
    several = sum(len(_texts_of(cell)) > 1 for cell in rows.sample(answer))
    first = f" Of several texts in {answer} the first one is the answer." if several else ""
    found = Collector()
    for row, record in rows.records():
        inside = _expected_inside(record.get(answer))
        texts = [inside] if inside else _texts_of(record.get(answer))
        found.use(row, {**record, answer: texts[0]} if texts else record)
    one = replace(rows, frame=frame_of(found.rows))
    note = f"The turns of {asked} stand before {answer}.{first}"
    return answered(one, answer, "prompts of several turns", (note,), prompt=asked)


def _labeled(rows: Rows) -> str:
    """Return the column of texts as single turns of a user, beside which a label stands; empty if there is none."""
    if not rows.find(_LABELS) or rows.named(EXPECTED):
        return ""
    return next((name for name in rows.named(_TALKS) if rows.mostly(name, lambda cell: bool(_only_turn(cell)))), "")


_LABELS = ("label", "labels")


def _only_turn(cell: Any) -> str:
    """Return what a user says in the only turn of a cell, or behind a system turn; empty for other turns."""
    turns = [] if isinstance(structure_of(cell), str) else turns_in(cell)
    said = [turn["content"] for turn in turns if role_of(turn["role"]) != "system"]
    return said[0] if len(said) == 1 and _is_unanswered(cell) and is_text(said[0]) else ""


def _read_labeled(rows: Rows) -> Recognized:
    column, label, found = _labeled(rows), rows.find(_LABELS), Collector()
    kept = []
    for row, record in rows.records():
        rest = {name: cell for name, cell in record.items() if name not in (column, label)}
        kept.append((row, {**rest, _TEXT: _only_turn(record.get(column))}, structure_of(record.get(label))))
    return annotated(found, kept, f"labeled turns of {column}", _TEXT, label)


_TEXT = "text"
SHAPES = (
    Shape("prompts of several turns", _has_prompts, _read_prompted),
    Shape("labeled turns", lambda rows: bool(_labeled(rows)), _read_labeled),
)
