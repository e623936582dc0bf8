"""What stands in PEFT's adapter folder? Keys, shapes and config, in both directions.

base_model.model.<path>.ia3_l     Linear and Conv1D: (out, 1) or, on the input side, (1, in)
                                  Conv2d: (1, channels, 1, 1); Conv3d: (1, channels, 1, 1, 1)
base_model.model.<path>.<name>    a tensor of a head that is kept whole (modules_to_save)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.peft.targets import Entries, Targets, complete, name_of, spatial_axes, widths_in_peft
from ia3_studio.method.sites import Side

CONFIG_FILE = "adapter_config.json"
VECTORS_FILE = "adapter_model.safetensors"
PICKLE_FILE = "adapter_model.bin"

PEFT_VERSION = "0.21.2"
"""The version whose layout is written."""

PREFIX = "base_model.model."
_WRAPPERS = re.compile(r"\b(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What torch.compile, FSDP and activation checkpointing put into the names of modules."""
_TRAINED = re.compile(r"\.modules_to_save(\.default)?\.")
_ORIGINAL = re.compile(r"\.original_module\.")
_VECTOR_KEY = re.compile(r"base_model\.model\.(?P<path>.+)\.ia3_l")

Wide = Mapping[tuple[str, Side], Tensor]
"""Each module's full vector, shape (channels,), by path and side."""


def vector_key(path: str) -> str:
    """Return the key of a module's vector."""
    return f"{PREFIX}{path}.ia3_l"


def vector_shape(side: Side, channels: int, axes: int) -> tuple[int, ...]:
    """Return the shape in which PEFT keeps a vector; ``axes`` are the spatial axes of a convolution, 0 for linear."""
    if axes:
        return (1, channels, *[1] * axes)
    return (channels, 1) if side == "output" else (1, channels)


def write_config(targets: Targets, base_model: str, task_type: str | None) -> dict[str, Any]:
    """Return the document that PEFT writes for these targets."""
    return {
        "auto_mapping": None,
        "base_model_name_or_path": base_model or None,
        "exclude_modules": _listed(targets.exclude_modules) or None,
        "fan_in_fan_out": targets.fan_in_fan_out,
        "feedforward_modules": _listed(targets.feedforward_modules),
        "inference_mode": True,
        "init_ia3_weights": True,
        "modules_to_save": list(targets.modules_to_save) or None,
        "peft_type": "IA3",
        "peft_version": PEFT_VERSION,
        "revision": None,
        "target_modules": _listed(targets.target_modules),
        "task_type": task_type,
    }


def read_config(folder: Path) -> dict[str, Any]:
    """Return the adapter's config.

    Raises:
        AdapterError: it does not exist, is damaged, or belongs to another method.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise AdapterError(f"{folder} contains no {CONFIG_FILE}; choose the folder that PEFT or IA3 Studio saved.")
    config = read_json(path)
    if config.get("peft_type") != "IA3":
        raise AdapterError(
            f"{folder} contains a {config.get('peft_type')} adapter; IA3 Studio supports IA3 adapters only."
        )
    return config


def targets_of(config: Mapping[str, Any], spatial: Mapping[str, int]) -> Targets:
    """Return what a config says about modules."""
    return Targets(
        _entries(config.get("target_modules")),
        _entries(config.get("feedforward_modules")),
        bool(config.get("fan_in_fan_out")),
        _entries(config.get("exclude_modules")) or (),
        tuple(config.get("modules_to_save") or ()),
        spatial,
    )


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of a folder by their keys.

    Raises:
        AdapterError: there is no safetensors file, it is damaged or empty, or holds one tensor in two forms.
    """
    path = folder / VECTORS_FILE
    if not path.is_file() and (folder / PICKLE_FILE).is_file():
        raise AdapterError(
            f"{folder} stores its weights as {PICKLE_FILE}, a pickle, which can run code when it is opened; "
            "save the adapter again with safe_serialization=True."
        )
    if not path.is_file():
        raise AdapterError(f"{folder} contains no {VECTORS_FILE}; save the adapter with safe_serialization=True.")
    return plain_keys(open_tensors(path))


