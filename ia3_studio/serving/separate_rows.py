"""How do the rows of a model run whose rows cannot share a pass? One after the other, each with a cache of its own."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ia3_studio.models.model_call import read
from ia3_studio.models.reading_trial import keeps_text
from ia3_studio.serving.row_batch import Outcome, Scaling


class SeparateRows:
    """Rows with a cache of their own each, which run one after the other.

    The model counts positions in its own way, and keeps what it keeps.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._caches: list[Any] = []
        self._keeps = keeps_text(model)

    def read(self, ids: Tensor, start: int, cache: Any) -> tuple[Tensor, Any]:
        """Read the next tokens of a text that is no row yet; see :class:`ia3_studio.serving.row_batch.Rows`."""
        return read(self._model, ids, None, ids[:, :0] if cache is None and not self._keeps else cache)

    def enter(self, cache: Any, length: int) -> None:
        """Add a row; see :class:`ia3_studio.serving.row_batch.Rows`."""
        self._caches.append(copy.deepcopy(cache))

    def leave(self, number: int) -> None:
        """Remove a row; **the last one takes its number**."""
        self._caches[number] = self._caches[-1]
        self._caches.pop()

    def step(self, ids: Sequence[int], scaling: Scaling) -> list[Outcome]:
        """Give each row one token more; return the next token's logits of each, or why it has none."""
        return [self._step(number, token, scaling) for number, token in enumerate(ids)]

    def _step(self, number: int, token: int, scaling: Scaling) -> Outcome:
        given = torch.tensor([[token]], device=self._model.device)
        try:
            with scaling([number]):
                logits, self._caches[number] = read(self._model, given, None, self._caches[number])
        except Exception as error:  # a foreign forward may raise anything; the other rows go on
            return error
        return logits

    def states(self, number: int) -> None:
        """Return nothing: what such a cache holds is the model's own affair."""

    def nbytes(self, rows: int, length: int) -> int:
        """Return 0: what such a cache takes is the model's own affair."""
        return 0
