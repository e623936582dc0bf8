"""Which second text does a label belong to, where one text comes again and again with other labels?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import name_words
from ia3_studio.data.column_profile import Profile, profile
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ROWS = 8
_ALIKE, _APART = 0.5, 0.95
"""Share of the rows whose text has other labels in other rows, and of those that a second text tells apart."""
SAID_ABOUT_LABEL = frozenset(
    ("explanation", "justification", "reason", "reasoning", "rationale", "comment", "comments", "note", "notes",
     "remark", "remarks", "feedback", "evidence", "highlight", "highlighted", "suggestion")
)  # fmt: skip
"""Words of columns that say why a text has its label."""


_WHY = words_for("why") - words_for("read")
"""Words of columns that only say why; others, such as German "Begründung", may as well be the text that is read."""
_JUDGED = frozenset(("student", "pupil", "learner", "user", "candidate", "model"))
"""Words of explanations that are judged themselves."""


def says_why(name: str) -> bool:
    """Say whether a column tells why a text has its label, so that it is no text that a label belongs to.

    Example:
        >>> says_why("generated_explanation"), says_why("StudentExplanation"), says_why("comment")
        (True, False, False)
    """
    words = {*name_words(name)}
    return bool(words & _WHY) and not words & _JUDGED


def with_second_text(frame: pd.DataFrame, columns: Sequence[str], found: Mapping) -> Mapping:
    """Return a mapping with the text that tells its label where the same text has several labels; else as it is.

    Statements on a review, each of them true or false, are such texts.
    """
    used = {found.column, found.answer}
    if found.kind != "labels" or found.context or not used <= {*map(str, frame.columns)} or len(frame) < _FEWEST_ROWS:
        return found
    if _share_of_several(frame, (found.column,), found.answer) < _ALIKE:
        return found
    others = (profile(frame, name) for name in columns if name not in used)
    second = (each.name for each in others if _may_be_second(each))
    apart = (
        name for name in second if _share_of_several(frame, (found.column, name), found.answer) <= 1 - _APART
    )  # fmt: skip
    name = next(apart, "")
    return replace(found, context=name) if name else found


def _may_be_second(each: Profile) -> bool:
    about = SAID_ABOUT_LABEL.intersection(name_words(each.name))
    return each.is_text and not each.is_label and each.filled > _APART and not about


def _share_of_several(frame: pd.DataFrame, texts: Iterable[str], label: str) -> float:
    """Return the share of the rows whose texts stand in other rows with other labels."""
    cells = [frame[name].astype(str).tolist() for name in texts]
    labels = frame[label].astype(str).tolist()
    held: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for *key, said in zip(*cells, labels, strict=True):
        held[tuple(key)].append(said)
    several = sum(len(said) for said in held.values() if len(set(said)) > 1)
    return several / max(1, len(labels))
