"""Which two texts stand beside a word for how they are related, however few rows there are?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.label_names import MOSTLY, label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.text_pairs import RELATIONS, paired_texts

if TYPE_CHECKING:
    import pandas as pd

_BESIDE = frozenset(("neutral", "unknown", "true", "false", "yes", "no", "none"))
"""Words that may stand beside those for relations."""


def entailed_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two texts that belong together by their names, and the only column of such words as their label."""
    told = [name for name in columns if profile(frame, name).filled > MOSTLY and _is_relation(frame, name)]
    texts = [name for name in columns if profile(frame, name).is_text and name not in told]
    pair = paired_texts(frame, texts) if len(told) == 1 and len(texts) > 1 else None
    return Mapping("labels", column=pair[0], context=pair[1], answer=told[0]) if pair else None


def _is_relation(frame: pd.DataFrame, name: str) -> bool:
    said = {label_name(cell).strip().casefold().replace("_", " ") for cell in cells_of(frame, name)}
    said.discard("")
    known = {word.replace("_", " ") for word in RELATIONS}
    flags = {"true", "false"}
    return len(said) > 1 and said <= known | _BESIDE and (bool(said & known) or flags <= said)
