"""How are preferences trained? Both answers of a pair in one packed pass, compared with the base model's numbers.

The gradient of a preference loss by the log probability of an answer is one number for each answer; the gradient of
that log probability is the one of ordinary training. A pass therefore computes the head's gradient as ever, and scales
it answer by answer (:meth:`ia3_studio.training.loss.CausalLoss.rows_backward`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.batches import label_count, micro_batches
from ia3_studio.training.bundles import bundle_batches, bundled
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import RewardSums
from ia3_studio.training.preference_loss import PairScores, dpo_losses, ipo_losses, kto_distance, kto_losses
from ia3_studio.training.prefix_cache import PrefixCache
from ia3_studio.training.reference import ReferenceScores

Row = TypeVar("Row", PairRow, JudgedRow)
REFERENCE_BUDGET = 4
"""Times the tokens of a pass with a gradient that one without may have."""


@dataclass(frozen=True)
class _Scaled:
    """A loss of log probabilities, times a scale."""

    loss_of: Callable[[Tensor], Tensor]
    scale: float

    def __call__(self, scores: Tensor) -> Tensor:
        return self.loss_of(scores) * self.scale


class PreferenceObjective(ABC, Generic[Row]):
    """The mean preference loss of a batch, taken share by share.

    Args:
        model: a causal language model with ``attachment``.
        attachment: the vectors; at strength 0 the model is the reference.
        config: the settings of the loss.
        cache: of the layers below the lowest vector.
        why_not: why there is none, for the log.

    Raises:
        TrainingError: the model is not a causal language model.
    """

    def __init__(
        self,
        model: Any,
        attachment: Attachment,
        config: TrainConfig,
        cache: PrefixCache | None = None,
        why_not: str = "",
    ) -> None:
        self.loss = CausalLoss(model, config.backward_dtype, cache, why_not)
        self.reference = ReferenceScores(self.loss, attachment)
        self._config = config
        self._rewards = RewardSums()

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""
        return self.loss.fast_paths

    def check(self, rows: Sequence[Row]) -> None:
        """Reject rows without trained tokens.

        Raises:
            TrainingError: there are no rows, or an answer has nothing to train on.
        """
        if not rows:
            raise TrainingError("There are no training rows; give at least one pair of answers.")
        empty = next((row for row in rows if not all(label_count([side]) for side in self.sides(row))), None)
        if empty is not None:
            raise TrainingError(f"Row {empty.row} has an answer without trained tokens; remove the row.")

    def lengths(self, rows: Sequence[Row]) -> Sequence[int] | None:
        """Return the rows' lengths if they are padded, so that similar ones share a batch; None if they are not."""
        return [self.size(row) for row in rows] if self.loss.is_padded else None

    def size(self, row: Row) -> int:
        """Return how many tokens a row has, each answer with its prompt."""
        return sum(len(side.input_ids) for side in self.sides(row))

    def backward(self, rows: Sequence[Row], batch: Sequence[Row], budget: int, scale: float = 1.0) -> float:
        """Add the gradient of some rows' share of the batch's mean loss, times a scale; return that share."""
        self._rewards = RewardSums()
        self._refer(rows, budget)
        share_of = self.share_in(batch, budget)
        summed = 0.0
        for group in self._groups(rows, budget):
            sides = [side for row in group for side in self.sides(row)]
            reference = self.reference.of(sides)
            share = _Scaled(partial(share_of, group, reference), scale)
            scores = self.loss.rows_backward(sides, share)
            summed += float(share(scores)) / scale
            self._note(group, scores - reference)
        return summed

    @torch.no_grad()
    def measure(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> Iterator[float]:
        """Yield shares of the batch's mean loss that together are the rows' share; no gradient is taken."""
        self._rewards = RewardSums()
        self._refer(rows, budget)
        share_of = self.share_in(batch, budget)
        for group in self._groups(rows, budget):
            sides = [side for row in group for side in self.sides(row)]
            reference = self.reference.of(sides)
            scores = self.scores(sides)
            self._note(group, scores - reference)
            yield float(share_of(group, reference, scores))

    def parts(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> list[float]:
        """Return each micro-batch's part of the batch's rows."""
        return [len(group) / len(batch) for group in self._groups(rows, budget)]

    def rewards(self) -> RewardSums:
        """Return the rewards of the rows that were used last, by :meth:`backward` or :meth:`measure`."""
        return self._rewards

    def kept(self) -> dict[str, Tensor]:
        """Return the base model's numbers so far, for a checkpoint."""
        return self.reference.kept()

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Take over the base model's numbers of a checkpoint."""
        self.reference.restore(kept)

    def scores(self, rows: Sequence[TokenRow]) -> Tensor:
        """Return the summed log probability of each row's label tokens, (rows,), in nats; no gradient is taken."""
        return -torch.tensor(self.loss.row_losses(rows), device=self.loss.model.device)

    @abstractmethod
    def sides(self, row: Row) -> tuple[TokenRow, ...]:
        """Return the answers of a row that a gradient is taken of, each with its prompt."""

    @abstractmethod
    def share_in(self, batch: Sequence[Row], budget: int) -> Callable[[Sequence[Row], Tensor, Tensor], Tensor]:
        """Return what gives some rows' share of a batch's mean loss.

        It is called with the rows, the base model's log probabilities of their sides and the trained model's, each
        (sides,).
        """

    @abstractmethod
    def _note(self, rows: Sequence[Row], ratios: Tensor) -> None:
        """Add the rewards of some rows, whose sides have these log ratios, (sides,)."""

    def _refer(self, rows: Sequence[Row], budget: int) -> None:
        """Compute the base model's numbers of rows: a pass without a gradient keeps nothing, and may be larger."""
        for group in self._groups(rows, REFERENCE_BUDGET * budget):
            self.reference.of([side for row in group for side in self.sides(row)])

    def _groups(self, rows: Sequence[Row], budget: int) -> Iterator[list[Row]]:
        """Yield the rows in groups of at most ``budget`` tokens; a larger row stands alone."""
        return micro_batches(rows, budget, self.loss.is_padded, self._cost)

    def _cost(self, row: Row) -> int:
        """Return how many tokens run for a row: what its sides share once, or padded to the longest."""
        sides = self.sides(row)
        if self.loss.is_padded:
            return len(sides) * max(len(side.input_ids) for side in sides)
        return sum(sum(bundle.lengths) for bundle in bundled(sides))


class PairObjective(PreferenceObjective[PairRow]):
    """DPO's or IPO's loss of pairs of answers, with a share of ordinary training on the chosen ones."""

    def sides(self, row: PairRow) -> tuple[TokenRow, ...]:
        """Return the chosen and the rejected side."""
        return row.sides

    def share_in(self, batch: Sequence[PairRow], budget: int) -> Callable[[Sequence[PairRow], Tensor, Tensor], Tensor]:
        """Return what gives some pairs' share of a batch's mean loss."""
        del budget
        weight = self._config.sft_weight
        tokens = label_count([row.sides[0] for row in batch])

        def share(rows: Sequence[PairRow], reference: Tensor, scores: Tensor) -> Tensor:
            pairs = _pair_scores(rows, reference, scores)
            found = self._losses(pairs).sum() / len(batch)
            return found - weight * pairs.chosen.sum() / tokens if weight else found

        return share

    def _losses(self, pairs: PairScores) -> Tensor:
        if self._config.loss_type == "ipo":
            return ipo_losses(pairs, self._config.beta)
        return dpo_losses(pairs, self._config.beta, self._config.label_smoothing)

    def _note(self, rows: Sequence[PairRow], ratios: Tensor) -> None:
        chosen, rejected = (self._config.beta * ratios.detach()).view(-1, 2).unbind(1)
        won = float((chosen > rejected).sum())
        count = len(rows)
        self._rewards += RewardSums(float(chosen.sum()), count, float(rejected.sum()), count, won, count)


def _pair_scores(rows: Sequence[PairRow], reference: Tensor, scores: Tensor) -> PairScores:
    tokens = torch.tensor([label_count([side]) for row in rows for side in row.sides], device=scores.device)
    columns = (each.view(-1, 2).unbind(1) for each in (scores, reference, tokens))
    (chosen, rejected), (reference_chosen, reference_rejected), (chosen_tokens, rejected_tokens) = columns
    return PairScores(chosen, rejected, reference_chosen, reference_rejected, chosen_tokens, rejected_tokens)


class JudgedObjective(PreferenceObjective[JudgedRow]):
    """KTO's loss of answers with a label.

    The distance between both models is estimated on the whole batch, by every process for itself.
    """

    def sides(self, row: JudgedRow) -> tuple[TokenRow, ...]:
        """Return the answer."""
        return (row.answer,)

    def share_in(
        self, batch: Sequence[JudgedRow], budget: int
    ) -> Callable[[Sequence[JudgedRow], Tensor, Tensor], Tensor]:
        """Return what gives some answers' share of a batch's mean loss."""
        distance = self._distance(batch, budget)
        config = self._config

        def share(rows: Sequence[JudgedRow], reference: Tensor, scores: Tensor) -> Tensor:
            desirable = torch.tensor([row.desirable for row in rows], device=scores.device)
            weights = config.desirable_weight, config.undesirable_weight
            losses = kto_losses(scores - reference, desirable, distance, config.beta, *weights)
            return losses.sum() / len(batch)

        return share

    @torch.no_grad()
    def _distance(self, batch: Sequence[JudgedRow], budget: int) -> Tensor:
        rows = [row.mismatched for row in batch]
        groups = micro_batches(rows, budget) if self.loss.is_padded else bundle_batches(rows, budget)
        return kto_distance(torch.cat([self.scores(group) - self.reference.of(group) for group in groups]))

    def _note(self, rows: Sequence[JudgedRow], ratios: Tensor) -> None:
        rewards = (self._config.beta * ratios.detach()).tolist()
        wanted = [reward for row, reward in zip(rows, rewards, strict=True) if row.desirable]
        others = [reward for row, reward in zip(rows, rewards, strict=True) if not row.desirable]
        self._rewards += RewardSums(sum(wanted), len(wanted), sum(others), len(others))
