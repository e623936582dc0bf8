"""Which tensors belong to an adapter, and which to the base model? State dicts, in PEFT's names.

In a model    base_model.model.<path>.ia3_l.<adapter>     in a file    base_model.model.<path>.ia3_l

Found by the layers that are in the model, not by what names contain: a module, or another adapter, may be called alike.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from ia3_studio.method.peft import layout
from ia3_studio.method.peft.targets import hits
from ia3_studio.peft.errors import MisfitError, StateError, as_peft_raises
from ia3_studio.peft.files import fetched, hub_arguments
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.modules_to_save import ModulesToSaveWrapper

EMBEDDINGS = ("embed_tokens", "lm_head")
"""The usual names of the input and output embeddings."""
_SHARDING = re.compile(r"\b(_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What FSDP and activation checkpointing put into the names of modules, and leave out of those of tensors."""
_COMPILED = re.compile(r"\b_orig_mod\.")


class LoadResult(NamedTuple):
    """What a state dict lacked and what it had too much, as torch reports it."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def get_peft_model_state_dict(
    model: Any,
    state_dict: Mapping[str, Tensor] | None = None,
    adapter_name: str = "default",
    unwrap_compiled: bool = False,
    save_embedding_layers: bool | Literal["auto"] = "auto",
) -> dict[str, Tensor]:
    """Return an adapter's tensors under the keys of its file.

    Args:
        model: with layers, wrapped or not.
        state_dict: the model's, where somebody else has gathered it (FSDP, DeepSpeed).
        adapter_name: the adapter.
        unwrap_compiled: whether to look inside what torch.compile returned.
        save_embedding_layers: whether to add the embeddings; "auto" does where they are targets, or where the
            vocabulary is not that of the base model any more.
    """
    if unwrap_compiled:
        model = getattr(model, "_orig_mod", model)
    config = model.peft_config[adapter_name]
    state: Mapping[str, Tensor] = model.state_dict() if state_dict is None else state_dict
    found: dict[str, Tensor] = {}
    for name, layer in _layers(model):
        tensor = state.get(f"{name}.ia3_l.{adapter_name}") if adapter_name in layer.ia3_l else None
        if tensor is not None:
            found[_in_file(f"{name}.ia3_l")] = _on_its_channels(layer, adapter_name, tensor)
    for name, wrapper in _wrappers(model):
        inside = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
        own = wrapper.adapter_state_dict(adapter_name, inside)
        found |= {_in_file(f"{name}.{key}"): value for key, value in own.items()}
    targeted = _embeddings_are_targets(model, config.target_modules)
    if save_embedding_layers == "auto":
        save_embedding_layers = targeted or _vocabulary_is_another(model, config)
    if save_embedding_layers:
        found |= _embeddings(model, state, targeted)
    return found


def set_peft_model_state_dict(
    model: Any,
    peft_model_state_dict: Mapping[str, Tensor],
    adapter_name: str = "default",
    ignore_mismatched_sizes: bool = False,
    low_cpu_mem_usage: bool = False,
) -> LoadResult:
    """Put an adapter's tensors into a model that has its layers. **Overwrites the current ones.**

    Args:
        model: with layers, wrapped or not.
        peft_model_state_dict: as :func:`get_peft_model_state_dict` returns it.
        adapter_name: the adapter to load into.
        ignore_mismatched_sizes: whether tensors of another shape are left out, with a warning.
        low_cpu_mem_usage: whether the model's vectors have no memory yet and take these tensors themselves.

    Raises:
        MisfitError: a tensor has another shape in the model.
    """
    own = model.state_dict()
    wanted = _keys_in_model(model, adapter_name)
    placed = {wanted.get(_in_file(key), key): tensor for key, tensor in _prefixed(model, peft_model_state_dict).items()}
    shapes = {key: (tuple(each.shape), tuple(own[key].shape)) for key, each in placed.items() if key in own}
    misfits = {key: pair for key, pair in shapes.items() if pair[0] != pair[1]}
    lines = "\n".join(
        f"- {key}: found shape {here} in the checkpoint and {there} in the model instantiated"
        for key, (here, there) in misfits.items()
    )
    if misfits and not ignore_mismatched_sizes:
        first, (here, there) = next(iter(misfits.items()))
        raise MisfitError(
            f"Error(s) in loading state_dict for {type(model).__name__}: size mismatch for {first}: copying a param "
            f"with shape {list(here)} from checkpoint, the shape in current model is {list(there)}; load it into the "
            f"model that it was trained on.\n{lines}"
        )
    result = model.load_state_dict(
        {key: tensor for key, tensor in placed.items() if key not in misfits}, strict=False, assign=low_cpu_mem_usage
    )
    if low_cpu_mem_usage:
        for _name, layer in _layers(model):
            if adapter_name in layer.ia3_l:
                layer._move_adapter_to_device_of_base_layer(adapter_name)
    if misfits:
        warnings.warn(
            f"Some weights of {type(model).__name__} were not initialized from the model checkpoint and are being "
            f"ignored because you passed `ignore_mismatched_sizes=True`: {lines}.",
            stacklevel=2,
        )
    return LoadResult(list(result.missing_keys), list(result.unexpected_keys))


def load_peft_weights(
    model_id: Path | str,
    device: str | torch.device | None = None,
    key_mapping: Mapping[str, str] | None = None,
    **hub: Any,
) -> dict[str, Tensor]:
    """Return the tensors of an adapter's folder, or of a repository on the Hub.

    Args:
        model_id: the folder or repository.
        device: where the tensors are put.
        key_mapping: expressions and what they are replaced by, for keys without "base_model.model.".
        hub: arguments of ``hf_hub_download``; ``subfolder`` also works for folders.

    Raises:
        StateError: there are no weights, or they are damaged.
    """
    places = {"subfolder": hub.get("subfolder"), **hub_arguments(hub)}
    path = fetched(model_id, layout.VECTORS_FILE, **places) or fetched(model_id, layout.PICKLE_FILE, **places)
    if path is None:
        raise StateError(
            f"Can't find weights for {model_id} in {model_id} or in the Hugging Face Hub. Please check that the file "
            f"{layout.PICKLE_FILE} or {layout.VECTORS_FILE} is present at {model_id}."
        )
    with as_peft_raises():
        if path.suffix == ".bin":  # a pickle: nothing in it is run
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        else:
            tensors = layout.open_tensors(path)
        tensors = layout.plain_keys(tensors)
    moved = tensors if device is None else {key: tensor.to(device) for key, tensor in tensors.items()}
    return {_mapped(key, key_mapping or {}): tensor for key, tensor in moved.items()}


def get_base_model_state_dict(model: Any) -> dict[str, Tensor]:
    """Return the base model's tensors under the names that they have without adapters."""
    state = model.base_model.model.state_dict()
    return {plain: state[key] for key, plain in _plain_names(model.base_model.model).items()}


