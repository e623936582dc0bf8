"""Does a model take one more token in one loop (:mod:`ia3_studio.models.fast_decode`)? A trial on the model decides."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ia3_studio.models.decoder_parts import UnknownShapeError
from ia3_studio.models.fast_decode import FastDecodeStep
from ia3_studio.models.fast_paths import FastPath, failed_trial
from ia3_studio.models.preallocated_kv_cache import cache_of, preallocate

NAME = "decoding in one loop"
_TOLERANCE = 1e-4
_LIMITERS = ("softcap", "clip_qkv")
"""Settings of models that limit large numbers, which a trial with small ones does not show."""
_FAR = 16
"""The trial is repeated at the positions this many before the last one that the model can take."""


def fast_decode_step(model: Any) -> tuple[FastDecodeStep | None, FastPath]:
    """Return the fast decoding step of a model, tried on the model itself; None where it would differ, and why."""
    reason = _why_not(model)
    if not reason:
        try:
            step = FastDecodeStep(model)
            reason = _difference(step, model)
            if not reason:
                return step, FastPath(NAME, True)
        except UnknownShapeError:
            reason = "the model's parts are put together in another way than those known here"
        except Exception as error:  # a foreign forward may raise anything
            reason = failed_trial(error)
    return None, FastPath(NAME, False, reason)


def _why_not(model: Any) -> str:
    """Return what tells a model from those that may have a fast step, without running it; empty if nothing does."""
    dtype = next(model.parameters()).dtype
    if dtype != torch.float32:
        return f"the model is in {str(dtype).removeprefix('torch.')}, not in float32"
    config = model.config.get_text_config(decoder=True).to_dict()
    for name, value in config.items():
        if value is not None and any(word in name for word in _LIMITERS):
            return f"the model limits large numbers ({name})"
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    return "" if isinstance(head, nn.Linear) else "the model's head is not a linear layer"


@torch.no_grad()
def _difference(step: FastDecodeStep, model: Any) -> str:
    """Try the step after two short rows of different lengths; return how it differs from the model, or nothing.

    It is tried at the first positions and far from them, where some models scale queries in another way.
    """
    from ia3_studio.models.limits import limits_of

    device = model.get_input_embeddings().weight.device
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    ids = torch.arange(1, 11, device=device).view(2, 5) * 37 % vocabulary
    mask = torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]], device=device)
    for start in (0, max(0, (limits_of(model).positions or 0) - _FAR)):
        positions = (mask.cumsum(1) - 1).clamp(min=0) + start
        wanted = model(input_ids=ids, attention_mask=mask, position_ids=positions).logits
        for held in (4, 2):  # then one token is new, or several
            given = {"input_ids": ids[:, :held], "attention_mask": mask[:, :held], "position_ids": positions[:, :held]}
            cache = preallocate(cache_of(model(**given, use_cache=True)))
            if not step.serves({}, cache):
                return "the model's cache of keys and values does not keep all tokens"
            found = step.several(ids[:, held:], positions[:, held:], cache, mask, {})
            if not torch.allclose(found, wanted[:, held:], atol=_TOLERANCE, rtol=_TOLERANCE):
                if held == 4:
                    return "it gives different logits than the model"
                step.is_right_for_several = False
    return ""
