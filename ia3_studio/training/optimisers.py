"""How is a gradient turned into a step? By AdamW, or by Adafactor as in T-Few; decay goes towards 1 with both."""

from __future__ import annotations

import torch
from torch import nn

from ia3_studio.method.scaling import Attachment
from ia3_studio.training.config import TrainConfig


def make_optimiser(attachment: Attachment, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the optimiser of an attachment's vectors that the settings name."""
    if config.optimiser == "adafactor":
        from ia3_studio.training.adafactor import VectorAdafactor  # imports transformers' optimisers

        sizes = [site.size for site in attachment.selection]
        return VectorAdafactor(attachment.parameter, sizes, config.learning_rate)
    return torch.optim.AdamW([attachment.parameter], lr=config.learning_rate, weight_decay=0.0)


def take_step(optimiser: torch.optim.Optimizer, parameter: nn.Parameter, rate: float, pull: float) -> None:
    """Take one step at a learning rate and forget the gradient. **Changes the parameter in place.**

    The decay is decoupled as in AdamW and goes towards 1, the base model: scale −= rate · pull · (scale − 1).
    """
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.no_grad():
        parameter.sub_(rate * pull * (parameter - 1))  # decay towards the base model, never towards 0
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
