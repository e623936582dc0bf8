"""Does a column say which passages a question is about, by their ids, rather than hold these?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import says_last
from ia3_studio.data.column_profile import structures_of
from ia3_studio.data.column_words import ASKED_ABOUT_WORDS, CONTEXTS
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd

_ID = re.compile(r"(?=\D{0,60}\d)[\w.:/#-]{1,80}")
"""One word with a digit in it."""
_FEWEST = 3


def of_passage_ids(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns called passages or contexts whose cells, or items of their lists, are one word with a digit.

    So "['2-2.4', '2-2.4-q3']" names what was read, and cannot be read itself.
    """
    return [name for name in columns if says_last(name, CONTEXTS | ASKED_ABOUT_WORDS) and _are_ids(frame, name)]


def _are_ids(frame: pd.DataFrame, name: str) -> bool:
    values = [value for value in structures_of(frame, name) if value not in (None, "", [])]
    items = [each for value in values for each in (value if is_listed(value) else [value])]
    return len(values) >= _FEWEST and all(isinstance(each, str) and _ID.fullmatch(each.strip()) for each in items)
