"""Which positions of its last layer does a text classifier read, so that the others need not be computed there?

BERT and its like read the first position, causal models the last one of each row. A backward pass over two rows of
different lengths shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ia3_studio.method.deterministic import evaluating
from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.sharding import is_sharded
from ia3_studio.training.batching import counts_ends, end_tokens, padded, padding_token, trial_rows
from ia3_studio.training.needed_positions import NeededPositions, needed_alone, watched_projections

Positions = Callable[[Tensor], Tensor]
"""From the mask of rows padded on the right to the positions that are read, both (rows, tokens)."""


def _first(mask: Tensor) -> Tensor:
    return (torch.arange(mask.shape[1], device=mask.device) == 0).expand_as(mask)


def _last(mask: Tensor) -> Tensor:
    return torch.arange(mask.shape[1], device=mask.device) == mask.sum(1, keepdim=True) - 1


class ClassifierPositions:
    """Where a classifier reads a text, and its projections that are needed there alone."""

    def __init__(self, needed: NeededPositions, positions: Positions = _first) -> None:
        self.needed = needed
        self._positions = positions

    @contextmanager
    def only(self, model: Any, inputs: Mapping[str, Tensor]) -> Iterator[None]:
        """Run the model inside this block on these rows, with the last layer where it reads them.

        Args:
            model: the classifier.
            inputs: what it is called with: ids and mask, each (rows, tokens).
        """
        ids, mask = inputs["input_ids"], inputs["attention_mask"].bool()
        if self._positions is _last and not _ends_as_tried(model, ids, mask):
            yield
            return
        with self.needed.only(self._positions(mask)):
            yield


def _ends_as_tried(model: Any, ids: Tensor, mask: Tensor) -> bool:
    """Say whether the end of a row is its last token, however a model looks for it: by its padding or end token.

    A row with a padding token inside, or without an end token where the model answers at that, is read elsewhere.
    """
    padding = {padding_token(model), model.config.get_text_config().pad_token_id}
    if any(bool(((ids == token) & mask).any()) for token in padding if token is not None):
        return False
    if not counts_ends(model):
        return True
    ends = torch.isin(ids, torch.tensor(sorted(end_tokens(model)), device=ids.device)) & mask
    return bool((ends == _last(mask)).all())


def classifier_positions(model: Any) -> ClassifierPositions:
    """Return where a classifier that takes no notice of padding reads a text, by a trial on the model itself."""
    if is_sharded(model):
        return ClassifierPositions(NeededPositions((), "the weights are divided between processes"))
    try:
        return _tried(model)
    except Exception as error:  # a foreign forward may raise anything
        return ClassifierPositions(NeededPositions((), failed_trial(error)))


def _tried(model: Any) -> ClassifierPositions:
    inputs = padded(trial_rows(model), model)
    mask = inputs["attention_mask"]
    shape = (mask.shape[0], mask.shape[1])
    with torch.enable_grad(), evaluating(model), watched_projections(model, shape) as watched:
        logits = model(**inputs).logits.float()
        outputs = watched.tensors()
        if not outputs:
            return ClassifierPositions(NeededPositions((), "no projection gives an output for each position"))
        weights = torch.arange(1.0, logits.shape[-1] + 1, device=logits.device)
        gradients = torch.autograd.grad((logits * weights).sum(), list(outputs.values()), allow_unused=True)
    tried = [(needed_alone(model, outputs, gradients, place(mask)), place) for place in (_first, _last)]
    return ClassifierPositions(*next((each for each in tried if each[0].path.is_on), tried[0]))
