"""How do rows of different lengths share one forward pass without a padded token?

Laid end to end in one sequence: every projection sees one long matrix, and attention alone is taken row by row, so
that no row sees another. Models that compute something else across positions are padded as ever; a trial on the
model itself decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import signature
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

ATTENTION = "row_by_row"
"""The name under which transformers finds :func:`attend`; masks are made for known names only, so none is made."""
KNOWN_LAYERS = {"full_attention", "sliding_attention"}
TRIAL = ((1, 2, 3, 4, 5), (6, 7), (8, 9, 10))
"""Token ids of the rows on which a model is tried."""
ROUNDING = 1e-2
"""Largest difference for its largest logit: bfloat16 stays below it, a row that sees another goes far beyond it."""

_lengths: ContextVar[tuple[int, ...]] = ContextVar("row_lengths")


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Take causal attention within each row of one packed sequence.

    Args:
        query, key, value: shape (1, heads, tokens, head channels), the rows end to end.
        options: what the model gives its attention: scaling, dropout, sliding window.

    Returns:
        The weighted values, shape (1, tokens, heads, head channels).
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    lengths, window = _lengths.get(), options.pop("sliding_window", None)
    options["is_causal"] = True
    parts = zip(*(tensor.split(lengths, 2) for tensor in (query, key, value)), strict=True)
    seen = [
        sdpa_attention_forward(module, *part, _window(part[0], window), **options)[0]  # (1, length, heads, channels)
        for part in parts
    ]
    return torch.cat(seen, 1), None


def _window(query: Tensor, window: int | None) -> Tensor | None:
    """Return which keys each token sees, (1, 1, length, length), or None where that is simply all before it."""
    length = query.shape[2]
    if window is None or length <= window:
        return None
    everything = torch.ones(length, length, dtype=torch.bool, device=query.device)
    return (everything.tril() & everything.triu(1 - window))[None, None]


class Packing:
    """Runs a causal model on rows end to end. **Changes the model's attention during a call only.**"""

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(ATTENTION, attend)
        self.model = model
        self._configs = _configs_of(model)

    def run(self, rows: Sequence[Sequence[int]]) -> Any:
        """Return the model's output for token ids laid end to end as one sequence of shape (1, tokens)."""
        ids = torch.tensor([[token for row in rows for token in row]], device=self.model.device)
        positions = torch.cat([torch.arange(len(row)) for row in rows])[None].to(self.model.device)
        with self._row_by_row(tuple(len(row) for row in rows)):
            return self.model(input_ids=ids, position_ids=positions, use_cache=False)

    @contextmanager
    def _row_by_row(self, lengths: tuple[int, ...]) -> Iterator[None]:
        usual = [config._attn_implementation_internal for config in self._configs]
        token = _lengths.set(lengths)
        try:
            for config in self._configs:
                config._attn_implementation_internal = ATTENTION
            yield
        finally:
            for config, name in zip(self._configs, usual, strict=True):
                config._attn_implementation_internal = name
            _lengths.reset(token)


def packing_of(model: Any) -> Packing | None:
    """Return how a model runs rows end to end, or None where that would give other results than one by one."""
    if not _may_pack(model):
        return None
    packing = Packing(model)
    return packing if _is_right(packing) else None


def _may_pack(model: Any) -> bool:
    """Say whether all that meets other positions is an attention whose kind is known."""
    config = model.config.get_text_config()
    layers = set(getattr(config, "layer_types", None) or KNOWN_LAYERS)
    return (
        getattr(config, "_attn_implementation", None) == "sdpa"
        and layers <= KNOWN_LAYERS
        and getattr(config, "attention_chunk_size", None) is None
        and "position_ids" in signature(model.forward).parameters
    )


@torch.no_grad()
def _is_right(packing: Packing) -> bool:
    """Try it: the same logits end to end as one by one, but for the rounding of products of another shape."""
    together = packing.run(TRIAL).logits[0].float()
    device = packing.model.device
    alone = [packing.model(input_ids=torch.tensor([row], device=device), use_cache=False).logits[0] for row in TRIAL]
    expected = torch.cat(alone).float()
    return bool((together - expected).abs().max() <= ROUNDING * expected.abs().max())


def _configs_of(model: nn.Module) -> list[PreTrainedConfig]:
    """Return every config that a module of the model asks for its attention."""
    found = {id(part.config): part.config for part in model.modules() if hasattr(part, "config")}
    return [config for config in found.values() if hasattr(config, "_attn_implementation_internal")]
