"""An adapter as data, and its folder.

A folder holds ``adapter_config.json`` and ``adapter_model.safetensors`` exactly as PEFT 0.21 writes them, and
``studio.json`` with what PEFT's layout cannot say (which channels of a fused projection were trained, the
roles). A vector on some channels is written at full width with ones elsewhere, which is the same function. What
PEFT's layout cannot hold at all, such as a vector inside experts, has a layout of its own
(:mod:`ia3_studio.method.native_layout`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method import native_layout
from ia3_studio.method.peft import layout as peft_layout
from ia3_studio.method.peft.layout import CONFIG_FILE, PEFT_VERSION, VECTORS_FILE, Wide
from ia3_studio.method.peft.targets import Targets, anchored_targets, both_sides, name_targets
from ia3_studio.method.sites import Selection, Side, Site, site_from_json

__all__ = [
    "CONFIG_FILE",
    "PEFT_VERSION",
    "STUDIO_FILE",
    "VECTORS_FILE",
    "Adapter",
    "Targets",
    "anchored_targets",
    "name_targets",
]

STUDIO_FILE = "studio.json"


@dataclass(frozen=True, eq=False)
class Adapter:
    """A selection with its trained vectors. Data only: no model is needed to hold, read or write one."""

    selection: Selection
    vector: Tensor
    """All parameters in the order of the selection: float32 on the CPU, shape (selection.parameters,)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Metadata; ``task_type`` is written into PEFT's config."""
    targets: Targets | None = None
    """PEFT's target modules, verified on a model; None writes anchored expressions of full paths."""
    heads: Mapping[str, Tensor] = field(default_factory=dict)
    """Tensors of fully trained modules, by their names in the model ("classifier.weight")."""

    def __post_init__(self) -> None:
        if tuple(self.vector.shape) != (self.selection.parameters,):
            raise AdapterError(
                f"The selection has {self.selection.parameters} parameters, but the vector has {self.vector.numel()}."
            )

    def vectors(self) -> dict[Site, Tensor]:
        """Return each site's vector, shape (site.size,)."""
        pieces = self.vector.split([site.size for site in self.selection])
        return dict(zip(self.selection, pieces, strict=True))

    @property
    def why_not_peft(self) -> str:
        """Return why PEFT's format cannot represent this adapter; empty if it can."""
        if self.targets and self.targets.inexpressible:
            return self.targets.inexpressible
        sides: dict[str, Side] = {}
        twice = (site.path for site in self.selection if sides.setdefault(site.path, site.side) != site.side)
        return next(map(both_sides, twice), "")

    def save(self, folder: Path | str) -> None:
        """Save the adapter in a folder that PEFT's ``PeftModel.from_pretrained`` loads.

        **An adapter in IA3 Studio's format in the same folder is removed.**

        Raises:
            AdapterError: PEFT's format cannot represent the selection; nothing is written.
        """
        folder = Path(folder)
        if self.why_not_peft:
            raise AdapterError(
                f"{self.why_not_peft} Save the adapter in the format of IA3 Studio with save_native(folder), "
                "or merge it into the model and save that."
            )
        targets = self._targets()
        tensors = self._tensors(targets)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, folder / VECTORS_FILE, metadata={"format": "pt"})
        config = peft_layout.write_config(targets, self.selection.base_model, self.metadata.get("task_type"))
        peft_layout.write_json(folder / CONFIG_FILE, config)
        write_studio_facts(folder, self.selection, self.metadata)
        for name in (native_layout.NATIVE_CONFIG, native_layout.NATIVE_VECTORS):
            (folder / name).unlink(missing_ok=True)

    def save_native(self, folder: Path | str) -> None:
        """Save the adapter in IA3 Studio's format, which can represent any adapter but does not load in PEFT.

        **An adapter in PEFT's format in the same folder is removed.**
        """
        named = self.targets.modules_to_save if self.targets else ()
        kept = native_layout.NativeFile(
            self.selection, self.vectors(), self.heads, named or holders(self.heads), self.metadata, self.why_not_peft
        )
        native_layout.write(Path(folder), kept)

    @classmethod
    def load(cls, folder: Path | str) -> Adapter:
        """Load an adapter folder saved by IA3 Studio or by PEFT.

        Raises:
            AdapterError: a file is missing or damaged, or the adapter is not (IA)³.
        """
        folder = Path(folder)
        if native_layout.is_native(folder):
            return cls._load_native(folder)
        config = peft_layout.read_config(folder)
        wide, heads, spatial = peft_layout.split_tensors(peft_layout.read_tensors(folder), config)
        sites, metadata = read_studio_facts(folder, wide)
        vector = torch.cat([wide[site.path, site.side][site.positions] for site in sites])
        selection = Selection(sites, str(config.get("base_model_name_or_path") or ""))
        if config.get("task_type"):
            metadata.setdefault("task_type", str(config["task_type"]))
        return cls(selection, vector, metadata, peft_layout.targets_of(config, spatial), heads)

    @classmethod
    def _load_native(cls, folder: Path) -> Adapter:
        kept = native_layout.read(folder)
        targets = replace(
            anchored_targets(kept.selection), modules_to_save=kept.modules_to_save, inexpressible=kept.reason
        )
        return cls(kept.selection, torch.cat(list(kept.vectors.values())), kept.metadata, targets, kept.heads)

    def _targets(self) -> Targets:
        targets = self.targets or anchored_targets(self.selection)
        if targets.target_modules is None:  # read from a file that left it to PEFT's defaults
            targets = replace(anchored_targets(self.selection), spatial=targets.spatial)
        if self.heads and not targets.modules_to_save:
            targets = replace(targets, modules_to_save=holders(self.heads))
        return targets

    def _tensors(self, targets: Targets) -> dict[str, Tensor]:
        """Return the tensors of PEFT's file: one a module, and those of heads."""
        sides: dict[str, Side] = {}
        wide: dict[str, Tensor] = {}
        for site, numbers in self.vectors().items():
            sides[site.path] = site.side
            full = wide.setdefault(site.path, torch.ones(site.channels))
            full[site.positions] = numbers
        vectors = {
            peft_layout.vector_key(path): full.view(
                peft_layout.vector_shape(sides[path], len(full), targets.spatial.get(path, 0))
            )
            for path, full in wide.items()
        }
        heads = {f"{peft_layout.PREFIX}{name}": tensor.contiguous() for name, tensor in self.heads.items()}
        return {**vectors, **heads}


