"""Which lists of texts are the words of sentences, rather than what two say by turns?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from ia3_studio.data.column_names import is_unspaced

_LOOKED_AT = 100
"""Lists that are looked at."""
_FEWEST_WORDS = 5
"""Words of a list on average: fewer may be short replies."""
_PIECE = "##"
"""What the pieces of BERT's tokenizer begin with that belong to the word before."""


def are_words(lists: Sequence[Sequence[str]]) -> bool:
    """Say whether lists of texts are words: nearly none of the texts has two, and a list has several.

    Scripts without spaces show no words, so their texts are turns.

    Example:
        >>> are_words([["the", "fog", "came", "in", "."], ["so", "##gg", "##y", "boots", "!"]])
        True
        >>> are_words([["Hi", "Hello, what can I do?", "Two berths, please"]])
        False
    """
    seen = list(islice(lists, _LOOKED_AT))
    texts = [text for words in seen for text in words]
    spaced = sum(len(text.split()) > 1 or is_unspaced(text) for text in texts)
    return len(texts) >= _FEWEST_WORDS * len(seen) and 50 * spaced <= len(texts)


def joined_words(words: Sequence[str]) -> str:
    """Return words as a text, with pieces of a tokenizer at the word that they belong to.

    Example:
        >>> joined_words(["so", "##gg", "##y", "boots"])
        'soggy boots'
    """
    return " ".join(words).replace(f" {_PIECE}", "")
