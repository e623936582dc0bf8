"""A base in codes: weights rounded to 8 or 4 bits with a scale a row, as quantizers keep them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Coded(nn.Module):
    """A linear layer that holds integers and the size of one step for each row."""

    def __init__(self, linear: nn.Linear, bits: int) -> None:
        super().__init__()
        self.in_features, self.out_features, self.bias = linear.in_features, linear.out_features, linear.bias
        weight, most = linear.weight.detach().float(), 2 ** (bits - 1) - 1
        self.step = nn.Buffer(weight.abs().amax(1, keepdim=True) / most)
        self.weight = nn.Parameter((weight / self.step).round().to(torch.int8), requires_grad=False)

    def numbers(self, dtype: torch.dtype) -> Tensor:
        """Return what the codes stand for."""
        return (self.weight.float() * self.step.float()).to(dtype)

    def forward(self, given: Tensor) -> Tensor:
        return nn.functional.linear(given, self.numbers(given.dtype), self.bias)


def quantize(model: Any, bits: int) -> Any:
    """**Put codes in the place of the linear layers** of a model's blocks and return it."""
    for path, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(part.isdigit() for part in path.split(".")):
            above, _dot, name = path.rpartition(".")
            setattr(model.get_submodule(above), name, Coded(module, bits))
    return model


def dequantize(model: Any, quantized: Any) -> Any:
    """**Give a model the numbers that another's codes stand for** and return it."""
    for path, module in quantized.named_modules():
        if isinstance(module, Coded):
            weight = model.get_submodule(path).weight
            weight.data.copy_(module.numbers(weight.dtype))
    return model
