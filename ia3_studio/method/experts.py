"""Where is the inner activation of experts that are kept as tensors of shape (experts, …)?

Such experts have no down projection to hook. Their activation function is a module of its own, so that one vector
of shape (d_ff,), shared by the experts of a layer, acts on what it returns:

    down(act(gate(x)) ⊙ l ⊙ up(x))  =  (down · diag(l)) (act(gate(x)) ⊙ up(x))

which is scaling the in-axis of every expert's down tensor. Experts without such a module are scaled where
transformers joins gate and up: the method ``_apply_gate``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn

GATE = "_apply_gate"


def down_tensor(module: nn.Module) -> tuple[nn.Parameter, int] | None:
    """Return the down tensor of experts and its in-axis, or None when the module holds no such tensor.

    The tensor has the shape (experts, out, in), or (experts, in, out) where the module says ``is_transposed`` or, if
    it says nothing, where its axes fit the up tensor's only so.
    """
    down = module._parameters.get("down_proj")
    if down is None or down.dim() != 3:
        return None
    said = getattr(module, "is_transposed", None)
    return down, 1 if (_is_transposed(module, down) if said is None else said) else 2


def _is_transposed(module: nn.Module, down: Tensor) -> bool:
    up = module._parameters.get("gate_up_proj")
    return up is not None and up.dim() == 3 and up.shape[2] == 2 * down.shape[1] and up.shape[1] == down.shape[2]


def experts_above(model: nn.Module, path: str) -> nn.Module | None:
    """Return the experts whose activation a path names: their activation function, or the experts themselves."""
    module = model.get_submodule(path)
    if down_tensor(module):
        return module if hasattr(module, GATE) else None
    if next(module.parameters(), None) is not None or isinstance(module, nn.Identity) or not path:
        return None  # an identity stands for an expert that computes nothing
    above = model.get_submodule(path.rpartition(".")[0])
    return above if down_tensor(above) else None


def activation_width(model: nn.Module, path: str) -> int | None:
    """Return d_ff when a path names the inner activation of experts, else None."""
    experts = experts_above(model, path)
    found = experts and down_tensor(experts)
    return int(found[0].shape[found[1]]) if found else None


class GateHook:
    """A change of what joins gate and up in one experts module; :meth:`remove` undoes it."""

    def __init__(self, experts: nn.Module, change: Callable[[Tensor], Tensor]) -> None:
        self._experts = experts
        # A partial of methods, not a closure: a copied model changes its copy.
        experts.__dict__[GATE] = partial(_changed, change, getattr(experts, GATE))

    def remove(self) -> None:
        """Give the experts their own way back."""
        self._experts.__dict__.pop(GATE, None)


def _changed(change: Callable[[Tensor], Tensor], join: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    return change(join(*args, **kwargs))
