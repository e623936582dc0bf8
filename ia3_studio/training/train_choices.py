"""How are the vectors trained on multiple choice? As in T-Few: questions in, steps out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.choice_model import choice_model
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.job import Training
from ia3_studio.training.tfew_loss import ChoiceObjective, LossWeights
from ia3_studio.training.train import train

PAPER_WEIGHTS = LossWeights()


def train_choices(
    model: Any,
    attachment: Attachment,
    rows: Sequence[ChoiceRow],
    held_out: Sequence[ChoiceRow],
    config: TrainConfig,
    weights: LossWeights = PAPER_WEIGHTS,
) -> Training[ChoiceRow]:
    """Train the attached vectors on T-Few's losses; yield step 0 before training, then one step per optimizer step.

    **Changes the attachment's vectors in place**, as :func:`ia3_studio.train` does. The losses of a step are the
    weighted sums of the three terms, over its batch and over all held-out questions.

    Args:
        model: a causal language model or an encoder-decoder with ``attachment``.
        rows: the training rows.
        held_out: the held-out rows; may be empty.
        config: batch size, steps, learning rate and optimizer.
        weights: how much each of the three losses counts.

    Raises:
        TrainingError: the model cannot rank choices, there is nothing to train on, or the loss is NaN or infinite.

    Example:
        >>> for step in train_choices(model, attachment, split.rows, [], preset("paper").config):   # doctest: +SKIP
        ...     print(step.step, step.loss)
    """
    objective = ChoiceObjective(choice_model(model), weights, config.backward_dtype)
    return train(model, attachment, rows, held_out, config, objective=objective)
