"""Do the keys of entries stand beside their translation, as the terms of a glossary do: {"Warp stone": {"zh": "…"}}?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_TERM = re.compile(r"[^\W\d_]+(?:[ '’&-]{1,3}[^\W\d_]+){0,5}")
"""Words, rather than ids such as menu.save or item_12."""
_NEARLY_ALL, _FEWEST, _LONGEST = 0.8, 4, 80


def keyed_translation(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the keys of a glossary and the only column of texts that is named by a language."""
    if "key" not in columns or len(frame) < _FEWEST:
        return None
    named = [name for name in columns if bare_name(name) in LANGUAGES]
    spoken = [name for name in named if profile(frame, name).different > len(frame) / 2]  # no "cat" of a few kinds
    if len(spoken) != 1:
        return None
    keys = [str(key) for key in cells_of(frame, "key")]
    terms = [key for key in keys if len(key) <= _LONGEST and _TERM.fullmatch(key)]
    texts = {str(cell).casefold() for cell in cells_of(frame, spoken[0])}
    own = sum(key.casefold() not in texts for key in terms)  # others are the text itself, as of an interface
    is_glossary = own > _NEARLY_ALL * len(keys) and profile(frame, spoken[0]).filled > _NEARLY_ALL
    return Mapping("pairs", "key", spoken[0]) if is_glossary else None
