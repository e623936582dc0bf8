"""How are preference data read? The preferred answer is the one that is trained on; nothing is learned from the other.

Pairs of a chosen and a rejected answer are made for methods such as DPO, and flags of single answers for KTO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_words import says
from ia3_studio.data.examples import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, Opening, turns_in, with_answer
from ia3_studio.data.shapes.shape import (
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    frame_of,
    is_blank,
    is_text,
    listed,
    role_of,
)

PAIRS = (
    ("chosen", "rejected"), ("chosenresponse", "rejectedresponse"), ("responsechosen", "responserejected"),
    ("chosenanswer", "rejectedanswer"), ("preferred", "dispreferred"), ("preferred", "rejected"),
    ("preferredoutput", "nonpreferredoutput"), ("preferredresponse", "nonpreferredresponse"),
    ("accepted", "rejected"),
)  # fmt: skip
"""Columns of the better and the worse answer."""
FLAGS = ("ktotag", "desirable", "isdesirable", "label", "thumbsup")
FLAGGED = ("completion", "response", "output", "answer")
EXPECTED = (
    *FLAGGED, "outputs", "responsebody",
    "ideal", "expected", "expectedoutput", "groundtruth", "reference", "referenceanswer", "target",
)  # fmt: skip
"""Columns of the answer to a prompt that holds turns, as tools of evaluations name them."""
CONVERSATIONS = ("messages", "conversations", "conversation")
FOR_DPO = "preference pairs are for methods such as DPO"
REQUESTS = ("inputs", "request", "requestbody")
"""Columns that may hold what was sent to a model."""
_YES, _NO = ("true", "1", "1.0", "yes"), ("false", "0", "0.0", "no")


def _is_answer(cell: Any) -> bool:
    return is_text(cell) or bool(turns_in(cell))


def answer_pair(rows: Rows, pairs: Sequence[tuple[str, str]] = PAIRS) -> tuple[str, ...]:
    """Return the first pair of columns that hold answers; empty if there is none."""
    for names in pairs:
        found = tuple(filter(None, (rows.find([name]) for name in names)))
        if len(found) == 2 and all(rows.any(name, _is_answer) for name in found):
            return found
    return ()


def _has_pairs(rows: Rows) -> bool:
    return bool(answer_pair(rows))


def _read_pairs(rows: Rows) -> Recognized:
    better, worse = answer_pair(rows)
    return answered(rows, (better, worse), "preference pairs", (_note(better, worse),))


def _note(better: str, worse: str) -> str:
    return f"The answers in {better} are trained on; {worse}: not used, {FOR_DPO}."


def answered(
    rows: Rows,
    answers: Sequence[str],
    form: str,
    notes: Sequence[str],
    *,
    as_turns: bool = False,
    prompt: str = "",
) -> Recognized:
    """Return rows with their answers: as prompt and answer, or as conversations where any part of them is one.

    Args:
        rows: all of which are used, if they have the first answer.
        answers: its column, and those that could be used in its place.
        form: what was recognized.
        notes: how it is read.
        as_turns: make conversations of them in any case.
        prompt: the column of what is asked; told by its name if it is empty.
    """
    opening = Opening.of(rows, *answers)
    talks = (name for name in rows.structured if name not in answers and rows.mostly(name, _is_turns))
    prompt = prompt or opening.prompt or rows.find(CONVERSATIONS) or next(talks, "")
    opening = replace(opening, prompt="" if prompt in answers else prompt)
    if not (as_turns or _is_conversation(rows, opening, answers)):
        mapping = Mapping("pairs", opening.prompt, answers[0], opening.context)
        mapping = mapping if opening.prompt else Mapping("text", column=answers[0])
        return Recognized(rows.frame, form, notes=tuple(notes), mapping=mapping)
    found = Collector()
    for row, record in rows.records():
        try:
            before = opening.turns(record)
            rest = {name: cell for name, cell in record.items() if name not in opening.columns}
            found.use(row, {**rest, answers[0]: with_answer(before, record.get(answers[0]))})
        except UnusableError as reason:
            found.leave_out(row, str(reason))
            continue
        for other in answers[1:]:
            found.rows[-1][1][other] = _or_as_it_is(before, record.get(other))
    mapping = Mapping("messages", column=answers[0], tools=rows.find(("tools", "functions")))
    return found.recognized(form, mapping, notes)


def _or_as_it_is(before: list[dict[str, Any]], answer: Any) -> Any:
    try:
        return with_answer(before, answer)
    except UnusableError:  # it is not used unless the user chooses it; then it is listed
        return answer


def _is_conversation(rows: Rows, opening: Opening, answers: Sequence[str]) -> bool:
    """Say whether an answer or its prompt holds turns, or a system prompt or a history precedes them."""
    turns = any(rows.any(name, lambda cell: bool(turns_in(cell))) for name in (opening.prompt, *answers))
    return turns or any(rows.any(name, lambda cell: not is_blank(cell)) for name in (opening.system, opening.history))


def _flagged(rows: Rows) -> tuple[str, str]:
    """Return the columns of an answer and of the flag that says whether it is good; empty where there are none."""
    flag = next((name for name in rows.named(FLAGS) if rows.mostly(name, _is_flag)), "")
    asked, answer = rows.find(PROMPT_NAMES), rows.find(FLAGGED)
    talk = next(
        (name for name in rows.named(CONVERSATIONS) if rows.mostly(name, lambda cell: bool(turns_in(cell)))), ""
    )
    if not flag:
        return "", ""
    if bare(flag) == "label" and not (rows.find(["prompt"]) and rows.find(["completion"])):
        return (talk, flag) if talk and rows.mostly(flag, lambda cell: isinstance(cell, bool)) else ("", "")
    return (answer if (asked or talk) and answer and answer != asked else talk), flag


def _is_flag(cell: Any) -> bool:
    return _flag_of(cell) is not None


def _flag_of(cell: Any) -> bool | None:
    """Return a flag as true or false; None for any other value."""
    said = str(cell).strip().lower()
    return True if said in _YES else False if said in _NO else None


def _has_flags(rows: Rows) -> bool:
    return all(_flagged(rows))


def _read_flagged(rows: Rows) -> Recognized:
    answer, flag = _flagged(rows)
    found = Collector()
    for row, record in rows.records():
        good = _flag_of(record.get(flag))
        if good:
            found.use(row, record)
        elif good is None:
            found.leave_out(row, f"it is not marked as desirable or undesirable ({flag} is neither true nor false)")
        else:
            found.leave_out(row, f"marked as undesirable ({flag} is false)")
    notes = (
        f"KTO data: the answers whose {flag} is true are trained on; those that are marked as undesirable are left "
        "out, only methods such as KTO use them.",
    )
    form = "KTO data"
    if not found.rows:
        return found.recognized(form, notes=notes)
    read = answered(replace(rows, frame=frame_of(found.rows)), (answer,), form, notes)
    return replace(read, problems=(*found.problems, *read.problems))


def _is_turns(cell: Any) -> bool:
    return not isinstance(structure_of(cell), str) and bool(turns_in(cell))


def _prompted(rows: Rows) -> tuple[str, str]:
    """Return the columns of a prompt that holds turns, and of its answer; empty where there are none."""
    named = rows.named((*PROMPT_NAMES, *REQUESTS)) + [name for name in rows.columns if says(name, _SENT)]
    asked = next((name for name in named if rows.mostly(name, _is_turns)), "")
    talk = next((name for name in rows.named(CONVERSATIONS) if rows.mostly(name, _is_unanswered)), "")
    asked = asked or talk
    named = rows.named(EXPECTED) + [name for name in rows.columns if says(name, _GIVEN)]
    fits = _is_answer if asked == talk else _is_expected
    answer = next((name for name in named if name != asked and rows.mostly(name, fits)), "")
    return (asked, answer) if asked and answer else ("", "")


_SENT, _GIVEN = frozenset(("input", "inputs", "request", "prompt")), frozenset(("output", "outputs", "response"))
"""Words in the names of columns that hold turns, as traces have them: attributes.llm.input_messages."""


def _is_unanswered(cell: Any) -> bool:
    """Say whether a cell holds turns none of which is an answer."""
    turns = [] if isinstance(structure_of(cell), str) else turns_in(cell)
    return bool(turns) and not any(role_of(turn["role"]) == "assistant" for turn in turns)


def _texts_of(cell: Any) -> list[str]:
    """Return the texts of a list of texts, each of which would be right; nothing for anything else."""
    texts = listed(structure_of(cell))
    return texts if texts and all(map(is_text, texts)) else []


def _is_expected(cell: Any) -> bool:
    return _is_answer(cell) or bool(_texts_of(cell))


def _has_prompts(rows: Rows) -> bool:
    return all(_prompted(rows))


def _read_prompted(rows: Rows) -> Recognized:
    asked, answer = _prompted(rows)
    several = sum(len(_texts_of(cell)) > 1 for cell in rows.sample(answer))
    first = f" Of several texts in {answer} the first one is the answer." if several else ""
    found = Collector()
    for row, record in rows.records():
        texts = _texts_of(record.get(answer))
        found.use(row, {**record, answer: texts[0]} if texts else record)
    one = replace(rows, frame=frame_of(found.rows))
    note = f"The turns of {asked} stand before {answer}.{first}"
    return answered(one, (answer,), "prompts of several turns", (note,), prompt=asked)


SHAPES = (
    Shape("preference pairs", _has_pairs, _read_pairs),
    Shape("KTO data", _has_flags, _read_flagged),
    Shape("prompts of several turns", _has_prompts, _read_prompted),
)
