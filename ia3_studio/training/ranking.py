"""Which choice does a model find most likely, and how accurate is it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.choice_model import ChoiceModel, Pair, choice_model, groups
from ia3_studio.training.divided import divided, result_of
from ia3_studio.training.metrics import Accuracy, accuracy_of
from ia3_studio.training.processes import Processes
from ia3_studio.training.tfew_loss import Scored, longest
from ia3_studio.training.within_memory import WithinMemory


@dataclass(frozen=True)
class Comparison:
    """Rank accuracy of the base model and with the trained vectors."""

    base: Accuracy
    tuned: Accuracy


@torch.no_grad()
def choice_scores(
    model: Any,
    rows: Sequence[ChoiceRow],
    budget: int = 1024,
    length_power: float = 1.0,
    processes: Processes | None = None,
) -> list[tuple[float, ...]]:
    """Return each choice's Σ −log p / length^power, in nats: the lowest is the model's answer.

    Args:
        model: a causal language model or an encoder-decoder, with or without vectors attached.
        rows: the questions.
        budget: padded tokens per forward pass.
        length_power: 1 compares means over tokens, as T-Few does; 0 compares sums.
        processes: those that divide the choices; None if this one ranks all.

    Raises:
        TrainingError: the model cannot rank choices, or there are no questions.
    """
    if not rows:
        raise TrainingError("There are no questions with choices to rank; give at least one.")
    model.eval()
    reader = choice_model(model)
    order = sorted(range(len(rows)), key=lambda number: -longest(rows[number]))
    pairs = [Pair(rows[number], place) for number in order for place in range(len(rows[number].choices))]
    measure: WithinMemory[Pair, float] = WithinMemory(lambda group: _scores(reader, group, length_power), model)
    work = divided(list(groups(reader, pairs, budget)), measure, processes)
    flat = [score for scores in result_of(work) for score in scores]
    found: dict[int, tuple[float, ...]] = {}
    for number in order:
        count = len(rows[number].choices)
        found[number], flat = tuple(flat[:count]), flat[count:]
    return [found[number] for number in range(len(rows))]


def accuracy(scores: Sequence[Sequence[float]], rows: Sequence[ChoiceRow]) -> Accuracy:
    """Count the questions whose lowest score is the right choice's; of equal scores the first counts."""
    return accuracy_of([row.answer for row in rows], answers(scores))


def answers(scores: Sequence[Sequence[float]]) -> list[int]:
    """Return the place of each question's lowest score; of equal ones the first."""
    return [min(range(len(each)), key=each.__getitem__) for each in scores]


def compare(attachment: Attachment, rows: Sequence[ChoiceRow], budget: int = 1024) -> Comparison:
    """Answer the questions with the base model and with the trained vectors.

    Raises:
        TrainingError: the model cannot rank choices, or there are no questions.
    """
    return Comparison(*(accuracy(scores, rows) for scores in both_scores(attachment, rows, budget)))


def both_scores(
    attachment: Attachment, rows: Sequence[ChoiceRow], budget: int = 1024, processes: Processes | None = None
) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    """Return :func:`choice_scores` of the base model, and with the trained vectors.

    Raises:
        TrainingError: the model cannot rank choices, or there are no questions.
    """
    with attachment.strengths(0):
        base = choice_scores(attachment.model, rows, budget, processes=processes)
    with attachment.strengths(1):
        return base, choice_scores(attachment.model, rows, budget, processes=processes)


def _scores(reader: ChoiceModel, group: Sequence[Pair], power: float) -> list[float]:
    nll = reader.nll(group, max(len(pair.tokens) for pair in group))
    return Scored(group, nll).each(power).tolist()
