"""Which fast ways of computing does a model take while it answers? Each is tried on the model when it is loaded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from torch import nn
from torch.nn.functional import linear

from ia3_studio.background import in_background
from ia3_studio.models.fast_linear import Stack, plain_layers, stack_layers, unstack_layers, weights_of
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.models.few_rows import HalfPack, half_pack, onednn_product
from ia3_studio.models.rounded_weights import rounded_weights
from ia3_studio.models.row_costs import PlainWeight, timed_rows

if TYPE_CHECKING:
    from ia3_studio.models.fast_decode import FastDecodeStep

NAME = "oneDNN products for few rows"
HALF_NAME = "float16 copies of the weights"
_STEP = "ia3_fast_decode_step"
"""The attribute of a model that holds its fast decoding step."""

logger = logging.getLogger("ia3_studio.models")


def enable_fast_inference(
    model: nn.Module, *, waits: bool = True, rounds: bool = False
) -> tuple[FastPath, FastPath, FastPath]:
    """Let the plain linear layers of a float32 model on a CPU compute in the faster way, and decode in one loop.

    For inference: where gradients are recorded, and on other devices, the layers compute as before. Nothing may be
    attached to the model yet: what is attached later acts as ever. :func:`disable_fast_inference` undoes it.

    Args:
        model: in float32.
        waits: return when the weights are copied in float16, which takes seconds; otherwise a thread copies them, and
            layers without their copy yet compute as if there were none.
        rounds: let the copies round weights that float16 cannot hold; otherwise they lose nothing.

    Returns:
        The three fast paths (layers, float16 copies, decoding), and why one is off.
    """
    from ia3_studio.models.fast_decode_trial import fast_decode_step

    layers = plain_layers(model)
    product, reason = onednn_product(weights_of(layer for layer in layers if isinstance(layer, nn.Linear)))
    pack, half_note = half_pack(weights_of(layers), product or linear, rounds=rounds)
    note, stacks = "", list[Stack]()
    if product or pack:
        stacks, note = stack_layers(model, layers, product)
    step, decoding = fast_decode_step(model)
    vars(model)[_STEP] = step
    if pack or step:
        preparing = in_background(partial(_prepare, layers, stacks, pack, step))
        preparing.add_done_callback(_log_failure)
        if waits:
            preparing.result()
    products = FastPath(NAME, product is not None, note if product else reason)
    return products, FastPath(HALF_NAME, pack is not None, half_note), decoding


def disable_fast_inference(model: nn.Module) -> None:
    """Give the linear layers their own ``forward`` back, and forget the fast decoding step."""
    vars(model).pop(_STEP, None)
    unstack_layers(model)


def step_of(model: nn.Module) -> FastDecodeStep | None:
    """Return the fast decoding step that :func:`enable_fast_inference` found for a model; None if there is none."""
    return vars(model).get(_STEP)


def _prepare(
    layers: Sequence[nn.Module], stacks: Sequence[Stack], pack: HalfPack | None, step: FastDecodeStep | None
) -> None:
    if pack:
        for stack in stacks:
            stack.pack(pack)
    if step:
        step.row_costs = timed_rows(stacks or [PlainWeight(weight) for weight in weights_of(layers)])
        step.rounded = rounded_weights(stacks)


def _log_failure(preparing: Future[None]) -> None:
    if error := preparing.exception():
        logger.error("the weights could not be copied in float16, or products with them timed", exc_info=error)
