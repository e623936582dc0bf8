"""How are preference data read? As two answers to one prompt, or as single answers with a label.

Pairs of a chosen and a rejected answer are made for methods such as DPO, and labels of single answers for KTO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_words import ANSWERED, ASKED, SAID, WHO_ASKS
from ia3_studio.data.examples import Mapping
from ia3_studio.data.opposed_names import are_opposed, is_preferred
from ia3_studio.data.paths import structure_of
from ia3_studio.data.preferences import flag_of, holds_turns, only_text
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
    ("accepted", "rejected"), ("yw", "yl"),
)  # fmt: skip
"""Columns of the better and the worse answer."""
FLAGS = ("ktotag", "desirable", "isdesirable", "label", "thumbsup")
VOTES = (
    "feedback", "userfeedback", "humanfeedback", "rating", "userrating", "thumb", "thumbs", "vote", "helpful",
    "ishelpful", "washelpful", "wasthishelpful", "liked", "like", "reaction", "good", "isgood", "accepted",
    "isaccepted", "userreaction", "thumbsrating", "hilfreich", "warhilfreich", "nützlich", "útil", "utile", "полезно",
    "有用", "有帮助", "役に立った", "ischosen", "ispreferred", "isbest",
)  # fmt: skip
"""Columns that judge an answer where they hold nothing but both sides of a vote."""
FLAGGED = ("completion", "response", "output", "answer")
EXPECTED = (
    *FLAGGED, "outputs", "responsebody",
    "ideal", "expected", "expectedoutput", "groundtruth", "reference", "referenceanswer", "target",
)  # fmt: skip
"""Columns of the answer to a prompt that holds turns, as tools of evaluations name them."""
CONVERSATIONS = ("messages", "conversations", "conversation")
INSTEAD = "to train on the preferred answers alone, choose another task and their column as the target column"
REQUESTS = ("inputs", "request", "requestbody")
"""Columns that may hold what was sent to a model."""


def _is_answer(cell: Any) -> bool:
    return is_text(only_text(cell)) or bool(turns_in(cell))


def answer_pair(rows: Rows, pairs: Sequence[tuple[str, str]] = PAIRS) -> tuple[str, ...]:
    """Return the first pair of columns that hold answers; empty if there is none."""
    for names in pairs:
        found = tuple(filter(None, (rows.find([name]) for name in names)))
        if len(found) == 2 and all(rows.any(name, _is_answer) for name in found):
            return found
    return _named_pair(rows) if pairs is PAIRS else ()


def _named_pair(rows: Rows) -> tuple[str, ...]:
    """Return the only two columns whose names say which answer is better, with a prompt; empty if there are none."""
    answers = [name for name in rows.columns if rows.mostly(name, _is_answer)]
    pairs = [pair for pair in permutations(answers, 2) if is_preferred(*pair)]
    if not pairs and rows.find(("prompt", "instruction")):  # of a query, these are texts to be found
        found = (rows.named(names) for names in _FOUND)
        pairs = [(names[0], names[1]) for names in found if len(names) == 2 and {*names} <= {*answers}]
    if len(pairs) != 1 or _are_lists(rows, pairs[0]):
        return ()
    asked = rows.find(PROMPT_NAMES)
    if not asked and not are_opposed(*pairs[0]):  # as of reviews, of what was good and what was bad
        asked = _only_other_text(rows, pairs[0])
    return pairs[0] if asked or all(rows.mostly(name, holds_turns) for name in pairs[0]) else ()


_FOUND = (("positive", "negative"), ("pos", "neg"))


def _are_lists(rows: Rows, names: Sequence[str]) -> bool:
    """Say whether cells are several answers each in one text, as "No; it is not" is below "Correct Answers"."""
    in_plural = all(name_words(name)[-1].endswith("s") for name in names)
    return in_plural and all(rows.mostly(name, lambda cell: is_text(cell) and "; " in cell) for name in names)


def _only_other_text(rows: Rows, answers: Sequence[str]) -> str:
    """Return the only column of texts of several words that is none of the answers; empty if there are more."""
    others = [name for name in rows.columns if name not in answers and rows.mostly(name, _is_phrase)]
    return others[0] if len(others) == 1 else ""


def _is_phrase(cell: Any) -> bool:
    return is_text(cell) and len(cell.split()) > 1 and isinstance(structure_of(cell), str)


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
        history=opening.history if opening.history != prompt else "", tools=rows.find(("tools", "functions")),
    )  # fmt: skip
    return Recognized(rows.frame, form, notes=tuple(notes), mapping=mapping)


def _prompt_of(rows: Rows, opening: Opening, answers: Sequence[str]) -> str:
    """Return the column of what is asked; empty where the answers hold it."""
    talks = (name for name in rows.structured if name not in answers and rows.mostly(name, _is_turns))
    prompt = opening.prompt or rows.find(CONVERSATIONS) or next(talks, "")
    if not prompt and not any(rows.any(name, holds_turns) for name in answers):
        asked = (name for name in rows.columns if name not in answers and says(name, ASKED))
        return next((name for name in asked if rows.mostly(name, is_text)), "") or _only_other_text(rows, answers)
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
    mapping = Mapping("messages", column=answer, tools=rows.find(("tools", "functions")))
    return found.recognized(form, mapping, notes)


def _is_conversation(rows: Rows, opening: Opening, answer: str) -> bool:
    """Say whether an answer or its prompt holds turns, or a system prompt or a history precedes them."""
    turns = any(rows.any(name, lambda cell: bool(turns_in(cell))) for name in (opening.prompt, answer))
    return turns or any(rows.any(name, lambda cell: not is_blank(cell)) for name in (opening.system, opening.history))


def _flagged(rows: Rows) -> tuple[str, str]:
    """Return the columns of an answer and of the flag that says whether it is good; empty where there are none."""
    flag = next((name for name in rows.named(FLAGS) if rows.mostly(name, _is_flag)), "")
    asked, answer = rows.find(PROMPT_NAMES), rows.find(FLAGGED)
    talk = next(
        (name for name in rows.named(CONVERSATIONS) if rows.mostly(name, lambda cell: bool(turns_in(cell)))), ""
    )
    if not flag:
        return _voted(rows, talk)
    if bare(flag) == "label" and not (rows.find(["prompt"]) and rows.find(["completion"])):
        return (talk, flag) if talk and rows.mostly(flag, _says_desirable) else ("", "")
    return (answer if (asked or talk) and answer and answer != asked else talk), flag


def _voted(rows: Rows, talk: str) -> tuple[str, str]:
    """Return the columns of an answer and of the votes on it; empty where there are none."""
    votes = (name for name in rows.named(VOTES) if rows.mostly(name, _is_flag) and len(_sides(rows, name)) == 2)
    scored = rows.find(("prompt", "instruction")) and rows.find(("completion", "response", "output"))
    marks = (name for name in rows.named(("score", "reward")) if scored and _sides(rows, name) == {True, False})
    vote = next(votes, "") or next((name for name in marks if rows.mostly(name, _is_flag)), "")
    texts = [name for name in rows.columns if name != vote and rows.mostly(name, is_text)]
    vote = vote or (_vote_in_words(rows) if rows.find(PROMPT_NAMES) and rows.find(FLAGGED) else "")
    answer = rows.find(FLAGGED) or next((name for name in texts if says(name, ANSWERED)), "") or rows.find(_SPEAKERS)
    asked = rows.find((*PROMPT_NAMES, *_ASKERS)) or next((name for name in texts if name != answer and _asks(name)), "")
    answer = answer if (asked or talk) and answer != asked else ""
    return (answer or talk, vote) if vote and (answer or talk) else ("", "")


def _vote_in_words(rows: Rows) -> str:
    """Return the column of any name that holds nothing but both words of a vote, such as good and bad."""
    pairs = [frozenset(map(str.casefold, pair)) for pair in _VOTED]
    found = ((name, {str(cell).strip().casefold() for cell in rows.sample(name)}) for name in rows.columns)
    return next((name for name, said in found if said in pairs), "")


_VOTED = (
    ("good", "bad"), ("like", "dislike"), ("liked", "disliked"), ("up", "down"), ("thumbs up", "thumbs down"),
    ("thumbs_up", "thumbs_down"), ("upvote", "downvote"), ("helpful", "unhelpful"), ("desirable", "undesirable"),
    ("accept", "reject"), ("accepted", "rejected"), ("👍", "👎"),
)  # fmt: skip
"""Words that say of an answer whether it is good, whatever their column is called."""
_ASKERS, _SPEAKERS = ("user", "human"), ("assistant", "bot")
"""Columns of what is asked and answered, by who says it."""


def _sides(rows: Rows, name: str) -> set[bool | None]:
    return {flag_of(cell) for cell in rows.sample(name)} - {None}


def _asks(name: str) -> bool:
    return says(name, ASKED) or (says(name, WHO_ASKS) and says(name, SAID))


def _says_desirable(cell: Any) -> bool:
    return isinstance(cell, bool) or (isinstance(cell, str) and bare(cell) in ("desirable", "undesirable"))


def _is_flag(cell: Any) -> bool:
    return flag_of(cell) is not None


def _has_flags(rows: Rows) -> bool:
    return all(_flagged(rows))


def _read_flagged(rows: Rows) -> Recognized:
    answer, flag = _flagged(rows)
    note = f"KTO data: {flag} says of each answer whether it is desirable; {INSTEAD}."
    asked = rows.find((*PROMPT_NAMES, *CONVERSATIONS, *_ASKERS)) or next(
        (name for name in rows.columns if name not in (answer, flag) and _asks(name) and rows.mostly(name, is_text)), ""
    )
    return preferred(rows, (answer,), "KTO data", (note,), flag=flag, prompt="" if asked == answer else asked)


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
    return answered(one, answer, "prompts of several turns", (note,), prompt=asked)


SHAPES = (
    Shape("preference pairs", _has_pairs, _read_pairs),
    Shape("KTO data", _has_flags, _read_flagged),
    Shape("prompts of several turns", _has_prompts, _read_prompted),
)
