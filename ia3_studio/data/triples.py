"""Which tables without names hold facts: a subject, a relation and an object, as graphs of knowledge do?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_RELATION = re.compile(r"[^\s.!?,;]*(?:[a-z]_[a-z]|[a-z][A-Z]|/\w+/\w|:[a-zA-Z])[^\s.!?,;]*|_\w+|P\d+")
"""One word made of several: has_port, bornIn, /people/person/nationality, wdt:P31."""
_MOST_WORDS, _FEWEST_ROWS = 6, 8
_SENTENCE_END = (".", "!", "?")


def triples(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return subject and relation as the prompt, and the object as the answer; None for other tables.

    The relations are single words, most of them made of several, that come again between short names.
    """
    if len(columns) != len(("subject", "relation", "object")) or len(frame) < _FEWEST_ROWS:
        return None
    if not all(map(UNNAMED.fullmatch, columns)):
        return None
    subject, relation, thing = columns
    relations = [str(cell) for cell in cells_of(frame, relation)]
    kinds = {*relations}
    made = sum(map(bool, map(_RELATION.fullmatch, kinds)))
    if 2 * made <= len(kinds) or 2 * len(kinds) > len(relations) or any(len(kind.split()) > 1 for kind in kinds):
        return None
    names = [str(cell).strip() for name in (subject, thing) for cell in cells_of(frame, name)]
    if any(len(each.split()) > _MOST_WORDS or each.endswith(_SENTENCE_END) for each in names):
        return None
    if any(profile(frame, name).is_number for name in (subject, thing)):
        return None
    return Mapping("pairs", subject, thing, relation)
