"""About how many tokens do training rows have, before a tokenizer is chosen?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ia3_studio.background import in_background
from ia3_studio.data.load import DataChoice
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.split import DataSplit

BYTES_OF_TOKEN = 4.0
"""UTF-8 bytes of a token in English; fewer in code, more in scripts of several bytes a letter."""
TOKENS_OF_TURN = 12
"""What a chat template writes around a message, its share of a system prompt included. With both, the three starters
are estimated at 81 to 93 % of the tokens that SmolLM2's tokenizer and template make of them."""
LOOKED_AT = 2_000
"""Examples that are counted; from very many, evenly spread."""

KEPT = 32
"""Data whose estimates are kept."""


@dataclass
class TokenEstimates:
    """Estimates of the data in use, each made once and in the background: a large file takes seconds."""

    _made: OrderedDict[str, Future[float | None]] = field(default_factory=OrderedDict)
    _access: Lock = field(default_factory=Lock)

    def get(self, data: str, longest: int, patience: float) -> float | None:
        """Return about how many tokens an epoch has; None if it is not known yet, or the data cannot be read.

        Args:
            data: a choice of data as text.
            longest: tokens to which a row is cut.
            patience: seconds to wait for an estimate that is being made.
        """
        with self._access:
            future = self._made.get(data)
            if future is None:
                future = self._made[data] = in_background(
                    lambda: estimated_tokens(DataChoice.from_text(data).look(), longest)
                )
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        try:
            return future.result(timeout=patience)
        except (TimeoutError, DataError):  # the Data tab says what is wrong with data
            return None


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
    turns = (*example.turns, *example.rejected)
    texts: Sequence[str] = [turn.content for turn in turns] if turns else [example.text, example.second, *example.words]
    return sum(len(text.encode("utf-8", "replace")) for text in texts) / BYTES_OF_TOKEN + TOKENS_OF_TURN * len(turns)
