"""What is T-Few's loss on a question with choices? Three terms of equal weight (Liu et al. 2022, section 3.2).

    L_LM  mean over the right choice's tokens of −log p
    L_UL  mean over the wrong choices' tokens of −log(1 − p + 0.01)
    L_LN  mean over questions of the cross-entropy of softmax over choices of −(Σ −log p) / length^α

Each is a mean over the whole batch, so micro-batches add up to it. (T-Few's own code adds −log(1.01) to L_UL for each
padded token: a constant without gradient, omitted here.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import TrainingError
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.choice_model import ChoiceModel, Pair, choice_mask, groups
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.objective import Objective
from ia3_studio.training.precision import backward_path, backward_products
from ia3_studio.training.recomputed import recomputed, recomputed_path

LEEWAY = 1e-2
"""Keeps the unlikelihood of a certain token finite; T-Few's value."""


@dataclass(frozen=True)
class LossWeights:
    """How much each of T-Few's losses counts; the defaults are the paper's."""

    lm: float = 1.0
    unlikelihood: float = 1.0
    """0 for Banking77 in the paper, as is ``length_normalized``: then only right choices are computed."""
    length_normalized: float = 1.0
    length_power: float = 1.0
    """α: 1 compares means over tokens, 0 sums."""

    def __post_init__(self) -> None:
        weights = (self.lm, self.unlikelihood, self.length_normalized)
        if min(*weights, self.length_power) < 0 or not any(weights):
            raise TrainingError(f"The loss weights are {weights}; all must be 0 or more, and at least one above 0.")

    @property
    def compares(self) -> bool:
        """Say whether the wrong choices are needed."""
        return self.unlikelihood > 0 or self.length_normalized > 0


@dataclass(frozen=True)
class Totals:
    """What the means of a batch are taken over."""

    rows: int
    right: int
    """Tokens of right choices."""
    wrong: int
    """Tokens of wrong choices."""


def totals(rows: Sequence[ChoiceRow]) -> Totals:
    """Count a batch."""
    right = sum(len(row.choices[row.answer]) for row in rows)
    return Totals(len(rows), right, sum(len(choice) for row in rows for choice in row.choices) - right)


@dataclass(frozen=True)
class Scored:
    """−log p of the tokens of pairs; for what compares choices, all pairs of a question, in order."""

    pairs: Sequence[Pair]
    nll: Tensor
    """(pairs, width), 0 after a choice's end."""

    @property
    def mask(self) -> Tensor:
        """Return where choice tokens are, (pairs, width)."""
        return choice_mask(self.pairs, self.nll.shape[1], self.nll.device)

    @property
    def right(self) -> Tensor:
        """Return which pairs hold the right choice, (pairs,)."""
        return torch.tensor([pair.place == pair.row.answer for pair in self.pairs], device=self.nll.device)

    def each(self, power: float) -> Tensor:
        """Return Σ −log p / length^power of each pair, (pairs,)."""
        return self.nll.sum(1) / self.mask.sum(1) ** power

    def scores(self, power: float) -> Tensor:
        """Return Σ −log p / length^power, (questions, most choices), infinite where a question has no such choice."""
        each = self.each(power)
        place = torch.tensor([pair.place for pair in self.pairs], device=each.device)
        question = (place == 0).cumsum(0) - 1  # a question's pairs stand together, its first choice first
        table = each.new_full((int(question[-1]) + 1, int(place.max()) + 1), float("inf"))
        return table.index_put((question, place), each)


def lm_loss(scored: Scored, tokens: int) -> Tensor:
    """Return the pairs' share of L_LM in a batch with so many tokens of right choices."""
    return scored.nll[scored.right].sum() / tokens


def unlikelihood_loss(scored: Scored, tokens: int) -> Tensor:
    """Return the pairs' share of L_UL in a batch with so many tokens of wrong choices."""
    wrong = scored.mask & ~scored.right[:, None]
    return -torch.log(1 - torch.exp(-scored.nll[wrong]) + LEEWAY).sum() / tokens


def length_normalized_loss(scored: Scored, rows: int, power: float) -> Tensor:
    """Return the pairs' share of L_LN in a batch of so many questions; each has all its choices here."""
    answers = [pair.row.answer for pair in scored.pairs if pair.place == pair.row.answer]
    targets = torch.tensor(answers, device=scored.nll.device)
    return F.cross_entropy(-scored.scores(power), targets, reduction="sum") / rows


def tfew_loss(scored: Scored, batch: Totals, weights: LossWeights) -> Tensor:
    """Return the pairs' share of the weighted sum of the three losses of a batch."""
    loss = weights.lm * lm_loss(scored, batch.right)
    if weights.unlikelihood:
        loss = loss + weights.unlikelihood * unlikelihood_loss(scored, batch.wrong)
    if weights.length_normalized:
        loss = loss + weights.length_normalized * length_normalized_loss(scored, batch.rows, weights.length_power)
    return loss


