"""What has been learned, as data: an adapter, and its files in PEFT's layout.

A folder holds ``adapter_config.json`` and ``adapter_model.safetensors`` exactly as PEFT 0.21 writes them, and
``studio.json`` with what PEFT's layout cannot say (which channels of a fused projection were trained, the
roles). A vector on some channels is written at full width with ones elsewhere, which is the same function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.scaling import Attachment, attach
from ia3_studio.method.sites import Selection, Side, Site, site_from_json

CONFIG_FILE = "adapter_config.json"
VECTORS_FILE = "adapter_model.safetensors"
STUDIO_FILE = "studio.json"

PEFT_VERSION = "0.21.2"
"""The version whose layout is written."""

_TENSOR_NAME = re.compile(r"base_model\.model\.(?P<path>.+)\.ia3_l")


@dataclass(frozen=True)
class Targets:
    """The two module lists (or anchored expressions) by which PEFT finds the same sites."""

    target_modules: tuple[str, ...] | str
    feedforward_modules: tuple[str, ...] | str
    fan_in_fan_out: bool = False
    """Whether the modules are transformers' Conv1D, which keeps its weight as (in, out)."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """A selection with its learned numbers. Data only: no model is needed to hold, read or write one."""

    selection: Selection
    vector: Tensor
    """All numbers in the selection's order: float32 on the CPU, shape (selection.numbers,)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Facts for people and tools; ``task_type`` is written into PEFT's config."""
    targets: Targets | None = None
    """How PEFT finds the sites, proven on a model; None writes anchored expressions of full paths."""

    def __post_init__(self) -> None:
        if tuple(self.vector.shape) != (self.selection.numbers,):
            raise AdapterError(
                f"The selection trains {self.selection.numbers} numbers, the vector holds {self.vector.numel()}."
            )

    def vectors(self) -> dict[Site, Tensor]:
        """Return each site's vector, shape (site.size,)."""
        pieces = self.vector.split([site.size for site in self.selection])
        return dict(zip(self.selection, pieces, strict=True))

    def save(self, folder: Path | str) -> None:
        """Write the adapter into a folder that PEFT's ``PeftModel.from_pretrained`` loads.

        Raises:
            AdapterError: PEFT's layout cannot express the selection.
        """
        folder = Path(folder)
        tensors = {f"base_model.model.{path}.ia3_l": tensor for path, tensor in self._wide_vectors().items()}
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / VECTORS_FILE, metadata={"format": "pt"})
        _write_json(folder / CONFIG_FILE, self._config())
        sites = [asdict(site) for site in self.selection]
        _write_json(folder / STUDIO_FILE, {"format": 1, "sites": sites, "metadata": dict(self.metadata)})

    @classmethod
    def load(cls, folder: Path | str) -> Adapter:
        """Read an adapter folder written by IA3 Studio or by PEFT.

        Raises:
            AdapterError: a file is missing or damaged, or the adapter is not (IA)³.
        """
        folder = Path(folder)
        config = _read_config(folder)
        wide = _read_vectors(folder)
        sites, metadata = _read_studio_facts(folder, wide)
        vector = torch.cat([wide[site.path, site.side][site.positions] for site in sites])
        selection = Selection(sites, str(config.get("base_model_name_or_path") or ""))
        if config.get("task_type"):
            metadata.setdefault("task_type", str(config["task_type"]))
        return cls(selection, vector, metadata, _targets_of(config))

    def _config(self) -> dict[str, Any]:
        targets = self.targets or anchored_targets(self.selection)
        return {
            "auto_mapping": None,
            "base_model_name_or_path": self.selection.base_model or None,
            "exclude_modules": None,
            "fan_in_fan_out": targets.fan_in_fan_out,
            "feedforward_modules": _jsonable(targets.feedforward_modules),
            "inference_mode": True,
            "init_ia3_weights": True,
            "modules_to_save": None,
            "peft_type": "IA3",
            "peft_version": PEFT_VERSION,
            "revision": None,
            "target_modules": _jsonable(targets.target_modules),
            "task_type": self.metadata.get("task_type"),
        }

    def _wide_vectors(self) -> dict[str, Tensor]:
        """Return one tensor a module as PEFT shapes it: (out, 1) or (1, in)."""
        sides: dict[str, Side] = {}
        wide: dict[str, Tensor] = {}
        for site, numbers in self.vectors().items():
            if sides.setdefault(site.path, site.side) != site.side:
                raise AdapterError(
                    f"{site.path} is scaled on both sides, which PEFT's files cannot say; keep one side of each module."
                )
            full = wide.setdefault(site.path, torch.ones(site.channels))
            full[site.positions] = numbers
        return {path: full[:, None] if sides[path] == "output" else full[None] for path, full in wide.items()}


def load_adapter(model: nn.Module, folder: Path | str) -> Attachment:
    """Attach an adapter folder to a model: the model then computes what the adapter's author saw.

    Raises:
        AdapterError: the folder is not an (IA)³ adapter, or was made for another model.
    """
    adapter = Adapter.load(folder)
    try:
        attachment = attach(model, adapter.selection)
    except SelectionError as error:
        raise AdapterError(f"The adapter in {folder} does not fit this model: {error}") from error
    attachment.load(adapter)
    return attachment


