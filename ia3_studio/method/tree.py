"""What can be scaled in a model? Its layer tree is discovered.

Roles come from the data flow of the real model (:mod:`ia3_studio.method.tracing`), never from a list of names, so that
an architecture nobody has named here gets the right keys, values and feed-forward sites too.
"""

from __future__ import annotations

from torch import nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.experts import activation_width, down_tensor
from ia3_studio.method.layer_tree import LayerTree, TreeNode
from ia3_studio.method.layers import channel_axis, is_depthwise, widths
from ia3_studio.method.naming import names_keys
from ia3_studio.method.peft.targets import sites_of_peft
from ia3_studio.method.roles import trace_roles
from ia3_studio.method.sites import Role, Site, Span, in_block
from ia3_studio.method.tracing import DataFlow

_SPAN_ROLES: tuple[Role, ...] = ("query", "key", "value")


def discover(model: nn.Module, base_model: str = "") -> LayerTree:
    """Return the layer tree of a model; the model may be on the meta device, without weights.

    Raises:
        SelectionError: the model has no linear layer at all.

    Example:
        >>> tree = discover(model)                        # doctest: +SKIP
        >>> tree.select("paper").parameters                  # doctest: +SKIP
        57600
    """
    flow, note, live = trace_roles(model)
    nodes = tuple(_nodes(model, flow, live))
    attends = bool(note) or flow.attends or names_keys(path for path, _module in model.named_modules())
    tree = LayerTree(nodes, base_model, note or _what_is_missing(nodes, attends), attends, sites_of_peft(model))
    if not tree.sites:
        raise SelectionError(
            f"{type(model).__name__} has no linear layer, so (IA)³ has nothing to scale; choose another model."
        )
    return tree


def _what_is_missing(nodes: tuple[TreeNode, ...], attends: bool) -> str:
    found = {site.role for node in nodes if node.live for site in node.sites if in_block(site.path)}
    missing = [role for role in ("key", "value", "feed-forward") if role not in found]
    if not missing:
        return ""
    if not attends and "feed-forward" in found:
        return "This model has no attention, so there are no keys and values; the preset 'paper' scales the rest."
    return f"No {' or '.join(missing)} projection was recognized, so the preset 'paper' omits it."


def _nodes(model: nn.Module, flow: DataFlow, live: set[str]) -> list[TreeNode]:
    index = {path: number for number, (path, _module) in enumerate(model.named_modules())}
    sizes = _parameter_counts(model)
    nodes: list[TreeNode] = []
    for path, module in model.named_modules():
        above, _dot, name = path.rpartition(".")
        sites = _expert_sites(model, path, flow, live) or _sites(path, module, flow)
        role: Role = sites[0].role if len(sites) == 1 else "other"
        parent = index[above] if path else -1
        nodes.append(
            TreeNode(path, name, type(module).__name__, parent, role, sizes[path], sites, not sites or path in live)
        )
    return nodes


def _parameter_counts(model: nn.Module) -> dict[str, int]:
    """Return the weights at and below each module, each shared weight counted once per module."""
    counts: dict[str, int] = {}
    for path, module in model.named_modules():
        counts[path] = sum(parameter.numel() for parameter in module.parameters())
    return counts


def _expert_sites(model: nn.Module, path: str, flow: DataFlow, live: set[str]) -> tuple[Site, ...]:
    """Return the site of experts kept as tensors: at their activation function, else where gate and up are joined."""
    width = activation_width(model, path) if flow.visited else None
    if width is None or path not in live:
        return ()
    module = model.get_submodule(path)
    if not down_tensor(module):
        return (Site(path, "output", width, "feed-forward"),)
    inside = any(f"{path}.{name}" in live for name, _ in module.named_children())
    return () if inside else (Site(path, "input", width, "feed-forward"),)


def _sites(path: str, module: nn.Module, flow: DataFlow) -> tuple[Site, ...]:
    size = widths(module)
    if size is None:
        return ()
    spans = _role_spans(flow.channels.get(path, {}))
    if spans and (len(spans) > 1 or next(iter(spans.values())) != ((0, size[1]),)):
        return tuple(_span_site(path, role, ranges, size[1]) for role, ranges in spans.items())
    if spans:
        return (Site(path, "output", size[1], next(iter(spans))),)
    if _is_down(path, module, flow):
        return (Site(path, "input", size[0], "feed-forward"),)
    return (Site(path, "output", size[1], "output" if path in flow.attended else "other"),)


def _is_down(path: str, module: nn.Module, flow: DataFlow) -> bool:
    """Say whether an inner activation ends here; of chained convolutions the last takes it."""
    if path not in flow.activated or not in_block(path) or is_depthwise(module):
        return False
    if path.rpartition(".")[0] in {chooser.rpartition(".")[0] for chooser in flow.choosing}:
        return False  # the inside of a router
    return channel_axis(module) == -1 or path not in flow.followed


def _span_site(path: str, role: Role, spans: tuple[Span, ...], width: int) -> Site:
    return Site(path, "output", sum(stop - start for start, stop in spans), role, spans, width)


def _role_spans(channels: dict[str, set[int]]) -> dict[Role, tuple[Span, ...]]:
    """Return the channel ranges of each role; a channel that is both key and value counts as value."""
    spans: dict[Role, tuple[Span, ...]] = {}
    taken = channels.get("value", set())
    for role in _SPAN_ROLES:
        mine = channels.get(role, set())
        ranges = _ranges(mine if role == "value" else mine - taken)
        if ranges:
            spans[role] = ranges
    return spans


def _ranges(channels: set[int]) -> tuple[Span, ...]:
    ranges: list[Span] = []
    for channel in sorted(channels):
        if ranges and ranges[-1][1] == channel:
            ranges[-1] = (ranges[-1][0], channel + 1)
        else:
            ranges.append((channel, channel + 1))
    return tuple(ranges)
