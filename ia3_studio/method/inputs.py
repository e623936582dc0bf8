"""What is the smallest batch that a model's forward accepts? Tokens, an image, or both, by its config."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

TOKENS = 3
"""Length of the watched sequence; more than one, so that no axis of length 1 hides a broadcast."""
MORE_TOKENS = 16
"""Length for models that pool their tokens, so that too few are left of three."""
FRAMES = 16
MOST_FRAMES = 3000
"""Frames of the watched sound: as many as the config says, up to what half a minute has."""
PICTURE = 64
"""Default image size in pixels, if the config has none."""


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
    ending = getattr(config, "eos_token_id", None)
    if getattr(config, "is_encoder_decoder", False) and isinstance(ending, int):
        ids[:, -1] = ending  # classifiers of such models read their answer there
    inputs: dict[str, Any] = {"input_ids": ids}
    if _is_required(asked, "pixel_values"):
        inputs |= _picture(config, asked, device)
    if "input_features" in asked and (main == "input_features" or "encoder_inputs_embeds" in asked):
        inputs["input_features"] = _sound(config, device)
    if "use_cache" in asked or (hasattr(config, "use_cache") and "kwargs" in asked):
        inputs["use_cache"] = False  # a pass of its own needs none, and some caches refuse to be made by it
    if getattr(config, "is_encoder_decoder", False) and "decoder_input_ids" in asked:
        inputs["decoder_input_ids"] = ids
    return inputs


def _is_required(asked: Any, name: str) -> bool:
    return name in asked and asked[name].default is inspect.Parameter.empty


def _sound(config: Any, device: torch.device) -> Tensor:
    """Return silence as a spectrogram, (1, bands, frames)."""
    heard = getattr(config, "audio_config", None) or config
    named = getattr(heard, "max_source_positions", None), getattr(heard, "max_position_embeddings", None)
    positions = int(next((each for each in named if each), FRAMES))
    frames = 2 * positions
    return torch.ones((1, int(getattr(heard, "num_mel_bins", 80)), min(frames, MOST_FRAMES)), device=device)


def _picture(config: Any, asked: Any, device: torch.device) -> dict[str, Tensor]:
    seen = getattr(config, "vision_config", None) or getattr(config, "encoder", None) or config
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
