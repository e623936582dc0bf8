"""Adapter arithmetic without training: strength, muting, pruning, combinations.

All work on data; no model is needed. With deviations d = l − 1, so that the base model is 0:

    at_strength    1 + a·d
    add            1 + Σ wᵢ·dᵢ        average: the same with weights that add up to 1; subtract: weights 1 and −1
    multiply       Π lᵢ
    geometric      Π lᵢ ^ wᵢ          weights add up to 1; every l must be positive

A channel that an adapter does not scale counts as 1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ia3_studio.errors import AdapterError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.peft.targets import Targets, anchored_targets
from ia3_studio.method.product import strengthen
from ia3_studio.method.rows import Key
from ia3_studio.method.sites import Role, Selection, Site, layer_of


def at_strength(adapter: Adapter, strength: float) -> Adapter:
    """Return the adapter at a strength: 0 is the base model and 1 the adapter itself, both exactly."""
    return replace(adapter, vector=strengthen(adapter.vector, float(strength)).clone())


def mute(
    adapter: Adapter,
    *,
    names: Collection[str] | None = None,
    layers: Collection[int] | None = None,
    roles: Collection[Role] | None = None,
) -> Adapter:
    """Return the adapter with some sites set to 1; a site is muted if it meets all given conditions.

    Args:
        names: of sites, as :attr:`Site.name` gives them, or module paths.
        layers: indices of the blocks.
        roles: "key", "value", "feed-forward" and so on.

    Raises:
        AdapterError: no site matches the conditions, or none are given.
    """
    if names is None and layers is None and roles is None:
        raise AdapterError("No sites to mute are given; give names, layers or roles.")
    muted = [
        site
        for site in adapter.selection
        if (names is None or site.name in names or site.path in names)
        and (layers is None or layer_of(site.path) in layers)
        and (roles is None or site.role in roles)
    ]
    if not muted:
        seen = sorted({f"{site.role} of layer {layer_of(site.path)}" for site in adapter.selection})
        raise AdapterError(f"No site of the adapter matches; it scales {', '.join(seen[:6])}.")
    return _with_ones(adapter, {site: list(range(site.size)) for site in muted})


def mute_channels(adapter: Adapter, name: str, channels: Collection[int]) -> Adapter:
    """Return the adapter with some channels of one site set to 1.

    Args:
        name: of the site, as :attr:`Site.name` gives it.
        channels: of the activation that is scaled, as :attr:`Site.positions` counts them.

    Raises:
        AdapterError: there is no such site, or it does not scale such a channel.
    """
    site = next((site for site in adapter.selection if site.name == name), None)
    if site is None:
        raise AdapterError(f"The adapter has no site {name!r}; its first site is {adapter.selection.sites[0].name}.")
    index = {channel: number for number, channel in enumerate(site.positions)}
    strange = [channel for channel in channels if channel not in index]
    if strange:
        first, last = site.positions[0], site.positions[-1]
        raise AdapterError(f"{name} does not scale channel {strange[0]}; choose from {first} to {last}.")
    return _with_ones(adapter, {site: [index[channel] for channel in channels]})


def prune(adapter: Adapter, share: float) -> Adapter:
    """Return the adapter with only its largest deviations |scale − 1| kept and all others set to 1.

    Args:
        adapter: the adapter.
        share: of all its parameters, from 0 to 1; rounded to the nearest count. Of equal deviations the first are kept.

    Raises:
        AdapterError: the share is not between 0 and 1.

    Example:
        >>> prune(adapter, 0.05)                         # doctest: +SKIP
    """
    if not 0 <= share <= 1:
        raise AdapterError(f"The share to keep is {share}; use a number from 0 to 1.")
    kept = round(share * adapter.vector.numel())
    order = (adapter.vector - 1).abs().argsort(descending=True, stable=True)
    vector = torch.ones_like(adapter.vector)
    vector[order[:kept]] = adapter.vector[order[:kept]]
    return replace(adapter, vector=vector)


def add(adapters: Sequence[Adapter], weights: Sequence[float]) -> Adapter:
    """Return 1 + Σ wᵢ·(lᵢ − 1): the deviations added up, each with its weight; weights may be negative.

    Raises:
        AdapterError: no adapters are given, not one weight per adapter, or the adapters are for different models.
    """
    return _combine(adapters, weights, _weighted_sum)


def average(adapters: Sequence[Adapter], weights: Sequence[float] | None = None) -> Adapter:
    """Return the mean of the deviations; weights are divided by their sum.

    Raises:
        AdapterError: as for :func:`add`, or the weights add up to 0.
    """
    return add(adapters, _shares(adapters, weights))


def subtract(adapter: Adapter, other: Adapter) -> Adapter:
    """Return the difference of two adapters: 1 + (l − 1) − (l' − 1).

    Raises:
        AdapterError: the adapters are of different models.
    """
    return add((adapter, other), (1.0, -1.0))


def multiply(adapters: Sequence[Adapter]) -> Adapter:
    """Return Π lᵢ: the function of all adapters attached one after the other.

    Raises:
        AdapterError: no adapters are given, or they are for different models.
    """
    return _combine(adapters, [1.0] * len(adapters), lambda scales, _weights: scales.prod(dim=0))


def geometric(adapters: Sequence[Adapter], weights: Sequence[float] | None = None) -> Adapter:
    """Return the geometric mean Π lᵢ^wᵢ; weights are divided by their sum.

    Raises:
        AdapterError: as for :func:`average`, or a number is not positive, which has no geometric mean.
    """
    worst = min((float(adapter.vector.min()) for adapter in adapters), default=1.0)
    if worst <= 0:
        raise AdapterError(f"An adapter contains the scale {worst:.3g}, which has no geometric mean; use the average.")
    return _combine(adapters, _shares(adapters, weights), _weighted_powers)


def _weighted_sum(scales: Tensor, weights: Tensor) -> Tensor:
    return ((scales.double() - 1) * weights[:, None]).sum(dim=0) + 1


def _weighted_powers(scales: Tensor, weights: Tensor) -> Tensor:
    return (scales.double().log() * weights[:, None]).sum(dim=0).exp()


def _shares(adapters: Sequence[Adapter], weights: Sequence[float] | None) -> list[float]:
    given = [1.0] * len(adapters) if weights is None else list(weights)
    if given and sum(given) == 0:
        raise AdapterError("The weights add up to 0, so there is no mean; use add for differences.")
    return [weight / sum(given) for weight in given]


def _combine(
    adapters: Sequence[Adapter], weights: Sequence[float], formula: Callable[[Tensor, Tensor], Tensor]
) -> Adapter:
    """Return the adapter of a formula over scales (adapters, channels) and weights (adapters,)."""
    if not adapters or len(weights) != len(adapters):
        raise AdapterError(f"Got {len(adapters)} adapters but {len(weights)} weights; give one weight per adapter.")
    exact = torch.tensor(list(weights), dtype=torch.float64)
    wide = [_wide(adapter) for adapter in adapters]
    sites = [site for key, group in _by_place(adapters).items() for site in _common(key, group)]
    pieces = []
    for site in sites:
        ones = torch.ones(site.channels)
        scales = torch.stack([scale.get((site.path, site.side), ones)[site.positions] for scale in wide])
        pieces.append(formula(scales, exact).float())
    first = adapters[0]
    selection = Selection(tuple(sites), next((a.selection.base_model for a in adapters if a.selection.base_model), ""))
    facts = {
        name: text
        for name, text in first.metadata.items()
        if all(adapter.metadata.get(name) == text for adapter in adapters)
    }
    targets = first.targets if selection == first.selection else _not_for_peft(selection, adapters)
    return Adapter(selection, torch.cat(pieces), facts, targets, _one_head(adapters))


def _not_for_peft(selection: Selection, adapters: Sequence[Adapter]) -> Targets | None:
    """Return the targets of a selection that holds what PEFT cannot scale, where an adapter says so."""
    reason = next((adapter.why_not_peft for adapter in adapters if adapter.why_not_peft), "")
    return replace(anchored_targets(selection), inexpressible=reason) if reason else None


def _one_head(adapters: Sequence[Adapter]) -> Mapping[str, Tensor]:
    """Return the heads of the only adapter that has some: whole weights have no identity to be combined from."""
    headed = [adapter.heads for adapter in adapters if adapter.heads]
    if len(headed) > 1:
        raise AdapterError(f"{len(headed)} of these adapters include a head; combine at most one adapter with a head.")
    return headed[0] if headed else {}


def _by_place(adapters: Sequence[Adapter]) -> dict[Key, list[tuple[Site, ...]]]:
    """Return, for each place that any adapter scales, the sites by which each of them does."""
    found: dict[Key, list[tuple[Site, ...]]] = {}
    for adapter in adapters:
        own: dict[Key, tuple[Site, ...]] = {}
        for site in adapter.selection:
            own[site.path, site.side] = (*own.get((site.path, site.side), ()), site)
        for key, sites in own.items():
            found.setdefault(key, []).append(sites)
    return found


def _common(key: Key, groups: list[tuple[Site, ...]]) -> tuple[Site, ...]:
    """Return sites of one place that hold what all of these do: the same ones, all of them, or the whole side."""
    widths = {site.channels for sites in groups for site in sites}
    if len(widths) > 1:
        raise AdapterError(
            f"{key[0]} has {' and '.join(map(str, sorted(widths)))} channels in these adapters; they were made for"
            " different models."
        )
    sites = tuple(dict.fromkeys(site for group in groups for site in group))
    channels = [channel for site in sites for channel in site.positions]
    if len(set(channels)) == len(channels):
        return sites
    return (Site(key[0], key[1], widths.pop()),)  # they overlap without being the same


def _wide(adapter: Adapter) -> dict[Key, Tensor]:
    """Return the scales at full width, with ones for channels that the adapter does not scale."""
    wide: dict[Key, Tensor] = {}
    for site, numbers in adapter.vectors().items():
        wide.setdefault((site.path, site.side), torch.ones(site.channels))[site.positions] = numbers
    return wide


def _with_ones(adapter: Adapter, numbers: dict[Site, list[int]]) -> Adapter:
    muted = replace(adapter, vector=adapter.vector.clone())
    for site, vector in muted.vectors().items():  # views into the copy
        vector[numbers.get(site, [])] = 1
    return muted
