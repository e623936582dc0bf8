"""How is a model run so that a watched pass repeats exactly, also without weights? Without dropout, experts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from ia3_studio.method.quantized import keep_differentiable


@contextmanager
def deterministic(model: nn.Module) -> Iterator[None]:
    """Run a model in evaluation mode with experts of fixed shape; give back every module's mode."""
    keep_differentiable(model)
    with evaluating(model), _experts_of_fixed_shape(model):
        yield


@contextmanager
def _experts_of_fixed_shape(model: nn.Module) -> Iterator[None]:
    """Let transformers multiply all chosen experts at once: its other ways look at values, which meta lacks."""
    chosen = getattr(getattr(model, "config", None), "_experts_implementation", None)
    if chosen is None:
        yield
        return
    model.set_experts_implementation("batched_mm")  # type: ignore[operator]
    try:
        yield
    finally:
        model.set_experts_implementation(chosen)  # type: ignore[operator]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Disable dropout, so that outputs are deterministic; restore every module's mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
