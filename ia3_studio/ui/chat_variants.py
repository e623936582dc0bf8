"""Who answers in a pane, and how is it played? Adapters at a strength, mixtures of two, parts muted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.labels import labels_in
from ia3_studio.errors import AdapterError, SelectionError, StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui.components.tree_rows import TreeRows, decode_ticks, in_rows, ticks_of
from ia3_studio.ui.current_run import Shown, find, find_or_none, import_key, imported, run_key

if TYPE_CHECKING:
    from ia3_studio.chat import Variant
    from ia3_studio.method import Adapter, Site
    from ia3_studio.ui.session import Studio

STRONGEST = 2.0
HEAVIEST = 2.0
PANES = 4
BASE, SHOWN, MIX = "base", "shown", "mix"
"""Who may answer, beside other runs and imports by their keys: the model as it came, what the tabs show, a mixture."""
OFFERED = 40
"""Adapters that are offered beside the one shown, the newest first."""


@dataclass(frozen=True)
class Mixture:
    """What the mixture is made of: the adapter shown and another one, each with its weight."""

    other: str = ""
    weight: float = 0.5
    other_weight: float = 0.5

    def __post_init__(self) -> None:
        for each in (self.weight, self.other_weight):
            if not -HEAVIEST <= each <= HEAVIEST:
                raise StudioError(words.weight_out_of_range(each, HEAVIEST))


@dataclass(frozen=True)
class Speaker:
    """Who answers in one pane."""

    label: str
    strength: float = 0.0
    parts: tuple[tuple[Path, float], ...] = ()
    """Folders of the adapters that are added up, each with its weight; none is the base model."""


def offered(studio: Studio, key: str, model: str) -> list[tuple[str, str]]:
    """Return (words, key) of all who can answer with one base model, the base model first."""
    shown = find(studio, key)
    found = [(words.BASE_VOICE, BASE)]
    if shown and _speaks(shown):
        found.append((words.shown_voice(shown.name), SHOWN))
    others = (each for each in _others(studio) if each.key != key and each.model == model and _speaks(each))
    found += [(each.name, each.key) for each in islice(others, OFFERED)]  # no run is opened beyond those
    return [*found, (words.MIX_VOICE, MIX)] if len(found) > 2 else found


def speaker(studio: Studio, who: str, strength: float, key: str, mixture: Mixture) -> Speaker:
    """Return who answers, looked up anew: keys come from a browser.

    Raises:
        StudioError: the strength is out of range, or there is nothing of that kind to answer.
    """
    if not 0 <= strength <= STRONGEST:
        raise StudioError(words.strength_out_of_range(strength, STRONGEST))
    if who == BASE:
        return Speaker(words.BASE_VOICE)
    first = _require(find(studio, key if who in (SHOWN, MIX) else who))
    if who != MIX:
        return Speaker(first.name, strength, ((_folder(first), 1.0),))
    second = _require(find(studio, mixture.other))
    parts = (_folder(first), mixture.weight), (_folder(second), mixture.other_weight)
    return Speaker(words.mixed_voice(first.name, mixture.weight, second.name, mixture.other_weight), strength, parts)


def variants_of(
    speakers: Sequence[Speaker], muted: Collection[Site]
) -> tuple[Mapping[str, Adapter], tuple[Variant, ...]]:
    """Return the adapters to serve by name, and each speaker as a variant among them.

    Raises:
        AdapterError: an adapter cannot be read or mixed.
    """
    from ia3_studio.chat import Variant
    from ia3_studio.method import Adapter, add

    names: dict[tuple[tuple[Path, float], ...], str] = {}
    served: dict[str, Adapter] = {}
    for each in speakers:
        if not each.parts or each.parts in names:
            continue
        names[each.parts] = f"variant {len(names)}"
        adapters, weights = [Adapter.load(folder) for folder, _ in each.parts], [weight for _, weight in each.parts]
        whole = adapters[0] if len(adapters) == 1 else add(adapters, weights)
        served[names[each.parts]] = without(whole, muted)
    return served, tuple(Variant(each.strength, names.get(each.parts, "")) for each in speakers)


def heard_ticks(rows: TreeRows, adapter: Adapter) -> str:
    """Return the ticks of the parts an adapter changes; empty where the tree has no rows for them."""
    try:
        return ticks_of(rows, in_rows(rows, adapter.selection))
    except SelectionError:
        return ""


def muted_by(rows: TreeRows, adapter: Adapter, ticks: str) -> frozenset[Site]:
    """Return the parts of an adapter that are no longer ticked.

    Raises:
        SelectionError: the ticks are no rows of this tree.
    """
    whole = decode_ticks(heard_ticks(rows, adapter), rows)
    return frozenset(whole) - frozenset(decode_ticks(ticks, rows))


def without(adapter: Adapter, muted: Collection[Site]) -> Adapter:
    """Return the adapter with parts set to 1; of a vector over several parts of one projection, only these."""
    from ia3_studio.method.algebra import mute_channels

    silent: dict[tuple[str, str], set[int]] = {}
    for part in muted:
        silent.setdefault((part.path, part.side), set()).update(part.positions)
    for site in adapter.selection:
        if chosen := silent.get((site.path, site.side), set()).intersection(site.positions):
            adapter = mute_channels(adapter, site.name, sorted(chosen))
    return adapter


def _others(studio: Studio) -> Iterator[Shown]:
    keys = [*(run_key(run.id) for run in studio.store.list()), *(import_key(folder) for folder in imported(studio))]
    return (shown for key in keys if (shown := find_or_none(studio, key)) is not None)


def _speaks(shown: Shown) -> bool:
    return shown.adapter is not None and labels_in(shown.adapter) is None


def _require(shown: Shown | None) -> Shown:
    if shown is None or shown.adapter is None:
        raise AdapterError(words.NO_VOICE)
    return shown


def _folder(shown: Shown) -> Path:
    assert shown.adapter is not None  # looked up by _require
    return shown.adapter