def plain_keys(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors by the keys that PEFT writes for a bare model.

    Prefixes of torch.compile, FSDP and data parallelism are removed. Where PEFT keeps a fully trained module, it may
    write it several times: the trained copy (``modules_to_save``), the module it stands for (``original_module``), and
    plainly; the trained copy counts.

    Raises:
        AdapterError: two different tensors have the same key.
    """
    found: dict[str, Tensor] = {}
    trained: set[str] = set()
    for key, tensor in tensors.items():
        bare = _unwrapped(key)
        if _ORIGINAL.search(bare):
            continue
        plain = _TRAINED.sub(".", bare)
        is_trained = plain != bare
        if plain in found and is_trained == (plain in trained) and not _same(found[plain], tensor):
            raise AdapterError(
                f"The adapter contains {plain} twice with different values; save it again from one process."
            )
        if plain not in trained or is_trained:
            found[plain] = tensor
        if is_trained:
            trained.add(plain)
    return found


def _unwrapped(key: str) -> str:
    """Return a key without the names that wrappers of modules put into it."""
    bare = _WRAPPERS.sub("", key)
    while bare.startswith("module."):
        bare = bare.removeprefix("module.")
    if bare.startswith(f"{PREFIX}module."):
        bare = PREFIX + bare.removeprefix(f"{PREFIX}module.")
    return bare


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def open_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by their keys.

    Raises:
        AdapterError: it is damaged or empty, or contains NaN or infinite values.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"{path} is damaged ({error}); download or export it again.") from error
    if not tensors:
        raise AdapterError(f"{path} contains no vectors; export the adapter again.")
    for key, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise AdapterError(f"{key} contains NaN or infinite values; export the adapter again.")
    return tensors


def split_tensors(
    tensors: Mapping[str, Tensor], config: Mapping[str, Any]
) -> tuple[dict[tuple[str, Side], Tensor], dict[str, Tensor], dict[str, int]]:
    """Return the full vectors, the tensors of heads by their names in the model, and the convolutions' axes.

    Raises:
        AdapterError: a key is no vector and no head was announced, or a vector has an impossible shape.
    """
    wide: dict[tuple[str, Side], Tensor] = {}
    heads: dict[str, Tensor] = {}
    spatial: dict[str, int] = {}
    named = targets_of(config, {})
    for key, tensor in tensors.items():
        match = _VECTOR_KEY.fullmatch(key)
        if not match and not (named.modules_to_save and key.startswith(PREFIX)):
            raise AdapterError(
                f"The adapter contains the tensor {key}, which is not an (IA)³ vector; expected …ia3_l only."
            )
        if not match:
            heads[key.removeprefix(PREFIX)] = tensor
            continue
        side, axes = _side_and_axes(key, match["path"], tensor, named)
        wide[match["path"], side] = tensor.flatten().float()
        if axes:
            spatial[match["path"]] = axes
    return wide, heads, spatial


def expected_shapes(targets: Targets, model: nn.Module, task_type: str | None) -> dict[str, tuple[int, ...]] | None:
    """Return key → shape of what PEFT would keep for a model; None where the config names nothing it can resolve."""
    try:
        full = complete(targets, model, task_type)
    except SelectionError:
        return None
    shapes: dict[str, tuple[int, ...]] = {}
    for path, module in model.named_modules():
        side, size = full.side_of(path) if path else None, widths_in_peft(module)
        if side and size:
            channels = size[0] if side == "input" else size[1]
            shapes[vector_key(path)] = vector_shape(side, channels, spatial_axes(module))
        if path and path.endswith(full.modules_to_save or ("\0",)):
            for name, tensor in module.state_dict().items():
                shapes[f"{PREFIX}{path}.{name}"] = tuple(tensor.shape)
    return shapes


def misfit(expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> str:
    """Return a small table of keys that are missing, unexpected or misshapen; empty when all fits."""
    rows = [
        (key.removeprefix(PREFIX), _cell(expected.get(key)), _cell(found.get(key)))
        for key in dict.fromkeys((*expected, *found))
        if expected.get(key) != found.get(key)
    ]
    if not rows:
        return ""
    shown = [("key", "expected", "found"), *rows[:8]]
    width = [max(len(row[column]) for row in shown) for column in (0, 1)]
    lines = [f"{key:<{width[0]}}  {wanted:<{width[1]}}  {there}".rstrip() for key, wanted, there in shown]
    return "\n".join(lines + ([f"… and {len(rows) - 8} more"] if len(rows) > 8 else []))


def whose(base_model: str, model: nn.Module) -> str:
    """Return which model an adapter was made for and which one it met, as the end of a sentence."""
    met = name_of(model) or type(model).__name__
    return f"it was made for {base_model}, this model is {met}" if base_model else f"this model is {met}"


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file's object.

    Raises:
        AdapterError: the file cannot be read, or holds something else.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path} cannot be read as JSON ({error}); export the adapter again.") from error
    if not isinstance(document, dict):
        raise AdapterError(f"{path} is not a JSON object; export the adapter again.")
    return document


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file that people can read and compare."""
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _side_and_axes(key: str, path: str, tensor: Tensor, named: Targets) -> tuple[Side, int]:
    """Return a vector's side and its module's spatial axes: by shape if unambiguous, else by the config's names."""
    shape = tuple(tensor.shape)
    if len(shape) == 2 and 1 in shape and shape != (1, 1):
        return ("output" if shape[1] == 1 else "input"), 0
    if shape == (1, 1) or (len(shape) in (4, 5) and tensor.numel() == shape[1]):
        return named.side_of(path) or "output", max(len(shape) - 2, 0)
    raise AdapterError(
        f"{key} has the shape {shape}; a vector of a linear layer is (out, 1) or (1, in), of a"
        " convolution (1, out, 1, 1)."
    )


def _cell(shape: tuple[int, ...] | None) -> str:
    return "nothing" if shape is None else str(shape)


def _entries(names: str | Iterable[str] | None) -> Entries | None:
    return names if isinstance(names, str) or names is None else tuple(sorted(names))


def _listed(entries: Entries | None) -> list[str] | str | None:
    return entries if isinstance(entries, str) or entries is None else list(entries)
