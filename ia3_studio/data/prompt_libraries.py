"""Is a table a library of prompts, each with a title, and sorted by a category that is no label of what it says?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, named
from ia3_studio.data.column_profile import profile
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_names import TITLES

if TYPE_CHECKING:
    import pandas as pd

_PROMPTS = ("prompt", "prompt_text", "prompt_template")
_SORTED_BY = frozenset(("category", "categories", "tags", "description", "fordevs"))
"""What a library says of its prompts."""
_ALL_DIFFERENT = 0.9
"""Share of the titles that are different."""


def prompt_library(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the titles and the prompts of a library, which has no other texts than descriptions of them."""
    texts = [each.name for name in columns if (each := profile(frame, name)).is_text and not each.is_label]
    prompts = named(texts, _PROMPTS)
    titles = [name for name in texts if bare_name(name) in TITLES]
    titles = [name for name in titles if profile(frame, name).different > _ALL_DIFFERENT * len(frame)]
    others = [name for name in texts if name not in (*prompts, *titles) and bare_name(name) not in _SORTED_BY]
    is_sorted = any(bare_name(name) in _SORTED_BY for name in columns)
    if len(prompts) != 1 or not titles or others or not is_sorted:
        return None
    return Mapping("pairs", titles[0], prompts[0])
