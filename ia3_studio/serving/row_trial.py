"""Can the rows of a model share a pass? A trial on the model decides."""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

from ia3_studio.method.rows import mixes_rows
from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.kept_prefixes import positions_move
from ia3_studio.models.model_call import KEYS_AND_VALUES, cache_name, called, read
from ia3_studio.models.preallocated_kv_cache import PreallocatedLayer
from ia3_studio.models.reading_trial import LENGTHS, equal_logits, trial_texts
from ia3_studio.serving.row_batch import SharedRows

HALVES = (torch.float16, torch.bfloat16)
"""Types in which sharing a pass changes logits by as much as the likeliest tokens differ: with the starter in bfloat16,
the likeliest token of 3 in 120 passes was another than alone, once with 16 % between it and the next."""
_SHARING = "ia3_rows_share"
"""The attribute of a model that says why its rows cannot share a pass; empty if they can."""


def cannot_share(model: Any, *, rounds: bool = False) -> str:
    """Return why the rows of a model cannot share a pass, **after a trial at first**; empty if they can.

    Args:
        model: a causal model.
        rounds: let a model in float16 or bfloat16 share passes, whose answers then depend on who else asks.
    """
    if not rounds and model.dtype in HALVES:
        name = str(model.dtype).removeprefix("torch.")
        return f"it computes in {name}, in which an answer would depend on who else asks (rounding)"
    found: str | None = vars(model).get(_SHARING)
    if found is None:
        found = vars(model)[_SHARING] = _known(model) or _tried(model)
    return found


def _known(model: Any) -> str:
    """Return what tells a model whose rows cannot share a pass without running it; empty if nothing does."""
    if cache_name(inspect.signature(model.forward).parameters) not in KEYS_AND_VALUES:
        return "it does not keep keys and values"
    if positions_move(model):
        return "its positions depend on the longest row"
    if any(mixes_rows(path) for path, _module in model.named_modules()):
        return "its experts see tokens without the rows they come from"
    return ""


@torch.no_grad()
def _tried(model: Any) -> str:
    """Let two texts of different lengths share a pass; return how the logits differ from those of each text alone."""
    texts = trial_texts(model, *LENGTHS)
    try:
        _logits, own = called(model, texts[0], None, None, None)
        if not all(isinstance(layer, DynamicLayer) for layer in getattr(own, "layers", [None])):
            return "it does not keep keys and values of all layers"
        wanted = torch.stack([model(input_ids=text, use_cache=False).logits[0, -1].float() for text in texts])
        found = _shared(model, texts)
        if found is None:
            return "its cache does not keep all tokens"
    except Exception as error:  # a foreign forward may raise anything
        return failed_trial(error)
    return "" if equal_logits(found, wanted, model.dtype) else "rows that share a pass get other logits than alone"


def _shared(model: Any, texts: list[Tensor]) -> Tensor | None:
    """Return the logits after texts whose last tokens share a pass, shape (rows, vocabulary); None without it."""
    rows = SharedRows(model)
    for text in texts:
        count = text.shape[1] - 1
        _logits, cache = read(model, text[:, :3], 0, DynamicCache())
        _logits, cache = read(model, text[:, 3:count], 3, cache)
        if not all(isinstance(layer, PreallocatedLayer) and len(layer.keys) == 1 for layer in cache.layers):
            return None
        rows.enter(cache, count)
    found = rows.step([int(text[0, -1]) for text in texts], lambda _rows: nullcontext({}))
    if isinstance(found, Tensor):
        return found
    raise next(each for each in found if isinstance(each, Exception))
