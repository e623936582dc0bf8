"""Which product of a few rows with a model's weights is the fastest on this machine? Each is timed on the weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear

from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.half_weights import HalfWeight, half_kernel
from ia3_studio.models.int8_weights import int8_kernel
from ia3_studio.models.machine import system_memory

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(rows, weight, bias) → rows · weightᵀ + bias."""
Multiply = Callable[[Tensor], Tensor]
"""Rows → rows · weightᵀ, of a weight of its own."""


class PackedWeight(Protocol):
    """A copy of a weight and its bias, in fewer bytes or in an order that a kernel reads faster."""

    def __call__(self, rows: Tensor, /) -> Tensor:
        """Return rows · weightᵀ + bias, shape (…, out)."""

    def suits(self, rows: int, /) -> bool:
        """Say whether this is the way to multiply that many rows."""


Pack = Callable[[Tensor, Tensor | None], PackedWeight]
"""(weight, bias) → their packed copy."""
HalfPack = Callable[[Tensor, Tensor | None], HalfWeight]
"""(weight, bias) → their copy in float16."""

_ROWS = (1, 2)
"""Counts of rows that are timed: one conversation and two."""
_REPEATS = 8
_BUSY = 1.5
"""A machine that is busy while a model is loaded holds up the kernel on all cores more than the one on a single core:
only a clear loss counts against it."""
_TIMED_BYTES = 48 * 2**20
"""Of weights that are read while timing, so that they do not all come from the processor's cache."""
_PACKED_BYTES = 16 * 2**20
"""Of weights that are packed for timing, which takes longer than reading them."""
_SPARE = 2
"""Copies are made if this many times their size is free."""
_NO_LAYERS = "the model has no float32 linear layers on the CPU"
_NOT_FASTER = "they are not faster on this machine"
_DIFFERENT = "they differ from the products of PyTorch"


@torch.no_grad()
def onednn_product(weights: Sequence[Tensor]) -> tuple[Product | None, str]:
    """Return oneDNN's product if it is faster than torch's own for these weights; None and why if not.

    Args:
        weights: of all linear layers, each of shape (out, in).
    """
    if not weights:
        return None, _NO_LAYERS
    product = onednn_kernel()
    if product is None:
        return None, "this build of PyTorch has no oneDNN"
    some = _first(weights, _TIMED_BYTES)
    try:
        if not _is_right(_each(product, some[:1]), some[:1]):
            return None, _DIFFERENT
        speedup = _speedup(_each(product, some), _each(linear, some), some, _ROWS)
        return (product, "") if speedup * _BUSY > 1 else (None, _NOT_FASTER)
    except Exception as error:  # a kernel that torch keeps to itself may change or raise anything
        return None, failed_trial(error)


@torch.no_grad()
def half_pack(weights: Sequence[Tensor], other: Product, *, rounds: bool) -> tuple[HalfPack | None, str]:
    """Return what copies weights in float16, if products with the copies are faster; None if not, and a note.

    Args:
        weights: of all linear layers, each of shape (out, in).
        other: the product that they would be multiplied by otherwise.
        rounds: let the copies round weights that float16 cannot hold.
    """
    if not weights:
        return None, _NO_LAYERS
    kernel = half_kernel()
    if kernel is None:
        return None, "this build of PyTorch has no FBGEMM"
    pack, some = partial(kernel, is_rounded=rounds), _first(weights, _PACKED_BYTES)
    try:
        halves = [pack(weight, None) for weight in some]
        two_parts = any(half.has_two_parts for half in halves)
        needed = sum(weight.nbytes for weight in weights) // (1 if two_parts else 2)
        if reason := _too_large(needed):
            return None, reason
        if not rounds and not _is_right(halves[:1], some[:1]):
            return None, _DIFFERENT
        counts = [count for count in _ROWS if halves[0].suits(count)]
        others = _each(other, some)
        if _speedup(halves, others, some, counts) <= 1:
            return None, _NOT_FASTER
        if two_parts and _speedup(halves, others, some, _ROWS[:1]) > 1:
            pack = partial(pack, serves_one=True)
    except Exception as error:  # as above
        return None, failed_trial(error)
    if rounds:
        return pack, "rounded, as asked for"
    return pack, "two for each weight, together as exact as float32" if two_parts else "as exact as float32"


