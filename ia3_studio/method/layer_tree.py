"""What is inside a model, as plain data? Its modules in order, and the sites that they offer. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from ia3_studio.errors import SelectionError
from ia3_studio.method import selector as choosing
from ia3_studio.method.patterns import Expression, shortened
from ia3_studio.method.sites import PRESETS, Role, Selection, Site, in_block

_PRESET_ROLES: dict[str, frozenset[Role]] = {
    "paper": frozenset({"key", "value", "feed-forward"}),
    "attention": frozenset({"key", "value"}),
    "feed-forward": frozenset({"feed-forward"}),
    "all": frozenset({"key", "value", "feed-forward", "query", "output", "other"}),
}


@dataclass(frozen=True)
class TreeNode:
    """One module of the model."""

    path: str
    name: str
    kind: str
    """The module's class name."""
    parent: int
    """Index of the parent node; -1 at the top."""
    role: Role
    parameters: int
    """Weights of this module and everything below it."""
    sites: tuple[Site, ...]
    """What can be scaled here: nothing, one side, or the query, key and value spans of a fused projection."""
    live: bool = True
    """The model's result depends on this module; presets skip other modules."""


@dataclass(frozen=True)
class LayerTree:
    """Every module of a model in pre-order, with the sites it offers."""

    nodes: tuple[TreeNode, ...]
    base_model: str = ""
    note: str = ""
    """What the paper's preset does not find in this model, and why; empty when it finds everything."""
    attends: bool = True
    """Whether positions are weighed by what they hold; convolutions, pooling and Fourier transforms have no keys."""
    peft_sites: tuple[Site, ...] = ()
    """What PEFT scales in this type of model when it is asked for nothing; empty where PEFT would raise."""

    @property
    def parameters(self) -> int:
        """Return the number of weights in the model."""
        return self.nodes[0].parameters

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Return every site the model offers, in the model's order."""
        return tuple(site for node in self.nodes for site in node.sites)

    def select(self, preset: str = "paper") -> Selection:
        """Return a preset's selection.

        "paper" takes keys, values and feed-forward, "attention" keys and values, "feed-forward" the rest of the paper.
        "all" skips modules outside the repeated blocks: heads and embeddings are never selected by a preset.
        "peft" is what PEFT's own default scales, the paper's sites or not, for the types of models it knows.

        Raises:
            SelectionError: no such preset, or the model has no site of its roles.
        """
        if preset not in PRESETS:
            raise SelectionError(f"Unknown preset {preset!r}; choose one of {', '.join(PRESETS)}.")
        if preset == "peft":
            return self._as_peft()
        roles = _PRESET_ROLES[preset]
        live = {node.path for node in self.nodes if node.live}
        sites = tuple(s for s in self.sites if s.role in roles and s.path in live and in_block(s.path))
        if not sites:
            raise SelectionError(self._nothing_found(preset))
        return Selection(sites, self.base_model)

    def match(self, *patterns: str) -> tuple[Site, ...]:
        """Return the sites of modules that the patterns hit, in the model's order.

        A pattern is a module path or its end on a dotted boundary ("k_proj", "mlp.down_proj"), with "[key]" for one
        part of a fused projection, or an expression between slashes ("/layers.[0-3].*k_proj/").

        Raises:
            SelectionError: a pattern hits nothing; the message names the nearest that would.
        """
        hit: set[Site] = set()
        for pattern in patterns:
            wanted = _matcher(pattern)
            found = [site for site in self.sites if wanted(site)]
            if not found:
                raise SelectionError(self._no_match(pattern))
            hit.update(found)
        return tuple(site for site in self.sites if site in hit)

    def choose(
        self,
        text: str = "",
        *,
        roles: Iterable[Role] | None = None,
        layers: Iterable[int] | None = None,
        patterns: Iterable[str] = (),
    ) -> Selection:
        """Return the sites of roles, layers and patterns, or of a text such as "key,value@8-15".

        The words are those of :func:`ia3_studio.method.selector.choose`.

        Raises:
            SelectionError: a role, layer or pattern hits nothing; the message names what would.
        """
        return choosing.choose(self, text, roles=roles, layers=layers, patterns=patterns)

    def _as_peft(self) -> Selection:
        if not self.peft_sites:
            raise SelectionError(
                "PEFT has no default for this type of model; the preset 'paper' finds keys, values and feed-forward."
            )
        ours = {site: site for site in self.sites}  # with their roles
        return Selection(tuple(ours.get(site, site) for site in self.peft_sites), self.base_model)

    def _no_match(self, pattern: str) -> str:
        near = choosing.nearest(pattern, choosing.endings(self.sites))
        return f"The pattern {shortened(pattern)!r} matches no module of this model; similar names: {near}."

    def _nothing_found(self, preset: str) -> str:
        seen = sorted({site.path.rpartition(".")[2] for site in self.sites})
        if not seen:
            return f"The preset {preset!r} found nothing to scale: this model has no linear layer."
        reason = self.note or "No key, value or feed-forward projection was recognized."
        return f"The preset {preset!r} found no site. {reason} Select modules by hand, such as {', '.join(seen[:8])}."


def _matcher(pattern: str) -> Callable[[Site], bool]:
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        expression = Expression(pattern[1:-1])
        return lambda site: expression.found_in(site.name)
    return lambda site: any(name == pattern or name.endswith(f".{pattern}") for name in (site.path, site.name))
