"""How is a PEFT config resolved on a model? To sites, and fully trained modules.

The fields are PEFT's. What differs is what PEFT gets wrong: without ``target_modules`` every model gets the paper's
sites, ``feedforward_modules`` is found and not demanded, an entry that hits nothing raises, entries match on dotted
boundaries, and a config is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.heads import head_paths
from ia3_studio.method.patterns import shortened
from ia3_studio.method.peft import layout as peft_layout
from ia3_studio.method.peft.targets import (
    ALL_LINEAR,
    HEADS_BY_TASK,
    Entries,
    Targets,
    all_linear,
    defaults_of,
    hits,
    name_of,
    type_of,
    widths_in_peft,
)
from ia3_studio.method.selector import nearest
from ia3_studio.method.sites import PRESETS, Selection, Side, Site
from ia3_studio.method.tree import LayerTree, discover

Names = Collection[str] | str | None


class TaskType(StrEnum):
    """What a model is for; classifiers train their head whole."""

    SEQ_CLS = "SEQ_CLS"
    TOKEN_CLS = "TOKEN_CLS"
    QUESTION_ANS = "QUESTION_ANS"
    CAUSAL_LM = "CAUSAL_LM"
    SEQ_2_SEQ_LM = "SEQ_2_SEQ_LM"
    FEATURE_EXTRACTION = "FEATURE_EXTRACTION"


@dataclass
class IA3Config:
    """Which modules an adapter scales; the fields and their defaults are PEFT's.

    Example:
        >>> IA3Config(task_type="CAUSAL_LM").target_modules is None          # the paper's sites of any model
        True
    """

    task_type: TaskType | str | None = None
    target_modules: Names = None
    """Names, an expression that a whole path matches, "all-linear", or a preset: "paper", "all", "peft", …"""
    feedforward_modules: Names = None
    """Which targets are scaled on their input; None finds out."""
    exclude_modules: Names = None
    modules_to_save: Collection[str] | None = None
    """Fully trained modules; a classifier's head is added automatically."""
    fan_in_fan_out: bool = False
    """Accepted for PEFT's sake: the layout of a weight is read off the module."""
    init_ia3_weights: bool = True
    """False starts from random vectors, which is for tests only."""
    inference_mode: bool = False
    base_model_name_or_path: str | None = None
    revision: str | None = None
    peft_type: str = "IA3"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {key: sorted(value) if isinstance(value, set) else value for key, value in asdict(self).items()}

    def save_pretrained(self, save_directory: Path | str) -> None:
        """Write the config file alone."""
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        peft_layout.write_json(folder / peft_layout.CONFIG_FILE, {**self.to_dict(), "inference_mode": True})

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: Path | str) -> IA3Config:
        """Read the config of an adapter folder.

        Raises:
            AdapterError: it does not exist, or belongs to another method.
        """
        document = peft_layout.read_config(Path(pretrained_model_name_or_path))
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in document.items() if key in known})


def heads_of(config: IA3Config, model: nn.Module) -> tuple[str, ...]:
    """Return the paths of the fully trained modules: the given ones, and a classifier's head.

    Raises:
        SelectionError: a named module does not exist.
    """
    names = list(config.modules_to_save or ())
    for name in names:
        if not head_paths(model, [name]):
            near = nearest(name, {path.rpartition(".")[2] for path, _module in model.named_modules() if path})
            raise SelectionError(
                f"modules_to_save names {name!r}, which this model does not have; similar names: {near}."
            )
    return head_paths(model, [*names, *_task_heads(config, model)])


def _task_heads(config: IA3Config, model: nn.Module) -> list[str]:
    """Return the head's modules as PEFT finds them: by the bare end, so that pre_classifier is one of them."""
    ends = HEADS_BY_TASK.get(str(config.task_type or ""), ())
    return [path for path, _module in model.named_modules() if ends and path.endswith(ends)]


def selection_of(config: IA3Config, model: nn.Module) -> Selection:
    """Return the sites that a config means on a model.

    Raises:
        SelectionError: an entry hits nothing, or a module that cannot be scaled; the message names what would.
    """
    tree = discover(model, name_of(model))
    wanted = config.target_modules
    whole = heads_of(config, model)
    if wanted is None or (isinstance(wanted, str) and wanted in PRESETS):
        sites = tree.select("paper" if wanted is None else str(wanted)).sites
    else:
        sites = _named_sites(config, tree, model)
    left_out = hits(_entries(config.exclude_modules) or ())
    kept = tuple(
        site
        for site in sites
        if not left_out(site.path) and not any(f"{site.path}.".startswith(f"{head}.") for head in whole)
    )
    if not kept:
        raise SelectionError("exclude_modules and modules_to_save leave no site; name fewer modules.")
    return Selection(kept, tree.base_model)


def _named_sites(config: IA3Config, tree: LayerTree, model: nn.Module) -> tuple[Site, ...]:
    entries = _entries(config.target_modules) or ()
    modules = {path: module for path, module in model.named_modules() if path}
    if isinstance(entries, str) and entries.lower() == ALL_LINEAR:
        entries = all_linear(model, str(config.task_type or "") or None)
    _require_hits("target_modules", entries, modules)
    hit = list(filter(hits(entries), modules))
    inputs = _entries(config.feedforward_modules)
    if inputs is not None:
        _require_hits("feedforward_modules", inputs, hit)
    side_of = _sides(inputs, tree, model)
    sides = {path: side_of(path) for path in hit}
    return tuple(_site(path, modules[path], side, tree) for path, side in sides.items())


def _require_hits(field: str, entries: Entries, paths: Iterable[str]) -> None:
    there = list(paths)
    for entry in [entries] if isinstance(entries, str) else entries:
        alone: Entries = entry if isinstance(entries, str) else (entry,)
        if not any(map(hits(alone), there)):
            near = nearest(entry, {path.rpartition(".")[2] for path in there})
            raise SelectionError(
                f"{field} names {shortened(entry)!r}, which matches no module of this model; similar names: {near}."
            )


def _sides(inputs: Entries | None, tree: LayerTree, model: nn.Module) -> Callable[[str], Side]:
    """Return what says on which side a path is scaled: as the config says, as PEFT's defaults do, or as discovered."""
    default: Targets | None = defaults_of(type_of(model))
    wanted = hits((default and default.target_modules) or ())
    fed = hits(inputs if inputs is not None else (default and default.feedforward_modules) or ())
    found = {site.path: site.side for site in reversed(tree.sites)}

    def side_of(path: str) -> Side:
        if inputs is not None or wanted(path):
            return "input" if fed(path) else "output"
        return found.get(path, "output")

    return side_of


def _site(path: str, module: nn.Module, side: Side, tree: LayerTree) -> Site:
    size = widths_in_peft(module)
    if size is None:
        raise SelectionError(
            f"target_modules also matches {path}, a {type(module).__name__}, which has no channels to scale; "
            "use projections only."
        )
    whole = Site(path, side, size[0] if side == "input" else size[1])
    return next((site for site in tree.sites if site == whole), whole)  # with its role


def _entries(names: Names) -> Entries | None:
    return names if isinstance(names, str) or names is None else tuple(sorted(names))
