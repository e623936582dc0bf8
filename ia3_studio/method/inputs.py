"""What is the smallest batch that a model's forward accepts? Tokens, a picture, or both, told by its config."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

TOKENS = 3
"""Length of the watched sequence; more than one, so that no axis of length 1 hides a broadcast."""
MORE_TOKENS = 16
"""Length for models that pool their tokens, so that too few are left of three."""
PICTURE = 64
"""Edge of the watched picture, in pixels, where the config names none."""


def example_inputs(model: nn.Module, tokens: int = TOKENS) -> dict[str, Any]:
    """Return the smallest batch of one row that the model's forward accepts, on the model's device."""
    config: Any = getattr(model, "config", None)
    asked = inspect.signature(model.forward).parameters
    main = str(getattr(model, "main_input_name", "input_ids"))
    device = next(model.parameters()).device
    if main == "pixel_values" and "input_ids" not in asked:
        return _picture(config, asked, device)
    if main != "input_ids" and main in asked and "input_ids" not in asked:
        return {main: torch.ones((1, tokens), dtype=torch.long, device=device)}
    heads = getattr(model, "lm_heads", None)
    rows = len(heads) if isinstance(heads, nn.ModuleList) else 1  # a head for each codebook reads a row of codes each
    ids = torch.ones((rows, tokens), dtype=torch.long, device=device)
    inputs: dict[str, Any] = {"input_ids": ids}
    if "use_cache" in asked or (hasattr(config, "use_cache") and "kwargs" in asked):
        inputs["use_cache"] = False  # a pass of its own needs none, and some caches refuse to be made by it
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in asked:
        inputs["decoder_input_ids"] = ids
    return inputs


def _picture(config: Any, asked: Any, device: torch.device) -> dict[str, Tensor]:
    seen = getattr(config, "vision_config", None) or config
    channels = int(getattr(seen, "num_channels", 3))
    edge = getattr(seen, "image_size", None) or PICTURE
    height, width = (edge, edge) if isinstance(edge, int) else tuple(edge)[:2]
    if "spatial_shapes" in asked:  # pictures come as rows of patches
        patch = int(seen.patch_size)
        side = max(2, int(getattr(seen, "num_patches", 4) ** 0.5))
        return {
            "pixel_values": torch.ones((1, side * side, patch * patch * channels), device=device),
            "pixel_attention_mask": torch.ones((1, side * side), dtype=torch.long, device=device),
            "spatial_shapes": torch.full((1, 2), side, dtype=torch.long, device=device),
        }
    return {"pixel_values": torch.ones((1, channels, height, width), device=device)}