def set_base_model_state_dict(model: Any, state_dict: Mapping[str, Tensor], strict: bool = True) -> LoadResult:
    """Load a base model's tensors, under the names that they have without adapters. **Overwrites the current ones.**

    Raises:
        MisfitError: names are missing or unexpected, and ``strict`` is on.
    """
    base = model.base_model.model
    place = {plain: key for key, plain in _plain_names(base).items()}
    missing = [name for name in place if name not in state_dict]
    unexpected = [name for name in state_dict if name not in place]
    if strict and (missing or unexpected):
        parts = [f"Missing key(s) in state_dict: {missing}"] if missing else []
        parts += [f"Unexpected key(s) in state_dict: {unexpected}"] if unexpected else []
        raise MisfitError("Error(s) in loading state_dict:\n\t" + "\n\t".join(parts))
    base.load_state_dict({place[name]: each for name, each in state_dict.items() if name in place}, strict=False)
    return LoadResult(missing, unexpected)


def adapter_keys(model: Any, adapter_name: str) -> dict[str, tuple[int, ...]]:
    """Return what a file of an adapter holds on this model: shapes by key."""
    shapes = {
        _in_file(f"{name}.ia3_l"): tuple(layer.ia3_l[adapter_name].shape)
        for name, layer in _layers(model)
        if adapter_name in layer.ia3_l
    }
    for name, wrapper in _wrappers(model):
        if adapter_name in wrapper.modules_to_save:
            own = wrapper.modules_to_save[adapter_name].state_dict()
            shapes |= {_in_file(f"{name}.{key}"): tuple(tensor.shape) for key, tensor in own.items()}
    return shapes


def _layers(model: nn.Module) -> Iterator[tuple[str, IA3Layer]]:
    for name, module in model.named_modules():
        if isinstance(module, IA3Layer):
            yield _SHARDING.sub("", name), module


def _wrappers(model: nn.Module) -> Iterator[tuple[str, ModulesToSaveWrapper]]:
    for name, module in model.named_modules():
        if isinstance(module, ModulesToSaveWrapper):
            yield _SHARDING.sub("", name), module


