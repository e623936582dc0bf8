"""How does PEFT find modules by name, and how do we name ours so that it finds the same?

PEFT (0.21) keeps two lists or expressions. A module is a target when its path fully matches the expression, equals an
entry or ends with "." + entry; a target is scaled on its input when it matches ``feedforward_modules``, whose entries
match the end of the path *without* a dotted boundary. Excluded modules and modules under ``modules_to_save`` come
first. Only a list that has been tried on the model says what PEFT will do with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.layers import TransposedConvolution, widths
from ia3_studio.method.patterns import Expression
from ia3_studio.method.sites import Selection, Side, Site

Entries = tuple[str, ...] | str
"""Names of modules, or one expression that a whole path must match."""

Hits = Callable[[str], bool]
"""Says whether a path is hit."""

ALL_LINEAR = "all-linear"
HEADS_BY_TASK = {
    "SEQ_CLS": ("classifier", "score"),
    "TOKEN_CLS": ("classifier", "score"),
    "QUESTION_ANS": ("qa_outputs",),
}
"""Modules that PEFT keeps whole for a task, where the model has them."""

_DEFAULTS = """
t5 k,v,>wo · mt5 k,v,wi_1 · gpt2 c_attn,>mlp.c_proj · gpt_bigcode c_attn,>mlp.c_proj
bloom query_key_value,>mlp.dense_4h_to_h · gpt_neox query_key_value,>dense_4h_to_h
falcon query_key_value,>dense_4h_to_h · RefinedWeb query_key_value,>dense_4h_to_h
RefinedWebModel query_key_value,>dense_4h_to_h · bert key,value,>output.dense · roberta key,value,>output.dense
deberta-v2 key_proj,value_proj,>output.dense · deberta in_proj,>output.dense · opt q_proj,k_proj,>fc2
phi q_proj,v_proj,>fc2 · bart q_proj,v_proj,>fc2 · gptj q_proj,v_proj,>fc_out · gpt_neo q_proj,v_proj,>c_proj
llama k_proj,v_proj,>down_proj · mistral k_proj,v_proj,>down_proj · mixtral k_proj,v_proj,>w2
llama4 q_proj,v_proj,>down_proj · gemma q_proj,v_proj,>down_proj · gemma2 q_proj,v_proj,>down_proj
gemma3_text q_proj,v_proj,>down_proj · qwen2 q_proj,v_proj,>down_proj · qwen3 q_proj,v_proj,>down_proj
"""
"""What PEFT 0.21 scales when asked for nothing, by model type; ">" marks the input side."""


@dataclass(frozen=True)
class Targets:
    """What an adapter's PEFT config says about modules, and which of them are convolutions."""

    target_modules: Entries | None
    feedforward_modules: Entries | None
    fan_in_fan_out: bool = False
    """Whether the modules are transformers' Conv1D, which keeps its weight as (in, out)."""
    exclude_modules: Entries = ()
    modules_to_save: tuple[str, ...] = ()
    spatial: Mapping[str, int] = field(default_factory=dict)
    """path → spatial axes of the convolutions among the sites; linear layers are absent."""
    inexpressible: str = ""
    """Why PEFT cannot scale these sites; empty when it can."""

    def side_of(self, path: str) -> Side | None:
        """Return the side on which PEFT scales the module at a path, or None where it leaves it alone."""
        excluded, saved, wanted, fed = self._matchers
        if excluded(path) or saved(path) or not wanted(path):
            return None
        return "input" if fed(path) else "output"

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: what has been prepared of them cannot be pickled, and is made again."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def _matchers(self) -> tuple[Hits, Hits, Hits, Hits]:
        """Return what says whether a path is excluded, saved whole, scaled, and scaled on its input."""
        inputs = self.feedforward_modules or ()
        fed = hits(inputs) if isinstance(inputs, str) else lambda path: path.endswith(inputs)
        return hits(self.exclude_modules), _below(self.modules_to_save), hits(self.target_modules or ()), fed


def defaults_of(model_type: str) -> Targets | None:
    """Return what PEFT scales in a model type when its config names nothing; None for types it does not know."""
    table = dict(entry.split() for line in _DEFAULTS.split("\n") for entry in line.split(" · ") if entry.strip())
    if model_type not in table:
        return None
    names = table[model_type].split(",")
    inputs = tuple(name[1:] for name in names if name.startswith(">"))
    return Targets(tuple(name.removeprefix(">") for name in names), inputs)


