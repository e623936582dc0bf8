"""What does a channel respond to? Its max-activating tokens, the tokens its output row promotes, sums over heads.

All of it is correlation, not explanation: a channel that is loud at a word need not be about that word.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ia3_studio.errors import AdapterError
from ia3_studio.training.report import Progress

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ia3_studio.method.sites import Site

CONTEXT = 8
"""Tokens that are shown on either side."""
MOST_TOKENS = 128
"""Tokens of a text that are read."""


@dataclass(frozen=True)
class MaxActivation:
    """One token at which a channel was loud."""

    activation: float
    """Of the base model, before it is scaled."""
    before: str
    token: str
    after: str
    text: int
    """Which text it stands in, counted from 0."""


@dataclass(frozen=True)
class TokenWeight:
    """One token of the vocabulary that a channel's output row promotes or suppresses."""

    token: str
    weight: float
    """Change of the token's logit for an activation of 1, without the final norm."""


def max_activating_tokens(
    model: Any, tokenizer: Any, site: Site, channel: int, texts: Sequence[str], count: int = 12
) -> Generator[Progress, None, tuple[MaxActivation, ...]]:
    """Return the tokens of some texts at which a channel's activation is largest in size; yield how far it is.

    Args:
        model: the base model; nothing may be attached to it.
        tokenizer: its own.
        site: where the channel is scaled.
        channel: of that activation, as :attr:`Site.positions` counts them.
        texts: what is read, each up to ``MOST_TOKENS`` tokens.
        count: tokens to return, the loudest first; of one text three at most.

    Raises:
        AdapterError: the site does not scale this channel.
    """
    _require(site, channel)
    found: list[MaxActivation] = []
    most = min(MOST_TOKENS, int(tokenizer.model_max_length))  # the model's positions, where they are fewer
    for number, text in enumerate(texts):
        ids = tokenizer(text, truncation=True, max_length=most, return_tensors="pt")["input_ids"]
        if ids.shape[1]:
            values = _activations(model, site, channel, ids.to(model.device))
            loudest = values.abs().topk(min(3, len(values))).indices.tolist()
            found += [_excited(tokenizer, ids[0].tolist(), place, float(values[place]), number) for place in loudest]
        yield Progress(number + 1, len(texts))
    found.sort(key=lambda each: -abs(each.activation))
    return tuple(found[:count])


@torch.no_grad()
def logit_lens(
    model: Any, tokenizer: Any, site: Site, channel: int, count: int = 12
) -> tuple[tuple[TokenWeight, ...], tuple[TokenWeight, ...]]:
    """Return the words a feed-forward channel makes likelier, and those it makes less likely.

    The channel's output row through the unembedding (Geva et al. 2022, https://arxiv.org/abs/2203.14680).

    Args:
        model: a language model.
        tokenizer: its own.
        site: the input side of the module that leads back into the residual stream.
        channel: of that input.
        count: words on either side.

    Raises:
        AdapterError: this site has no output row, or the model has no vocabulary.
    """
    _require(site, channel)
    row, words = _output_row(model, site, channel), model.get_output_embeddings()
    if words is None or words.weight.shape[1] != row.shape[0]:
        raise AdapterError("The feed-forward channels of this model do not map directly to a vocabulary.")
    logits = words.weight.float() @ row.float()
    loudest, quietest = logits.topk(count), (-logits).topk(count)
    return tuple(
        tuple(
            TokenWeight(str(tokenizer.decode([token])), sign * value)
            for token, value in zip(found.indices.tolist(), found.values.tolist(), strict=True)
        )
        for found, sign in ((loudest, 1), (quietest, -1))
    )  # type: ignore[return-value]


def head_sums(vector: Tensor, heads: int) -> tuple[float, ...]:
    """Return Σ(scale − 1) over the channels of each head, for a vector of keys or values.

    Args:
        vector: shape (heads · channels of a head,).
        heads: key-value heads of the attention.

    Raises:
        AdapterError: the vector does not divide into so many heads.
    """
    if not heads or len(vector) % heads:
        raise AdapterError(f"{len(vector)} channels cannot be divided into {heads} heads.")
    return tuple((vector.double() - 1).view(heads, -1).sum(1).tolist())


def heads_of(config: Any) -> int:
    """Return the number of key-value heads in a model's config; 0 if unknown."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    names = ("num_key_value_heads", "num_attention_heads", "n_head", "num_heads")
    return next((int(value) for name in names if isinstance(value := getattr(text, name, None), int)), 0)


@torch.no_grad()
def _activations(model: Any, site: Site, channel: int, ids: Tensor) -> Tensor:
    """Return one channel over the tokens of a text, shape (tokens,)."""
    kept: list[Tensor] = []

    def before(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        kept.append((args[0] if args else next(iter(kwargs.values())))[..., channel])

    def after(_module: nn.Module, _args: tuple[Any, ...], result: Any) -> None:
        kept.append((result[0] if isinstance(result, tuple) else result)[..., channel])

    module = model.get_submodule(site.path)
    is_input = site.side == "input"
    hook = (
        module.register_forward_pre_hook(before, with_kwargs=True) if is_input else module.register_forward_hook(after)
    )
    try:
        extra = {"decoder_input_ids": ids} if getattr(model.config, "is_encoder_decoder", False) else {}
        model(input_ids=ids, **extra)
    finally:
        hook.remove()
    if not kept:
        raise AdapterError(f"{site.path} is not called for text input, so its channels have no activations here.")
    return kept[0].float().reshape(-1)[: ids.shape[1]]


def _output_row(model: Any, site: Site, channel: int) -> Tensor:
    module = model.get_submodule(site.path)
    weight = getattr(module, "weight", None)
    if site.side != "input" or weight is None or weight.dim() != 2:
        raise AdapterError(f"{site.path} is not scaled at its output projection, so it has no output row.")
    is_transposed = isinstance(getattr(module, "nf", None), int)  # transformers' Conv1D: (in, out)
    return weight[channel] if is_transposed else weight[:, channel]  # type: ignore[no-any-return]


def _require(site: Site, channel: int) -> None:
    if channel not in site.positions:
        first, last = site.positions[0], site.positions[-1]
        raise AdapterError(f"{site.name} does not scale channel {channel}; choose one from {first} to {last}.")


def _excited(tokenizer: Any, ids: list[int], place: int, value: float, text: int) -> MaxActivation:
    parts = ids[max(0, place - CONTEXT) : place], [ids[place]], ids[place + 1 : place + 1 + CONTEXT]
    before, token, after = (str(tokenizer.decode(part)) for part in parts)
    return MaxActivation(value, before, token, after, text)
