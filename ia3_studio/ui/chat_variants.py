"""Which variant of the model responds? The base model, an adapter at a strength, a merge of two; sites can be muted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.labels import labels_in
from ia3_studio.errors import AdapterError, SelectionError, StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui.components.tree_rows import TreeRows, decode_selection, encode_selection, row_sites
from ia3_studio.ui.current_run import CurrentRun, find, find_or_none, import_key, imported_adapters, run_key

if TYPE_CHECKING:
    from ia3_studio.chat import Variant as ServedVariant
    from ia3_studio.method import Adapter, Site
    from ia3_studio.ui.session import Studio

MAX_STRENGTH = 2.0
MAX_WEIGHT = 2.0
MAX_RESPONSES = 4
BASE, CURRENT, MERGED = "base", "current", "merged"
"""Choices other than the keys of runs and imports: the base model, the adapter selected on every tab, the merge."""
MAX_CHOICES = 40
"""Further adapters that are offered, newest first."""


@dataclass(frozen=True)
class Merge:
    """How the merged adapter is made of the selected adapter and a second one."""

    second: str = ""
    """The key of the second adapter."""
    first_weight: float = 0.5
    second_weight: float = 0.5

    def __post_init__(self) -> None:
        for weight in (self.first_weight, self.second_weight):
            if not -MAX_WEIGHT <= weight <= MAX_WEIGHT:
                raise StudioError(words.weight_out_of_range(weight, MAX_WEIGHT))


@dataclass(frozen=True)
class Variant:
    """One variant of the model."""

    label: str
    strength: float = 0.0
    parts: tuple[tuple[Path, float], ...] = ()
    """Folders of the adapters that are added up, each with its weight; empty for the base model."""


def choices_for(studio: Studio, key: str, model: str) -> list[tuple[str, str]]:
    """Return (label, choice) of every variant of a base model, the base model first."""
    current = find(studio, key)
    found = [(words.BASE_MODEL, BASE)]
    if current and _generates_text(current):
        found.append((words.selected_adapter(current.name), CURRENT))
    others = (each for each in _adapters(studio) if each.key != key and each.model == model and _generates_text(each))
    found += [(each.name, each.key) for each in islice(others, MAX_CHOICES)]  # no run is opened beyond those
    return [*found, (words.MERGED_ADAPTER, MERGED)] if len(found) > 2 else found


def find_variant(studio: Studio, choice: str, strength: float, key: str, merge: Merge) -> Variant:
    """Return the variant of a choice; choices come from a browser, so each adapter is looked up.

    Raises:
        StudioError: the strength is out of its range, or there is no such adapter.
    """
    if not 0 <= strength <= MAX_STRENGTH:
        raise StudioError(words.strength_out_of_range(strength, MAX_STRENGTH))
    if choice == BASE:
        return Variant(words.BASE_MODEL)
    name, folder = _adapter_of(find(studio, key if choice in (CURRENT, MERGED) else choice))
    if choice != MERGED:
        return Variant(name, strength, ((folder, 1.0),))
    second, second_folder = _adapter_of(find(studio, merge.second))
    label = words.merged_adapter(name, merge.first_weight, second, merge.second_weight)
    return Variant(label, strength, ((folder, merge.first_weight), (second_folder, merge.second_weight)))


def load_variants(
    variants: Sequence[Variant], muted: Collection[Site]
) -> tuple[Mapping[str, Adapter], tuple[ServedVariant, ...]]:
    """Return the adapters to serve by name, and which of them each variant uses.

    Raises:
        AdapterError: an adapter cannot be read or merged.
    """
    from ia3_studio.chat import Variant as ServedVariant
    from ia3_studio.method import Adapter, add

    names: dict[tuple[tuple[Path, float], ...], str] = {}
    served: dict[str, Adapter] = {}
    for each in variants:
        if not each.parts or each.parts in names:
            continue
        names[each.parts] = f"variant {len(names)}"
        adapters, weights = [Adapter.load(folder) for folder, _ in each.parts], [weight for _, weight in each.parts]
        whole = adapters[0] if len(adapters) == 1 else add(adapters, weights)
        served[names[each.parts]] = mute(whole, muted)
    return served, tuple(ServedVariant(each.strength, names.get(each.parts, "")) for each in variants)


def rows_of_adapter(rows: TreeRows, adapter: Adapter) -> str:
    """Return the selected rows for an adapter's sites; empty if the tree has no rows for them."""
    try:
        return encode_selection(rows, row_sites(rows, adapter.selection))
    except SelectionError:
        return ""


def muted_sites(rows: TreeRows, adapter: Adapter, active: str) -> frozenset[Site]:
    """Return the sites of an adapter whose rows are not selected.

    Raises:
        SelectionError: the text is not a list of rows of this tree.
    """
    whole = decode_selection(rows_of_adapter(rows, adapter), rows)
    return frozenset(whole) - frozenset(decode_selection(active, rows))


def mute(adapter: Adapter, sites: Collection[Site]) -> Adapter:
    """Return the adapter with the scales of these sites set to 1; of a fused projection, only those of its parts."""
    from ia3_studio.method.algebra import mute_channels

    muted: dict[tuple[str, str], set[int]] = {}
    for part in sites:
        muted.setdefault((part.path, part.side), set()).update(part.positions)
    for site in adapter.selection:
        if channels := muted.get((site.path, site.side), set()).intersection(site.positions):
            adapter = mute_channels(adapter, site.name, sorted(channels))
    return adapter


def _adapters(studio: Studio) -> Iterator[CurrentRun]:
    keys = [
        *(run_key(run.id) for run in studio.store.list()),
        *(import_key(folder) for folder in imported_adapters(studio)),
    ]
    return (found for key in keys if (found := find_or_none(studio, key)) is not None)


def _generates_text(found: CurrentRun) -> bool:
    return found.adapter is not None and labels_in(found.adapter) is None


def _adapter_of(found: CurrentRun | None) -> tuple[str, Path]:
    if found is None or found.adapter is None:
        raise AdapterError(words.ADAPTER_GONE)
    return found.name, found.adapter
