"""How is the loss computed for padded rows? The common part of such losses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.batches import Tokens
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.objective import MeanLoss
from ia3_studio.training.precision import backward_path, backward_products
from ia3_studio.training.recomputed import recomputed, recomputed_path
from ia3_studio.training.rotary import FusedRotation


class PaddedLoss(MeanLoss[Tokens]):
    """A loss of padded micro-batches; a subclass says what is summed and over how many things."""

    def __init__(self, model: Any, backward_dtype: BackwardDtype = "float32") -> None:
        self.model = model
        self._products = backward_products(backward_dtype, model.device)
        self._rotation = FusedRotation(model)
        self._recomputed = recomputed(model.device)
        self.fast_paths: tuple[FastPath, ...] = (
            self._rotation.path, backward_path(backward_dtype, model.device), recomputed_path(model.device),
        )  # fmt: skip
        """Fast paths, and which of them are on."""

    @abstractmethod
    def summed(self, rows: Sequence[Tokens]) -> Tensor:
        """Return the summed loss of one micro-batch."""

    def group_backward(self, rows: Sequence[Tokens], total: float) -> float:
        """Add the gradient of (summed loss / total) for one micro-batch; return the summed loss."""
        with self._products, self._rotation(), self._recomputed:
            loss = self.summed(rows)
            (loss / total).backward()
        return loss.item()

    @torch.no_grad()
    def group_loss(self, rows: Sequence[Tokens]) -> float:
        """Return the summed loss of one micro-batch."""
        return self.summed(rows).item()
