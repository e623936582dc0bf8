"""Is a model a causal language model, and what does one small pass through it show of its ways?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.errors import TrainingError
from ia3_studio.method.deterministic import evaluating
from ia3_studio.training.needed_positions import NeededPositions, needed_alone, watched_projections

TOKENS = 5
WATCHED = 2
"""The token whose hidden state is looked at: it has two before it, as a query of the first one is never needed."""


@contextmanager
def before(module: nn.Module, hook: Any) -> Iterator[None]:
    """Let a hook change what a module is given, inside this block."""
    # Prepended: a site on the head itself must scale what the hook hands on.
    handle = module.register_forward_pre_hook(hook, prepend=True)
    try:
        yield
    finally:
        handle.remove()


def head_of(model: Any) -> nn.Module:
    """Return the language-model head of a causal language model.

    Raises:
        TrainingError: it is another kind of model.
    """
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    if head is None or getattr(model.config, "is_encoder_decoder", False):
        raise TrainingError(
            f"{type(model).__name__} is not a causal language model, the kind IA3 Studio trains;"
            " choose a chat or text-generation model."
        )
    return head  # type: ignore[no-any-return]


def _require_finite(model: Any, logits: Tensor) -> None:
    """Reject a broken model before training, as its loss would be blamed on the learning rate."""
    if not logits.isfinite().all():
        raise TrainingError(
            f"{type(model).__name__} returns NaN or infinite logits for a plain row: its weights are damaged "
            f"or too large for {str(logits.dtype).removeprefix('torch.')}; download the model again, or load "
            "it in float32."
        )


@dataclass(frozen=True)
class CausalProbe:
    """What a pass over a fixed row showed."""

    hidden: Tensor
    """The head's input, (1, tokens, d)."""
    logits: Tensor
    """The model's, (1, tokens, vocabulary)."""
    last_layer: NeededPositions
    """The projections that are needed at label positions only."""


def causal_probe(model: Any, head: nn.Module) -> CausalProbe:
    """Run a model on a fixed row, and look at the gradient of one token's hidden state.

    In a causal model, the gradient with respect to later embeddings is exactly 0; with respect to the outputs of
    projections at earlier tokens, it is 0 for those that no later attention reads.

    Raises:
        TrainingError: the model returns NaN, or tokens attend to later tokens: they could copy the answer, and padding
            would matter.
    """
    embedded: list[Tensor] = []

    def watch(_module: nn.Module, _args: Any, result: Tensor) -> Tensor:
        embedded.append(result.detach().requires_grad_())
        return embedded[0].clone()  # which may be changed in place, as CTRL does

    handle = model.get_input_embeddings().register_forward_hook(watch)
    try:
        with torch.enable_grad(), evaluating(model), watched_projections(model, (1, TOKENS)) as watched:
            hidden, logits = _probe(model, head)
            outputs = watched.tensors()
            # Uneven weights: behind a normalization the plain sum of a hidden state is constant.
            weights = torch.linspace(-1, 1, hidden.shape[-1], device=hidden.device)
            seen, *gradients = torch.autograd.grad(
                (hidden[0, WATCHED].float() * weights).sum(), [embedded[0], *outputs.values()], allow_unused=True
            )
    finally:
        handle.remove()
    _require_finite(model, logits)
    if seen[0, WATCHED + 1 :].abs().max() > 0:
        raise TrainingError(
            f"In {type(model).__name__} tokens attend to later tokens, so next-token training is meaningless; "
            "choose a chat or text-generation model."
        )
    needed = torch.arange(TOKENS)[None] == WATCHED
    last_layer = needed_alone(model, outputs, gradients, needed)
    return CausalProbe(hidden.detach(), logits.detach(), last_layer)


@torch.no_grad()
def head_is_last(head: nn.Module, probe: CausalProbe) -> bool:
    """Say whether the logits are the head's output, with no soft cap or scale after it."""
    logits = probe.logits
    return torch.allclose(head(probe.hidden).float().to(logits.device), logits.float(), rtol=1e-4, atol=1e-4)


def _probe(model: Any, head: nn.Module) -> tuple[Tensor, Tensor]:
    """Return the head's input, (1, tokens, d), and the model's logits, (1, tokens, vocabulary), for a fixed row."""
    seen: list[Tensor] = []
    with before(head, lambda _head, args: seen.append(args[0])):
        logits = model(input_ids=torch.arange(1, TOKENS + 1, device=model.device)[None], use_cache=False).logits
    return seen[0], logits
