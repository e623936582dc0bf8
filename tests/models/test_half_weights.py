"""Weights in float16 lose nothing: their products are as near to the true ones as those of float32."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from ia3_studio.models.half_weights import HalfWeight, half_kernel

pytestmark = pytest.mark.skipif(half_kernel() is None, reason="this build of PyTorch has no FBGEMM")


def random(size: float) -> Tensor:
    return torch.randn(300, 96, generator=torch.Generator().manual_seed(0)) * size


def error(found: Tensor, rows: Tensor, weight: Tensor) -> float:
    """Return the largest error relative to the largest value."""
    wanted = rows.double() @ weight.double().t()
    return float((found.double() - wanted).abs().max() / wanted.abs().max())


@pytest.mark.parametrize(
    ("weight", "has_two_parts"),
    [
        (random(0.02).bfloat16().float(), False),
        (random(0.02).half().float(), False),
        (random(1e-9).bfloat16().float(), False),  # float16 alone holds nothing below 6e-8
        (random(1e9).bfloat16().float(), False),  # and nothing above 65,504
        (random(0.02), True),
        (random(1e-9), True),
        (random(1e9), True),
    ],
    ids=["bfloat16", "float16", "tiny bfloat16", "huge bfloat16", "float32", "tiny float32", "huge float32"],
)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_products_are_as_exact_as_in_float32(weight: Tensor, has_two_parts: bool, count: int) -> None:
    half = HalfWeight(weight)
    rows = torch.randn(count, 1, 96, generator=torch.Generator().manual_seed(1))
    assert half.has_two_parts == has_two_parts
    assert error(half(rows), rows, weight) < max(4 * error(linear(rows, weight), rows, weight), 5e-7)


def test_one_part_alone_would_lose_something() -> None:
    weight, rows = random(0.02), torch.ones(2, 96)
    rounded = HalfWeight(weight, is_rounded=True)
    assert not rounded.has_two_parts and 2e-5 < error(rounded(rows), rows, weight) < 1e-3


def test_of_two_parts_the_first_alone_is_the_rounded_weight() -> None:
    weight, rows, bias = random(0.02), torch.ones(2, 96), torch.linspace(-3, 3, 300)
    rounded = HalfWeight(weight, bias).rounded(rows)
    assert torch.equal(rounded, HalfWeight(weight, bias, is_rounded=True)(rows))
    assert not torch.equal(rounded, HalfWeight(weight, bias)(rows))


def test_a_bias_is_added() -> None:
    weight, bias = random(0.02), torch.linspace(-3, 3, 300)
    rows = torch.ones(2, 96)
    torch.testing.assert_close(HalfWeight(weight, bias)(rows), linear(rows, weight, bias), atol=1e-6, rtol=1e-6)
    assert torch.equal(HalfWeight(torch.zeros(300, 96), bias)(rows), bias.expand(2, 300))


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_weights_that_are_not_finite_are_refused(value: float) -> None:
    weight = random(1)
    weight[7, 7] = value
    with pytest.raises(ValueError, match="infinite values or NaN"):
        HalfWeight(weight)
