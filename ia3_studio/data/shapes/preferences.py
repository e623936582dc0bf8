"""How are preference data read? As two answers to one prompt, or as single answers with a label.

Pairs of a chosen and a rejected answer are made for methods such as DPO, and labels of single answers for KTO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_words import ASKED
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.opposed_names import are_opposed, is_preferred, may_be_preferred
from ia3_studio.data.paths import structure_of
from ia3_studio.data.preferences import holds_turns, only_text
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.scripts import is_unspaced
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, Opening, turns_in, with_answer
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_blank, is_text
from ia3_studio.data.shapes.template_marks import templated_turns
from ia3_studio.data.tool_columns import tools_column

PAIRS = (
    ("chosen", "rejected"), ("chosenresponse", "rejectedresponse"), ("responsechosen", "responserejected"),
    ("chosenanswer", "rejectedanswer"), ("preferred", "dispreferred"), ("preferred", "rejected"),
    ("preferredoutput", "nonpreferredoutput"), ("preferredresponse", "nonpreferredresponse"),
    ("accepted", "rejected"), ("yw", "yl"),
)  # fmt: skip
"""Columns of the better and the worse answer."""
FLAGGED = ("completion", "response", "output", "answer")
CONVERSATIONS = ("messages", "conversations", "conversation")
INSTEAD = "to train on the preferred answers alone, choose another task and their column as the target column"


def is_answer(cell: Any) -> bool:
    """Say whether a cell is a text or turns."""
    return is_text(only_text(cell)) or bool(turns_in(cell))


def answer_pair(rows: Rows, pairs: Sequence[tuple[str, str]] = PAIRS) -> tuple[str, ...]:
    """Return the first pair of columns that hold answers; empty if there is none."""
    for names in pairs:
        found = tuple(filter(None, (rows.find([name]) for name in names)))
        if len(found) == 2 and all(rows.any(name, is_answer) for name in found) and _differ(rows, found):
            return found
    return _named_pair(rows) if pairs is PAIRS else ()


def _named_pair(rows: Rows) -> tuple[str, ...]:
    """Return the only two columns whose names say which answer is better, with a prompt; empty if there are none."""
    answers = [name for name in rows.columns if rows.mostly(name, is_answer)]
    better = filter(may_be_preferred, answers)
    pairs = [(one, other) for one in better for other in answers if one != other and is_preferred(one, other)]
    if not pairs and rows.find(("prompt", "instruction")):  # of a query, these are texts to be found
        found = (rows.named(names) for names in _FOUND)
        pairs = [(names[0], names[1]) for names in found if len(names) == 2 and {*names} <= {*answers}]
    if len(pairs) != 1 or _are_lists(rows, pairs[0]) or not _differ(rows, pairs[0]):
        return ()
    asked = rows.find(PROMPT_NAMES)
    if not asked and not are_opposed(*pairs[0]):  # as of reviews, of what was good and what was bad
        asked = only_other_text(rows, pairs[0])
    return pairs[0] if asked or all(rows.mostly(name, holds_turns) for name in pairs[0]) else ()


_FOUND = (("positive", "negative"), ("pos", "neg"))


def _differ(rows: Rows, names: Sequence[str]) -> bool:
    """Say whether two columns are not the same in all rows, as those that a file leaves empty are."""
    one, other = names
    return any(str(record.get(one)) != str(record.get(other)) for record in rows.first_records())


def _are_lists(rows: Rows, names: Sequence[str]) -> bool:
    """Say whether cells are several answers each in one text, as "No; it is not" is below "Correct Answers"."""
    in_plural = all(name_words(name)[-1].endswith("s") for name in names)
    return in_plural and all(rows.mostly(name, lambda cell: is_text(cell) and "; " in cell) for name in names)


def only_other_text(rows: Rows, answers: Sequence[str]) -> str:
    """Return the only column of texts of several words that is none of the answers; empty if there are more."""
    others = [name for name in rows.columns if name not in answers and rows.mostly(name, is_phrase)]
    return others[0] if len(others) == 1 else ""


def is_phrase(cell: Any) -> bool:
    """Say whether a cell is a text of several words."""
    if not is_text(cell) or not isinstance(structure_of(cell), str):
        return False
    return len(cell.split()) > 1 or (len(cell) >= _SHORTEST_UNSPACED and is_unspaced(cell[0]))


_SHORTEST_UNSPACED = 4
"""Letters of a phrase in a script without spaces."""


def _has_pairs(rows: Rows) -> bool:
    return bool(answer_pair(rows))


def _read_pairs(rows: Rows) -> Recognized:
    better, worse = answer_pair(rows)
    note = f"The answers in {better} are preferred to those in {worse}; {INSTEAD}."
    return preferred(rows, (better, worse), "preference pairs", (note,))


def preferred(
    rows: Rows, answers: Sequence[str], form: str, notes: Sequence[str], *, prompt: str = "", flag: str = ""
) -> Recognized:
    """Return rows with the roles of preferences.

    Texts without any prompt are plain text: those of the first column are trained on.

    Args:
        rows: all of which are used, if they have the answers.
        answers: the column of chosen and that of rejected answers, or the only one.
        form: what was recognized.
        notes: how it is read.
        prompt: the column of what is asked; told by its name if it is empty.
        flag: the column with the labels of the answers; empty if there are pairs.
    """
    opening = Opening.of(rows, *answers)
    prompt = prompt or _prompt_of(rows, opening, answers)
    if not prompt and not any(rows.any(name, holds_turns) for name in answers):
        note = f"There is no prompt, so the texts in {answers[0]} are trained on; not used: {', '.join(answers[1:])}."
        return Recognized(rows.frame, form, notes=(note,), mapping=Mapping("text", column=answers[0]))
    mapping = Mapping(
        "preferences", prompt, answers[0], opening.context if opening.context != prompt else "",
        rejected="" if flag else answers[1], flag=flag, system=opening.system,
        history=opening.history if opening.history != prompt else "", tools=tools_column(rows.columns, rows.sample),
    )  # fmt: skip
    return Recognized(rows.frame, form, notes=tuple(notes), mapping=mapping)


def _prompt_of(rows: Rows, opening: Opening, answers: Sequence[str]) -> str:
    """Return the column of what is asked; empty where the answers hold it."""
    talks = (name for name in rows.structured if name not in answers and rows.mostly(name, is_list_of_turns))
    prompt = opening.prompt or rows.find(CONVERSATIONS) or next(talks, "")
    if not prompt and not any(rows.any(name, holds_turns) for name in answers):
        asked = (name for name in rows.columns if name not in answers and says(name, ASKED))
        return next((name for name in asked if rows.mostly(name, is_text)), "") or only_other_text(rows, answers)
    return "" if prompt in answers else prompt


def answered(rows: Rows, answer: str, form: str, notes: Sequence[str], *, prompt: str) -> Recognized:
    """Return rows with their answers: as prompt and answer, or as conversations where any part of them is one.

    Args:
        rows: all of which are used, if they have the answer.
        answer: its column.
        form: what was recognized.
        notes: how it is read.
        prompt: the column of what is asked.
    """
    opening = replace(Opening.of(rows, answer), prompt=prompt)
    if not opening.system and rows.mostly(prompt, is_list_of_turns):  # as requests of OpenAI's Responses have it
        opening = replace(opening, system=rows.find(("instructions",)))
    if not _is_conversation(rows, opening, answer):
        mapping = Mapping("pairs", opening.prompt, answer, opening.context)
        return Recognized(rows.frame, form, notes=tuple(notes), mapping=mapping)
    found = Collector()
    for row, record in rows.records():
        try:
            before = opening.turns(record)
            rest = {name: cell for name, cell in record.items() if name not in opening.columns}
            found.use(row, {**rest, answer: with_answer(before, record.get(answer))})
        except UnusableError as reason:
            found.leave_out(row, str(reason))
    mapping = Mapping("messages", column=answer, tools=tools_column(rows.columns, rows.sample))
    return found.recognized(form, mapping, notes)


def _is_conversation(rows: Rows, opening: Opening, answer: str) -> bool:
    """Say whether an answer or its prompt holds turns, or a system prompt or a history precedes them."""
    turns = any(rows.any(name, lambda cell: bool(turns_in(cell))) for name in (opening.prompt, answer))
    return turns or any(rows.any(name, lambda cell: not is_blank(cell)) for name in (opening.system, opening.history))


def is_list_of_turns(cell: Any) -> bool:
    """Say whether a cell is turns, or the text that a chat template makes of them, rather than a transcript."""
    held = structure_of(cell)
    return bool(templated_turns(held)) if isinstance(held, str) else bool(turns_in(cell))


SHAPES = (Shape("preference pairs", _has_pairs, _read_pairs),)
