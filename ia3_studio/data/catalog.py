"""Which data sets can be chosen? What the Hub lists for some letters, and what was downloaded before.

What the Hub says is untrusted: every field is checked for its type, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ia3_studio.hub_search import Document, count_of, tagged, tags_of
from ia3_studio.settings import is_public

MOST_LOCAL = 100
"""Data sets in the cache that are listed, in the order of their names."""
_MODALITY, _ROWS, _LICENSE = "modality:", "size_categories:", "license:"
_READABLE = ("text", "tabular", "document")
"""Modalities of which rows can be used; images and audio are dropped."""


@dataclass(frozen=True)
class DataEntry:
    """A data set of the Hub that can be chosen, or that is listed with the reason why not."""

    hub_id: str
    size: int | None = None
    """Bytes of its files; only the rows that are asked for are downloaded."""
    rows: str = ""
    """About how many rows it has, as its card says: "10K<n<100K"."""
    license: str = ""
    downloads: int | None = None
    gated: bool = False
    cached: bool = False
    """Whether files of it are in the cache of this computer."""
    unusable: str = ""
    """Why its rows cannot be used, as the end of a sentence; empty if they can."""


def data_entry(document: Document) -> DataEntry:
    """Return what the Hub says about a data set."""
    tags = tags_of(document)
    return DataEntry(
        str(document["id"]),
        size=count_of(document.get("mainSize")) or count_of(document.get("usedStorage")),
        rows=tagged(tags, _ROWS),
        license=tagged(tags, _LICENSE),
        downloads=count_of(document.get("downloads")),
        gated=bool(document.get("gated")),
        unusable=_unusable(tags),
    )


def _unusable(tags: Iterable[str]) -> str:
    modalities = [tag.removeprefix(_MODALITY) for tag in tags if tag.startswith(_MODALITY)]
    if modalities and not any(each in _READABLE for each in modalities):
        return f"only {' and '.join(sorted(modalities)[:3])}, and rows with text are needed"
    return ""


def cached_data_sets(text: str) -> tuple[DataEntry, ...]:
    """Return the data sets in the Hugging Face cache whose id contains every word of a text; none in public mode."""
    if is_public():
        return ()
    from huggingface_hub import constants

    store, words = Path(constants.HF_HUB_CACHE), text.lower().split()
    places = sorted(store.glob("datasets--*"), reverse=True)[: 10 * MOST_LOCAL] if store.is_dir() else []
    ids = (place.name.removeprefix("datasets--").replace("--", "/") for place in places)
    found = [each for each in ids if all(word in each.lower() for word in words)]
    return tuple(DataEntry(each, cached=True) for each in sorted(found)[:MOST_LOCAL])
