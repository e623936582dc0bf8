"""Which loss fits a model and its rows? One table, by the type of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.images import ImageRow
from ia3_studio.data.labels import LabelRow, TagRow
from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.data.targets import TargetRow
from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.sharding import is_offloaded, is_sharded
from ia3_studio.training.choice_model import choice_model
from ia3_studio.training.class_loss import ClassLoss, ImageLoss, TagLoss
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import Objective
from ia3_studio.training.padded_loss import PaddedLoss
from ia3_studio.training.preference_objective import JudgedObjective, PairObjective
from ia3_studio.training.prefix_cache import prefix_cache_of
from ia3_studio.training.target_loss import TargetLoss
from ia3_studio.training.tfew_loss import ChoiceObjective, LossWeights

PADDED: dict[type, type[PaddedLoss[Any]]] = {
    TargetRow: TargetLoss,
    LabelRow: ClassLoss,
    TagRow: TagLoss,
    ImageRow: ImageLoss,
}
"""Losses of padded rows, by the type of the rows."""


def objective_for(model: Any, attachment: Attachment, rows: Sequence[Any], config: TrainConfig) -> Objective[Any]:
    """Return the objective for the type of rows; without rows, that of a causal model.

    Raises:
        TrainingError: the model cannot be trained on such rows.
    """
    kind = type(rows[0]) if rows else TokenRow
    if is_sharded(model) or is_offloaded(model):  # both would keep a copy of the weights, or skip passes of some
        config = replace(config, cache_mb=0, backward_dtype="float32")
    if kind in (TokenRow, PairRow, JudgedRow):
        folder = Path(config.cache_folder) if config.cache_folder else None
        cached = prefix_cache_of(model, attachment, config.cache_mb * 2**20, folder)
        if kind is TokenRow:
            return CausalLoss(model, config.backward_dtype, *cached)
        objective = PairObjective if kind is PairRow else JudgedObjective
        return objective(model, attachment, config, *cached)
    if kind is ChoiceRow:
        return ChoiceObjective(choice_model(model), LossWeights(), config.backward_dtype)
    if kind in PADDED:
        return PADDED[kind](model, config.backward_dtype)
    raise TrainingError(f"No loss is known for rows of the type {kind.__name__}; give train an objective.")