def _in_file(key: str) -> str:
    """Return a key as files have it, without what torch.compile puts into the names of modules."""
    return _COMPILED.sub("", key)


def _on_its_channels(layer: IA3Layer, adapter_name: str, tensor: Tensor) -> Tensor:
    """Return a vector with ones on the channels that its adapter leaves alone."""
    spans = layer.place_of(adapter_name).spans
    if not spans:
        return tensor
    flat, full = tensor.detach().flatten(), torch.ones_like(tensor).flatten()
    for start, stop in spans:
        full[start:stop] = flat[start:stop]
    return full.view_as(tensor)


def _keys_in_model(model: nn.Module, adapter_name: str) -> dict[str, str]:
    """Return for each key of an adapter's file the key in the model."""
    keys = {
        _in_file(f"{name}.ia3_l"): f"{name}.ia3_l.{adapter_name}"
        for name, layer in _layers(model)
        if adapter_name in layer.ia3_l
    }
    for name, wrapper in _wrappers(model):
        inside = wrapper.adapter_state_dict_load_map(adapter_name)
        keys |= {_in_file(f"{name}.{key}"): f"{name}.{where}" for key, where in inside.items()}
    return keys


def _prefixed(model: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with PEFT's prefix where the model has it, and without where it has not."""
    has = any(name.startswith(layout.PREFIX) for name, _parameter in model.named_parameters())
    if has:
        return dict(tensors)
    return {key.removeprefix(layout.PREFIX): tensor for key, tensor in tensors.items()}


def _mapped(key: str, mapping: Mapping[str, str]) -> str:
    prefix = layout.PREFIX if key.startswith(layout.PREFIX) else ""
    bare = key.removeprefix(prefix)
    for pattern, replacement in mapping.items():
        changed, count = re.subn(pattern, replacement, bare)
        if count:
            return prefix + changed
    return key


def _plain_names(base: nn.Module) -> dict[str, str]:
    """Return the names of the base model's own tensors: in the model with adapters, and without."""
    hidden: list[str] = []
    infixes: list[str] = []
    for name, _layer in _layers(base):
        hidden.append(f"{name}.ia3_l.")
        infixes.append(f"{name}.base_layer.")
    for name, _wrapper in _wrappers(base):
        hidden.append(f"{name}.modules_to_save.")
        infixes.append(f"{name}.original_module.")
    names: dict[str, str] = {}
    for key in base.state_dict():
        if not key.startswith(tuple(hidden)):
            infix = next((each for each in infixes if key.startswith(each)), "")
            above = infix.rstrip(".").rpartition(".")[0]
            names[key] = f"{above}.{key.removeprefix(infix)}" if infix else key
    return names


def _embeddings_are_targets(model: Any, targets: Any) -> bool:
    if isinstance(targets, str):
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        ends = [path for path, _module in base.named_modules() if path.rpartition(".")[2] in EMBEDDINGS]
        return targets.lower() != "all-linear" and any(map(hits(targets), ends))
    return any(name in (targets or ()) for name in EMBEDDINGS)


def _vocabulary_is_another(model: Any, config: Any) -> bool:
    """Say whether the model has another vocabulary than the base model that its folder describes."""
    known, now = config.base_model_name_or_path, getattr(getattr(model, "config", None), "vocab_size", None)
    if not known or not now or not os.path.isfile(Path(known) / "config.json"):
        return False
    if model.config.__class__.from_pretrained(known).vocab_size == now:
        return False
    warnings.warn(
        "Setting `save_embedding_layers` to `True` as the embedding layer has been resized during finetuning.",
        stacklevel=3,
    )
    return True


def _embeddings(model: Any, state: Mapping[str, Tensor], targeted: bool) -> dict[str, Tensor]:
    if not hasattr(model, "get_input_embeddings"):
        warnings.warn(
            "Could not identify embedding layer(s) because the model is not a 🤗 transformers model.", stacklevel=3
        )
        return {}
    if targeted:
        warnings.warn(
            "Setting `save_embedding_layers` to `True` as embedding layers found in `target_modules`.", stacklevel=3
        )
    wanted = [model.get_input_embeddings(), model.get_output_embeddings()]
    bases = [each.base_layer if isinstance(each, IA3Layer) else each for each in wanted if each is not None]
    names = [name for name, module in model.named_modules() if any(module is base for base in bases)]
    return {key: tensor for key, tensor in state.items() if key.startswith(tuple(f"{name}." for name in names))}
