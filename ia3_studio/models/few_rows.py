"""Which product of a few rows with a model's weights is the fastest on this machine? Each is timed on the weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import linear

from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.half_weights import HalfWeight, half_kernel
from ia3_studio.models.machine import system_memory

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(rows, weight, bias) → rows · weightᵀ + bias."""
Pack = Callable[[Tensor, Tensor | None], HalfWeight]
"""(weight, bias) → their copy in float16."""
Multiply = Callable[[Tensor], Tensor]
"""Rows → rows · weightᵀ, of a weight of its own."""

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
"""Float16 copies are made if this many times their size is free."""
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
        is_faster = _is_faster(_each(product, some), _each(linear, some), some, _ROWS, _BUSY)
        return (product, "") if is_faster else (None, _NOT_FASTER)
    except Exception as error:  # a kernel that torch keeps to itself may change or raise anything
        return None, failed_trial(error)


@torch.no_grad()
def half_pack(weights: Sequence[Tensor], other: Product, *, rounds: bool) -> tuple[Pack | None, str]:
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
        if (free := system_memory().free) < _SPARE * needed:
            return None, f"they take {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free"
        if not rounds and not _is_right(halves[:1], some[:1]):
            return None, _DIFFERENT
        counts = [count for count in _ROWS if halves[0].suits(count)]
        if not _is_faster(halves, _each(other, some), some, counts):
            return None, _NOT_FASTER
    except Exception as error:  # as above
        return None, failed_trial(error)
    if rounds:
        return pack, "rounded, as asked for"
    return pack, "two for each weight, together as exact as float32" if two_parts else "as exact as float32"


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


def _is_faster(
    works: Sequence[Multiply],
    others: Sequence[Multiply],
    weights: Sequence[Tensor],
    counts: Sequence[int],
    allowance: float = 1.0,
) -> bool:
    """Return whether one way takes less than ``allowance`` times as long as another, for some counts of rows.

    The two take turns, so that what else the machine does hits both.
    """
    inputs = [[torch.ones(rows, weight.shape[1]) for weight in weights] for rows in counts]
    least = [float("inf"), float("inf")]
    for _repeat in range(_REPEATS):
        least = [min(before, _seconds(way, inputs)) for before, way in zip(least, (works, others), strict=True)]
    return least[0] < allowance * least[1]


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
