"""How are rotary embeddings computed in few passes over memory?

transformers writes the rotation as q · cos + half(q) · sin, where half(q) is cut, negated and joined: eleven passes
forward and backward, each with a tensor of its own. Here the halves are added in place, and the gradient is the same
rotation backwards (RoFormer, https://arxiv.org/abs/2104.09864, equation 34). A trial on the model's own function
decides: rotations of another kind are left as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from ia3_studio.models.fast_paths import FastPath, failed_trial

_NONE = "the model has no rotary embedding of its own"
NAME = "apply_rotary_pos_emb"
"""What transformers calls the rotation in each model's module."""

Rotation = Callable[..., tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class _Place:
    """A module of transformers whose rotation can be replaced."""

    module: ModuleType
    original: Rotation
    replacement: Rotation


class FusedRotation:
    """Replaces the rotation of a model's own modules within a ``with`` block.

    The function stands in the module of a model's type, so models of that type that run meanwhile in other threads
    take it too: its values are the same. Whoever leaves last or first, the original is back afterwards.
    """

    def __init__(self, model: nn.Module) -> None:
        modules = _modules_of(model)
        self._places = [place for module in modules if (place := _place(module))]
        strange = len(modules) - len(self._places)
        reason = (
            (f"{strange} of the model's {len(modules)} rotary embeddings have an unsupported type") if strange else ""
        )
        self.path = FastPath("fused rotary embedding", bool(self._places), reason or ("" if modules else _NONE))

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Turn in few passes inside this block."""
        try:
            for place in self._places:
                setattr(place.module, NAME, place.replacement)
            yield
        finally:
            for place in self._places:
                setattr(place.module, NAME, place.original)


class _Rotate(Function):
    """x · cos + half(x) · sin for angles that are not trained; the gradient is turned by the opposite angles."""

    @staticmethod
    def forward(given: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        return _rotated(given, cos, sin, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _rotated(gradients[0], cos, sin, -1), None, None


def _rotated(given: Tensor, cos: Tensor, sin: Tensor, sense: int) -> Tensor:
    """Return (first, second) halves of the channels as (first · cos − second · sin, second · cos + first · sin)."""
    half = given.shape[-1] // 2
    result = given * cos
    result[..., :half].addcmul_(given[..., half:], sin[..., :half], value=-sense)
    result[..., half:].addcmul_(given[..., :half], sin[..., half:], value=sense)
    return result


def _modules_of(model: nn.Module) -> list[ModuleType]:
    names = {type(part).__module__ for part in model.modules()}
    return [sys.modules[name] for name in sorted(names) if hasattr(sys.modules.get(name), NAME)]


def _place(module: ModuleType) -> _Place | None:
    """Return how a module's rotation is replaced, None where it is of another kind."""
    found = getattr(module, NAME)
    original: Rotation = getattr(found, "original", found)  # another training may be inside its block just now
    return _Place(module, original, _fused(original)) if _is_half_rotation(original) else None


def _fused(original: Rotation) -> Rotation:
    @wraps(original)
    def rotate(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, *args: Any, **options: Any) -> tuple[Tensor, Tensor]:
        fits = all(each.dtype == cos.dtype and each.shape[-1] == cos.shape[-1] for each in (q, k))
        if args or options or cos.dim() != 3 or cos.requires_grad or not fits:
            return original(q, k, cos, sin, *args, **options)
        angles = cos.unsqueeze(1), sin.unsqueeze(1)  # (batch, 1, tokens, channels), the same for every head
        return _Rotate.apply(q, *angles), _Rotate.apply(k, *angles)  # type: ignore[no-untyped-call]

    rotate.original = original  # type: ignore[attr-defined]
    return rotate


@torch.no_grad()
def _is_half_rotation(original: Rotation) -> bool:
    """Try it on fixed numbers: the model's function and ours give the same."""
    draw = torch.Generator().manual_seed(0)
    q, k = torch.randn(1, 2, 3, 8, generator=draw), torch.randn(1, 1, 3, 8, generator=draw)
    angle = torch.randn(1, 3, 4, generator=draw).repeat(1, 1, 2)
    try:
        theirs = original(q, k, angle.cos(), angle.sin())
        ours = _fused(original)(q, k, angle.cos(), angle.sin())
        return all(torch.allclose(one, other, atol=1e-6) for one, other in zip(theirs, ours, strict=True))
    except TypeError:  # a foreign function may ask for other arguments
        return False
    except Exception as error:  # or raise anything
        failed_trial(error)
        return False
