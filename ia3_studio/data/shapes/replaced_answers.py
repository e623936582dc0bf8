"""How are conversations read whose last answer stands beside a worse one? As a chosen and a rejected conversation.

The worse answer is in a column of its own, or both are candidates of the last turn, with a label each.
"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.preferences import holds_turns
from ia3_studio.data.shapes.dialogue import turns_in
from ia3_studio.data.shapes.preferences import CONVERSATIONS, INSTEAD, answer_pair, is_answer
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed, role_of

CHOSEN, REJECTED = "chosen", "rejected"
_FORM = "answers next to worse ones"
_WORSE = ("rejectedresponse", "rejectedanswer", "rejectedoutput", "rejectedcompletion", "rejectedmessages", "rejected")
"""Columns of a worse answer than the last one of the conversation."""
_LABELS = {"preferred": CHOSEN, "chosen": CHOSEN, "nonpreferred": REJECTED, "rejected": REJECTED}


def _columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of conversations and of worse last answers; empty where there are none."""
    talk, worse = rows.find(CONVERSATIONS), rows.find(_WORSE)
    fits = talk and rows.mostly(worse, is_answer) and rows.mostly(talk, _is_answered) and not answer_pair(rows)
    return (talk, worse) if fits else ("", "")


def _is_answered(cell: Any) -> bool:
    turns = turns_in(cell)
    return len(turns) > 1 and role_of(turns[-1]["role"]) == "assistant"


def _read_replaced(rows: Rows) -> Recognized:
    talk, worse = _columns(rows)
    found = Collector()
    for row, record in rows.records():
        turns, answer = turns_in(record.get(talk)), record.get(worse)
        if not turns or not is_answer(answer):
            found.leave_out(row, f"it has no conversation ({talk}) or no rejected answer ({worse})")
            continue
        instead = turns_in(answer) if holds_turns(answer) else [{"role": "assistant", "content": answer}]
        whole = len(instead) > 1 and role_of(instead[0]["role"]) != "assistant"
        rest = {name: cell for name, cell in record.items() if name not in (talk, worse)}
        found.use(row, {**rest, CHOSEN: turns, REJECTED: instead if whole else [*turns[:-1], *instead]})
    note = f"The last answers in {talk} are preferred to {worse}; {INSTEAD}."
    return found.recognized(_FORM, notes=(note,))


def _candidates(cell: Any) -> dict[str, Any]:
    """Return the two answers that a conversation ends with, by their labels; nothing for any other cell."""
    turns = listed(structure_of(cell))
    last = turns[-1] if turns and isinstance(turns[-1], dict) else {}
    answers: dict[str, Any] = {}
    for each in listed(last.get("candidates")):
        values = each if isinstance(each, dict) else {}
        labels = [_LABELS.get(bare(value)) for value in values.values() if is_text(value)]
        if label := next(filter(None, labels), ""):
            answers[label] = {"role": last.get("role", "assistant"), "content": values.get("content")}
    return answers if len(answers) == len((CHOSEN, REJECTED)) else {}


def _candidate_column(rows: Rows) -> str:
    talk = rows.find(CONVERSATIONS)
    return talk if rows.mostly(talk, lambda cell: bool(_candidates(cell))) else ""


def _read_candidates(rows: Rows) -> Recognized:
    talk, found = _candidate_column(rows), Collector()
    for row, record in rows.records():
        answers = _candidates(record.get(talk))
        if not answers:
            found.leave_out(row, f"the last turn ({talk}) has no preferred candidate and another one")
            continue
        before = listed(structure_of(record[talk]))[:-1]
        rest = {name: cell for name, cell in record.items() if name != talk}
        found.use(row, {**rest, **{side: [*before, answer] for side, answer in answers.items()}})
    note = f"The labels of the candidates in {talk} say which is preferred; {INSTEAD}."
    return found.recognized(_FORM, notes=(note,))


SHAPES = (
    Shape("a conversation and a worse answer", lambda rows: bool(_columns(rows)[0]), _read_replaced),
    Shape("candidates for the last turn", lambda rows: bool(_candidate_column(rows)), _read_candidates),
)