def complete(targets: Targets, model: nn.Module, task_type: str | None = None) -> Targets:
    """Return the targets with what PEFT fills in for a model: its defaults and the names of "all-linear".

    Raises:
        SelectionError: nothing is named and PEFT has no default for this type of model.
    """
    wanted, inputs = targets.target_modules, targets.feedforward_modules
    if wanted is None or inputs is None:
        model_type = type_of(model)
        default = defaults_of(model_type)
        if default is None:
            missing = "target_modules" if wanted is None else "feedforward_modules"
            raise SelectionError(
                f"PEFT has no default sites for the model type {model_type!r}, so {missing} must be given; "
                "the preset 'paper' finds them in any model."
            )
        wanted = default.target_modules if wanted is None else wanted
        inputs = default.feedforward_modules if inputs is None else inputs
    if isinstance(wanted, str) and wanted.lower() == ALL_LINEAR:
        wanted = all_linear(model, task_type)
    return replace(targets, target_modules=wanted, feedforward_modules=inputs)


def resolve(targets: Targets, model: nn.Module, task_type: str | None = None) -> Selection:
    """Return the sites that PEFT scales in a model for these targets, roles unknown.

    Raises:
        SelectionError: nothing is hit, or a module that PEFT cannot scale.
    """
    full = complete(targets, model, task_type)
    sides = {path: side for path, _module in model.named_modules() if path and (side := full.side_of(path))}
    if not sides:
        raise SelectionError(f"The targets {_shown(full.target_modules)} match no module of this model.")
    return Selection(tuple(_whole_side(model, path, side) for path, side in sides.items()), name_of(model))


def sites_of_peft(model: nn.Module) -> tuple[Site, ...]:
    """Return the sites of PEFT's own default for a model, empty where it has none or they cannot be scaled."""
    default = defaults_of(type_of(model))
    try:
        return resolve(default, model).sites if default else ()
    except SelectionError:
        return ()


def name_targets(selection: Selection, model: nn.Module, heads: Collection[str] = ()) -> Targets:
    """Return how PEFT finds exactly these sites of a model: by the shortest names that are proven on it.

    Args:
        selection: the sites.
        model: the model they belong to.
        heads: paths of modules that the adapter replaces as a whole.
    """
    wanted: dict[str, Side] = {site.path: site.side for site in selection}
    modules = dict(model.named_modules())
    paths = [path for path in modules if path]
    saved = tuple(dict.fromkeys(_head_name(path, heads, paths) for path in heads))
    conv1d = all(isinstance(getattr(modules.get(path), "nf", None), int) for path in wanted)
    spatial = {path: axes for path in wanted if (axes := spatial_axes(modules.get(path)))}
    reason = _why_inexpressible(selection, modules, saved) or _why_not_saved(saved, heads, paths)
    for targets, inputs in (_short_names(wanted, paths), _full_names(wanted)):
        found = Targets(targets, inputs, conv1d, (), saved, spatial, reason)
        if {path: side for path in paths if (side := found.side_of(path))} == wanted:
            return found
    anchored = anchored_targets(selection)
    return Targets(anchored.target_modules, anchored.feedforward_modules, conv1d, (), saved, spatial, reason)


def anchored_targets(selection: Selection) -> Targets:
    """Return expressions that match exactly the selection's full paths, on any model."""
    paths = [site.path for site in selection]
    inputs = [site.path for site in selection if site.side == "input"]
    return Targets(_expression(paths), _expression(inputs) if inputs else ())


def all_linear(model: nn.Module, task_type: str | None = None) -> tuple[str, ...]:
    """Return every linear layer's path but the output layer's, as PEFT's "all-linear" does."""
    embeddings = getattr(model, "get_output_embeddings", None)
    output = embeddings() if callable(embeddings) else None
    if output is None and embeddings is not None and task_type == "SEQ_CLS":
        output = next((head for name in ("score", "classifier") if (head := getattr(model, name, None))), None)
    return tuple(
        path
        for path, module in model.named_modules()
        if path and widths(module) and module is not output and not isinstance(module, TransposedConvolution)
    )


def widths_in_peft(module: nn.Module) -> tuple[int, int] | None:
    """Return (input, output) channels of a module that PEFT can scale, or None."""
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        return module.in_channels, module.out_channels
    if isinstance(module, TransposedConvolution):
        return None
    return widths(module) if isinstance(getattr(module, "weight", None), Tensor) else None


