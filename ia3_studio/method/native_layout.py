"""How is an adapter kept that PEFT's layout cannot hold? In two files of its own, which PEFT does not open.

ia3_adapter.json           format, base model, why PEFT cannot hold it, sites, shapes of heads, metadata
ia3_adapter.safetensors    <path>:<side>                (size,), one vector a site
                           <path>:<side>:<start>-<stop> (size,), where only some channels are scaled
                           <path>.<name>                a tensor of a head that is kept whole

There is no adapter_config.json, so that PEFT refuses such a folder instead of loading half of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.layers import width_of
from ia3_studio.method.peft import layout as peft_layout
from ia3_studio.method.sites import Selection, Site, site_from_json

NATIVE_CONFIG = "ia3_adapter.json"
NATIVE_VECTORS = "ia3_adapter.safetensors"
FORMAT = 1

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class NativeFile:
    """What stands in a folder of this layout."""

    selection: Selection
    vectors: Mapping[Site, Tensor]
    heads: Mapping[str, Tensor]
    modules_to_save: tuple[str, ...]
    """Names of the modules that the heads' tensors belong to."""
    metadata: Mapping[str, str]
    reason: str
    """Why PEFT's layout cannot hold it."""


def is_native(folder: Path) -> bool:
    """Say whether a folder holds an adapter in this layout."""
    return (folder / NATIVE_CONFIG).is_file()


def write(folder: Path, kept: NativeFile) -> None:
    """Write both files. **An adapter in PEFT's format in the same folder is removed.**"""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = {site_key(site): numbers.contiguous() for site, numbers in kept.vectors.items()}
    heads = {name: tensor.contiguous() for name, tensor in kept.heads.items()}
    save_file({**vectors, **heads}, folder / NATIVE_VECTORS, metadata={"format": "pt"})
    document = {
        "format": FORMAT,
        "base_model": kept.selection.base_model,
        "not_for_peft": kept.reason,
        "sites": [asdict(site) for site in kept.selection],
        "heads": {name: list(tensor.shape) for name, tensor in heads.items()},
        "modules_to_save": list(kept.modules_to_save),
        "metadata": dict(kept.metadata),
    }
    peft_layout.write_json(folder / NATIVE_CONFIG, document)
    for name in (peft_layout.CONFIG_FILE, peft_layout.VECTORS_FILE):
        (folder / name).unlink(missing_ok=True)


def read(folder: Path) -> NativeFile:
    """Read a folder of this layout; every tensor must be there, in its shape, and no other.

    Raises:
        AdapterError: a file is missing or damaged, or the two do not fit each other.
    """
    document = peft_layout.read_json(folder / NATIVE_CONFIG)
    if document.get("format") != FORMAT:
        raise AdapterError(
            f"{folder / NATIVE_CONFIG} has the format {document.get('format')!r}, but this IA3 Studio reads "
            f"{FORMAT}; update it to open this adapter."
        )
    selection, heads, named, metadata = _facts(folder / NATIVE_CONFIG, document)
    if not (folder / NATIVE_VECTORS).is_file():
        raise AdapterError(f"{folder} contains no {NATIVE_VECTORS}; choose the whole folder that IA3 Studio saved.")
    tensors = peft_layout.open_tensors(folder / NATIVE_VECTORS)
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    table = peft_layout.misfit(_shapes(selection) | heads, found)
    if table:
        raise AdapterError(f"The two files in {folder} do not match; export the adapter again.\n{table}")
    vectors = {site: tensors[site_key(site)].float() for site in selection}
    reason = str(document.get("not_for_peft", ""))
    return NativeFile(selection, vectors, {name: tensors[name] for name in heads}, named, metadata, reason)


def site_key(site: Site) -> str:
    """Return the key of a site's vector; no module's name holds a colon."""
    spans = ",".join(f"{start}-{stop}" for start, stop in site.spans)
    return f"{site.path}:{site.side}:{spans}" if spans else f"{site.path}:{site.side}"


def shapes_found(selection: Selection, heads: Mapping[str, Tensor]) -> Shapes:
    """Return key → shape of what an adapter holds, spans at the width of the module they are part of."""
    return {site_key(site): (site.channels,) for site in selection} | {
        name: tuple(tensor.shape) for name, tensor in heads.items()
    }


def shapes_expected(selection: Selection, heads: Mapping[str, Tensor], model: nn.Module) -> Shapes:
    """Return key → shape of the places that a model has for what an adapter holds."""
    widths = {site_key(site): _width(model, site) for site in selection}
    own = model.state_dict()
    return {key: (width,) for key, width in widths.items() if width} | {
        name: tuple(own[name].shape) for name in heads if name in own
    }


def _width(model: nn.Module, site: Site) -> int:
    """Return the channels that a model has at a site, 0 where it has no such place."""
    try:
        return width_of(model, site.path, site.side)
    except SelectionError:
        return 0


def _shapes(selection: Selection) -> Shapes:
    return {site_key(site): (site.size,) for site in selection}


def _facts(path: Path, document: Mapping[str, Any]) -> tuple[Selection, Shapes, tuple[str, ...], dict[str, str]]:
    """Return selection, shapes of heads, names of modules and metadata of a config."""
    try:
        sites = tuple(site_from_json(entry) for entry in document["sites"])
        heads = {str(name): tuple(map(int, shape)) for name, shape in document.get("heads", {}).items()}
        named = tuple(map(str, document.get("modules_to_save", ())))
        metadata = {str(key): str(value) for key, value in document.get("metadata", {}).items()}
        return Selection(sites, str(document.get("base_model", ""))), heads, named, metadata
    except (KeyError, TypeError, ValueError, AttributeError, SelectionError) as error:
        raise AdapterError(f"{path} is damaged ({error}); export the adapter again.") from error
