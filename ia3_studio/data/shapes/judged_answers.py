"""How are single answers read of which each has a label or a vote that says whether it is good? As KTO takes them."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import ANSWERED, ASKED, SAID, WHO_ASKS
from ia3_studio.data.preferences import VOTES as WORDS_OF_VOTES
from ia3_studio.data.preferences import flag_of
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, turns_in
from ia3_studio.data.shapes.preferences import CONVERSATIONS, FLAGGED, INSTEAD, preferred
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare, is_blank, is_text

FLAGS = ("ktotag", "desirable", "isdesirable", "label", "thumbsup")
VOTES = (
    "feedback", "userfeedback", "humanfeedback", "rating", "userrating", "thumb", "thumbs", "vote",
    "ishelpful", "washelpful", "wasthishelpful", "reaction", "isgood",
    "isaccepted", "userreaction", "thumbsrating", "hilfreich", "warhilfreich", "nützlich", "útil", "utile", "полезно",
    "有用", "有帮助", "役に立った", "ischosen", "ispreferred", "isbest",
)  # fmt: skip
"""Columns that judge an answer where they hold nothing but both sides of a vote, besides those named by praise."""


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
    praise = [name for name in rows.columns if flag_of(bare(name)) and bare(name).isalpha()]
    whether = [name for name in rows.columns if bare(name).removeprefix(_WHETHER) in (*VOTES, *_PRAISED)]
    named = [name for name in rows.columns if name in (*rows.named(VOTES), *praise, *whether)]
    votes = (name for name in named if rows.mostly(name, _is_flag) and len(_sides(rows, name)) == 2)
    scored = rows.find(("prompt", "instruction")) and rows.find(("completion", "response", "output"))
    marks = (name for name in rows.named(("score", "reward")) if scored and _sides(rows, name) == {True, False})
    vote = next(votes, "") or next((name for name in marks if rows.mostly(name, _is_flag)), "")
    vote = vote or _vote_in_words(rows)
    texts = [name for name in rows.columns if name != vote and rows.mostly(name, is_text)]
    answer = next((name for name in texts if says(name, ANSWERED)), "") or rows.find(_SPEAKERS)
    answer = next((name for name in rows.named(FLAGGED) if name != vote), "") or answer
    asked = rows.find((*PROMPT_NAMES, *_ASKERS)) or next((name for name in texts if name != answer and _asks(name)), "")
    answer = answer if (asked or talk) and answer != asked else ""
    return (answer or talk, vote) if vote and (answer or talk) else ("", "")


_WHETHER = "是否"
"""How the name of a column of yes and no begins in Chinese."""
_PRAISED = ("满意", "喜欢", "点赞", "有幫助", "滿意")
"""What is asked of an answer so."""


def _vote_in_words(rows: Rows) -> str:
    """Return the column of any name that holds nothing but both words of a vote, such as good and bad."""
    pairs = [frozenset(map(str.casefold, pair)) for pair in WORDS_OF_VOTES]
    found = ((name, {str(cell).strip().casefold() for cell in rows.sample(name)}) for name in rows.columns)
    return next((name for name, said in found if said in pairs), "")


_ASKERS, _SPEAKERS = ("user", "human"), ("assistant", "bot")
"""Columns of what is asked and answered, by who says it."""


def _sides(rows: Rows, name: str) -> set[bool | None]:
    return {flag_of(cell) for cell in rows.sample(name)} - {None}


def _asks(name: str) -> bool:
    return says(name, ASKED) or (says(name, WHO_ASKS) and says(name, SAID))


def _says_desirable(cell: Any) -> bool:
    return isinstance(cell, bool) or (isinstance(cell, str) and bare(cell) in ("desirable", "undesirable"))


def _is_flag(cell: Any) -> bool:
    return flag_of(cell) is not None or is_blank(cell)


def _has_flags(rows: Rows) -> bool:
    return all(_flagged(rows))


def _read_flagged(rows: Rows) -> Recognized:
    answer, flag = _flagged(rows)
    note = f"KTO data: {flag} says of each answer whether it is desirable; {INSTEAD}."
    asked = rows.find((*PROMPT_NAMES, *CONVERSATIONS, *_ASKERS)) or next(
        (name for name in rows.columns if name not in (answer, flag) and _asks(name) and rows.mostly(name, is_text)), ""
    )
    return preferred(rows, (answer,), "KTO data", (note,), flag=flag, prompt="" if asked == answer else asked)


SHAPES = (Shape("KTO data", _has_flags, _read_flagged),)
