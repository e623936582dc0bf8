"""What does a config do to a model? Found on the bare model, before anything is changed.

A model that carries adapters is looked at as if it carried none: their layers step aside for a moment.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from torch import Tensor, nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.layers import width_of
from ia3_studio.method.peft.config import heads_of, selection_of
from ia3_studio.method.peft.targets import ALL_LINEAR, Targets, both_sides, hits, name_of, name_targets, resolve
from ia3_studio.method.scaling import cheaper_from_input, hook_points
from ia3_studio.method.sites import PRESETS, Selection, Site
from ia3_studio.peft.config import IA3Config
from ia3_studio.peft.errors import ConfigError, NoMatchingPeftModuleError
from ia3_studio.peft.layer import IA3Layer, Place
from ia3_studio.peft.modules_to_save import ModulesToSaveWrapper

_KEY = re.compile(r"(?:base_model\.model\.)?(?:_orig_mod\.)?(?P<path>.+)\.ia3_l(?:\.[^.]+)?")


@dataclass(frozen=True)
class Plan:
    """Where an adapter acts on a model, and what its files say about it."""

    selection: Selection
    places: Mapping[str, Place]
    """Where on each module, by path."""
    heads: tuple[str, ...]
    """Paths of the modules that are trained whole."""
    recomputed: frozenset[str]
    """Paths of projections whose output is cheaper to compute again than to keep."""
    config: IA3Config
    """A copy of the config that names its modules."""
    targets: Targets
    """The names by which PEFT finds exactly these sites."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the scaled modules."""
        return tuple(self.places)

    def restricted(self, selection: Selection) -> Plan:
        """Return the plan of a selection of some channels of the same modules."""
        return replace(self, selection=selection, places=_places(selection))

    @classmethod
    def of(cls, model: nn.Module, selection: Selection, heads: tuple[str, ...], config: IA3Config) -> Plan:
        """Return the plan of a selection on a bare model.

        Raises:
            SelectionError: a site does not exist in the model, or a module is scaled on both sides.
        """
        places = _places(selection)
        points = hook_points(model, selection)
        recomputed = frozenset(path for path, _side in cheaper_from_input(model, points))
        targets = _targets(config, model, selection, heads)
        return cls(selection, places, heads, recomputed, _resolved(config, targets), targets)

    @classmethod
    def of_places(
        cls, model: nn.Module, places: Mapping[str, Place], config: IA3Config, heads: tuple[str, ...]
    ) -> Plan:
        """Return the plan of some places on a bare model, with the rest of a config."""
        selection = Selection(tuple(_site(path, place) for path, place in places.items()), name_of(model))
        named = config.copied(target_modules=None, feedforward_modules=None, exclude_modules=None)
        return cls.of(model, selection, heads, named)


def plan_of(model: nn.Module, config: IA3Config, state_dict: Mapping[str, Tensor] | None = None) -> Plan:
    """Return what a config does to a model, or what the keys of a state dict do.

    Raises:
        ConfigError: it hits nothing, or what cannot be scaled; the message names what would.
    """
    with bare(model), _as_no_match(config):
        heads = heads_of(config, model)
        selection = selection_of(config, model) if state_dict is None else _selection_in(state_dict, model, config)
        if config.exclude_modules and not any(map(hits(_entries(config.exclude_modules)), _paths(model))):
            warnings.warn(
                f"You have passed exclude_modules={config.exclude_modules} but no modules were excluded. Please check "
                "that exclude_modules was set correctly.",
                stacklevel=4,
            )
        return Plan.of(model, selection, heads, config)


def inside(model: nn.Module) -> nn.Module:
    """Return the model inside what torch.compile returned, or the model itself."""
    found = model._modules.get("_orig_mod")
    return model if found is None else found


@contextmanager
def bare(model: nn.Module) -> Iterator[None]:
    """Show the model as it is without adapters inside a ``with`` block."""
    standing = [
        (home, name, module)
        for module, places in homes_of(model).items()
        if isinstance(module, IA3Layer | ModulesToSaveWrapper)
        for home, name in places
    ]
    for home, name, module in standing:
        home._modules[name] = module.base_layer if isinstance(module, IA3Layer) else module.original_module
    try:
        yield
    finally:
        for home, name, module in standing:
            home._modules[name] = module


def homes_of(model: nn.Module) -> dict[nn.Module, list[tuple[nn.Module, str]]]:
    """Return the modules that hold each module, with the names that it has there."""
    homes: dict[nn.Module, list[tuple[nn.Module, str]]] = {}
    for home in model.modules():
        for name, module in home._modules.items():
            if module is not None:
                homes.setdefault(module, []).append((home, name))
    return homes


@contextmanager
def _as_no_match(config: IA3Config) -> Iterator[None]:
    """Raise the method's refusals as PEFT's class for configs that hit nothing."""
    try:
        yield
    except ValueError:
        raise
    except SelectionError as error:
        sentence = str(error)
        if "matches no module" in sentence or "leave no site" in sentence:
            raise NoMatchingPeftModuleError(_in_peft_words(sentence, config)) from error
        raise ConfigError(sentence) from error


