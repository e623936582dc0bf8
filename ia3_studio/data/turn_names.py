"""Which keys of a turn say who speaks and what is said, in languages other than English?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import words_for, words_in

SPEAKER_WORDS = words_for("speaker") - words_in("en", "speaker") | {"role"}
"""Words for who speaks; without its accent, the French one is as in English."""
SAID_WORDS = words_for("text", "message") - words_in("en", "text", "message")


def with_english_keys(turn: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a turn whose keys are words of another language with "role" and "content"; others as they are.

    Example:
        >>> with_english_keys({"Rolle": "Nutzer", "Inhalt": "Ahoi"}), with_english_keys({"Rolle": "Koch"})
        ({'role': 'Nutzer', 'content': 'Ahoi'}, {'Rolle': 'Koch'})
    """
    named = {_in_english(str(key)): value for key, value in turn.items()}
    says_text = any(key in named for key in _TEXTS)
    return named if "role" in named and says_text and len(named) == len(turn) else turn


_TEXTS = ("content", "text", "message")
"""Keys of what is said, of which the second is the same word in several languages."""


@lru_cache(1_000)
def _in_english(key: str) -> str:
    word = folded(key).casefold().strip().replace(" ", "_")
    return "role" if word in SPEAKER_WORDS else "content" if word in SAID_WORDS else key
