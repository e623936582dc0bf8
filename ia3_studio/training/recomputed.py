"""Which activations need the backward pass not keep, because it can make them again from others that it keeps anyway?

The outputs of activation functions and the products of two activations: their own backward passes keep what went into
them. In a gated feed-forward block these are half of what is kept, and making them again costs two passes over memory.
The numbers are the same, bit for bit.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from ia3_studio.models.fast_paths import FastPath

_ACTIVATIONS = frozenset((F.silu, F.gelu))
_PRODUCTS = frozenset((torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__))
SMALLEST = 1 << 16
"""Values of an activation from which on it is worth the while."""


class Recomputed:
    """Inside this block, a forward pass keeps only what its backward pass cannot make again.

    Args:
        smallest: number of values of an activation that is made again.
    """

    def __init__(self, smallest: int | None = None) -> None:
        self._smallest = SMALLEST if smallest is None else smallest
        self._made: dict[int, tuple[weakref.ref[Tensor], _Recipe]] = {}
        self._last: tuple[_Recipe, Tensor] | None = None
        self._entered = ExitStack()

    def __enter__(self) -> Recomputed:
        self._entered.enter_context(saved_tensors_hooks(self._pack, self._unpack))
        self._entered.enter_context(_Watch(self._note))
        return self

    def __exit__(self, *_raised: object) -> None:
        self._entered.close()
        self._made.clear()

    def _note(self, func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> None:
        """Note how to repeat an operation whose inputs are kept anyway."""
        given = args if func in _PRODUCTS else args[:1]
        if kwargs.get("inplace") or len(args) != len(given) or not all(map(_is_kept, given)):
            return
        if result.numel() < self._smallest or any(each.shape != result.shape for each in given):
            return
        recipe = _Recipe(func, tuple(map(self._source, given)), dict(kwargs), result._version)
        place = result.data_ptr()
        self._made[place] = weakref.ref(result, lambda gone: self._forget(place, gone)), recipe

    def _forget(self, place: int, gone: weakref.ref[Tensor]) -> None:
        """Let go of what a tensor was made of; another one may stand in its place by now."""
        found = self._made.get(place)
        if found and found[0] is gone:
            del self._made[place]

    def _source(self, given: Tensor) -> _Recipe | _Kept:
        return self._recipe(given) or _Kept(given.detach(), given._version)

    def _recipe(self, tensor: Tensor) -> _Recipe | None:
        """Return how a tensor can be made again, if it is one that was noted and has not been changed since."""
        found = self._made.get(tensor.data_ptr()) if type(tensor) is Tensor else None
        noted = found[0]() if found else None
        is_same = noted is not None and noted.shape == tensor.shape and noted.stride() == tensor.stride()
        return found[1] if found and is_same and tensor._version == found[1].version else None

    def _pack(self, tensor: Tensor) -> _Recipe | _Kept:
        return self._recipe(tensor) or _Kept(tensor, tensor._version)

    def _unpack(self, packed: _Recipe | _Kept) -> Tensor:
        if isinstance(packed, _Kept):
            return packed.tensor()
        if self._last and self._last[0] is packed:  # what a product was made of is asked for next
            made, self._last = self._last[1], None
            return made
        given = []
        for each in packed.given:
            given.append(self._unpack(each))
            if isinstance(each, _Recipe):
                self._last = each, given[-1]
        with torch.no_grad():
            return packed.function(*given, **packed.keywords)  # type: ignore[no-any-return]


class _Watch(TorchFunctionMode):
    """Says of each activation function and each product what went in and what came out."""

    def __init__(self, note: Callable[[Any, tuple[Any, ...], Mapping[str, Any], Any], None]) -> None:
        super().__init__()
        self._note = note

    def __torch_function__(
        self, func: Any, _types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run an operation, and note it."""
        result = func(*args, **(kwargs or {}))
        if func in _ACTIVATIONS or func in _PRODUCTS:
            self._note(func, args, kwargs or {}, result)
        return result


def _is_kept(given: Any) -> bool:
    """Say whether an operation's backward pass keeps this input: all inputs of the operation learn."""
    return type(given) is Tensor and given.requires_grad and torch.is_grad_enabled()


def recomputed(device: torch.device) -> AbstractContextManager[Any]:
    """Return the block to run forward passes in, time and again: on a CPU, where memory is slow and calls are cheap."""
    return Recomputed() if device.type == "cpu" else nullcontext()


def recomputed_path(device: torch.device) -> FastPath:
    """Return whether activations are made again instead of kept."""
    is_on = device.type == "cpu"
    return FastPath("activations of the feed-forward computed again", is_on, "" if is_on else "CPU only")


@dataclass(frozen=True, eq=False)
class _Kept:
    """A tensor that is kept, and how often it had been changed by then."""

    value: Tensor
    version: int

    def tensor(self) -> Tensor:
        """Return it; autograd itself does not look after tensors that are kept for it.

        Raises:
            RuntimeError: it has been changed in place.
        """
        if self.value._version != self.version:
            raise RuntimeError("a tensor that the backward pass needs has been changed by an in-place operation")
        return self.value


@dataclass(frozen=True, eq=False)
class _Recipe:
    """An operation and what went into it."""

    function: Any
    given: tuple[_Recipe | _Kept, ...]
    keywords: Mapping[str, Any]
    version: int
    """How often the result had been changed when it was noted."""
