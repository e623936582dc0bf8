"""Does an object say how an answer is checked, as should_mention and max_words do, rather than being the answer?"""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import name_words
from ia3_studio.data.column_profile import profile, structures_of
from ia3_studio.data.head_words import is_answer_name

if TYPE_CHECKING:
    import pandas as pd

_CHECKS = frozenset(
    ("should", "must", "max", "min", "not", "required", "contains", "contain", "include", "includes", "forbidden",
     "format", "tolerance", "threshold")
)  # fmt: skip
"""Words of keys that say what an answer has to be like."""


def without_checks(frame: pd.DataFrame, columns: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Return answers without the columns of checks where another column is a text that is called an answer.

    Args:
        columns: all that may be the answer instead.
        answers: those that are called so.
    """
    checks = [name for name in answers if _are_checks(frame, name)]
    kept = [name for name in answers if name not in checks]
    if kept or not checks:
        return kept or [*answers]
    texts = [name for name in columns if name not in checks and is_answer_name(name)]
    return [name for name in texts if (each := profile(frame, name)).is_text and not each.is_label] or [*answers]


def _are_checks(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds objects of which most keys say what an answer has to be like."""
    values = structures_of(frame, name)
    keys = {str(key) for value in values if isinstance(value, Record) for key in value}
    said = [key for key in keys if _CHECKS.intersection(name_words(key))]
    return bool(values) and all(isinstance(value, Record) for value in values) and 2 * len(said) > len(keys)
