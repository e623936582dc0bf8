"""How do rows of different lengths share a forward pass, and enter and leave without waiting for each other?

The last tokens of all rows stand in one column (left padding), so that two tokens are as far apart in the batch as in
their own text: that is what position biases and sliding windows of any model count in. A row that enters is copied
into the buffer, the last row takes the place of one that leaves, and columns that no row needs any more are dropped
when the buffer is full. Models that cannot do this (recurrent states, positions that depend on the longest row) run
their rows one after the other.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache, DynamicLayer

from ia3_studio.method.rows import mixes_rows
from ia3_studio.models.fast_inference import step_of
from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.kept_prefixes import positions_move
from ia3_studio.models.preallocated_kv_cache import PreallocatedLayer, cache_argument, cache_of, preallocate

if TYPE_CHECKING:
    from ia3_studio.models.decoder_parts import Scales

ROOM = 256
"""Columns of room on both sides of the rows, whenever the buffer is made anew."""
_SHARING = "ia3_rows_share"
"""The attribute of a model that says why its rows cannot share a pass; empty if they can."""
_TOLERANCE = 1e-3
"""Largest difference of logits in the trial, relative to the largest one."""

Scaling = Callable[[Sequence[int]], AbstractContextManager["Scales"]]
"""Row numbers → the context in which a batch of these rows has their adapters."""


class Rows(Protocol):
    """Rows that grow by a token at a time."""

    def enter(self, cache: Any, length: int) -> None:
        """Add a row behind the others. **The cache may be used by it from now on.**

        Args:
            cache: what reading its first tokens left, a batch of one.
            length: tokens that the cache holds.
        """

    def leave(self, number: int) -> None:
        """Remove a row; **the last one takes its number**."""

    def step(self, ids: Sequence[int], scaling: Scaling) -> Tensor:
        """Give each row one token more; return the next token's logits, shape (rows, vocabulary)."""

    def states(self, number: int) -> tuple[tuple[Tensor, Tensor], ...] | None:
        """Return copies of a row's keys and values in each layer, (heads, tokens, channels), if they can be copied."""

    def nbytes(self, rows: int, length: int) -> int:
        """Return the bytes that a batch of rows of some length takes; 0 while nothing is known."""


def read(model: Any, ids: Tensor, start: int, cache: Any) -> tuple[Tensor, Any]:
    """Let a model read the next tokens of one text; return the last one's logits, (vocabulary,), and its cache.

    Args:
        model: the model.
        ids: shape (1, tokens).
        start: tokens before them, which the cache holds.
        cache: None for the model's own kind of cache.
    """
    positions = torch.arange(start, start + ids.shape[1], device=ids.device)[None]
    logits, cache = _called(model, ids, positions, None, cache)
    return logits[0], cache


class SharedRows:
    """Rows in one left-padded cache of keys and values."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._lengths: list[int] = []
        self._columns = _Columns()
        self._layers: list[_SharedLayer] = []
        self._cache: Any = DynamicCache()
        self._window = _window_of(model)

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

    def step(self, ids: Sequence[int], scaling: Scaling) -> Tensor:
        """Give each row one token more; return the next token's logits, shape (rows, vocabulary)."""
        self._make_room(len(self._lengths), 0, 1)
        device = self._layers[0].device
        given = torch.tensor(ids, device=device)[:, None]  # (rows, 1)
        lengths = torch.tensor(self._lengths, device=device)[:, None]  # (rows, 1)
        width = self._columns.end - self._columns.begin
        is_ragged = min(self._lengths) < width
        mask = (torch.arange(width + 1, device=device) >= width - lengths).long() if is_ragged else None
        step = step_of(self._model)
        with scaling(range(len(self._lengths))) as scales:
            if step is not None and width < self._window and step.serves(scales, self._cache):
                logits = step(given, lengths, self._cache, mask, scales)
            else:
                logits, _cache = _called(self._model, given, lengths, mask, self._cache)
        self._columns.end += 1
        self._lengths = [length + 1 for length in self._lengths]
        return logits

    def states(self, number: int) -> tuple[tuple[Tensor, Tensor], ...] | None:
        """Return copies of a row's keys and values in each layer, shape (heads, tokens, channels)."""
        part = (number, slice(None), slice(self._columns.end - self._lengths[number], self._columns.end))
        return tuple((layer.buffers[0][part].clone(), layer.buffers[1][part].clone()) for layer in self._layers)

    def nbytes(self, rows: int, length: int) -> int:
        """Return the bytes that a batch of rows of some length takes; 0 before the first row."""
        longest = max([length, *self._lengths])
        return sum(rows * (longest + 2 * ROOM) * layer.bytes_per_token for layer in self._layers)

    def _see(self) -> None:
        self._columns.rows = len(self._lengths)
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


