"""How do rows of different lengths share a forward pass, and enter and leave without waiting for each other?

The last tokens of all rows stand in one column (left padding), so that two tokens are as far apart in the batch as in
their own text: that is what position biases and sliding windows of any model count in. A row that enters is copied
into the buffer, the last row takes the place of one that leaves, and columns that no row needs any more are dropped
when the buffer is full. Models that cannot do this (:mod:`ia3_studio.serving.row_trial`) run their rows one after the
other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

from ia3_studio.models.fast_inference import step_of
from ia3_studio.models.model_call import called, read
from ia3_studio.models.preallocated_kv_cache import PreallocatedLayer

if TYPE_CHECKING:
    from ia3_studio.models.decoder_parts import Scales

logger = logging.getLogger("ia3_studio.serving")
ROOM = 256
"""Columns of room on both sides of the rows, whenever the buffer is made anew."""

Outcome = Tensor | Exception
"""A row's logits of its next token, shape (vocabulary,), or what its pass has raised."""
Scaling = Callable[[Sequence[int]], AbstractContextManager["Scales"]]
"""Row numbers → the context in which a batch of these rows has their adapters."""


class Rows(Protocol):
    """Rows that grow by a token at a time."""

    def read(self, ids: Tensor, start: int, cache: Any) -> tuple[Tensor, Any]:
        """Read the next tokens of a text that is no row yet; return the last logits, (vocabulary,), and its cache.

        Args:
            ids: shape (1, tokens).
            start: tokens before them, which the cache holds.
            cache: None for a text that begins.
        """

    def enter(self, cache: Any, length: int) -> None:
        """Add a row behind the others. **The cache may be used by it from now on.**

        Args:
            cache: what reading its first tokens left, a batch of one.
            length: tokens that the cache holds.
        """

    def leave(self, number: int) -> None:
        """Remove a row; **the last one takes its number**."""

    def step(self, ids: Sequence[int], scaling: Scaling) -> Tensor | list[Outcome]:
        """Give each row one token more; return the next token's logits of each, or why it has none.

        What one row raises is its own: the others go on. **A row that has none must leave.**
        """

    def states(self, number: int) -> tuple[tuple[Tensor, Tensor], ...] | None:
        """Return copies of a row's keys and values in each layer, (heads, tokens, channels), if they can be copied."""

    def nbytes(self, rows: int, length: int) -> int:
        """Return the bytes that a batch of rows of some length takes; 0 while nothing is known."""


class SharedRows:
    """Rows in one left-padded cache of keys and values."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lengths: list[int] = []
        self._columns = _Columns()
        self._layers: list[_SharedLayer] = []
        self._cache: Any = DynamicCache()
        self._window = _window_of(model)

    def read(self, ids: Tensor, start: int, cache: Any) -> tuple[Tensor, Any]:
        """Read the next tokens of a text that is no row yet; see :class:`Rows`."""
        return read(self._model, ids, start, DynamicCache() if cache is None else cache)

    def enter(self, cache: Any, length: int) -> None:
        """Copy a row's keys and values behind the others'; see :class:`Rows`."""
        if not self._layers:
            self._layers = [_SharedLayer(self._columns, layer) for layer in cache.layers]
            self._cache.layers = self._layers
        self._make_room(len(self._lengths) + 1, length, 0)
        for mine, theirs in zip(self._layers, cache.layers, strict=True):
            mine.put(len(self._lengths), theirs)
        self._lengths.append(length)
        self._see()

    def leave(self, number: int) -> None:
        """Remove a row; **the last one takes its number**."""
        last = len(self._lengths) - 1
        if number < last:
            for layer in self._layers:
                layer.move(last, number)
            self._lengths[number] = self._lengths[last]
        self._lengths.pop()
        self._see()

    def step(self, ids: Sequence[int], scaling: Scaling) -> Tensor | list[Outcome]:
        """Give each row one token more; return the next token's logits, shape (rows, vocabulary), or of each row."""
        self._make_room(len(self._lengths), 0, 1)
        found: Tensor | list[Outcome]
        try:
            found = self._pass(ids, scaling)
        except Exception as error:  # a foreign forward may raise anything: who is it that raises?
            found = [error] if len(ids) == 1 else [self._alone(number, ids, scaling) for number in range(len(ids))]
            if len(ids) > 1 and not any(isinstance(each, Exception) for each in found):
                logger.warning("%d rows together raised what none of them raises alone", len(ids), exc_info=error)
        self._columns.end += 1
        self._lengths = [length + 1 for length in self._lengths]
        return found

    def _pass(self, ids: Sequence[int], scaling: Scaling, first: int = 0) -> Tensor:
        """Return the next token's logits of neighboring rows, shape (rows, vocabulary).

        The token's column is written to and not counted yet, so that a pass that failed can be repeated.
        """
        lengths = self._lengths[first : first + len(ids)]
        columns, width = self._columns, max(lengths)
        columns.first, columns.rows, columns.begin = first, len(ids), columns.end - width
        device = self._layers[0].device
        given = torch.tensor(ids, device=device)[:, None]  # (rows, 1)
        positions = torch.tensor(lengths, device=device)[:, None]  # (rows, 1)
        mask = (torch.arange(width + 1, device=device) >= width - positions).long() if min(lengths) < width else None
        step = step_of(self._model)
        with scaling(range(first, first + len(ids))) as scales:
            if step is not None and width < self._window and step.serves(scales, self._cache):
                return step(given, positions, self._cache, mask, scales)
            return called(self._model, given, positions, mask, self._cache)[0]

    def _alone(self, number: int, ids: Sequence[int], scaling: Scaling) -> Outcome:
        try:
            return self._pass(ids[number : number + 1], scaling, number)[0]
        except Exception as error:  # as above
            return error
        finally:
            self._see()

    def states(self, number: int) -> tuple[tuple[Tensor, Tensor], ...] | None:
        """Return copies of a row's keys and values in each layer, shape (heads, tokens, channels)."""
        part = (number, slice(None), slice(self._columns.end - self._lengths[number], self._columns.end))
        return tuple((layer.buffers[0][part].clone(), layer.buffers[1][part].clone()) for layer in self._layers)

    def nbytes(self, rows: int, length: int) -> int:
        """Return the bytes that a batch of rows of some length takes; 0 before the first row."""
        longest = max([length, *self._lengths])
        return sum(rows * (longest + 2 * ROOM) * layer.bytes_per_token for layer in self._layers)

    def _see(self) -> None:
        self._columns.first, self._columns.rows = 0, len(self._lengths)
        self._columns.begin = self._columns.end - max(self._lengths, default=0)

    def _make_room(self, rows: int, length: int, more: int) -> None:
        """Let the buffers hold so many rows, a row of some length that ends now, and more columns."""
        keys = self._layers[0].buffers[0]
        if keys.shape[0] >= rows and self._columns.end >= length and self._columns.end + more <= keys.shape[2]:
            return
        width = max([length, *self._lengths])
        end = width + ROOM
        for layer in self._layers:
            layer.grow(max(rows, keys.shape[0]), width, end, end + ROOM)
        self._columns.end = end
        self._see()


