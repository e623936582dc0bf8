"""Which columns are what somebody wrote or claimed, and how it was judged? Such answers are not to be learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import name_words, named, says, says_last
from ia3_studio.data.column_profile import Profile, cells_of, is_label_name, profile
from ia3_studio.data.column_words import ANSWERED, ASKED, LABELED
from ia3_studio.data.label_candidates import label_candidates
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_LEARNERS = frozenset(
    ("student", "pupil", "learner", "examinee", "schuler", "alumno", "eleve", "studente", "aluno", "学生")
)
_WORK = frozenset(("explanation", "essay", "text", "work", "reasoning", "writing", "submission"))
"""Words for what a learner wrote, besides answers."""


def graded_answers(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the answer of a learner and its mark, behind the question; such answers are not to be learned.

    The right answer, which may stand beside it, is not used.
    """
    if not any(map(_is_called_work, columns)):
        return None
    filled = {name: each for name in columns if (each := profile(frame, name)).filled > MOSTLY}
    written = [name for name, each in filled.items() if _is_work(each)]
    if len(written) != 1:
        return None
    beside = {name: each for name, each in filled.items() if name not in written}
    marks = [name for name in label_candidates(frame, beside) if is_label_name(name, LABELED)]
    if not marks:
        return None
    asked = [name for name in beside if _is_asked(beside[name])]
    texts = (asked[0], written[0]) if asked else (written[0], "")
    kind = label_kind(cells_of(frame, marks[0]), marks[0])
    return Mapping("labels", column=texts[0], context=texts[1], answer=marks[0], target=kind)


def judged_claims(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return claims and what they were judged to be, with the evidence where there is one; None for other tables."""
    claim = [name for name in named(columns, ("claim", "claim_text", "claims")) if profile(frame, name).is_text]
    labels = [name for name in columns if says_last(name, _VERDICTS) and profile(frame, name).is_label]
    if not claim or not labels:
        return None
    evidence = [
        name for name in named(columns, _EVIDENCE) if (each := profile(frame, name)).is_text and not each.is_label
    ]
    return Mapping("labels", column=claim[0], context=next(iter(evidence), ""), answer=labels[0])


_EVIDENCE = ("evidence", "evidence_text", "context", "passage", "source_text", "document", "article", "abstract")
"""Texts by which a claim is judged."""


_VERDICTS = frozenset(("label", "verdict", "veracity", "stance", "rating"))
"""Words that end the name of what a claim was judged to be."""


def _is_work(each: Profile) -> bool:
    return _is_called_work(each.name) and each.is_text and not each.is_label


def _is_called_work(name: str) -> bool:
    return bool(_LEARNERS.intersection(name_words(name))) and (says_last(name, ANSWERED) or says_last(name, _WORK))


def _is_asked(each: Profile) -> bool:
    return says(each.name, ASKED) and not says(each.name, _LEARNERS) and each.is_text and each.different > 1
