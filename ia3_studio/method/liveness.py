"""Is every vector alive? One small forward and backward pass names those that nothing can train.

Some modules are never called: attention that reads its output projection's weight by itself, a projection that a
fused kernel replaces, a vision tower without an image. A vector there would never be trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ia3_studio.errors import SelectionError
from ia3_studio.method.deterministic import evaluating
from ia3_studio.method.rows import mixes_rows
from ia3_studio.method.scaling import Attachment, attach
from ia3_studio.method.sites import Selection, Site

_NEVER_CALLED = "no forward pass calls the module"


@dataclass(frozen=True)
class DeadSite:
    """A site whose vector no training on such inputs would change, and why."""

    site: Site
    reason: str


def dead_sites(model: nn.Module, chosen: Selection | Attachment, inputs: Mapping[str, Any]) -> tuple[DeadSite, ...]:
    """Return the sites that one forward and backward pass shows to be dead.

    Args:
        model: the base model, carrying ``chosen`` if that is an attachment. It is left as it was.
        chosen: what is to be trained.
        inputs: keyword arguments of the model's forward: a row or two, of at least two tokens, since attention
            over one token does not depend on its key.

    Raises:
        SelectionError: a site of the selection does not exist in the model.

    Example:
        >>> dead_sites(model, tree.select("all"), {"input_ids": tokens})          # doctest: +SKIP
        (DeadSite(site=Site(path='attn.out_proj', …), reason='no forward pass calls the module'),)
    """
    if isinstance(chosen, Attachment):
        return _probe(model, chosen, inputs)
    attachment = attach(model, chosen)
    try:
        return _probe(model, attachment, inputs)
    finally:
        attachment.detach()


def require_live(model: nn.Module, chosen: Selection | Attachment, inputs: Mapping[str, Any]) -> None:
    """Refuse to train vectors that would stay at one, by their names.

    Experts that these tokens are not sent to are let pass: others may be.

    Raises:
        SelectionError: a vector is dead on these inputs.
    """
    found = dead_sites(model, chosen, inputs)
    dead = [entry for entry in found if not (entry.reason == _NEVER_CALLED and mixes_rows(entry.site.path))]
    if dead:
        names = "; ".join(f"{entry.site.name} ({entry.reason})" for entry in dead[:5])
        more = f" and {len(dead) - 5} more" if len(dead) > 5 else ""
        raise SelectionError(
            f"These vectors would never be trained: {names}{more}. Remove them from the selection: deselect "
            "them on the Modules tab, or choose a preset."
        )


def _probe(model: nn.Module, attachment: Attachment, inputs: Mapping[str, Any]) -> tuple[DeadSite, ...]:
    called: set[str] = set()
    with evaluating(model), _watched(model, attachment.selection, called), torch.enable_grad():
        spoken = _one_number(model(**inputs))
        gradient = None
        if spoken is not None:
            (gradient,) = torch.autograd.grad(spoken, [attachment.parameter], allow_unused=True)
    flat = torch.zeros_like(attachment.parameter) if gradient is None else gradient
    pieces = flat.detach().split([site.size for site in attachment.selection])
    found = zip(attachment.selection, pieces, strict=True)
    return tuple(DeadSite(site, reason) for site, piece in found if (reason := _why_dead(site, piece, called)))


def _why_dead(site: Site, gradient: Tensor, called: set[str]) -> str:
    if site.path not in called:
        return _NEVER_CALLED
    if not gradient.isfinite().all():
        return "its gradient is NaN or infinite"
    return "" if bool(gradient.any()) else "its gradient is zero"


def _one_number(output: Any) -> Tensor | None:
    """Return one number that depends on every output, each entry with a weight of its own; None if none depends.

    Plain sums hide what is normalized afterwards, and a loss is blind where labels are masked.
    """
    leaves = tree_leaves(output)
    if not any(isinstance(leaf, Tensor) for leaf in leaves):  # an output object that torch does not look into
        leaves = tree_leaves(vars(output))
    floats = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.requires_grad]
    if not floats:
        return None
    total = torch.zeros((), device=floats[0].device)
    for leaf in floats:
        weights = torch.linspace(-1, 1, leaf.numel(), device=leaf.device).cos().view(leaf.shape)
        weights = weights + torch.arange(leaf.numel(), device=leaf.device).remainder(7).view(leaf.shape)
        total = total + (leaf.float() * weights).sum().to(total.device)
    return total


@contextmanager
def _watched(model: nn.Module, selection: Selection, called: set[str]) -> Iterator[None]:
    with ExitStack() as stack:
        for path in {site.path for site in selection}:
            module = model.get_submodule(path)
            handle = module.register_forward_pre_hook(lambda _module, _args, path=path: called.add(path))
            stack.callback(handle.remove)
        yield
