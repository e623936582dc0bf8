"""What is the loss on the label tokens, and how is the gradient computed without the full logits?

The language-model head is the widest product of a small model. It is computed at label positions only, and a few
hundred of them at a time, each part's gradient being taken before the next part's logits exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.models.fast_paths import FastPath, failed_trial
from ia3_studio.models.sharding import gather_root
from ia3_studio.training.batches import label_count, pad
from ia3_studio.training.bundles import bundle_batches, bundled, packed_labels
from ia3_studio.training.causal_probe import before, causal_probe, head_is_last, head_of
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.head_loss import frozen_head, head_losses, head_losses_and_gradient
from ia3_studio.training.known_losses import MeasuresRows
from ia3_studio.training.packing import TRIAL, packing_of
from ia3_studio.training.precision import RoundedBackward, backward_path, backward_products
from ia3_studio.training.prefix_cache import PREFIX, PrefixCache
from ia3_studio.training.recomputed import recomputed, recomputed_path
from ia3_studio.training.rotary import FusedRotation

HEAD_ROWS = 128
"""Label positions whose logits are computed at the same time."""


class CausalLoss(MeasuresRows[TokenRow]):
    """The next-token loss of a causal language model.

    Raises:
        TrainingError: the model has no language-model head, returns NaN, or its tokens attend to later ones.
    """

    def __init__(
        self,
        model: Any,
        backward_dtype: BackwardDtype = "float32",
        cache: PrefixCache | None = None,
        why_not: str = "",
    ) -> None:
        """Try the model.

        Args:
            cache: of the layers below the lowest vector.
            why_not: why there is none, for the log.
        """
        self.model = model
        self._products = backward_products(backward_dtype, model.device)
        self._rotation = FusedRotation(model)
        self._recomputed = recomputed(model.device)
        self.head = head_of(model)
        probe = causal_probe(model, self.head)
        gather_root(model)
        self._plain = head_is_last(self.head, probe)
        self.last_layer = probe.last_layer
        """The projections that are computed at label positions only."""
        self.packing, packed = packing_of(model)
        """How the model runs packed rows; None if it cannot."""
        self._cache = cache
        cached = self._try_cache(cache) if cache else FastPath(PREFIX, False, why_not or "it is disabled")
        self.fast_paths: tuple[FastPath, ...] = (
            packed, self._rotation.path, backward_path(backward_dtype, model.device), recomputed_path(model.device),
            probe.last_layer.path, cached,
        )  # fmt: skip
        """Fast paths, and which of them are on."""

    count = staticmethod(label_count)

    @property
    def is_padded(self) -> bool:
        """Say whether rows are padded, not packed."""
        return self.packing is None

    def micro_batches(self, rows: Sequence[TokenRow], budget: int) -> Iterator[list[TokenRow]]:
        """Yield the rows in groups of at most ``budget`` tokens: padding counts, what packed rows share counts once."""
        return super().micro_batches(rows, budget) if self.packing is None else bundle_batches(rows, budget)

    def group_backward(self, rows: Sequence[TokenRow], total: float) -> float:
        """Add the gradient of (summed loss / total) to the parameters; return the summed loss in nats.

        Args:
            rows: one micro-batch.
            total: label tokens of the whole optimizer step, so that micro-batches add up to its mean.
        """
        with self._products, self._rotation(), self._recomputed:
            if not self._plain:
                whole = self._whole(rows)
                (whole / total).backward()
                return whole.item()
            hidden, _logits, targets = self._forward(rows)
            gather_root(self.model)
            if not isinstance(self._products, RoundedBackward) and (head := frozen_head(self.head)):
                losses, gradient = head_losses_and_gradient(head, hidden.detach(), targets)
                if hidden.requires_grad:
                    hidden.backward(gradient.div_(total))
                return losses.sum().item()
            leaf = hidden.detach().requires_grad_()
            summed = 0.0
            for part, wanted in zip(leaf.split(HEAD_ROWS), targets.split(HEAD_ROWS), strict=True):
                loss = self._losses_at(part, wanted).sum()
                (loss / total).backward()
                summed += loss.item()
        if hidden.requires_grad:  # else only the head itself is scaled
            hidden.backward(leaf.grad)
        return summed

    def rows_backward(self, rows: Sequence[TokenRow], loss_of: Callable[[Tensor], Tensor]) -> Tensor:
        """Add the gradient of a loss that depends on the rows' log probabilities; return these, (rows,), in nats.

        Args:
            rows: one micro-batch.
            loss_of: from the summed log probability of each row's label tokens, (rows,), to the loss.
        """
        with self._products, self._rotation(), self._recomputed:
            hidden, logits, targets = self._forward(rows)
            if not self._plain:
                scores = self._row_sums(rows, -F.cross_entropy(logits.float(), targets, reduction="none"))
                loss_of(scores).backward()
                return scores.detach()
            # Also where backward products are rounded: the loss is needed first, so that rounding would save nothing.
            if head := frozen_head(self.head):
                losses, gradient = head_losses_and_gradient(head, hidden.detach(), targets)
                scores, weights = self._weights(rows, losses, loss_of)
                if hidden.requires_grad:
                    hidden.backward(gradient.mul_(weights[:, None]))
                return scores
            leaf = hidden.detach().requires_grad_()
            with torch.no_grad():
                losses = self._token_losses(leaf, targets)
            scores, weights = self._weights(rows, losses, loss_of)
            for part, wanted, weight in zip(*(each.split(HEAD_ROWS) for each in (leaf, targets, weights)), strict=True):
                (self._losses_at(part, wanted) * weight).sum().backward()
        if hidden.requires_grad:  # else only the head itself is scaled
            hidden.backward(leaf.grad)
        return scores

    def _weights(
        self, rows: Sequence[TokenRow], losses: Tensor, loss_of: Callable[[Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return the rows' log probabilities, (rows,), and the gradient of a loss of them by each token's loss."""
        leaf = losses.detach().requires_grad_()
        with torch.enable_grad():
            scores = self._row_sums(rows, -leaf)
            (weights,) = torch.autograd.grad(loss_of(scores), leaf)
        return scores.detach(), weights

    def _row_sums(self, rows: Sequence[TokenRow], values: Tensor) -> Tensor:
        """Return the sum over each row's label tokens, (rows,), of values in the order of the forward pass."""
        laid = [row for bundle in bundled(rows) for row in bundle.rows] if self.packing else rows
        parts = values.split([label_count([row]) for row in laid])
        summed = {id(row): part.sum() for row, part in zip(laid, parts, strict=True)}
        return torch.stack([summed[id(row)] for row in rows])

    @torch.no_grad()
    def group_loss(self, rows: Sequence[TokenRow]) -> float:
        """Return the summed loss of the rows' label tokens, in nats."""
        if not self._plain:
            return self._whole(rows).item()
        hidden, _logits, targets = self._forward(rows)
        return self._token_losses(hidden, targets).sum().item()

    @torch.no_grad()
    def row_losses(self, rows: Sequence[TokenRow]) -> list[float]:
        """Return each row's summed loss over its label tokens, in nats."""
        if not rows:
            return []
        hidden, logits, targets = self._forward(rows)
        if self._plain:
            losses = self._token_losses(hidden, targets)
        else:
            losses = F.cross_entropy(logits.float(), targets, reduction="none")
        return self._row_sums(rows, losses).tolist()

    def _token_losses(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each label token in nats, (labels,), from the head's input, (labels, d)."""
        gather_root(self.model)
        if head := frozen_head(self.head):
            return head_losses(head, hidden, targets)
        parts = zip(hidden.split(HEAD_ROWS), targets.split(HEAD_ROWS), strict=True)
        losses = [self._losses_at(part, wanted) for part, wanted in parts]
        return torch.cat(losses) if losses else hidden.new_zeros(0)

    def _losses_at(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a few label tokens, (labels,), where their targets are: the head may be elsewhere."""
        logits = self.head(hidden).float()
        return F.cross_entropy(logits, targets.to(logits.device), reduction="none").to(targets.device)

    def _forward(self, rows: Sequence[TokenRow]) -> tuple[Tensor, Tensor, Tensor]:
        """Run the model on rows, its head at label positions only; packed rows in the order of their bundles.

        Returns:
            The head's input at label positions, (labels, d); the model's logits there, (labels, vocabulary), or none
            where they are the head's output; the tokens to predict there, (labels,).
        """
        device = self.model.device
        bundles = bundled(rows) if self.packing else None
        ids, labels = pad(rows, device) if bundles is None else (None, packed_labels(bundles, device))
        following = F.pad(labels[:, 1:], (0, 1), value=IGNORED)
        chosen = following != IGNORED
        taken: list[Tensor] = []

        def take(_head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            # A model that is spread over several devices may have its head on another one.
            taken.append(args[0][chosen.to(args[0].device)].to(device))
            return (taken[0][None, : 0 if self._plain else None],)

        with ExitStack() as stack:
            stack.enter_context(before(self.head, take))
            stack.enter_context(self.last_layer.only(chosen))
            if self._cache:
                stack.enter_context(self._cache.lower_layers(rows, bundles))
            if self.packing and bundles is not None:
                output = self.packing.run([([row.input_ids for row in each.rows], each.shared) for each in bundles])
            else:
                output = self.model(input_ids=ids, use_cache=False)
        return taken[0], output.logits[0].to(device), following[chosen]

    def _whole(self, rows: Sequence[TokenRow]) -> Tensor:
        """Return the summed loss through everything the model does to its logits (soft caps, scales)."""
        _hidden, logits, targets = self._forward(rows)
        return F.cross_entropy(logits.float(), targets, reduction="sum")

    def _try_cache(self, cache: PrefixCache) -> FastPath:
        """Test it: the loss is the same with cached lower layers as without; disable it otherwise."""
        rows = [TokenRow(ids, (IGNORED, *ids[1:]), 0, False) for ids in TRIAL]
        try:
            computed, remembered = self.group_loss(rows), self.group_loss(rows)
        except Exception as error:  # a foreign forward may raise anything when its lower blocks do nothing
            self._cache = None
            return FastPath(PREFIX, False, failed_trial(error))
        finally:
            cache.store.clear()
        if math.isclose(computed, remembered, rel_tol=1e-3):
            return FastPath(PREFIX, True)
        self._cache = None
        return FastPath(PREFIX, False, "the upper layers read more than the output of the layer below")
