"""How is a PEFT config resolved on a model? To sites, and fully trained modules.

The fields are PEFT's. What differs is what PEFT gets wrong: without ``target_modules`` every model gets the paper's
sites, ``feedforward_modules`` is found and not demanded, an entry that hits nothing raises, entries match on dotted
boundaries, and a config is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.heads import head_paths
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.method.patterns import shortened
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
from ia3_studio.method.tree import discover

Names = Collection[str] | str | None
CLASSIFIERS = ("classifier", "score")
"""The names of a classifier's head, of which PEFT writes both and a model has one."""


class Config(Protocol):
    """The fields of a PEFT config that mean modules."""

    @property
    def task_type(self) -> str | None:
        """What the model is for; classifiers train their head whole."""

    @property
    def target_modules(self) -> Names:
        """Names, an expression that a whole path matches, "all-linear", a preset; None means the paper's sites."""

    @property
    def feedforward_modules(self) -> Names:
        """Which targets are scaled on their input; None finds out."""

    @property
    def exclude_modules(self) -> Names:
        """What is left out."""

    @property
    def modules_to_save(self) -> Collection[str] | None:
        """Fully trained modules."""


def heads_of(config: Config, model: nn.Module) -> tuple[str, ...]:
    """Return the paths of the fully trained modules: the given ones, and a classifier's head.

    Raises:
        SelectionError: a named module does not exist.
    """
    names = list(config.modules_to_save or ())
    for name in names:
        if name not in CLASSIFIERS and not head_paths(model, [name]):
            near = nearest(name, {path.rpartition(".")[2] for path, _module in model.named_modules() if path})
            raise SelectionError(
                f"modules_to_save names {name!r}, which this model does not have; similar names: {near}."
            )
    return head_paths(model, [*names, *_task_heads(config, model)])


def _task_heads(config: Config, model: nn.Module) -> list[str]:
    """Return the head's modules as PEFT finds them: by the bare end, so that pre_classifier is one of them."""
    ends = HEADS_BY_TASK.get(str(config.task_type or ""), ())
    return [path for path, _module in model.named_modules() if ends and path.endswith(ends)]


def selection_of(config: Config, model: nn.Module) -> Selection:
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


def _named_sites(config: Config, tree: LayerTree, model: nn.Module) -> tuple[Site, ...]:
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
