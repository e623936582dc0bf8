"""What is needed to train vectors on a quantized base model?

Quantized layers compute with codes and hand gradients on as plain ones do, with one exception. On CPUs with
AVX512-BF16, bitsandbytes repacks a 4-bit weight at its first call in evaluation mode; from then on the layer is
faster and gives no gradient, without an error.
"""

from __future__ import annotations

from torch import nn

_REPACKS = "support_avx512bf16_for_cpu"
"""The attribute of bitsandbytes' Linear4bit (0.50) that allows repacking on this CPU."""


def keep_differentiable(model: nn.Module) -> None:
    """Enable gradients through quantized layers: **disables weight repacking, and undoes it**."""
    for module in model.modules():
        if getattr(module, _REPACKS, False):
            setattr(module, _REPACKS, False)
            state = getattr(module._parameters.get("weight"), "quant_state", None)
            if getattr(state, "packing_format_for_cpu", False):
                module.state_dict()  # bitsandbytes takes its own repacking back before it saves
