"""Where do the keys and values of a conversation go? Into a buffer with room, instead of a new one for each token.

transformers' growing cache copies everything it holds whenever a token is added: with 200 tokens that is a fifth of the
time a small model takes on a CPU.
"""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor
from transformers.cache_utils import DynamicLayer

ROOM = 256
"""Tokens of room that are added whenever a buffer is full."""


class PreallocatedLayer(DynamicLayer):
    """The keys and values of one layer, shape (rows, heads, tokens, channels), the first part of a larger buffer."""

    grows_in_place = True

    def __init__(self, layer: DynamicLayer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        assert layer.keys is not None and layer.values is not None  # preallocate asks for layers that hold something
        self.lazy_initialization(layer.keys, layer.values)
        self.keys: Tensor = layer.keys
        self.values: Tensor = layer.values
        self._buffers: tuple[Tensor, Tensor] | None = None

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Add keys and values, shape (rows, heads, new tokens, channels); return all of them."""
        held = self.keys.shape[-2]
        needed = held + key_states.shape[-2]
        if self._buffers is None or needed > self._buffers[0].shape[-2] or self._is_moved():
            self._buffers = _with_room(self.keys, needed), _with_room(self.values, needed)
        keys, values = self._buffers
        keys[..., held:needed, :], values[..., held:needed, :] = key_states, value_states
        self.keys, self.values = keys[..., :needed, :], values[..., :needed, :]
        return self.keys, self.values

    def _is_moved(self) -> bool:
        """Return whether rows were selected, so that the keys are no longer in the buffer."""
        return self._buffers is not None and self.keys.data_ptr() != self._buffers[0].data_ptr()


def preallocate(cache: Any) -> Any:
    """Let the plain growing layers of a model's cache grow in place; return the cache. Other layers stay."""
    parts = [getattr(cache, name, None) for name in ("self_attention_cache",)]
    for part in [part for part in parts if part is not None] or [cache]:
        layers = getattr(part, "layers", None)
        if isinstance(layers, list):
            part.layers = [PreallocatedLayer(each) if _grows(each) else each for each in layers]
    return cache


def cache_argument(model: Any) -> str:
    """Return the argument of a model that takes its cache: "past_key_values" before transformers 5.24."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def cache_of(result: Any) -> Any:
    """Return the cache in what a model returned; transformers 5.24 warns at its old name."""
    return result.cache if hasattr(result, "cache") else result.past_key_values


def _grows(layer: Any) -> bool:
    return type(layer) is DynamicLayer and layer.get_seq_length() > 0


def _with_room(states: Tensor, needed: int) -> Tensor:
    rows, heads, held, channels = states.shape
    buffer = states.new_empty(rows, heads, needed + ROOM, channels)
    buffer[..., :held, :] = states
    return buffer