def spatial_axes(module: nn.Module | None) -> int:
    """Return 2 for a Conv2d, 3 for a Conv3d and 0 for anything else."""
    return 2 if isinstance(module, nn.Conv2d) else 3 if isinstance(module, nn.Conv3d) else 0


def type_of(model: nn.Module) -> str:
    """Return transformers' model type, empty for a model without one."""
    config: Any = getattr(model, "config", None)
    return str(getattr(config, "model_type", "") or "")


def name_of(model: nn.Module) -> str:
    """Return the name or path a model was loaded from, empty when it was made in memory."""
    return str(getattr(model, "name_or_path", "") or "")


def _whole_side(model: nn.Module, path: str, side: Side) -> Site:
    module = model.get_submodule(path)
    size = widths_in_peft(module)
    if size is None:
        raise SelectionError(
            f"The targets also match {path}, a {type(module).__name__}, which PEFT cannot scale; use only "
            "linear layers and two- or three-dimensional convolutions."
        )
    return Site(path, side, size[0] if side == "input" else size[1])


def hits(entries: Entries) -> Hits:
    """Return what says whether a path is an entry, ends with "." + entry, or matches an expression as a whole.

    Raises:
        SelectionError: the expression is not valid; asked later, it takes too long.
    """
    if isinstance(entries, str):
        return Expression(entries).matches if entries else lambda _path: False
    exact, ends = frozenset(entries), tuple(f".{entry}" for entry in entries)
    return lambda path: path in exact or path.endswith(ends)


def _below(names: Collection[str]) -> Hits:
    """Return what says whether a path is a module of these names, or below one, as PEFT finds them."""
    found = [Expression(rf"(^|.*\.){name}($|\..*)") for name in names]
    return lambda path: any(each.matches(path) for each in found)


def _short_names(wanted: Mapping[str, Side], paths: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return for each path its shortest suffix without layer indices that matches only selected modules of its side."""
    others = [path for path in paths if path not in wanted]
    names: dict[str, Side] = {}
    for path, side in wanted.items():
        unlike = [other for other, its in wanted.items() if its != side]
        names[_shortest(path, [*others, *unlike])] = side
    return tuple(sorted(names)), tuple(sorted(name for name, side in names.items() if side == "input"))


def _shortest(path: str, avoid: Collection[str]) -> str:
    parts = path.split(".")
    for count in range(1, len(parts)):
        ending = ".".join(parts[-count:])
        if parts[-count].isdigit():
            break
        if not any(other.endswith(ending) for other in avoid):
            return ending
    return path


def _full_names(wanted: Mapping[str, Side]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(wanted), tuple(path for path, side in wanted.items() if side == "input")


def _head_name(head: str, heads: Collection[str], paths: Collection[str]) -> str:
    """Return a head's last name, or its full path where PEFT, which looks at the bare end, would take others too."""
    name = head.rpartition(".")[2]
    return name if all(path in heads for path in paths if path.endswith(name)) else head


def _why_inexpressible(selection: Selection, modules: Mapping[str, nn.Module], saved: tuple[str, ...]) -> str:
    sides: dict[str, Side] = {}
    for site in selection:
        module = modules.get(site.path)
        if sides.setdefault(site.path, site.side) != site.side:
            return both_sides(site.path)
        if module is None or widths_in_peft(module) is None:
            kind = "tensor" if module is None else type(module).__name__
            return f"{site.path} is a {kind}, which PEFT's (IA)³ cannot scale."
        if saved and Targets((site.path,), (), modules_to_save=saved).side_of(site.path) is None:
            return (
                f"{site.path} belongs to a fully trained head (modules_to_save), where PEFT adds no vector; remove it."
            )
    return ""


def _why_not_saved(saved: tuple[str, ...], heads: Collection[str], paths: Collection[str]) -> str:
    kept = tuple(f"{head}." for head in heads)
    others = [path for path in paths if saved and path.endswith(saved) and not f"{path}.".startswith(kept)]
    return (
        (f"PEFT would also treat {others[0]} as a head, since its name has the same ending; add it to the heads too.")
        if others
        else ""
    )


def both_sides(path: str) -> str:
    """Return why PEFT cannot scale a module on both sides."""
    return f"{path} is scaled on both sides, which PEFT's format cannot store; keep one side of each module."


def _expression(paths: Iterable[str]) -> str:
    return "|".join(re.escape(path) for path in dict.fromkeys(paths))


def _shown(entries: Entries | None) -> str:
    return repr(entries) if isinstance(entries, str) or entries is None else ", ".join(entries) or "of an empty list"
