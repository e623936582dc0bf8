"""About how many tokens do training rows have, before a tokenizer is chosen?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.data.split import DataSplit

BYTES_OF_TOKEN = 4.0
"""UTF-8 bytes of a token in English; fewer in code, more in scripts of several bytes a letter."""
TOKENS_OF_TURN = 12
"""What a chat template writes around a message, its share of a system prompt included. With both, the three starters
are estimated at 81 to 93 % of the tokens that SmolLM2's tokenizer and template make of them."""
LOOKED_AT = 2_000
"""Examples that are counted; from very many, evenly spread."""


def estimated_tokens(split: DataSplit, longest: int) -> float | None:
    """Return about how many tokens one epoch of training rows has; None for images.

    Args:
        split: the data; of a sample, the whole is extrapolated.
        longest: tokens to which a row is cut.
    """
    if split.mapping.kind == "pictures" or not len(split.train):
        return None
    step = max(1, len(split.train) // LOOKED_AT)
    seen = [split.train[place] for place in range(0, len(split.train), step)][:LOOKED_AT]
    mean = sum(min(longest, _tokens(example)) for example in seen) / len(seen)
    return mean * len(split.train) / split.share


def _tokens(example: Example) -> float:
    turns = example.turns
    texts: Sequence[str] = [turn.content for turn in turns] if turns else [example.text, example.second, *example.words]
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / BYTES_OF_TOKEN + TOKENS_OF_TURN * len(turns)
