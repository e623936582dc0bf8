"""Which sites do a few words mean? Roles, layer ranges and patterns become a selection.

    choose(tree, roles={"key", "value"}, layers=range(8, 16))
    choose(tree, "key,value@8-15; feed-forward@20-")

Whatever is asked must exist: a role, a layer or a pattern that hits nothing raises and names what there is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, get_args

from ia3_studio.errors import SelectionError
from ia3_studio.method.patterns import Expression, shortened
from ia3_studio.method.sites import PRESETS, Role, Selection, Site, in_block, layer_of

if TYPE_CHECKING:
    from ia3_studio.method.layer_tree import LayerTree

ROLES: tuple[Role, ...] = get_args(Role)

LONGEST = 200_000
"""Characters of a choice; every module of a large model by its path takes some 120,000."""
_LAYERS = re.compile(r"[\d\s,-]+", re.ASCII)
_RANGE = re.compile(r"(?P<first>\d{1,9})(?P<dash>-)?(?P<last>\d{1,9})?", re.ASCII)


def choose(
    tree: LayerTree,
    text: str = "",
    *,
    roles: Iterable[Role] | None = None,
    layers: Iterable[int] | None = None,
    patterns: Iterable[str] = (),
) -> Selection:
    """Return the sites that a text, or roles, layers and patterns, mean; in the model's order.

    Args:
        tree: what discovery found in the model.
        text: terms joined by ";". A term is a list of roles, presets and patterns joined by ",", then, if only some
            layers are selected, "@" and their indices: "key,value@8-15", "paper@4", "mlp.down_proj@0,2,6-".
        roles: keep sites of these roles, inside the repeated blocks.
        layers: keep sites of blocks with these indices, starting at 0.
        patterns: keep sites that :meth:`LayerTree.match` finds.

    Raises:
        SelectionError: a role, layer, preset or pattern hits nothing; the message names what would.
    """
    if text and (roles is not None or layers is not None or patterns):
        raise SelectionError(
            "Give either an expression such as 'key,value@8-15' or roles, layers and patterns, not both."
        )
    if len(text) > LONGEST:
        raise SelectionError(
            f"The selection has {len(text):,} characters and the limit is {LONGEST:,}; use roles or layers."
        )
    if text:
        found = [site for term in dict.fromkeys(text.split(";")) for site in _of_term(tree, term)]
    else:
        found = _of_roles(tree, roles, tuple(patterns))
        found = found if layers is None else _in_layers(tree, found, tuple(layers))
    return Selection(_in_order(tree, found), tree.base_model)


def require_words(text: str) -> None:
    """Check that a text can mean sites, before there is a model to look for them in.

    Raises:
        SelectionError: a term, an expression or a range of layers is malformed.
    """
    if len(text) > LONGEST:
        raise SelectionError(
            f"The selection has {len(text):,} characters and the limit is {LONGEST:,}; use roles or layers."
        )
    for term in dict.fromkeys(text.split(";")):
        what, layers = _what_and_layers(term.strip())
        if what.startswith("/"):
            Expression(what[1:-1])
        elif not all(item.strip() for item in what.split(",")):
            raise SelectionError(f"{shortened(term)!r} has an empty name before or after a comma; write 'key,value'.")
        for part in layers.split(",") if layers else ():
            if not _RANGE.fullmatch(part.replace(" ", "")):
                raise SelectionError(
                    f"{shortened(part)!r} is not a range of layers; write numbers such as 8-15, 8- or 3."
                )


def nearest(wanted: str, known: Collection[str], count: int = 3) -> str:
    """Return the known names most like a wanted one, joined for a sentence."""
    names = sorted(known)
    near = difflib.get_close_matches(wanted[:200], names, n=count, cutoff=0.4) or names[: count + 2]
    return ", ".join(near)


def endings(sites: Iterable[Site]) -> set[str]:
    """Return the short names by which sites can be found: the last part, and the last two, of each path."""
    names: set[str] = set()
    for site in sites:
        for name in (site.path, site.name):
            parts = name.split(".")
            names |= {parts[-1], ".".join(part for part in parts[-2:] if not part.isdigit())}
    return names


def _of_term(tree: LayerTree, term: str) -> list[Site]:
    what, layers = _what_and_layers(term.strip())
    items = [what] if what.startswith("/") else dict.fromkeys(item.strip() for item in what.split(","))
    found = [site for item in items for site in _of_item(tree, item)]
    if layers is None:
        return found
    return _in_layers(tree, found, _numbers(layers, _layers_of(tree.sites)))


def _what_and_layers(term: str) -> tuple[str, str | None]:
    """Return what a term names and, after its last "@", the numbers of the layers; None where it says none."""
    what, at, layers = term.rpartition("@")
    if not at or not _LAYERS.fullmatch(layers):
        what, layers = term, ""
    is_expression = len(what) > 2 and what.startswith("/") and what.rstrip().endswith("/")
    if not what.strip() or ("@" in what and not is_expression):
        raise SelectionError(
            f"{shortened(term)!r} is not a valid selection; write 'key,value@8-15' or 'mlp.down_proj'."
        )
    return what.strip(), layers or None


def _of_item(tree: LayerTree, item: str) -> Iterable[Site]:
    if item in PRESETS:
        return tree.select(item)
    if item in ROLES and any(site.role == item for site in tree.sites):
        return _of_role(tree, item)
    try:
        return tree.match(item)
    except SelectionError as error:
        if item.startswith("/"):
            raise
        words = nearest(item, {*PRESETS, *_roles_in(tree), *endings(tree.sites)})
        raise SelectionError(
            f"{shortened(item)!r} is not a role, preset or module of this model; similar names: {words}."
        ) from error


def _of_roles(tree: LayerTree, roles: Iterable[Role] | None, patterns: tuple[str, ...]) -> list[Site]:
    sites = list(tree.match(*patterns)) if patterns else list(tree.sites)
    if roles is None:
        return sites if patterns else list(tree.select("all"))
    wanted = {site for role in roles for site in _of_role(tree, role)}
    found = [site for site in sites if site in wanted]
    if not found:
        raise SelectionError("No module matches both the patterns and the roles; remove one of the two.")
    return found


def _of_role(tree: LayerTree, role: str) -> list[Site]:

    found = [site for site in tree.sites if site.role == role and in_block(site.path)]
    if not found:
        there = ", ".join(sorted(_roles_in(tree)))
        raise SelectionError(f"No layer of this model has the role {role!r}; available roles: {there}.")
    return found


def _roles_in(tree: LayerTree) -> set[str]:

    return {site.role for site in tree.sites if in_block(site.path)}


def _in_layers(tree: LayerTree, sites: Iterable[Site], layers: Collection[int]) -> list[Site]:

    there = _layers_of(tree.sites)
    _require_layers(layers, there)
    found = [site for site in sites if layer_of(site.path) in layers]
    silent = sorted(set(layers) - {layer_of(site.path) for site in found})
    if silent:
        raise SelectionError(f"The layers {_listed(silent)} contain none of the selected modules; remove these layers.")
    return found


def _require_layers(layers: Collection[int], there: list[int]) -> None:
    missing = sorted(set(layers) - set(there))
    if missing or not layers:
        span = f"the layers {there[0]} to {there[-1]}" if there else "no numbered layers"
        raise SelectionError(f"Layer {_listed(missing)} does not exist in this model; it has {span}.")


def _layers_of(sites: Iterable[Site]) -> list[int]:

    return sorted({layer for site in sites if (layer := layer_of(site.path)) is not None})


def _numbers(text: str, there: list[int]) -> set[int]:
    """Return the layers of a text such as "0,2,6-9" or "20-"; an open end reaches the last layer there is."""
    layers: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        if not match or (match["last"] and int(match["last"]) < int(match["first"])):
            raise SelectionError(f"{shortened(part)!r} is not a range of layers; write numbers such as 8-15, 8- or 3.")
        first = int(match["first"])
        last = int(match["last"]) if match["last"] else max(first, *there) if match["dash"] and there else first
        # A range can have a billion of numbers: those just beyond the last layer are enough to refuse it.
        last = min(last, max((first, *there)) + 10)
        _require_layers(range(first, last + 1), there)
        layers |= set(range(first, last + 1))
    return layers


def _listed(layers: list[int]) -> str:
    return ", ".join(map(str, layers[:6])) + ("…" if len(layers) > 6 else "") or "of an empty range"


def _in_order(tree: LayerTree, sites: Iterable[Site]) -> tuple[Site, ...]:
    """Return sites once each in the model's order; whole sides that the tree offers in parts come last."""
    wanted = dict.fromkeys(sites)
    known = [site for site in tree.sites if site in wanted]
    return (*known, *(site for site in wanted if site not in set(known)))
