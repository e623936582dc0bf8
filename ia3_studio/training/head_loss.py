"""What is the cross-entropy of a frozen language-model head, and its gradient, without the logits?

The logits of 512 tokens over a vocabulary of 49,152 are 100 MB, written and read several times. Here the vocabulary is
taken in tiles that stay in the cache. A running maximum and a running sum make each tile's part of the log-sum-exp
final at the end (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"), and the same rescaling
applies to the probability-weighted sum of the head's rows, which is the gradient of the log-sum-exp. Each product is
therefore computed once, forwards and backwards, as in attention whose keys and values are the head's weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

TILE = 2048
"""Rows of the head whose logits are computed at the same time."""
TOKENS = 512
"""Tokens whose logits are computed at the same time: 4 MB with those rows."""


def frozen_head(head: nn.Module) -> nn.Linear | None:
    """Return a head whose loss can be computed in tiles: a plain frozen linear layer in float32 on the CPU.

    One with hooks, or with another forward, is not: a vector may scale what goes in or comes out.
    """
    if type(head) is not nn.Linear or head._forward_hooks or head._forward_pre_hooks or "forward" in vars(head):
        return None
    if any(weight.requires_grad for weight in head.parameters()):
        return None
    weight = head.weight
    is_plain = type(weight.data) is Tensor and weight.dtype == torch.float32 and weight.device.type == "cpu"
    return head if is_plain else None


@torch.no_grad()
def head_losses(head: nn.Linear, hidden: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each token in nats, (tokens,).

    Args:
        head: as :func:`frozen_head` returns it, (vocabulary, d).
        hidden: what goes into it, (tokens, d).
        targets: the token to predict at each position, (tokens,).
    """
    parts = zip(hidden.split(TOKENS), targets.split(TOKENS), strict=True)
    return torch.cat([_part(head, *part, None) for part in parts]) if len(hidden) else hidden.new_zeros(0)


@torch.no_grad()
def head_losses_and_gradient(head: nn.Linear, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss of each token, (tokens,), and the gradient of their sum by ``hidden``, (tokens, d).

    Args:
        head: as :func:`frozen_head` returns it, (vocabulary, d).
        hidden: what goes into it, (tokens, d).
        targets: the token to predict at each position, (tokens,).
    """
    gradient = torch.empty_like(hidden)
    parts = zip(hidden.split(TOKENS), targets.split(TOKENS), gradient.split(TOKENS), strict=True)
    losses = [_part(head, *part) for part in parts]
    return torch.cat(losses) if losses else hidden.new_zeros(0), gradient


def _part(head: nn.Linear, hidden: Tensor, targets: Tensor, gradient: Tensor | None) -> Tensor:
    """Return the losses of a few tokens, (tokens,), and write the gradient, (tokens, d), if there is a place for it."""
    count = len(hidden)
    logits = hidden.new_empty(count * min(TILE, len(head.weight)))  # one place for all tiles
    highest = hidden.new_full((count, 1), -torch.inf)
    total = hidden.new_zeros(count, 1)
    if gradient is not None:
        gradient.zero_()
    for start in range(0, len(head.weight), TILE):
        weight = head.weight[start : start + TILE]
        tile = torch.mm(hidden, weight.t(), out=logits[: count * len(weight)].view(count, len(weight)))
        if head.bias is not None:
            tile += head.bias[start : start + TILE]
        before, highest = highest, torch.maximum(highest, tile.amax(1, keepdim=True))
        tile.sub_(highest).exp_()
        kept = (before - highest).exp_()
        total.mul_(kept).add_(tile.sum(1, keepdim=True))
        if gradient is not None:
            gradient.mul_(kept).addmm_(tile, weight)
    target_weight = head.weight[targets]
    target_logits = (hidden * target_weight).sum(1)
    if head.bias is not None:
        target_logits += head.bias[targets]
    if gradient is not None:
        gradient.div_(total).sub_(target_weight)
    return (highest + total.log()).squeeze(1) - target_logits
