"""Which two texts stand beside a word for how they are related, however few rows there are?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED, says_last
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.flag_columns import FLAGS
from ia3_studio.data.label_names import MOSTLY, is_judged, label_name
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.text_pairs import RELATIONS, are_sentences, paired_texts
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_BESIDE = frozenset(("neutral", "unknown", "true", "false", "yes", "no", "none"))
"""Words that may stand beside those for relations."""


def entailed_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two texts that belong together by their names, and the only column of such words as their label."""
    told = [name for name in columns if profile(frame, name).filled > MOSTLY and _is_relation(frame, name)]
    texts = [name for name in columns if profile(frame, name).is_text and name not in told]
    others = [name for name in columns if is_judged(name) and name not in (*told, *texts)]
    if told and others and not is_judged(told[0]):
        return None  # what is called a judgement says more than true or false beside it
    pair = paired_texts(frame, texts) if len(told) == 1 and len(texts) > 1 else None
    if not told:
        _refuse_unjudged(frame, columns)
    return Mapping("labels", column=pair[0], context=pair[1], answer=told[0]) if pair else None


def _refuse_unjudged(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a premise and a hypothesis beside which nothing says whether one follows from the other.

    Raises:
        DataError: it names them.
    """
    held = [profile(frame, name) for name in columns]
    texts = [each.name for each in held if not each.is_identifier]
    pair = [name for words in ("premise", "hypothesis") for name in texts if says_last(name, words_for(words))]
    if pair == [*dict.fromkeys(pair)] and len(pair) == len(texts) == len(("premise", "hypothesis")):
        raise DataError(
            f"The columns {pair[0]} and {pair[1]} are two texts of which one may follow from the other, and no column "
            "says whether it does; add a column of these labels, or select the columns of a prompt and an answer."
        )


def _is_relation(frame: pd.DataFrame, name: str) -> bool:
    said = {label_name(cell).strip().casefold().replace("_", " ") for cell in cells_of(frame, name)}
    said.discard("")
    known = {word.replace("_", " ") for word in RELATIONS}
    flags = {"true", "false"}
    return len(said) > 1 and said <= known | _BESIDE and (bool(said & known) or flags <= said)


def flagged_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two columns of sentences of a table without names that has only one of 0 and 1 beside them.

    One of the sentences stands in several rows in a row, as a question does beside all that may answer it: it is no
    label, whose rows stand anywhere.
    """
    marks = [name for name in columns if _is_flag(frame, name)]
    texts = [name for name in columns if name not in marks]
    if len(columns) != len(("flag", "one", "other")) or len(marks) != 1 or not all(map(UNNAMED.fullmatch, columns)):
        return None
    held = [profile(frame, name) for name in texts]
    if any(each.filled <= _ALL or _MOST_AGAIN * each.different < len(frame) for each in held):
        return None
    again = [cells_of(frame, each.name) for each in held if each.is_label]
    if (
        len(again) != 1
        or len(list(groupby(again[0]))) > len(set(again[0]))
        or not all(are_sentences(cells_of(frame, name)) for name in texts)
    ):
        return None
    return Mapping("labels", column=texts[0], context=texts[1], answer=marks[0])


_ALL, _MOST_AGAIN = 0.95, 10
"""Share of the rows that have both sentences, and how often one of them comes again on average at most."""


def _is_flag(frame: pd.DataFrame, name: str) -> bool:
    said = {str(cell).strip().casefold() for cell in cells_of(frame, name)}
    return len(said) > 1 and any(said <= flags for flags in FLAGS)
