"""Which loss fits a model and its rows?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.images import ImageRow
from ia3_studio.data.labels import LabelRow, TagRow
from ia3_studio.data.targets import TargetRow
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.choice_model import choice_model
from ia3_studio.training.class_loss import ClassLoss, ImageLoss, TagLoss
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.frozen import frozen_part, why_not_frozen
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import MeanObjective, Objective
from ia3_studio.training.target_loss import TargetLoss
from ia3_studio.training.tfew_loss import ChoiceObjective, LossWeights


def objective_for(model: Any, attachment: Attachment, rows: Sequence[Any], config: TrainConfig) -> Objective[Any]:
    """Return the objective of the kind of rows.

    Raises:
        TrainingError: the model cannot be trained on such rows.
    """
    first = rows[0] if rows else None
    if isinstance(first, LabelRow):
        return MeanObjective(ClassLoss(model, config.backward))
    if isinstance(first, ImageRow):
        return MeanObjective(ImageLoss(model, config.backward))
    if isinstance(first, TagRow):
        return MeanObjective(TagLoss(model, config.backward))
    if isinstance(first, TargetRow):
        return MeanObjective(TargetLoss(model, config.backward))
    if isinstance(first, ChoiceRow):
        return ChoiceObjective(choice_model(model), LossWeights(), config.backward)
    folder = Path(config.cache_folder) if config.cache_folder else None
    room = config.cache_mb * 2**20
    frozen, why_not = frozen_part(model, attachment, room, folder), why_not_frozen(model, attachment, room)
    return MeanObjective(CausalLoss(model, config.backward, frozen, why_not))
