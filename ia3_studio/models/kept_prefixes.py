"""Which keys and values of earlier messages can a prompt go on from, instead of computing them again?

The keys and values of a token depend on the weights, on the scales of the adapter, and on the tokens before it, and on
nothing after it. What was computed for a conversation is found again by exactly these: nobody's conversation is kept by
name, and what is not the same from the first token on is computed as ever.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache

from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.machine import system_memory
from ia3_studio.models.preallocated_kv_cache import PreallocatedLayer, cache_argument, cache_of, preallocate

MOST_BYTES = 256 * 2**20
"""Of keys and values that are kept: about 5,500 tokens of SmolLM2-135M."""
FREE_SHARE = 8
"""They take no more than one part in so many of the memory that is free."""
_MOVING_POSITIONS = ("dynamic", "longrope")
"""Kinds of rotary positions whose angles depend on the length of the whole text: earlier keys change with it."""

_TRIED = "ia3_reads_on"
"""The attribute of a model that says whether the trial of reading on succeeded."""
_TOLERANCE = 1e-3
"""Largest difference of logits, relative to the largest one: they are summed in another order."""

States = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values of each layer, shape (heads, tokens, channels)."""


@dataclass(frozen=True)
class Prefix:
    """The first tokens of a conversation, with their keys and values."""

    key: str
    """What these depend on besides the tokens, as :func:`key_of`."""
    tokens: tuple[int, ...]
    states: States

    @property
    def nbytes(self) -> int:
        """Return the bytes of keys and values."""
        return sum(each.nbytes for pair in self.states for each in pair)

    def holds(self, other: Prefix) -> bool:
        """Say whether another prefix is the start of this one."""
        return other.key == self.key and other.shared(self.tokens) == len(other.tokens)

    def shared(self, tokens: Sequence[int]) -> int:
        """Return how many of its tokens a text begins with."""
        return sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(self.tokens, tokens, strict=False)))


class KeptPrefixes:
    """The latest conversations with one model, up to a number of bytes. Several threads may use it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._changing = threading.Lock()
        self._prefixes: list[Prefix] = []
        """The one used last is the last."""

    @property
    def nbytes(self) -> int:
        """Return the bytes of all keys and values."""
        return sum(each.nbytes for each in self._prefixes)

    def longest(self, key: str, tokens: Sequence[int]) -> tuple[Prefix | None, int]:
        """Return the prefix that shares most tokens with the start of a text, and how many; None and 0 without one."""
        with self._changing:
            shared = [(each.shared(tokens), at) for at, each in enumerate(self._prefixes) if each.key == key]
            count, at = max(shared, default=(0, 0))
            if not count:
                return None, 0
            prefix = self._prefixes.pop(at)
            self._prefixes.append(prefix)
            return prefix, count

    def clear(self) -> None:
        """Forget all."""
        with self._changing:
            self._prefixes = []

    def keep(self, prefix: Prefix) -> None:
        """Keep a prefix, instead of those that it begins with; **those used longest ago go for it**."""
        with self._changing:
            self._prefixes = [*(each for each in self._prefixes if not prefix.holds(each)), prefix]
            most = min(self._most_bytes, system_memory().free // FREE_SHARE)
            while self.nbytes > most:
                self._prefixes.pop(0)


def reads_on(model: Any) -> bool:
    """Say whether a model reads on from kept keys and values as it reads a whole text, **after a trial at first**."""
    found: bool | None = vars(model).get(_TRIED)
    if found is None:
        found = vars(model)[_TRIED] = not positions_move(model) and _reads_on(model)
    return found


def positions_move(model: Any) -> bool:
    """Say whether keys and values of a token change as the text after it grows."""
    config = model.config.get_text_config(decoder=True)
    rotary = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kinds = [each.get("rope_type") for each in (rotary, *rotary.values()) if isinstance(each, Mapping)]
    return any(kind in _MOVING_POSITIONS for kind in kinds)


@torch.no_grad()
def _reads_on(model: Any) -> bool:
    """Try it with a short text: a model that looks ahead, or keeps no keys and values of every token, differs."""
    ids = torch.arange(1, 9, device=model.device)[None] * 37 % int(model.get_input_embeddings().weight.shape[0])
    try:
        whole = model(input_ids=ids, use_cache=False).logits[:, 4:]
        states = states_of(preallocate(cache_of(model(input_ids=ids[:, :4], use_cache=True))), 0, slice(4))
        if states is None:
            return False
        cache = cache_from([(Prefix("", (), states), 4)], 4)
        rest = model(input_ids=ids[:, 4:], use_cache=True, **{cache_argument(model): cache}).logits
    except Exception as error:  # a foreign forward may raise anything
        failed_trial(error)
        return False
    return torch.allclose(rest, whole, rtol=0, atol=_TOLERANCE * float(whole.abs().max()))


def key_of(model: nn.Module, scales: Mapping[Any, Tensor | None]) -> str:
    """Return what identifies a model's weights and the scales that act on it in one conversation."""
    digest = hashlib.sha256()
    for weight in model.parameters():
        digest.update(f"{weight.data_ptr()} {-1 if weight.is_inference() else weight._version} ".encode())
    for name, scale in sorted(scales.items()):
        if scale is not None:
            digest.update(repr(name).encode())
            digest.update(scale.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def states_of(cache: Any, row: int, columns: slice | Tensor) -> States | None:
    """Return copies of one row's keys and values of some tokens; None where the cache does not hold all tokens.

    Args:
        cache: of a batch.
        row: of the batch.
        columns: of the tokens, whose numbers or slice.
    """
    held = cache.layers if type(cache) is DynamicCache else []
    layers = [layer for layer in held if isinstance(layer, PreallocatedLayer)]
    if not layers or len(layers) < len(held):
        return None
    part = (row, slice(None), columns)
    return tuple((layer.keys[part].clone(), layer.values[part].clone()) for layer in layers)


def cache_from(prefixes: Sequence[tuple[Prefix | None, int]], width: int) -> Any:
    """Return a cache of ``width`` tokens whose last ones, in each row, are the first so many of a prefix.

    Args:
        prefixes: for each row the prefix and how many of its tokens; at least one row has some.
        width: tokens of the longest row.
    """
    some = next(prefix for prefix, _count in prefixes if prefix is not None)
    filled = []
    for number, pair in enumerate(some.states):
        both = tuple(states.new_zeros(len(prefixes), states.shape[0], width, states.shape[-1]) for states in pair)
        for row, (prefix, count) in enumerate(prefixes):
            if prefix is not None and count:
                for whole, states in zip(both, prefix.states[number], strict=True):
                    whole[row, :, width - count :] = states[:, :count]
        filled.append(both)
    return preallocate(DynamicCache(filled))