@dataclass
class _Columns:
    """Which part of the buffers is in use."""

    first: int = 0
    rows: int = 0
    begin: int = 0
    end: int = 0


class _SharedLayer(PreallocatedLayer):
    """One layer's keys and values of all rows; its buffers have the shape (rows, heads, columns, channels)."""

    def __init__(self, columns: _Columns, like: Any) -> None:
        DynamicLayer.__init__(self)
        self.lazy_initialization(like.keys, like.values)
        self._columns = columns
        _one, heads, _tokens, channels = like.keys.shape
        _one, value_heads, _tokens, value_channels = like.values.shape
        self.buffers = (
            like.keys.new_zeros(0, heads, 0, channels),
            like.values.new_zeros(0, value_heads, 0, value_channels),
        )
        self.bytes_per_token = (heads * channels + value_heads * value_channels) * like.keys.element_size()

    def put(self, number: int, other: Any) -> None:
        """Copy the keys and values of a batch of one; what was before them is set to 0, so that no NaN is left."""
        end = self._columns.end
        for buffer, states in zip(self.buffers, (other.keys, other.values), strict=True):
            buffer[number, :, : end - states.shape[2]] = 0
            buffer[number, :, end - states.shape[2] : end] = states[0]

    def move(self, source: int, target: int) -> None:
        """Copy one row over another."""
        part = slice(self._columns.begin, self._columns.end)
        for buffer in self.buffers:
            buffer[target, :, part] = buffer[source, :, part]

    def grow(self, rows: int, width: int, end: int, size: int) -> None:
        """Make the buffers anew, with the last columns of what they hold at another end."""
        held = min(width, self._columns.end - self._columns.begin)
        made = []
        for buffer in self.buffers:
            fresh = buffer.new_zeros(rows, buffer.shape[1], size, buffer.shape[3])
            if count := self._columns.rows:
                fresh[:count, :, end - held : end] = buffer[:count, :, self._columns.end - held : self._columns.end]
            made.append(fresh)
        self.buffers = made[0], made[1]

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Put one token's keys and values in the next column; return those of all columns in use."""
        rows = slice(self._columns.first, self._columns.first + self._columns.rows)
        begin, end = self._columns.begin, self._columns.end
        for buffer, states in zip(self.buffers, (key_states, value_states), strict=True):
            buffer[rows, :, end] = states[:, :, 0]
        keys, values = self.buffers
        return keys[rows, :, begin : end + 1], values[rows, :, begin : end + 1]

    def get_seq_length(self) -> int:
        """Return the columns in use."""
        return self._columns.end - self._columns.begin


def _window_of(model: Any) -> float:
    """Return the smallest window of a model's layers: a faster pass that drops what is beyond it is not for us."""
    config = model.config.get_text_config(decoder=True)
    windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((each for each in windows if isinstance(each, int) and each > 0), default=float("inf"))
