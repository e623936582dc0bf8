"""How does an adapter get onto a model? What fits is attached, with its heads; what does not is named in a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method import native_layout
from ia3_studio.method.adapter import Adapter, holders
from ia3_studio.method.heads import HeadedAttachment, heads_holding
from ia3_studio.method.native_layout import Shapes
from ia3_studio.method.peft import layout as peft_layout
from ia3_studio.method.peft.targets import anchored_targets
from ia3_studio.method.scaling import Attachment, attach
from ia3_studio.method.sites import Selection


def load_adapter(model: nn.Module, folder: Path | str, *, strict: bool = True) -> Attachment:
    """Attach an adapter folder to a model: the model then computes what the adapter's author saw.

    Args:
        model: the base model the adapter was trained on.
        folder: written by IA3 Studio or by PEFT.
        strict: False takes what fits the model and goes without what is missing, unexpected or misshapen.

    Raises:
        AdapterError: the folder is not an (IA)³ adapter, or was made for another model; the message holds a table
            of the keys that are missing, unexpected or misshapen. The model is left untouched.
    """
    return attach_adapter(model, Adapter.load(folder), strict=strict, source=f"in {folder}")


def attach_adapter(model: nn.Module, adapter: Adapter, *, strict: bool = True, source: str = "given") -> Attachment:
    """Attach an adapter to a model, with its heads.

    Raises:
        AdapterError: it does not fit the model.
    """
    fitting = fit(model, adapter, strict=strict, source=source)
    heads = heads_in(model, fitting)
    try:
        attachment = HeadedAttachment(model, fitting.selection, heads) if heads else attach(model, fitting.selection)
    except SelectionError as error:
        raise AdapterError(f"The adapter {source} does not fit this model: {error}") from error
    attachment.load(fitting)
    return attachment


def fit(model: nn.Module, adapter: Adapter, *, strict: bool = True, source: str = "given") -> Adapter:
    """Return an adapter as a model can carry it: itself, or with ``strict=False`` the part that fits.

    Raises:
        AdapterError: it does not fit; the message holds the table of what differs.
    """
    table = _misfit(adapter, model)
    if table and strict:
        raise AdapterError(
            f"The adapter {source} does not fit this model: "
            f"{peft_layout.whose(adapter.selection.base_model, model)}.\n{table}"
        )
    return _fitting(adapter, model) if table else adapter


def heads_in(model: nn.Module, adapter: Adapter) -> tuple[str, ...]:
    """Return the paths of the modules of a model that an adapter brings whole."""
    named = adapter.targets.modules_to_save if adapter.targets else ()
    return heads_holding(model, adapter.heads, named or holders(adapter.heads)) if adapter.heads else ()


def _misfit(adapter: Adapter, model: nn.Module) -> str:
    """Return the table of what differs between what a model has a place for and what the adapter holds."""
    expected, found = _shapes(adapter, model)
    return "" if expected is None else peft_layout.misfit(expected, found)


def _shapes(adapter: Adapter, model: nn.Module) -> tuple[Shapes | None, Shapes]:
    """Return key → shape of what a model has a place for, None where that is not known, and of what there is.

    For what PEFT can hold, its own lists say what it would look for; else the sites do.
    """
    if adapter.why_not_peft:
        expected: Shapes | None = native_layout.shapes_expected(adapter.selection, adapter.heads, model)
        return expected, native_layout.shapes_found(adapter.selection, adapter.heads)
    targets = adapter.targets or anchored_targets(adapter.selection)
    found = {
        peft_layout.vector_key(site.path): peft_layout.vector_shape(
            site.side, site.channels, targets.spatial.get(site.path, 0)
        )
        for site in adapter.selection
    }
    found |= {f"{peft_layout.PREFIX}{name}": tuple(tensor.shape) for name, tensor in adapter.heads.items()}
    return peft_layout.expected_shapes(targets, model, adapter.metadata.get("task_type")), found


def _fitting(adapter: Adapter, model: nn.Module) -> Adapter:
    """Return the part of an adapter that a model has a place for."""
    expected, found = _shapes(adapter, model)
    fits = {key for key, shape in found.items() if (expected or {}).get(key) == shape}
    native = bool(adapter.why_not_peft)
    kept = {
        site: numbers
        for site, numbers in adapter.vectors().items()
        if (native_layout.site_key(site) if native else peft_layout.vector_key(site.path)) in fits
    }
    if not kept:
        raise AdapterError(
            f"No vector of the adapter fits this model: {peft_layout.whose(adapter.selection.base_model, model)}."
        )
    prefix = "" if native else peft_layout.PREFIX
    heads = {name: tensor for name, tensor in adapter.heads.items() if f"{prefix}{name}" in fits}
    selection = Selection(tuple(kept), adapter.selection.base_model)
    return replace(adapter, selection=selection, vector=torch.cat(list(kept.values())), heads=heads)
