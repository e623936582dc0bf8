"""Which weights does an answer multiply by: the exact ones, or int8 copies, which are faster and lose something?

Each answer chooses, so that the copies are made when the first one asks for them, and stay until the model is replaced.
The output embedding is copied in float16 instead: a product with int8 weights comes in bfloat16, and logits that are
rounded to an eighth would tie. Prompts are read with the exact weights. What is trained stays as it is: (IA)³
multiplies activations.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn

from ia3_studio.models.fast_inference import step_of
from ia3_studio.models.fast_linear import COPIES, Stack, WeightChoice, stacks_of
from ia3_studio.models.fast_paths import FastPath, failed_trial
from ia3_studio.models.few_rows import Pack, int8_pack
from ia3_studio.models.half_weights import half_kernel
from ia3_studio.models.row_costs import RowCosts, timed_rows

NAME = "int8 copies of the weights"
_REPEATS = 4
"""Of a token with each kind of weights, to say how fast it is; the first one warms up."""


@dataclass(frozen=True)
class _Copies:
    path: FastPath
    choice: WeightChoice
    row_costs: RowCosts = field(default_factory=RowCosts)


def int8_copies(model: nn.Module) -> FastPath:
    """Say whether a model has int8 copies of its weights, **which are made when this is called first**, or why not."""
    return _copies_of(model).path


@contextmanager
def int8_in_use(model: nn.Module) -> Iterator[None]:
    """Let a model multiply by its int8 copies, if it has any, **until the block ends**."""
    copies = _copies_of(model)
    copies.choice.int8 = copies.path.is_on
    try:
        yield
    finally:
        copies.choice.int8 = False


def row_costs_of(model: nn.Module, *, int8: bool) -> RowCosts:
    """Return what rows cost that are decoded in one loop, with the int8 copies or not; nothing is known elsewhere."""
    step = step_of(model)
    if step is None:
        return RowCosts()
    copies = _copies_of(model) if int8 else None
    return copies.row_costs if copies and copies.path.is_on else step.row_costs


def _copies_of(model: nn.Module) -> _Copies:
    found: _Copies | None = vars(model).get(COPIES)
    if found is None:
        found = vars(model)[COPIES] = _copied(model)
    return found


def _copied(model: Any) -> _Copies:
    stacks, head = stacks_of(model), model.get_output_embeddings()
    choice = stacks[0].choice if stacks else WeightChoice()
    inner = [stack for stack in stacks if head not in stack.layers]
    pack, reason = int8_pack([stack.weight for stack in inner], [stack.whole for stack in inner])
    if pack is None:
        return _Copies(FastPath(NAME, False, reason), choice)
    try:
        for stack in inner:
            stack.pack_int8(pack, choice)
        _pack_head([stack for stack in stacks if head in stack.layers], choice)
        note = f"a token about {_speedup(model, choice):.1f} times as fast on this machine"
        choice.int8 = True
        costs = timed_rows(inner)
    except Exception as error:  # weights that are infinite or NaN; a foreign forward may raise anything
        return _Copies(FastPath(NAME, False, failed_trial(error)), choice)
    finally:
        choice.int8 = False
    return _Copies(FastPath(NAME, True, note), choice, costs)


@torch.no_grad()
def _speedup(model: Any, choice: WeightChoice) -> float:
    """Return how many times as fast as with the exact weights the model takes one token; the two take turns."""
    from ia3_studio.method.inputs import example_inputs

    given, least = example_inputs(model, tokens=1), {False: float("inf"), True: float("inf")}
    try:
        for is_int8 in (False, True) * _REPEATS:
            choice.int8 = is_int8
            began = time.perf_counter()
            model(**given)
            least[is_int8] = min(least[is_int8], time.perf_counter() - began)
    finally:
        choice.int8 = False
    return least[False] / least[True]


def _pack_head(stacks: list[Stack], choice: WeightChoice) -> None:
    kernel = half_kernel()
    if kernel is None:
        return
    pack: Pack = partial(kernel, is_rounded=True)
    for stack in stacks:
        stack.pack_int8(pack, choice)
