"""Which rows can share a classifier batch, and how are they padded?

The one place where classifier rows are batched: for training, evaluation and inference. Padding stands on
the right and is masked. Some models read it all the same: XLNet answers at the last place of a batch, CANINE's
convolutions look past a row's end, BART wants as many end tokens in each row. A trial on the model itself decides
whether a padded row gives what it gives alone; where it does not, only rows of one length share a batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from itertools import cycle, groupby, islice
from typing import Any, TypeVar

import torch
from torch import Tensor

from ia3_studio.data.labels import LabelRow, TagRow
from ia3_studio.models.fast_paths import FastPath, failed_trial
from ia3_studio.models.limits import limits_of
from ia3_studio.models.sharding import raise_if_alone

Row = TypeVar("Row", bound=LabelRow | TagRow)
NAME = "padded batches"
ROUNDING, ROUGH_ROUNDING = 1e-4, 1e-2
"""Largest difference for the largest output, in float32 and in narrower formats: rounding stays below it."""


@dataclass(frozen=True)
class Batching:
    """How the rows of a classifier may be batched."""

    model: Any
    path: FastPath

    def groups(self, rows: Sequence[Row]) -> Iterator[list[Row]]:
        """Yield rows that may share a batch."""
        by = sorted(rows, key=self._kind)
        yield from (list(group) for _kind, group in groupby(by, key=self._kind))

    def _kind(self, row: LabelRow | TagRow) -> tuple[int, int]:
        ends = end_tokens(self.model) if counts_ends(self.model) else ()
        return (0 if self.path.is_on else len(row.input_ids), sum(token in ends for token in row.input_ids))


def batching_of(model: Any) -> Batching:
    """Return how rows may be batched for a model."""
    try:
        is_on = _is_neutral(model)
        reason = "" if is_on else "a padded row gives different outputs than the same row alone"
    except Exception as error:  # a foreign forward may raise anything; rows of one length need no padding
        raise_if_alone(model, error)
        is_on, reason = False, failed_trial(error)
    return Batching(model, FastPath(NAME, is_on, reason))


def padding_token(model: Any) -> int:
    """Return the padding token for shorter rows of a batch: the model's own padding token.

    A model that finds the end of a text by its end token must not be given more of those.
    """
    pad, ends = _named(model, "pad_token_id"), end_tokens(model)
    if isinstance(pad, int) and pad >= 0 and not (pad in ends and counts_ends(model)):
        return pad
    return next(token for token in range(len(ends) + 1) if token not in ends)


def _named(model: Any, name: str) -> Any:
    """Return a token that a model's config names, at its top or for its text."""
    said = getattr(model.config, name, None)
    return getattr(model.config.get_text_config(), name, None) if said is None else said


def end_tokens(model: Any) -> frozenset[int]:
    """Return the tokens that end a text; some configs name several."""
    said = _named(model, "eos_token_id")
    return frozenset(each for each in (said if isinstance(said, list) else [said]) if isinstance(each, int))


def padded(rows: Sequence[LabelRow | TagRow], model: Any) -> dict[str, Tensor]:
    """Return the classifier inputs for rows, padded on the right: ids and mask, each (rows, longest)."""
    least = int(getattr(model.config, "downsampling_rate", 1))  # CANINE pools so many letters, and needs as many
    longest = max(least, *(len(row.input_ids) for row in rows))
    ids = torch.full((len(rows), longest), padding_token(model))
    mask, segments = torch.zeros_like(ids), torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row.input_ids)] = torch.tensor(row.input_ids)
        mask[number, : len(row.input_ids)] = 1
        if row.segments:
            segments[number, : len(row.segments)] = torch.tensor(row.segments)
    batch = {"input_ids": ids, "attention_mask": mask}
    if "token_type_ids" in signature(model.forward).parameters:  # tokenizers tell them to models that never ask
        batch["token_type_ids"] = segments
    return {name: tensor.to(model.device) for name, tensor in batch.items()}


def counts_ends(model: Any) -> bool:
    """Say whether a model answers at a text's end token, as encoder-decoders do."""
    return bool(getattr(model.config, "is_encoder_decoder", False))


@torch.no_grad()
def _is_neutral(model: Any) -> bool:
    """Test it: a row gives the same outputs alone as in a batch with a longer row."""
    short, long = trial_rows(model)
    trained = model.training
    model.eval()  # dropout would make any two passes differ
    try:
        alone = model(**padded([short], model)).logits[0].float()
        together = model(**padded([short, long], model)).logits[0].float()
    finally:
        model.train(trained)
    together = together[: len(alone)] if alone.dim() > 1 else together  # words: the padding's own outputs do not count
    rounding = ROUNDING if model.dtype == torch.float32 else ROUGH_ROUNDING
    return bool((alone - together).abs().max() <= rounding * alone.abs().max().clamp_min(1e-6))


def trial_rows(model: Any) -> tuple[LabelRow, LabelRow]:
    """Return rows of plain tokens, with one end token each where the model has one."""
    config = model.config.get_text_config()
    ends = sorted(end_tokens(model))
    special = {padding_token(model), getattr(config, "pad_token_id", None), *ends}
    known = int(model.get_input_embeddings().weight.shape[0])
    plain = cycle([token for token in range(min(3, known - 1), min(known, 23)) if token not in special] or [0])
    last = tuple(ends[:1]) if counts_ends(model) else ()
    longest = min(13, (limits_of(model).positions or 13) - len(last))
    short, long = ((*islice(plain, count), *last) for count in (max(1, longest // 2), longest))
    return LabelRow(short, (), (), 1), LabelRow(long, (), (), 2)
