"""Which models and data sets are suggested while a name is typed? What is local at once, then what the Hub lists.

Both handlers are public endpoints: a query of any type and length is reduced to a short text, the Hub is asked within
the bounds of :class:`~ia3_studio.hub_search.HubSearch`, and in public mode nothing of the disk is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import gradio as gr

from ia3_studio.errors import RunError
from ia3_studio.hub_search import LONGEST, asked_for
from ia3_studio.models.catalog import ModelEntry, hub_entry, matching, starter_entries
from ia3_studio.models.fit import Fit, ModelCost, cost, epoch_seconds, judge
from ia3_studio.settings import is_public, on_zero_gpu
from ia3_studio.training.config import TrainConfig
from ia3_studio.ui import model_words as words
from ia3_studio.ui import text
from ia3_studio.ui.components.model_picker import (
    Badge,
    PickerEntry,
    PickerGroup,
    PickerView,
    Tone,
    show_options,
)
from ia3_studio.ui.session import Studio, sent

if TYPE_CHECKING:
    from ia3_studio.data.catalog import DataEntry
    from ia3_studio.models.machine import MachineMemory
    from ia3_studio.runs.throughput import MachineSpeed

TONES: Mapping[Fit, Tone] = {"fits": "good", "tight": "warn", "too large": "bad"}
"""The colors of badges."""
SHOWN = 10
"""Entries of the Hub at most."""
SHOWN_UNUSABLE = 3
"""Entries among them that are shown although they cannot be used: more are counted."""
RUNS_LOOKED_AT = 200
"""Runs whose models are listed as used before."""
PATIENCE = 1.5
"""Seconds to wait for the size of the data before entries are shown without the time of an epoch."""


class Listed(Protocol):
    """What models and data sets of the Hub have in common."""

    @property
    def unusable(self) -> str:
        """Return why it cannot be used; empty if it can."""


Entry = TypeVar("Entry", bound=Listed)


@dataclass(frozen=True)
class Machine:
    """What entries are judged by."""

    memory: MachineMemory
    weight_bytes: float
    """Of a weight in memory, in the number format of the device."""
    micro_batch_tokens: int
    data: str = ""
    """The name of the data in use."""
    tokens: float | None = None
    """Of an epoch; None if they are not known."""
    speed: MachineSpeed | None = None


def search_models(studio: Studio, event: gr.EventData, data: str) -> Iterator[dict[str, Any]]:
    """Suggest models for a typed text: first what needs no network, then also what the Hub lists."""
    query, request = read_search(event)
    local = studio.local_models.entries(used_sources(studio))
    machine = machine_now(studio, data, local)
    known = [
        PickerGroup(title, [model_option(each, machine) for each in matching(entries, query)])
        for title, entries in ((words.STARTERS, starter_entries()), (words.ON_THIS_COMPUTER, local))
    ]
    if not asked_for(query):
        yield show_options(PickerView(request, known, (words.TYPE_LETTERS,)))
        return
    yield show_options(PickerView(request, known, busy=True))
    answer = studio.hub.find("models", query)
    listed = {entry.value for group in known for entry in group.entries}
    found = [entry for document in answer.found if (entry := hub_entry(document)).source not in listed]
    shown, hidden = _shown(found)
    groups = [*known, PickerGroup(words.ON_THE_HUB, [model_option(each, machine) for each in shown])]
    instead = words.ONLY_STARTERS if is_public() else words.ONLY_LOCAL_MODELS
    yield show_options(PickerView(request, groups, _notes(groups, answer.trouble, instead, hidden)))


def search_data_sets(studio: Studio, event: gr.EventData) -> Iterator[dict[str, Any]]:
    """Suggest data sets for a typed text, as :func:`search_models`."""
    from ia3_studio.data.catalog import cached_data_sets, data_entry

    query, request = read_search(event)
    cached = cached_data_sets(query)
    known = [PickerGroup(words.IN_THE_CACHE, [data_option(each) for each in cached])]
    if not asked_for(query):
        yield show_options(PickerView(request, known, (words.TYPE_LETTERS,)))
        return
    yield show_options(PickerView(request, known, busy=True))
    answer = studio.hub.find("datasets", query)
    listed = {entry.hub_id for entry in cached}
    found = [entry for document in answer.found if (entry := data_entry(document)).hub_id not in listed]
    shown, hidden = _shown(found)
    groups = [*known, PickerGroup(words.ON_THE_HUB, [data_option(each) for each in shown])]
    yield show_options(PickerView(request, groups, _notes(groups, answer.trouble, words.ONLY_LOCAL_DATA, hidden)))


def read_search(event: gr.EventData) -> tuple[str, int]:
    """Return (query, number of the request) of a search; whatever else was sent becomes an empty query."""
    query, request = sent(event, "query"), sent(event, "request")
    number = request if isinstance(request, int) and not isinstance(request, bool) and abs(request) < 2**31 else 0
    return query[: 2 * LONGEST] if isinstance(query, str) else "", number


def used_sources(studio: Studio) -> Iterator[str]:
    """Yield the models of the runs of this studio, the newest first."""
    for run in () if is_public() else studio.store.newest(RUNS_LOOKED_AT):
        try:
            yield run.config.model
        except RunError:  # the list of runs shows that it is damaged
            continue


def machine_now(studio: Studio, data: str, local: Iterable[ModelEntry]) -> Machine:
    """Return the free memory of this machine, its speed, and the size of the data in use."""
    from ia3_studio.models.device import choose_device
    from ia3_studio.models.gpu_process import idle_memory
    from ia3_studio.runs.throughput import machine_speed

    device, config = choose_device(), TrainConfig()
    sizes = {entry.source: entry.parameters for entry in (*starter_entries(), *local)}
    tokens = studio.token_estimates.get(data, config.max_length, PATIENCE) if data else None
    speed = machine_speed(studio.store, studio.home, sizes.get, device.name) if tokens and not on_zero_gpu() else None
    return Machine(
        idle_memory(device), device.dtype.itemsize, config.micro_batch_tokens, _data_name(data), tokens, speed
    )


def _data_name(data: str) -> str:
    from ia3_studio.data.load import DataChoice
    from ia3_studio.errors import DataError

    try:
        return text.data_name(DataChoice.from_text(data).source)[:60] if data else ""
    except DataError:
        return ""


def model_option(entry: ModelEntry, machine: Machine) -> PickerEntry:
    """Return a model as a suggestion, judged for this machine."""
    needed = _cost(entry, machine)
    purposes = [(words.TRAINING, needed.training)] if needed and not on_zero_gpu() else []
    purposes += [(words.CHAT, needed.chat)] if needed and entry.writes else []
    too_large = needed is not None and judge(needed.training, machine.memory) == "too large"
    seconds = None if too_large else _epoch(entry, machine)
    link, link_text = words.hub_page(entry.source, entry.gated) if entry.group == "hub" else ("", "")
    gated = words.gated_detail(is_public()) if entry.gated else ""
    epoch = (
        words.epoch_detail(seconds, machine.data, machine.tokens, machine.speed)
        if seconds and machine.tokens and machine.speed else ""
    )  # fmt: skip
    return PickerEntry(
        entry.source,
        entry.name,
        words.model_facts(entry, seconds),
        "" if entry.unusable else words.model_detail(purposes, machine.memory, epoch, gated),
        [*_gated(entry.gated), *(_badge(what, bytes_, machine.memory) for what, bytes_ in purposes)],
        link,
        link_text,
        disabled=bool(entry.unusable),
    )


def data_option(entry: DataEntry) -> PickerEntry:
    """Return a data set as a suggestion."""
    link, link_text = words.hub_page(entry.hub_id, entry.gated, "datasets/")
    gated = words.gated_detail(is_public()) if entry.gated else ""
    detail = "" if entry.unusable else " ".join(part for part in (words.DATA_DETAIL, gated) if part)
    return PickerEntry(
        entry.hub_id, entry.hub_id, words.data_facts(entry), detail, _gated(entry.gated), link, link_text,
        disabled=bool(entry.unusable),
    )  # fmt: skip


def _cost(entry: ModelEntry, machine: Machine) -> ModelCost | None:
    """Return what a model needs; None if that is not known, or it cannot be used."""
    numbers, weight_bytes = (entry.size, 1.0) if entry.quantized else (entry.parameters, machine.weight_bytes)
    if not numbers or not entry.channels or entry.unusable:
        return None
    return cost(numbers, entry.channels, machine.micro_batch_tokens, weight_bytes)


def _epoch(entry: ModelEntry, machine: Machine) -> float | None:
    if not entry.parameters or entry.has_experts or entry.unusable or not machine.tokens or not machine.speed:
        return None
    return epoch_seconds(entry.parameters, machine.tokens, machine.speed.operations_per_second)


def _badge(what: str, needed: int, memory: MachineMemory) -> Badge:
    fit = judge(needed, memory)
    return Badge(words.badge(what, fit), TONES[fit], words.badge_title(what, needed, memory))


def _gated(gated: bool) -> list[Badge]:
    return [Badge(words.GATED, "plain", words.gated_detail(is_public()))] if gated else []


def _shown(found: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries to show, those that can be used first, and the reasons of those that are left out."""
    usable = [entry for entry in found if not entry.unusable][:SHOWN]
    rest = [entry for entry in found if entry.unusable]
    marked = rest[: min(SHOWN_UNUSABLE, SHOWN - len(usable))]
    return [*usable, *marked], [entry.unusable for entry in rest[len(marked) :]]


def _notes(groups: Sequence[PickerGroup], trouble: str, instead: str, hidden: Sequence[str]) -> list[str]:
    is_empty = not any(group.entries for group in groups)
    notes = (
        words.no_hub(trouble, instead) if trouble else "",
        words.left_out(hidden),
        words.NOTHING_FOUND if is_empty and not trouble else "",
    )
    return [note for note in notes if note]
