"""How do rounded weights write ahead of a batch of conversations, for the exact ones to check?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from ia3_studio.chat.answers import Row
    from ia3_studio.models.decoder_parts import Scales
    from ia3_studio.models.fast_decode import FastDecodeStep
    from ia3_studio.models.rounded_weights import RoundedWeights


class Guess(Protocol):
    """How a row takes a token, tried before it does."""

    def __call__(self, row: Row, scores: Tensor, ahead: Sequence[int], generator: Generator, /) -> int | None:
        """Return the token that a row would take; None once it has ended.

        Args:
            row: which **stays as it is**.
            scores: logits, shape (vocabulary,).
            ahead: tokens that were guessed before.
            generator: in the state that the row's own would have; **it goes on**.
        """


@dataclass(frozen=True)
class Writer:
    """Rounded weights, and how rows take tokens."""

    step: FastDecodeStep
    rounded: RoundedWeights
    guess: Guess

    def ahead(self, rows: Sequence[Row], cache: Any, mask: Tensor, scales: Scales, count: int) -> list[list[int]]:
        """Return up to so many tokens of each row, fewer where it ends; rows and cache **stay as they are**.

        Args:
            rows: of the batch.
            cache: keys and values of all tokens before the last one of each row.
            mask: shape (rows, tokens in the cache), 0 where there is padding.
            scales: of the adapters of these rows.
            count: tokens of each row.
        """
        generators = [_copied(row.generator) for row in rows]
        lasts, ahead = [row.ids[-1] for row in rows], [list[int]() for _row in rows]
        going, read = set(range(len(rows))), 0
        with self.rounded.in_use():
            while going and read < count:
                ids, positions = torch.tensor(lasts, device=mask.device)[:, None], mask.sum(1, keepdim=True)
                mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
                scores = self.step(ids, positions, cache, None if bool(mask.all()) else mask, scales)
                read += 1
                for number in sorted(going):
                    token = self.guess(rows[number], scores[number], ahead[number], generators[number])
                    if token is None:
                        going.remove(number)
                    else:
                        ahead[number].append(token)
                        lasts[number] = token
        cache.crop(-read)
        return ahead


def _copied(generator: Generator) -> Generator:
    copy = torch.Generator(generator.device)
    copy.set_state(generator.get_state())
    return copy
