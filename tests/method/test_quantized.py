"""Vectors on a quantized base: they learn as on the numbers that the codes stand for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ia3_studio.method import Selection, Site, attach, discover
from tests.families import batch_of, tiny_model
from tests.quantized import dequantize, quantize


def gradient_on(model: Any, selection: Selection) -> tuple[Tensor, set[torch.dtype]]:
    """Return the vectors' gradient and the dtypes of the activations that they scaled."""
    attachment, seen = attach(model, selection), set()
    with torch.no_grad():
        attachment.parameter.copy_(torch.linspace(0.5, 1.5, selection.parameters))
    for site in selection:
        model.get_submodule(site.path).register_forward_hook(lambda _module, _given, result: seen.add(result.dtype))
    model(**batch_of(model)).loss.backward()
    gradient = attachment.parameter.grad
    assert gradient is not None
    return gradient, seen


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("family", ["llama", "opt", "t5_gated"])
def test_gradients_on_codes_are_those_on_the_numbers_they_stand_for(family: str, bits: int, dtype: torch.dtype) -> None:
    coded = quantize(tiny_model(family).to(dtype), bits)
    plain = dequantize(tiny_model(family).to(dtype), coded)
    selection = discover(coded).select("paper")
    assert selection == discover(plain).select("paper")
    on_codes, dtypes = gradient_on(coded, selection)
    on_numbers, _dtypes = gradient_on(plain, selection)
    assert on_codes.isfinite().all() and on_codes.count_nonzero() > 0.9 * len(on_codes)
    assert torch.equal(on_codes, on_numbers)
    assert dtypes == {dtype}


class Repacking(nn.Linear):
    """Does what bitsandbytes' 4-bit layer does on a CPU with AVX512-BF16: evaluated once, it gives no gradient."""

    def __init__(self, *widths: int) -> None:
        super().__init__(*widths)
        self.support_avx512bf16_for_cpu = True

    def forward(self, given: Tensor) -> Tensor:
        if self.support_avx512bf16_for_cpu and not self.training and not given.requires_grad:
            self.weight.quant_state = type("State", (), {"packing_format_for_cpu": True})()
        is_packed = getattr(getattr(self.weight, "quant_state", None), "packing_format_for_cpu", False)
        return super().forward(given.detach() if is_packed else given)

    def _save_to_state_dict(self, *args: Any) -> None:
        self.weight.quant_state = None
        super()._save_to_state_dict(*args)


def test_layers_that_repack_for_inference_are_kept_trainable() -> None:
    model = nn.Sequential(nn.Linear(3, 3), Repacking(3, 3)).eval().requires_grad_(False)
    given = torch.randn(2, 3)
    model(given)
    attachment = attach(model, Selection((Site("0", "output", 3),)))
    for _ in range(2):
        with torch.no_grad():
            model(given)
        model(given).sum().backward()
    assert attachment.parameter.grad is not None and bool((attachment.parameter.grad != 0).all())