@torch.no_grad()
def int8_pack(weights: Sequence[Tensor], others: Sequence[Multiply]) -> tuple[Pack | None, str]:
    """Return what copies weights in int8, if products with the copies are faster; None and why if not.

    Args:
        weights: that would be copied, each of shape (out, in).
        others: what multiplies by each of them otherwise.
    """
    if not weights:
        return None, _NO_LAYERS
    kernel, some = int8_kernel(), _first(weights, _PACKED_BYTES)
    if kernel is None:
        return None, "this build of PyTorch has no product with int8 weights"
    try:
        if reason := _too_large(sum(weight.numel() for weight in weights)):
            return None, reason
        copies = [kernel(weight) for weight in some]
        if not copies[0].is_right(torch.linspace(-1, 1, some[0].shape[1])[None]):
            return None, "they differ from what was copied"
        is_faster = _speedup(copies, others[: len(some)], some, _ROWS) > 1
        return (kernel, "") if is_faster else (None, _NOT_FASTER)
    except Exception as error:  # as above
        return None, failed_trial(error)


def _too_large(needed: int) -> str:
    """Return the reason not to make copies that take so many bytes; empty if memory is there."""
    free = system_memory().free
    return f"they take {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free" if free < _SPARE * needed else ""


def onednn_kernel() -> Product | None:
    """Return oneDNN's product; None where this build of torch has none."""
    if not torch.backends.mkldnn.is_available():
        return None
    kernel = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return kernel and (lambda rows, weight, bias: kernel(rows, weight, bias, "none", [], ""))


def _each(product: Product, weights: Sequence[Tensor]) -> list[Multiply]:
    # a Conv1D's weight is a transposed view, which oneDNN would copy at every call
    return [partial(_multiply, product if weight.is_contiguous() else linear, weight) for weight in weights]


def _multiply(product: Product, weight: Tensor, rows: Tensor) -> Tensor:
    return product(rows, weight, None)


def _is_right(works: Sequence[Multiply], weights: Sequence[Tensor]) -> bool:
    for work, weight in zip(works, weights, strict=True):
        rows = torch.linspace(-1, 1, weight.shape[1])[None]
        if not torch.allclose(work(rows), linear(rows, weight), atol=1e-4, rtol=1e-4):
            return False
    return True


def _speedup(
    works: Sequence[Multiply], others: Sequence[Multiply], weights: Sequence[Tensor], counts: Sequence[int]
) -> float:
    """Return how many times as fast as another one way is, for some counts of rows together.

    The two take turns, so that what else the machine does hits both.
    """
    inputs = [[torch.ones(rows, weight.shape[1]) for weight in weights] for rows in counts]
    least = [float("inf"), float("inf")]
    for _repeat in range(_REPEATS):
        least = [min(before, _seconds(way, inputs)) for before, way in zip(least, (works, others), strict=True)]
    return least[1] / least[0]


def _first(weights: Sequence[Tensor], enough: int) -> list[Tensor]:
    """Return the first weights that together are large enough to time with, or all."""
    chosen: list[Tensor] = []
    for weight in weights:
        if sum(each.nbytes for each in chosen) >= enough:
            break
        chosen.append(weight)
    return chosen


def _seconds(works: Sequence[Multiply], inputs: Sequence[Sequence[Tensor]]) -> float:
    started = time.perf_counter()
    for given in inputs:
        for work, rows in zip(works, given, strict=True):
            work(rows)
    return time.perf_counter() - started
