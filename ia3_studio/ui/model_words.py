"""The strings of the lists of models and data sets: what each entry says, and why something is not offered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ia3_studio.data.catalog import DataEntry
    from ia3_studio.models.catalog import ModelEntry
    from ia3_studio.models.fit import Fit
    from ia3_studio.models.machine import MachineMemory
    from ia3_studio.runs.throughput import MachineSpeed

STARTERS, ON_THIS_COMPUTER, ON_THE_HUB = "Starters", "On this computer", "Hugging Face Hub, most downloaded first"
IN_THE_CACHE = "In the Hugging Face cache of this computer"
PICKER = {
    "waiting": "Looking …",
    "searching": "Searching the Hugging Face Hub …",
    "found": "{count} suggestions.",
}
"""The strings that the component's script shows."""
TYPE_LETTERS = "Type three letters to search the Hugging Face Hub."
ONLY_LOCAL_MODELS = "only starters and models on this computer are listed."
ONLY_STARTERS = "only starters are listed."
ONLY_LOCAL_DATA = "upload a file or paste rows instead, or enter an id and try again later."
NOTHING_FOUND = "Nothing matches. Press Enter to use the text as it is."
GATED = "gated"
TRAINING, CHAT = "training", "chat"


def badge(what: str, fit: Fit) -> str:
    """Return the text of a badge: "training fits"."""
    return f"{what} {fit}"


def badge_title(what: str, needed: int, memory: MachineMemory) -> str:
    """Return the figures of a badge."""
    return f"{what.capitalize()} needs about {size(needed)} of memory; {free(memory)}."


def free(memory: MachineMemory) -> str:
    """Return how much memory is free."""
    place = " of the GPU" if memory.on_gpu else ""
    return f"{memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB{place} are free"


def size(number: float) -> str:
    """Return a number of bytes.

    Example:
        >>> size(538_090_408), size(2_665_297_792)
        ('538 MB', '2.7 GB')
    """
    if number >= 9.95e8:
        return f"{number / 1e9:,.1f} GB" if number < 1e11 else f"{number / 1e9:,.0f} GB"
    return f"{number / 1e6:,.0f} MB" if number >= 1e6 else f"{number / 1e3:,.0f} kB"


def amount(number: float) -> str:
    """Return a large number in short.

    Example:
        >>> amount(134_515_008), amount(7_240_000_000), amount(950)
        ('135M', '7.2B', '950')
    """
    for least, unit, name in ((9.995e8, 1e9, "B"), (9.995e5, 1e6, "M"), (1e4, 1e3, "k")):
        if number >= least:
            short = number / unit
            return f"{short:.1f}{name}" if short < 9.95 else f"{short:.0f}{name}"
    return f"{number:,.0f}"


def about_time(seconds: float) -> str:
    """Return a rough time span.

    Example:
        >>> about_time(43), about_time(200), about_time(9000), about_time(400_000)
        ('about 45 s', 'about 3 min', 'about 2.5 h', 'about 5 days')
    """
    if seconds < 58:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    if seconds < 5_400:
        return f"about {max(1, round(seconds / 60))} min"
    if seconds < 172_800:
        hours = seconds / 3600
        return f"about {hours:.1f} h" if hours < 10 else f"about {hours:.0f} h"
    return f"about {seconds / 86_400:,.0f} days"


def model_facts(entry: ModelEntry, epoch: float | None) -> str:
    """Return what an entry says about a model in one line."""
    disk = entry.ready or entry.group == "local"
    parts = (
        f"{amount(entry.parameters)} parameters" if entry.parameters else "quantized" if entry.quantized else "",
        f"{size(entry.size)} {'on disk' if disk else 'to download'}" if entry.size else "",
        entry.license,
        f"{amount(entry.downloads)} downloads" if entry.downloads else "",
        f"{about_time(epoch)} per epoch" if epoch else "",
    )
    facts = " · ".join(part for part in parts if part)
    return f"Cannot be used: {entry.unusable}." if entry.unusable else facts


def model_detail(costs: Iterable[tuple[str, int]], memory: MachineMemory | None, epoch: str, gated: str) -> str:
    """Return what is said about a model that is active or chosen: figures, then how to get access."""
    needs = ", ".join(f"{size(needed)} for {what}" for what, needed in costs)
    figures = f"Memory needed: about {needs}; {free(memory)}." if needs and memory else ""
    return " ".join(part for part in (figures, epoch, gated) if part)


def epoch_detail(seconds: float, data: str, tokens: float, speed: MachineSpeed) -> str:
    """Return how long an epoch takes, and what the figure is based on."""
    basis = "earlier runs" if speed.measured_in == "runs" else "a short benchmark"
    return f"One epoch of {data}, {amount(tokens)} tokens: {about_time(seconds)}, judging by {basis}."


def gated_detail(is_public: bool) -> str:
    """Return how to get access to a gated repository."""
    if is_public:
        return "Gated: it can be loaded only if the owner of this studio has access to it."
    return "Gated: accept its license, then run hf auth login, or set HF_TOKEN and start the studio again."


def hub_page(hub_id: str, gated: bool, kind: str = "") -> tuple[str, str]:
    """Return (address, text) of the link to a repository; ``kind`` is the part of the address before its id."""
    place = f"huggingface.co/{kind}{hub_id}"
    return f"https://{place}", f"Accept the license at {place}" if gated else place


def left_out(reasons: Iterable[str]) -> str:
    """Return how many entries of the Hub are not shown and why; empty if all are."""
    counted = Counter(reasons)
    if not counted:
        return ""
    told = ", ".join(f"{count} ({re.split('[,;]', reason)[0]})" for reason, count in counted.most_common(4))
    return f"Not shown because they cannot be used: {told}."


def no_hub(trouble: str, instead: str) -> str:
    """Return the line on a Hub that lists nothing."""
    return f"{trouble}; {instead}"


def data_facts(entry: DataEntry) -> str:
    """Return what an entry says about a data set in one line."""
    if entry.unusable:
        return f"Cannot be used: {entry.unusable}."
    parts = (
        f"{row_range(entry.rows)} rows" if entry.rows else "",
        size(entry.size) if entry.size else "",
        entry.license,
        f"{amount(entry.downloads)} downloads" if entry.downloads else "",
        "downloaded before" if entry.cached else "",
    )  # fmt: skip
    return " · ".join(part for part in parts if part)


def row_range(category: str) -> str:
    """Return a size category of the Hub in words.

    Example:
        >>> row_range("n<1K"), row_range("10K<n<100K"), row_range("n>1T")
        ('up to 1K', '10K to 100K', 'over 1T')
    """
    for sign, word in (("<n<", " to "), ("n<", "up to "), ("n>", "over ")):
        if sign in category:
            return category.replace(sign, word)
    return category


DATA_DETAIL = "Only the rows that you select are downloaded."
