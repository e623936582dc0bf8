"""Which modules does the result of a model depend on? One forward and backward pass without weights' gradients.

A vector on a module that the forward pass goes around, or whose result only chooses (the indexer of a sparse
attention, a router's ranking), would never learn. The pass works on the meta device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Branching(TorchDispatchMode):
    """Answer 0 where a branch looks at a value, which the meta device has not; it doubles the time of a pass."""

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        """Run an operation."""
        if func.overloadpacket.__name__ == "_local_scalar_dense" and args[0].device.type == "meta":
            return 0
        return func(*args, **(kwargs or {}))


def reached(model: nn.Module, inputs: dict[str, Any], modules: dict[str, nn.Module]) -> set[str]:
    """Return the paths of the modules whose output the model's result depends on.

    Raises:
        RuntimeError, NotImplementedError, …: whatever the model's own forward raises on these inputs.
    """
    factors: dict[str, list[Tensor]] = {path: [] for path in modules}
    with ExitStack() as stack:
        for path, module in modules.items():
            stack.enter_context(_multiplied(module, factors[path]))
        stack.enter_context(torch.enable_grad())
        if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
            stack.enter_context(Branching())  # type: ignore[no-untyped-call]
        result = _floats(model(**inputs))
        leaves = [(path, factor) for path, made in factors.items() for factor in made]
        grads = torch.autograd.grad(result, [factor for _, factor in leaves], allow_unused=True)
    return {path for (path, _), grad in zip(leaves, grads, strict=True) if grad is not None}


def _floats(output: Any) -> Tensor:
    """Return the sum of a model's logits, or of all it returns."""
    logits = getattr(output, "logits", None)
    leaves = tree_leaves(dict(output) if logits is None and hasattr(output, "items") else output)
    chosen = [logits] if isinstance(logits, Tensor) else [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    return torch.stack([leaf.float().sum() for leaf in chosen if leaf.requires_grad]).sum()


@contextmanager
def _multiplied(module: nn.Module, factors: list[Tensor]) -> Iterator[None]:
    """Multiply what a module returns by ones that ask for a gradient."""

    def leave(_module: nn.Module, _args: Any, result: Any) -> Any:
        output = result[0] if isinstance(result, tuple) else result
        if not isinstance(output, Tensor) or not output.is_floating_point():
            return result
        factor = torch.ones((), device=output.device, dtype=output.dtype, requires_grad=True)
        factors.append(factor)
        return (output * factor, *result[1:]) if isinstance(result, tuple) else output * factor

    handle = module.register_forward_hook(leave)
    try:
        yield
    finally:
        handle.remove()