class SeparateRows:
    """Rows with a cache of their own each, which run one after the other."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._caches: list[Any] = []
        self._lengths: list[int] = []

    def enter(self, cache: Any, length: int) -> None:
        """Add a row; see :class:`Rows`."""
        self._caches.append(copy.deepcopy(cache))
        self._lengths.append(length)

    def leave(self, number: int) -> None:
        """Remove a row; **the last one takes its number**."""
        for values in (self._caches, self._lengths):
            values[number] = values[-1]
            values.pop()

    def step(self, ids: Sequence[int], scaling: Scaling) -> Tensor:
        """Give each row one token more; return the next token's logits, shape (rows, vocabulary)."""
        found = []
        for number, token in enumerate(ids):
            given = torch.tensor([[token]], device=self._model.device)
            with scaling([number]):
                logits, self._caches[number] = read(self._model, given, self._lengths[number], self._caches[number])
            self._lengths[number] += 1
            found.append(logits)
        return torch.stack(found)

    def states(self, number: int) -> None:
        """Return nothing: what such a cache holds is the model's own affair."""

    def nbytes(self, rows: int, length: int) -> int:
        """Return 0: what such a cache takes is the model's own affair."""
        return 0


def cannot_share(model: Any) -> str:
    """Return why the rows of a model cannot share a pass, **after a trial at first**; empty if they can."""
    found: str | None = vars(model).get(_SHARING)
    if found is None:
        found = vars(model)[_SHARING] = _tried(model)
    return found


@dataclass
class _Columns:
    """Which part of the buffers is in use."""

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
        rows, begin, end = self._columns.rows, self._columns.begin, self._columns.end
        for buffer, states in zip(self.buffers, (key_states, value_states), strict=True):
            buffer[:rows, :, end] = states[:, :, 0]
        keys, values = self.buffers
        return keys[:rows, :, begin : end + 1], values[:rows, :, begin : end + 1]

    def get_seq_length(self) -> int:
        """Return the columns in use."""
        return self._columns.end - self._columns.begin


def _called(model: Any, ids: Tensor, positions: Tensor, mask: Tensor | None, cache: Any) -> tuple[Tensor, Any]:
    parameters = inspect.signature(model.forward).parameters
    extra = {"position_ids": positions} if "position_ids" in parameters else {}
    before = {cache_argument(model): cache}
    result = model(input_ids=ids, attention_mask=mask, use_cache=True, logits_to_keep=1, **before, **extra)
    return result.logits[:, -1].float(), preallocate(cache_of(result))


def _window_of(model: Any) -> float:
    """Return the smallest window of a model's layers: a faster pass that drops what is beyond it is not for us."""
    config = model.config.get_text_config(decoder=True)
    windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((each for each in windows if isinstance(each, int) and each > 0), default=float("inf"))


@torch.no_grad()
def _tried(model: Any) -> str:
    """Let two texts of different lengths share a pass; return how the logits differ from those of each text alone."""
    if positions_move(model):
        return "its positions depend on the longest row"
    if any(mixes_rows(path) for path, _module in model.named_modules()):
        return "its experts see tokens without the rows they come from"
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    texts = [torch.arange(1, count, device=model.device)[None] * 37 % vocabulary for count in (7, 12)]
    try:
        wanted = torch.stack([model(input_ids=text, use_cache=False).logits[0, -1].float() for text in texts])
        rows = SharedRows(model)
        for text in texts:
            count = text.shape[1] - 1
            _logits, cache = read(model, text[:, :3], 0, DynamicCache())
            _logits, cache = read(model, text[:, 3:count], 3, cache)
            if not all(isinstance(layer, PreallocatedLayer) and len(layer.keys) == 1 for layer in cache.layers):
                return "its cache does not keep all tokens"
            rows.enter(cache, count)
        found = rows.step([int(text[0, -1]) for text in texts], lambda _rows: nullcontext({}))
    except Exception as error:  # a foreign forward may raise anything
        return failed_trial(error)
    if not torch.allclose(found, wanted, rtol=0, atol=_TOLERANCE * float(wanted.abs().max())):
        return "rows that share a pass get other logits than alone"
    return ""
