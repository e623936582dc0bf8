"""Which optimizer takes the steps? AdamW, or Adafactor as in T-Few; both decay towards 1."""

from __future__ import annotations

import torch
from torch import nn

from ia3_studio.training.config import TrainConfig
from ia3_studio.training.trainable_parameters import TrainableParameters


def make_optimizer(trained: TrainableParameters, config: TrainConfig) -> torch.optim.Optimizer:
    """Return the optimizer of the settings, for all trainable parameters."""
    if config.optimizer == "adafactor":
        from ia3_studio.training.adafactor import VectorAdafactor  # imports transformers' optimizers

        sizes = [site.size for site in trained.attachment.selection]
        return VectorAdafactor(trained.vectors, sizes, config.learning_rate, trained.heads)
    fused = trained.vectors.device.type == "cuda"  # one kernel a step there; on a CPU it gains nothing measurable
    return torch.optim.AdamW(trained.parameters, lr=config.learning_rate, weight_decay=0.0, fused=fused)


def take_step(optimizer: torch.optim.Optimizer, vectors: nn.Parameter, rate: float, decay_to_one: float) -> None:
    """Take one step at a learning rate and forget the gradient. **Changes the parameters in place.**

    Only vectors decay, heads do not. The decay is decoupled as in AdamW and goes towards 1, the base model:
    scale −= rate · decay_to_one · (scale − 1).
    """
    for group in optimizer.param_groups:
        group["lr"] = rate
    with torch.no_grad():
        vectors.sub_(rate * decay_to_one * (vectors - 1))  # decay towards the base model, never towards 0
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
