"""Which two texts stand beside a mark that says whether, or how well, they belong together?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, named, says
from ia3_studio.data.column_profile import cells_of, is_label_name, profile
from ia3_studio.data.column_words import RELATED
from ia3_studio.data.flag_columns import FLAGS
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_MARKS = ("label", "labels", "is_correct", "correct", "relevance", "gold_label", "is_answer", "target")
"""Columns that say whether an answer beside a question is right."""
_MARKED = (("question", "answer"), *((asked, found) for asked in ("query", "question", "search_query")
           for found in ("passage", "document", "doc", "paragraph", "result", "product_title", "answer")))  # fmt: skip
"""Columns of two texts, of which a mark may say that they belong together."""


def marked_answers(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return questions and answers beside a mark that says which are right: answers that are not to be learned.

    What was searched for and what was found are such a pair, too.
    """
    pair = next((found for names in _MARKED if len(found := named(columns, names)) == len(names)), [])
    if not pair or not all(profile(frame, name).length for name in pair):
        return None
    related = [name for name in columns if says(name, RELATED)]
    marks = [name for name in (*named(columns, _MARKS), *related) if profile(frame, name).different == 2]
    said = {str(cell).strip().lower() for cell in cells_of(frame, marks[0])} if marks else set()
    if not any(said <= flags for flags in FLAGS):
        return None
    if not marks and bare_name(pair[0]) != "question":  # answers with grades are another matter
        marks = [name for name in related if is_label_name(name, RELATED) and profile(frame, name).is_number]
    if not marks:
        return None
    kind = label_kind(cells_of(frame, marks[0]), marks[0])
    return Mapping("labels", column=pair[0], context=pair[1], answer=marks[0], target=kind)
