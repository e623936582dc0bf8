"""Which rows tell what the columns are? Without those of a split of which nobody knows what is to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.sampled import thinned
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.split_names import SPLIT, TRAINING

if TYPE_CHECKING:
    from ia3_studio.data.table import Table


def telling_rows(table: Table) -> Table:
    """Return the rows of a table that tell what its columns are, no more than are looked at."""
    return trained_rows(thinned(table))


def trained_rows(table: Table) -> Table:
    """Return the rows to train on where all others lack a column that these have, as the test set of a competition.

    Such a column is what is to be told, which half of the rows without it would hide.
    """
    frame = table.frame
    return replace(table, frame=frame[frame[SPLIT].isin([*TRAINING])]) if columns_to_tell(table) else table


def columns_to_tell(table: Table) -> list[str]:
    """Return the columns that nearly all rows to train on have, and no other row."""
    frame = table.frame
    if SPLIT not in frame.columns or frame.columns.duplicated().any():
        return []
    is_trained = frame[SPLIT].isin([*TRAINING])
    trained, others = frame[is_trained], frame[~is_trained]
    if len(trained) < _FEWEST or others.empty:
        return []
    lacking = [name for name in frame.columns if name != SPLIT and all(map(is_blank, others[name]))]
    return [str(name) for name in lacking if sum(map(is_blank, trained[name])) < _RARELY * len(trained)]


_FEWEST = 2
_RARELY = 0.1
"""Share of the rows to train on in which such a column is empty."""
