"""Which pairs of prompt and answer stand beside a verdict on the answer, so that not all of them are to be learned?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import says
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_columns import named_pairs
from ia3_studio.data.preferences import VOTES
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_VERDICTS = tuple(map(frozenset, (
    ("correct", "incorrect"), ("right", "wrong"), ("pass", "fail"), ("passed", "failed"), ("valid", "invalid"),
    ("acceptable", "unacceptable"), ("safe", "unsafe"), ("faithful", "unfaithful"), ("grounded", "ungrounded"),
    ("supported", "unsupported"), ("factual", "hallucinated"), ("factual", "non-factual"), ("richtig", "falsch"),
    ("correcto", "incorrecto"), ("correct", "incorrecte"), ("corretto", "errato"), ("верно", "неверно"),
    ("正确", "错误"), ("正解", "不正解"),
)))  # fmt: skip
"""Both words of a verdict, whatever their column is called."""
_GRADES = (*_VERDICTS, *(frozenset(pair) for pair in VOTES))
"""Both ends of what may have grades between them, such as good, fair and bad."""
_MOST_GRADES = 5
_FLAGS = tuple(map(frozenset, (("0", "1"), ("0.0", "1.0"), ("true", "false"), ("yes", "no"), ("y", "n"))))
_JUDGED = frozenset(("correct", "incorrect", "faithful", "faithfulness", "grounded", "groundedness", "hallucinated",
                     "hallucination", "factual", "accurate", "safe", "unsafe", "harmful", "toxic", "toxicity",
                     "supported", "passed", "success"))  # fmt: skip
"""Words for what a verdict of yes or no says of an answer."""


def judged_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return prompts and answers as two texts, and the verdict on the answers as their label; None for other tables.

    To learn the answers alone would be to learn the wrong ones as well.

    Raises:
        DataError: a verdict says of all answers that they are not good.
    """
    if (bad := next((name for name in columns if _is_always_no(frame, name)), "")) and _pair(frame, columns, bad):
        raise DataError(
            f"The column {bad} says of all answers that they are not good, so there is none to learn; select the "
            "columns of a prompt and an answer to learn them all the same, or give answers that are good."
        )
    verdicts = [name for name in columns if profile(frame, name).filled > MOSTLY and _is_verdict(frame, name)]
    if len(verdicts) != 1:
        return None
    pair = _pair(frame, columns, verdicts[0])
    return Mapping("labels", column=pair[0], context=pair[1], answer=verdicts[0]) if pair else None


def _pair(frame: pd.DataFrame, columns: Sequence[str], verdict: str) -> tuple[str, ...]:
    """Return the columns of the prompt and the answer beside a verdict; empty if there are none."""
    pair = named_pairs(frame, [name for name in columns if name != verdict])
    whole = pair and pair.kind == "pairs" and not pair.nested and not pair.others
    return (pair.prompt, pair.answer) if pair and whole and {pair.prompt, pair.answer} <= {*columns} else ()


def _is_always_no(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called helpful, liked and so on says no in each of several rows."""
    said = {str(cell).strip().casefold() for cell in cells_of(frame, name)} - {""}
    if len(frame) < _SEVERAL or len(said) != 1:
        return False
    return (said <= _NO and says(name, _PRAISE)) or (said <= _DOWN and says(name, _VOTE))


_SEVERAL = 2
_DOWN = frozenset(("👎", "dislike", "disliked", "thumbs_down", "thumbs down", "down", "downvote", "unhelpful", "bad"))
"""Votes against an answer."""
_NO = _DOWN | {"false", "no", "0", "0.0"}
_PRAISE = frozenset(("helpful", "liked", "upvoted", "correct", "acceptable"))
"""Words of columns that praise an answer where they say yes."""
_VOTE = frozenset(("rating", "feedback", "vote", "thumb", "thumbs", "reaction", "verdict"))
"""Words of columns of votes."""


def _is_verdict(frame: pd.DataFrame, name: str) -> bool:
    said = frozenset(str(cell).strip().casefold() for cell in cells_of(frame, name)) - {""}
    graded = 2 < len(said) <= _MOST_GRADES and any(ends <= said for ends in _GRADES)
    return graded or said in _VERDICTS or (said in _FLAGS and says(name, _JUDGED))
