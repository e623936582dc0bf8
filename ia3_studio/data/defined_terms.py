"""Which column holds the terms that an answer defines? On cards of words, examples and sounds stand next to these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, named
from ia3_studio.data.column_profile import profile
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.pair_cells import are_terms
from ia3_studio.data.pair_names import READ_NAMES

if TYPE_CHECKING:
    import pandas as pd

DEFINITIONS = frozenset(("definition", "definitions", "meaning", "meanings", "gloss", "glosses"))
TERMS = (
    "term", "word", "headword", "lemma", "vocabulary", "vocab", "expression", "phrase", "idiom", "proverb", "saying",
    "concept", "acronym", "abbreviation",
)  # fmt: skip
"""Names of columns of what is defined, and above it those of the definitions."""


def defined_terms(frame: pd.DataFrame, columns: Sequence[str], answer: str) -> list[str]:
    """Return the column of the terms that the answers define, by their names, in a list; none beside a text to read."""
    if bare_name(answer) not in DEFINITIONS or named(columns, READ_NAMES):
        return []
    terms = named(columns, TERMS)
    return [name for name in terms if profile(frame, name).filled > MOSTLY and are_terms(frame, name)][:1]
