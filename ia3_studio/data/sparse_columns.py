"""Which columns of texts have nothing in most rows? What the others are counts for more, where nearly all have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import says
from ia3_studio.data.column_profile import profile
from ia3_studio.data.column_words import ANSWERED
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_FEW, _HARDLY_ANY = 0.5, 0.2
"""Share of the rows that have a text below which a column is sparse, and below which not even answers are learned."""


def without_sparse(
    frame: pd.DataFrame, columns: Sequence[str], found: Mapping, infer: Callable[[Sequence[str]], Mapping]
) -> Mapping:
    """Return what columns are without the sparse ones, if these left most rows unused, or hid what the others are.

    Pairs whose answer is missing in most rows give way to labels that nearly all rows have, plain text to whatever the
    columns are without a text that only some rows have, such as a note.

    Args:
        found: what the columns are if all of them count.
        infer: tells what some of them are.
    """
    sparse = [name for name in columns if _is_sparse_text(frame, name)]
    if not sparse or len(sparse) == len(columns):
        return found
    is_said = says(found.answer, ANSWERED) and profile(frame, found.answer).filled > _HARDLY_ANY
    is_made = found.answer in sparse and not found.others and not is_said
    is_short_of_answers = found.kind == "pairs" and is_made  # an unanswered question is no reason to train on others
    if not is_short_of_answers and not (found.kind == "text" and found.column not in sparse):
        return found
    other = infer([name for name in columns if name not in sparse])
    if other.kind == "labels" or (found.kind == "text" and other.kind != "text"):
        return other
    return found


def _is_sparse_text(frame: pd.DataFrame, name: str) -> bool:
    held = profile(frame, name)
    return held.filled < _FEW and held.is_text and not held.is_label
