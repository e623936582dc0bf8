"""Which column is called a label and is the same in all rows, so that there is nothing to tell apart?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import named
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.table import Table

_SURE_NAMES = ("label", "labels", "gold_label", "class", "intent", "sentiment", "emotion")


def constant_label(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """Return the column that is called a label and holds the same one in all rows; empty if there is none."""
    found = (profile(frame, name) for name in named(columns, _SURE_NAMES))
    return next((each.name for each in found if each.different == 1 and each.filled > MOSTLY), "")


def constant_label_note(table: Table, mapping: Mapping) -> tuple[str, ...]:
    """Return a sentence on a label that is the same in all rows, which are read as plain text for that reason."""
    label = constant_label(table.frame, list(map(str, table.frame.columns))) if mapping.kind == "text" else ""
    if not label or label == mapping.column:
        return ()
    only = next(iter(cells_of(table.frame, label)))
    return (f"All rows have the same {label} ({only}), so that there is nothing to tell apart; add rows with another.",)
