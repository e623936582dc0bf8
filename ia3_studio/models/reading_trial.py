"""Does a model read on from what it keeps of a text as it reads a whole text? A trial on the model decides."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.model_call import read

_KEEPING = "ia3_keeps_text"
"""The attribute of a model that says whether it reads on from what it keeps of a text."""
_TOLERANCE = 1e-3
"""Largest difference of logits in the trial, relative to the largest one; 1e-6 was seen in float32."""
_ROUNDINGS = 16
"""The same in roundings of the model's type, for those in which that is more; 2.4 were seen with the starter."""
LENGTHS = (6, 11)
"""Tokens of the two texts of the trial."""


def keeps_text(model: Any) -> bool:
    """Say whether a model reads on from what it keeps as it reads a whole text, **after a trial at first**.

    One that does not is given its whole text for every token.
    """
    found: bool | None = vars(model).get(_KEEPING)
    if found is None:
        found = vars(model)[_KEEPING] = _reads_on(model)
    return found


@torch.no_grad()
def _reads_on(model: Any) -> bool:
    """Read a text on, two tokens one after the other; say whether its logits are those of the whole text."""
    (text,) = trial_texts(model, max(LENGTHS))
    try:
        wanted, cache = model(input_ids=text, use_cache=False).logits[0, -1].float(), None
        for part in text.split([text.shape[1] - 2, 1, 1], dim=1):
            found, cache = read(model, part, None, cache)
    except Exception as error:  # a foreign forward may raise anything
        failed_trial(error)
        return False
    return equal_logits(found, wanted, model.dtype)


def trial_texts(model: Any, *lengths: int) -> list[Tensor]:
    """Return texts of some tokens, each of shape (1, tokens)."""
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    return [torch.arange(1, count + 1, device=model.device)[None] * 37 % vocabulary for count in lengths]


def equal_logits(found: Tensor, wanted: Tensor, dtype: torch.dtype) -> bool:
    """Say whether logits are the same but for rounding in the model's type."""
    share = max(_TOLERANCE, _ROUNDINGS * torch.finfo(dtype).eps)
    return torch.allclose(found, wanted, rtol=0, atol=share * float(wanted.abs().max()))