class ChoiceObjective(Objective[ChoiceRow]):
    """T-Few's loss of batches of any size, within a budget of padded tokens per forward pass."""

    def __init__(self, model: ChoiceModel, weights: LossWeights, backward_dtype: BackwardDtype = "float32") -> None:
        self.model = model
        self.weights = weights
        self._products = backward_products(backward_dtype, model.device)
        self._recomputed = recomputed(model.device)
        self._paths = (backward_path(backward_dtype, model.device), recomputed_path(model.device))

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""
        return (*self.model.fast_paths, *self._paths)

    def check(self, rows: Sequence[ChoiceRow]) -> None:
        """Reject empty training data.

        Raises:
            TrainingError: there are no rows.
        """
        if not rows:
            raise TrainingError("There are no training rows with choices; give at least one.")

    def lengths(self, rows: Sequence[ChoiceRow]) -> Sequence[int]:
        """Return the tokens of each question with its longest choice."""
        return [longest(row) for row in rows]

    def size(self, row: ChoiceRow) -> int:
        """Return the tokens of a question, counted once, and of the choices that are read."""
        choices = row.choices if self.weights.compares else (row.choices[row.answer],)
        return len(row.prompt) + sum(len(choice) for choice in choices)

    def backward(self, rows: Sequence[ChoiceRow], batch: Sequence[ChoiceRow], budget: int, scale: float = 1.0) -> float:
        """Add the gradient of some rows' share of the batch's loss, times a scale; return that share, in nats."""
        whole = totals(batch)
        with self._products, self._recomputed:
            return sum(self._backward(pairs, whole, budget, scale) for pairs in self._questions(rows, budget))

    def measure(self, rows: Sequence[ChoiceRow], batch: Sequence[ChoiceRow], budget: int) -> Iterator[float]:
        """Yield shares of the batch's loss that together are the rows' share, in nats."""
        whole = totals(batch)
        for pairs in self._questions(rows, budget):
            with torch.no_grad():
                scored = Scored(pairs, self._nll(pairs, budget))
                share = tfew_loss(scored, whole, self.weights).item()
            yield share

    def parts(self, rows: Sequence[ChoiceRow], batch: Sequence[ChoiceRow], budget: int) -> list[float]:
        """Return each group's part of the batch's questions."""
        groups_of_pairs = self._questions(rows, budget)
        return [sum(pair.place == pair.row.answer for pair in pairs) / len(batch) for pairs in groups_of_pairs]

    def _backward(self, pairs: list[Pair], batch: Totals, budget: int, scale: float) -> float:
        cut = list(groups(self.model, pairs, budget))
        if len(cut) == 1:
            loss = tfew_loss(Scored(pairs, self._nll(pairs, budget)), batch, self.weights)
            (loss * scale).backward()
            return loss.item()
        return self._backward_in_two_passes(pairs, cut, batch, budget, scale)

    def _backward_in_two_passes(
        self, pairs: list[Pair], cut: list[list[Pair]], batch: Totals, budget: int, scale: float
    ) -> float:
        """Take the gradient of one question too large for a forward pass.

        The loss depends on the model through −log p alone: the first pass finds how, the second hands it on.
        """
        with torch.no_grad():
            known = self._nll(pairs, budget)
        leaf = known.requires_grad_()
        loss = tfew_loss(Scored(pairs, leaf), batch, self.weights)
        (wanted,) = torch.autograd.grad(loss * scale, leaf)
        for part, gradient in zip(cut, wanted.split([len(part) for part in cut]), strict=True):
            self.model.nll(part, leaf.shape[1]).backward(gradient)
        return loss.item()

    def _nll(self, pairs: list[Pair], budget: int) -> Tensor:
        width = max(len(pair.tokens) for pair in pairs)
        return torch.cat([self.model.nll(part, width) for part in groups(self.model, pairs, budget)])

    def _questions(self, rows: Sequence[ChoiceRow], budget: int) -> Iterator[list[Pair]]:
        """Yield the pairs of whole questions, longest first, as many as fit the budget; a larger one stands alone."""
        together: list[Pair] = []
        for row in sorted(rows, key=lambda row: -longest(row)):
            places = range(len(row.choices)) if self.weights.compares else (row.answer,)
            pairs = [Pair(row, place) for place in places]
            if together and self.model.tokens([*together, *pairs]) > budget:
                yield together
                together = []
            together += pairs
        if together:
            yield together


def longest(row: ChoiceRow) -> int:
    """Return the tokens of a question with its longest choice."""
    return len(row.prompt) + max(len(choice) for choice in row.choices)