def holders(heads: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that hold tensors."""
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in heads))


def write_studio_facts(folder: Path, selection: Selection, metadata: Mapping[str, str]) -> None:
    """Write what PEFT's files cannot say: which channels were trained, and the roles."""
    sites = [asdict(site) for site in selection]
    peft_layout.write_json(folder / STUDIO_FILE, {"format": 1, "sites": sites, "metadata": dict(metadata)})


def read_studio_facts(folder: Path, wide: Wide) -> tuple[tuple[Site, ...], dict[str, str]]:
    """Return the sites of the vectors: as IA3 Studio wrote them, or one whole side a vector."""
    plain = tuple(Site(path, side, len(tensor)) for (path, side), tensor in wide.items())
    if not (folder / STUDIO_FILE).is_file():
        return plain, {}
    document = peft_layout.read_json(folder / STUDIO_FILE)
    try:
        sites = tuple(site_from_json(entry) for entry in document["sites"])
        metadata = {str(key): str(value) for key, value in document.get("metadata", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError, SelectionError) as error:
        raise AdapterError(
            f"{folder / STUDIO_FILE} is damaged ({error}); delete it to load the plain vectors."
        ) from error
    return (sites if _say_the_same(sites, wide) else plain), metadata


def _say_the_same(sites: Iterable[Site], wide: Wide) -> bool:
    """Return whether the sites cover every scale that is not 1, at the vectors' widths."""
    rest = {place: tensor.clone() for place, tensor in wide.items()}
    for site in sites:
        tensor = rest.get((site.path, site.side))
        if tensor is None or len(tensor) != site.channels:
            return False
        tensor[site.positions] = 1
    named = {(site.path, site.side) for site in sites}
    return named == set(rest) and all(bool((tensor == 1).all()) for tensor in rest.values())
