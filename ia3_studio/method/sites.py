"""Where does a scale vector act? Sites, and selections of them.

A :class:`Site` is one place of one model: the output or the input side of a module, or some channels
of it. A :class:`Selection` is an ordered set of sites, made from a layer tree and kept as JSON.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from ia3_studio.errors import SelectionError

Side = Literal["input", "output"]
Preset = Literal["paper", "attention", "feed-forward", "all", "peft"]
PRESETS: tuple[str, ...] = get_args(Preset)
Role = Literal["key", "value", "feed-forward", "query", "output", "other"]
Span = tuple[int, int]


@dataclass(frozen=True)
class Site:
    """One place a scale vector acts.

    ``size`` is the number of trainable parameters. ``spans`` lists the (start, stop) channel ranges when only
    part of a fused projection is meant, in channel order, and ``width`` counts all channels of that side;
    both are empty when the whole side is scaled. Two
    sites are equal when they scale the same channels: the role is a description.
    """

    path: str
    side: Side
    size: int
    role: Role = field(default="other", compare=False)
    spans: tuple[Span, ...] = ()
    width: int = 0

    def __post_init__(self) -> None:
        if self.side not in ("input", "output"):
            raise SelectionError(f"Unknown side {self.side!r} of a site; use 'input' or 'output'.")
        if self.spans and sum(stop - start for start, stop in self.spans) != self.size:
            raise SelectionError(f"{self.path}: the spans do not add up to {self.size} channels.")
        if self.spans and not all(0 <= start < stop <= self.width for start, stop in self.spans):
            raise SelectionError(f"{self.path}: the spans exceed its {self.width} channels.")

    @property
    def channels(self) -> int:
        """Return the width of the activation that is scaled."""
        return self.width if self.spans else self.size

    @property
    def positions(self) -> list[int]:
        """Return the channel that each parameter scales."""
        return [channel for start, stop in self.spans or ((0, self.size),) for channel in range(start, stop)]

    @property
    def name(self) -> str:
        """Return a name unique in a selection, such as ``h.0.attn.c_attn[key]``."""
        return f"{self.path}[{self.role}]" if self.spans else self.path


@dataclass(frozen=True)
class Selection:
    """An ordered set of sites of one base model.

    Raises:
        SelectionError: a channel is scaled twice by the same selection.

    Example:
        >>> k = Site("layers.0.k_proj", "output", 4, "key")
        >>> Selection((k,)).parameters
        4
    """

    sites: tuple[Site, ...]
    base_model: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        by_place: dict[tuple[str, Side], list[Site]] = {}
        for site in self.sites:
            by_place.setdefault((site.path, site.side), []).append(site)
        for (path, side), sites in by_place.items():
            spans = sorted(span for site in sites for span in site.spans)
            whole = sum(not site.spans for site in sites)
            overlap = any(left[1] > right[0] for left, right in itertools.pairwise(spans))
            if whole > 1 or (whole and spans) or overlap:
                raise SelectionError(
                    f"{path} ({side} side) is scaled twice by this selection; keep one site per channel."
                )

    def __iter__(self) -> Iterator[Site]:
        return iter(self.sites)

    def __len__(self) -> int:
        return len(self.sites)

    @property
    def parameters(self) -> int:
        """Return the number of trainable parameters of this selection."""
        return sum(site.size for site in self.sites)

    @property
    def bytes(self) -> int:
        """Return the size of the float32 vectors, in bytes."""
        return 4 * self.parameters

    def below(self, prefix: str) -> Selection:
        """Return the same sites where the model is a part of a larger one, called ``prefix`` there."""
        return Selection(tuple(replace(site, path=f"{prefix}.{site.path}") for site in self.sites), self.base_model)

    def to_json(self) -> str:
        """Return the selection as JSON text."""
        return json.dumps({"base_model": self.base_model, "sites": [asdict(site) for site in self.sites]})

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """Read a selection written by :meth:`to_json`.

        Raises:
            SelectionError: the text is not a selection.
        """
        try:
            document = json.loads(text)
            sites = tuple(site_from_json(entry) for entry in document["sites"])
            return cls(sites, str(document.get("base_model", "")))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise SelectionError(f"This is not a selection written by IA3 Studio ({error}).") from error


def site_from_json(entry: dict[str, Any]) -> Site:
    """Return the site that ``dataclasses.asdict`` turned into plain values."""
    spans = tuple((int(start), int(stop)) for start, stop in entry.get("spans", ()))
    width = int(entry.get("width", 0))
    return Site(str(entry["path"]), entry["side"], int(entry["size"]), entry.get("role", "other"), spans, width)


_DIGITS = 9
"""Of the number of a block, at most."""


def in_block(path: str) -> bool:
    """Say whether a module belongs to a repeated block: part of its path is a number."""
    return layer_of(path) is not None


def layer_of(path: str) -> int | None:
    """Return the number of the block a module belongs to, or None outside the blocks."""
    return next((int(part) for part in path.split(".") if len(part) <= _DIGITS and part.isdecimal()), None)