def _in_peft_words(sentence: str, config: IA3Config) -> str:
    """Return a refusal with the words that programs written for PEFT look for."""
    if "matches no module" in sentence and sentence.startswith("target_modules"):
        return (
            f"Target modules {config.target_modules} not found in the base model. "
            f"Please check the target modules and try again: {sentence}"
        )
    if "leave no site" in sentence:
        return (
            "All modules were excluded. This is likely unintended. Check your `target_modules`, `exclude_modules` and "
            f"`modules_to_save` configuration. No modules were targeted for adaptation: {sentence}"
        )
    return sentence


def _selection_in(state_dict: Mapping[str, Tensor], model: nn.Module, config: IA3Config) -> Selection:
    """Return the sites whose keys a state dict holds, on the side that the shape, or the config, says."""
    sites: list[Site] = []
    paths = set(_paths(model))
    named = _named_paths(config, model)
    for key, tensor in state_dict.items():
        match = _KEY.fullmatch(key)
        path = match["path"] if match else ""
        if path in paths:
            side = _side_of(tensor, path, named)
            sites.append(Site(path, side, width_of(model, path, side)))  # type: ignore[arg-type]
    found = {site.path for site in sites}
    extra, missing = sorted(found - set(named)), sorted(set(named) - found)
    if extra or missing:
        words = "While injecting the PEFT adapters, an inconsistency was discovered between the PEFT config and the "
        words += "provided state_dict. This is not necessarily an issue and can be ignored if this was the intent. "
        words += f"The PEFT config contained these additional target modules: {missing}. " if missing else ""
        words += f"The state_dict contained these additional target modules: {extra}. " if extra else ""
        warnings.warn(words, RuntimeWarning, stacklevel=5)
    if not sites:
        raise SelectionError("The state_dict names no module of this model, so it matches no module; give another.")
    return Selection(tuple(sites), name_of(model))


def _side_of(tensor: Tensor, path: str, named: Mapping[str, str]) -> str:
    if tensor.dim() == 2 and 1 in tensor.shape and tensor.shape != (1, 1):
        return "output" if tensor.shape[1] == 1 else "input"
    return named.get(path, "output")


def _named_paths(config: IA3Config, model: nn.Module) -> dict[str, str]:
    """Return what the config would scale, by path; nothing where it hits nothing."""
    try:
        return {site.path: site.side for site in selection_of(config, model)}
    except SelectionError:
        return {}


def _places(selection: Selection) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for site in selection:
        known = places.get(site.path)
        if known and known.side != site.side:
            raise SelectionError(
                f"{both_sides(site.path)} ia3_studio.method.attach can have both in one adapter; PEFT's names cannot."
            )
        spans = tuple(sorted((*(known.spans if known else ()), *site.spans)))
        places[site.path] = Place(site.side, site.channels, spans)
    return places


def _site(path: str, place: Place) -> Site:
    if not place.spans:
        return Site(path, place.side, place.channels)
    size = sum(stop - start for start, stop in place.spans)
    return Site(path, place.side, size, spans=place.spans, width=place.channels)


def _targets(config: IA3Config, model: nn.Module, selection: Selection, heads: tuple[str, ...]) -> Targets:
    """Return names by which PEFT finds exactly these sites: the config's own where they do, else proven ones."""
    named = name_targets(selection, model, heads)
    own = Targets(
        _entries(config.target_modules) if config.target_modules is not None else None,
        _entries(config.feedforward_modules) if config.feedforward_modules is not None else None,
        named.fan_in_fan_out,
        _entries(config.exclude_modules or ()),
        named.modules_to_save,
        named.spatial,
        named.inexpressible,
    )
    if own.target_modules is None or own.feedforward_modules is None or own.target_modules in (*PRESETS, ALL_LINEAR):
        return named
    try:
        found = {(site.path, site.side) for site in resolve(own, model)}
    except SelectionError:
        return named
    return own if found == {(site.path, site.side) for site in selection} else named


def _resolved(config: IA3Config, targets: Targets) -> IA3Config:
    """Return a copy of a config that names what it left open."""
    wanted, inputs = config.target_modules, config.feedforward_modules
    is_open = wanted is None or (isinstance(wanted, str) and wanted.lower() in (*PRESETS, ALL_LINEAR))
    own = _as_names(targets.target_modules) if is_open else wanted
    if is_open or inputs is None:
        inputs = _as_names(targets.feedforward_modules)
    return config.copied(target_modules=own, feedforward_modules=inputs, fan_in_fan_out=targets.fan_in_fan_out)


def _as_names(entries: tuple[str, ...] | str | None) -> set[str] | str:
    return entries if isinstance(entries, str) else set(entries or ())


def _entries(names: list[str] | set[str] | str | tuple[str, ...] | None) -> tuple[str, ...] | str:
    return names if isinstance(names, str) else tuple(sorted(names or ()))


def _paths(model: nn.Module) -> list[str]:
    return [path for path, _module in model.named_modules() if path]