def name_targets(selection: Selection, model: nn.Module) -> Targets:
    """Return how PEFT finds exactly these sites of a model: by last names where they suffice.

    PEFT (0.21) takes a module as target when its path is the entry or ends with "." + entry, and scales a
    target's input when its path ends with an entry of ``feedforward_modules``, dotted boundary or not.
    """
    wanted = {site.path: site.side for site in selection}
    targets = tuple(sorted({path.rpartition(".")[2] for path in wanted}))
    inputs = tuple(sorted({path.rpartition(".")[2] for path, side in wanted.items() if side == "input"}))
    names = [name for name, _module in model.named_modules()]
    hit = {name for name in names if any(name == entry or name.endswith(f".{entry}") for entry in targets)}
    sides = {name: "input" if inputs and name.endswith(inputs) else "output" for name in hit}
    conv1d = all(not isinstance(model.get_submodule(path), nn.Linear) for path in wanted)
    if sides == wanted:
        return Targets(targets, inputs, conv1d)
    return replace(anchored_targets(selection), fan_in_fan_out=conv1d)


def anchored_targets(selection: Selection) -> Targets:
    """Return expressions that match exactly the selection's full paths."""
    paths = [site.path for site in selection]
    inputs = [site.path for site in selection if site.side == "input"]
    return Targets(_expression(paths), _expression(inputs) if inputs else ())


def _expression(paths: Iterable[str]) -> str:
    return "|".join(re.escape(path) for path in dict.fromkeys(paths))


def _targets_of(config: Mapping[str, Any]) -> Targets | None:
    targets, inputs = config.get("target_modules"), config.get("feedforward_modules")
    if not targets:
        return None
    return Targets(_entries(targets), _entries(inputs or ()), bool(config.get("fan_in_fan_out")))


def _entries(names: str | Iterable[str]) -> tuple[str, ...] | str:
    return names if isinstance(names, str) else tuple(sorted(names))


def _jsonable(entries: tuple[str, ...] | str) -> list[str] | str:
    return entries if isinstance(entries, str) else list(entries)


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path} cannot be read as JSON ({error}); export the adapter again.") from error
    if not isinstance(document, dict):
        raise AdapterError(f"{path} holds no JSON object; export the adapter again.")
    return document


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise AdapterError(f"{folder} holds no {CONFIG_FILE}; choose the folder that PEFT or IA3 Studio saved.")
    config = _read_json(path)
    if config.get("peft_type") != "IA3":
        raise AdapterError(f"{folder} holds a {config.get('peft_type')} adapter; IA3 Studio reads IA3 adapters.")
    if config.get("modules_to_save"):
        raise AdapterError(
            f"The adapter in {folder} also replaces the modules {config['modules_to_save']}, which IA3 Studio cannot"
            " read yet; load it with PEFT."
        )
    return config


def _read_vectors(folder: Path) -> dict[tuple[str, Side], Tensor]:
    """Return each module's full vector, shape (channels,), by path and side."""
    path = folder / VECTORS_FILE
    if not path.is_file():
        raise AdapterError(f"{folder} holds no {VECTORS_FILE}; save the adapter with safe_serialization=True.")
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"{path} is damaged ({error}); download or export it again.") from error
    if not tensors:
        raise AdapterError(f"{path} holds no vectors; export the adapter again.")
    return dict(_read_vector(name, tensor) for name, tensor in tensors.items())


def _read_vector(name: str, tensor: Tensor) -> tuple[tuple[str, Side], Tensor]:
    match = _TENSOR_NAME.fullmatch(name)
    if not match:
        raise AdapterError(f"The adapter holds the tensor {name}, which is no (IA)³ vector; expected …ia3_l only.")
    if tensor.dim() != 2 or min(tensor.shape) != 1:
        raise AdapterError(
            f"{name} has the shape {tuple(tensor.shape)}; a vector of a linear layer is (out, 1) or (1, in)."
        )
    if not tensor.isfinite().all():
        raise AdapterError(f"{name} holds numbers that are not finite; export the adapter again.")
    side: Side = "output" if tensor.shape[1] == 1 else "input"
    return (match["path"], side), tensor.flatten().float()


def _read_studio_facts(
    folder: Path, wide: Mapping[tuple[str, Side], Tensor]
) -> tuple[tuple[Site, ...], dict[str, str]]:
    """Return the sites of the vectors: as IA3 Studio wrote them, or one whole side a vector."""
    plain = tuple(Site(path, side, len(tensor)) for (path, side), tensor in wide.items())
    if not (folder / STUDIO_FILE).is_file():
        return plain, {}
    document = _read_json(folder / STUDIO_FILE)
    try:
        sites = tuple(site_from_json(entry) for entry in document["sites"])
        metadata = {str(key): str(value) for key, value in document.get("metadata", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError, SelectionError) as error:
        raise AdapterError(
            f"{folder / STUDIO_FILE} is damaged ({error}); delete it to load the plain vectors."
        ) from error
    return (sites if _say_the_same(sites, wide) else plain), metadata


def _say_the_same(sites: Iterable[Site], wide: Mapping[tuple[str, Side], Tensor]) -> bool:
    """Say whether the sites cover every number that is not 1, at the vectors' own widths."""
    rest = {place: tensor.clone() for place, tensor in wide.items()}
    for site in sites:
        tensor = rest.get((site.path, site.side))
        if tensor is None or len(tensor) != site.channels:
            return False
        tensor[site.positions] = 1
    named = {(site.path, site.side) for site in sites}
    return named == set(rest) and all(bool((tensor == 1).all()) for tensor in rest.values())
