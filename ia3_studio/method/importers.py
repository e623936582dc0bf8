"""How are the (IA)³ files of others read? T-Few's released vectors, and the adapters library's checkpoints.

    T-Few      <path>.multi_lora_b    (out, 1)            the output of k, v and wi_1
    adapters   <path>.loras.<name>.lora_B   (out, 1)      the output of the keys' and values' projections, times alpha

Both multiply outputs, bias included, as this package does. The adapters library also scales the feed-forward layer
*before* its activation function, which is another method; that part is refused.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.peft.layout import read_json
from ia3_studio.method.peft.targets import name_of, name_targets
from ia3_studio.method.sites import Role, Selection, Side, Site

if TYPE_CHECKING:
    from ia3_studio.method.layer_tree import LayerTree

_TFEW_KEY = re.compile(r"(?P<path>.+)\.multi_lora_(?P<half>[ab])")
_TFEW_ROLES: dict[str, Role] = {"k": "key", "v": "value", "wi_1": "feed-forward"}
_ADAPTERS_KEY = re.compile(r"(?P<path>.+)\.loras\.[^.]+\.(?P<what>.+)")
_THIRDS: tuple[tuple[str, Role], ...] = (("q", "query"), ("k", "key"), ("v", "value"))


def read_tfew(file: Path | str, base_model: str = "") -> Adapter:
    """Read vectors that T-Few's code saved ("finish.pt", "ia3_…_pretrained100k.pt").

    The file is opened without running what is pickled in it.

    Args:
        file: the .pt file.
        base_model: the model the vectors belong to, such as "bigscience/T0_3B"; the file does not say.

    Raises:
        AdapterError: the file cannot be read, or holds something else than (IA)³ vectors.
    """
    sites: dict[Site, Tensor] = {}
    for key, tensor in _unpickled(Path(file)).items():
        match = _TFEW_KEY.fullmatch(key)
        if not match:
            raise AdapterError(
                f"{file} contains {key}, which is not an (IA)³ vector of T-Few; expected ….multi_lora_b only."
            )
        rank = tensor.shape[1 if match["half"] == "b" else 0] if tensor.dim() == 2 else 0
        if rank != 1:
            raise AdapterError(f"{key} has the shape {tuple(tensor.shape)}; (IA)³ of T-Few has the scaling rank 1.")
        role = _TFEW_ROLES.get(match["path"].rpartition(".")[2], "other")
        side: Side = "output" if match["half"] == "b" else "input"
        sites[Site(match["path"], side, tensor.numel(), role)] = _checked(key, tensor).flatten().float()
    if not sites:
        raise AdapterError(f"{file} contains no vectors; choose a file that T-Few saved after training with ia3.json.")
    return Adapter(Selection(tuple(sites), base_model), torch.cat(list(sites.values())), {"source": "T-Few"})


def read_adapters_library(folder: Path | str, model: nn.Module, *, only_attention: bool = False) -> Adapter:
    """Read a folder in which the adapters library saved an (IA)³ adapter.

    Args:
        folder: holds adapter_config.json and adapter.safetensors or pytorch_adapter.bin.
        model: the base model; its data flow distinguishes attention from feed-forward.
        only_attention: import keys, values and queries, and skip a feed-forward vector, which acts elsewhere in
            that library, and a prediction head, which has another form there.

    Raises:
        AdapterError: the folder holds another method, or a part that is another function here.
    """
    from ia3_studio.method.tree import discover

    folder = Path(folder)
    config = _ia3_config(folder)
    if any((folder / name).is_file() for name in ("model_head.safetensors", "pytorch_model_head.bin")):
        _refuse_unless(
            only_attention, f"{folder} also contains a prediction head in the format of the adapters library"
        )
    tree = discover(model)
    sites: dict[Site, Tensor] = {}
    for key, tensor in _adapter_tensors(folder).items():
        match = _ADAPTERS_KEY.fullmatch(key)
        if not match or match["what"] != "lora_B":
            raise AdapterError(f"{folder} contains {key}, which is not an (IA)³ vector of the adapters library.")
        path = _path_in(model, match["path"])
        found = _attention_sites(tree, path, config, tensor)
        if not found:
            _refuse_unless(
                only_attention,
                f"{path} is scaled before its activation function there, not after it as (IA)³ does",
            )
        scaled = _checked(key, tensor).flatten().float() * float(config.get("alpha", 1))
        pieces = scaled.split([site.size for site in found]) if found else ()
        sites |= dict(zip(found, pieces, strict=True))
    if not sites:
        raise AdapterError(f"{folder} contains no vectors on queries, keys or values.")
    selection = Selection(tuple(sites), name_of(model))
    metadata = {"source": "adapters library"}
    return Adapter(selection, torch.cat(list(sites.values())), metadata, name_targets(selection, model))


def _ia3_config(folder: Path) -> Mapping[str, Any]:
    path = folder / "adapter_config.json"
    if not path.is_file():
        raise AdapterError(f"{folder} contains no adapter_config.json; choose the folder of one saved adapter.")
    config = read_json(path).get("config")
    if not isinstance(config, dict) or config.get("composition_mode") != "scale":
        raise AdapterError(f"{folder} contains another method of the adapters library; only (IA)³ is supported.")
    if config.get("use_gating"):
        raise AdapterError(f"{folder} gates its vectors by the input, which a fixed vector cannot represent.")
    return config


def _attention_sites(tree: LayerTree, path: str, config: Mapping[str, Any], tensor: Tensor) -> tuple[Site, ...]:
    """Return the sites of a vector on an attention projection, none on any other module."""
    offered = [site for site in tree.sites if site.path == path and site.role in ("query", "key", "value")]
    if len(offered) < 2:
        return tuple(Site(path, "output", tensor.numel(), site.role) for site in offered)
    roles = [(third, role) for third, (name, role) in enumerate(_THIRDS) if name in config.get("attn_matrices", ())]
    size = tensor.numel() // max(len(roles), 1)
    spans = [(role, (third * size, (third + 1) * size)) for third, role in roles]
    return tuple(Site(path, "output", size, role, (span,), 3 * size) for role, span in spans)


def _path_in(model: nn.Module, path: str) -> str:
    """Return a module's path in this model: as written, or without or with the prefix of the model's body."""
    body = str(getattr(model, "base_model_prefix", "") or "")
    known = {name for name, _module in model.named_modules()}
    candidates = (path, path.removeprefix(f"{body}."), f"{body}.{path}", f"{body}.{path.partition('.')[2]}")
    found = next((candidate for candidate in candidates if candidate in known), None)
    if found is None:
        raise AdapterError(f"This model has no module {path}; load the model the adapter was made for.")
    return found


def _refuse_unless(allowed: bool, reason: str) -> None:
    if not allowed:
        raise AdapterError(f"{reason}, so it cannot be imported; only_attention=True imports the rest.")


def _adapter_tensors(folder: Path) -> Mapping[str, Tensor]:
    file = folder / "adapter.safetensors"
    if not file.is_file():
        return _unpickled(folder / "pytorch_adapter.bin")
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"{file} is damaged ({error}); save the adapter again.") from error


def _unpickled(file: Path) -> Mapping[str, Tensor]:
    """Return the tensors of a pickle, opened so that nothing but tensors can come out."""
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0][:160]
        raise AdapterError(f"{file} cannot be read as plain tensors ({reason}); save it again.") from error
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise AdapterError(f"{file} is not a dictionary of named tensors.")
    return tensors


def _checked(key: str, tensor: Tensor) -> Tensor:
    if not tensor.isfinite().all():
        raise AdapterError(f"{key} contains NaN or infinite values; train or export it again.")
    return tensor
