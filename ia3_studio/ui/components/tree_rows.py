"""How is a layer tree sent to the browser, and the selection back?

The browser gets one JSON list of rows, and sends one string of row ranges such as ``"3-10,14"``. Both are small (for
3,000 modules, 140 kB and a few kB), and the string is checked like anything a browser sends. This module needs neither
gradio nor torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.errors import SelectionError
from ia3_studio.ui.text import not_in_tree

if TYPE_CHECKING:
    from ia3_studio.method.layer_tree import LayerTree
    from ia3_studio.method.sites import Role, Site

Cell = str | int
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_LONGEST_RANGE = len("999999999-999999999,")


@dataclass(frozen=True)
class TreeRows:
    """A layer tree as the component draws it."""

    json: str
    """``[parent, name, class, size, selectable, role, side]`` per row, in pre-order."""
    sites: tuple[Site | None, ...]
    """The site of each row; None if it has nothing to scale."""
    parameters: int
    """Weights of the whole model."""


def tree_rows(tree: LayerTree) -> TreeRows:
    """Return one row per node; a fused projection becomes a branch with one row per site.

    Example:
        >>> rows = tree_rows(discover(model))             # doctest: +SKIP
        >>> decode_selection("5-6", rows)                     # doctest: +SKIP
        (Site(path='model.layers.0.self_attn.k_proj', …), Site(path='model.layers.0.self_attn.v_proj', …))
    """
    cells: list[list[Cell]] = []
    sites: list[Site | None] = []
    row_of: list[int] = []
    for node in tree.nodes:
        parent = row_of[node.parent] if node.parent >= 0 else -1
        row_of.append(len(cells))
        own = node.sites[0] if len(node.sites) == 1 else None
        cells.append([parent, node.name, node.kind, *_site_cells(own, node.role)])
        sites.append(own)
        for site in node.sites if own is None else ():
            cells.append([row_of[-1], _part_name(site, node.sites), "", *_site_cells(site, site.role)])
            sites.append(site)
    total = sum(node.parameters for node in tree.nodes if node.parent < 0)
    return TreeRows(json.dumps(cells, ensure_ascii=False, separators=(",", ":")), tuple(sites), total)


def _site_cells(site: Site | None, role: Role) -> tuple[Cell, ...]:
    return (site.size, 1, role, site.side) if site else (0, 0, role, "")


def _part_name(site: Site, siblings: Sequence[Site]) -> str:
    """Name one part of a fused projection; two parts of the same role are distinguished by their spans."""
    if sum(other.role == site.role for other in siblings) == 1:
        return f"[{site.role}]"
    place = "+".join(f"{start}:{stop}" for start, stop in site.spans) or site.side
    return f"[{site.role} {place}]"


def encode_rows(indexes: Iterable[int]) -> str:
    """Return row indexes as ranges.

    Example:
        >>> encode_rows([3, 4, 5, 9])
        '3-5,9'
    """
    ranges: list[list[int]] = []
    for index in sorted(set(indexes)):
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return ",".join(f"{start}-{stop}" if stop > start else str(start) for start, stop in ranges)


def decode_selection(text: object, rows: TreeRows) -> tuple[Site, ...]:
    """Return the selected sites in the model's order; an empty text means none.

    The text comes from a browser: its length, order and every index are checked before anything is built from it.

    Raises:
        SelectionError: the text is not a list of ascending ranges, or a row has no site.
    """
    if text is None or text == "":
        return ()
    if not isinstance(text, str) or len(text) > _LONGEST_RANGE * max(1, len(rows.sites)):
        raise SelectionError("The selection is not a list of rows like '3-10,14'; reload the page and select again.")
    return tuple(_site_at(index, rows) for index in _indexes(text, len(rows.sites)))


def _indexes(text: str, count: int) -> Iterator[int]:
    """Yield the indexes of ascending ranges; each range is checked before it is expanded."""
    following = 0
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        if not found:
            raise SelectionError(
                f"The selection contains {part[:40]!r}, not rows like '3-10'; reload the page and select again."
            )
        start, stop = int(found[1]), int(found[2] or found[1])
        if not following <= start <= stop < count:
            raise SelectionError(
                f"The selection contains {part}, but rows must be below {count}, unique and in ascending order; "
                "reload the page and select again."
            )
        yield from range(start, stop + 1)
        following = stop + 1


def _site_at(index: int, rows: TreeRows) -> Site:
    site = rows.sites[index]
    if site is None:
        raise SelectionError(f"Row {index} of the layer tree is not a site; reload the page and select again.")
    return site


def encode_selection(rows: TreeRows, selection: Iterable[Site]) -> str:
    """Return the rows of a selection, as ranges.

    Raises:
        SelectionError: the tree has no row for one of the sites.
    """
    row_of = {site: index for index, site in enumerate(rows.sites) if site is not None}
    wanted = tuple(selection)
    missing = [site.name for site in wanted if site not in row_of]
    if missing:
        raise SelectionError(
            f"{len(missing)} of {len(wanted)} selected sites are not in this model's layer tree, such as {missing[0]}; "
            "select sites from this model's tree."
        )
    return encode_rows(row_of[site] for site in wanted)


def row_sites(rows: TreeRows, chosen: Iterable[Site]) -> tuple[Site, ...]:
    """Return sites as the rows of the tree have them: a whole fused projection as all of its parts.

    Raises:
        SelectionError: a site is on a side that has no row.
    """
    by_place: dict[tuple[str, str], list[Site]] = {}
    for row in rows.sites:
        if row is not None:
            by_place.setdefault((row.path, row.side), []).append(row)
    found: dict[Site, None] = {}
    for site in chosen:
        parts = by_place.get((site.path, site.side), [])
        same = [site] if site in parts else parts
        if sum(row.size for row in same) != site.size:
            raise SelectionError(not_in_tree(site.path, site.side))
        found |= dict.fromkeys(same)
    return tuple(found)
