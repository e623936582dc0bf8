"""What is the loss of preferences? DPO and IPO of pairs of answers, KTO of single answers with a label.

All of them compare log probabilities of whole answers with those of a reference model, here the base model: r is the
log ratio log π(y|x) − log π_ref(y|x) of an answer y to a prompt x, and β·r is called its reward.

- **DPO** (``sigmoid``; Rafailov et al. 2023, arXiv:2305.18290, eq. 7): −log σ(β·(r_chosen − r_rejected)). With label
  smoothing ε, the share of pairs that are assumed to be labeled the wrong way round, it is the conservative DPO of the
  authors' code: −(1 − ε)·log σ(h) − ε·log σ(−h), with h = β·(r_chosen − r_rejected).
- **IPO** (``ipo``; Azar et al. 2023, arXiv:2310.12036, eq. 17): (r_chosen/n_chosen − r_rejected/n_rejected − 1/(2β))²
  with the numbers n of tokens of the answers, as TRL and the paper's authors compute it.
- **KTO** (Ethayarajh et al. 2024, arXiv:2402.01306, eq. 7): λ·(1 − σ(β·(r − z))) of a desirable answer and
  λ·(1 − σ(β·(z − r))) of an undesirable one. z, an estimate of the distance between both models, is the mean log ratio
  of answers to other prompts, at least 0, and no gradient is taken through it.

Names of settings are TRL's. Everything here works on one-dimensional tensors, a value for each pair or answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class PairScores:
    """The summed log probabilities of both answers of each pair, in nats; each (pairs,)."""

    chosen: Tensor
    rejected: Tensor
    reference_chosen: Tensor
    reference_rejected: Tensor
    chosen_tokens: Tensor
    """Trained tokens of each chosen answer."""
    rejected_tokens: Tensor

    @property
    def chosen_ratios(self) -> Tensor:
        """Return the log ratios of the chosen answers."""
        return self.chosen - self.reference_chosen

    @property
    def rejected_ratios(self) -> Tensor:
        """Return the log ratios of the rejected answers."""
        return self.rejected - self.reference_rejected


def dpo_losses(scores: PairScores, beta: float, label_smoothing: float = 0.0) -> Tensor:
    """Return the loss of each pair, (pairs,).

    Example:
        >>> zero = torch.zeros(1)
        >>> dpo_losses(PairScores(zero, zero, zero, zero, zero, zero), beta=0.1)
        tensor([0.6931])
    """
    margin = beta * (scores.chosen_ratios - scores.rejected_ratios)
    return -(1 - label_smoothing) * F.logsigmoid(margin) - label_smoothing * F.logsigmoid(-margin)


def ipo_losses(scores: PairScores, beta: float) -> Tensor:
    """Return the loss of each pair, (pairs,)."""
    one = scores.chosen_ratios / scores.chosen_tokens
    other = scores.rejected_ratios / scores.rejected_tokens
    return (one - other - 1 / (2 * beta)) ** 2


def kto_losses(
    ratios: Tensor,
    desirable: Tensor,
    distance: Tensor,
    beta: float,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
) -> Tensor:
    """Return the loss of each answer, (answers,).

    Args:
        ratios: the answers' log ratios.
        desirable: whether each is desirable.
        distance: z, a number that is not negative.
        beta: how much a log ratio counts.
        desirable_weight: λ of desirable answers.
        undesirable_weight: λ of undesirable answers.
    """
    away = beta * (ratios - distance)
    wanted = desirable_weight * (1 - torch.sigmoid(away))
    return torch.where(desirable, wanted, undesirable_weight * (1 - torch.sigmoid(-away)))


def kto_distance(ratios: Tensor) -> Tensor:
    """Return z of the log ratios of answers to other prompts, (answers,)."""
    return ratios.mean().clamp(min=0).detach()
