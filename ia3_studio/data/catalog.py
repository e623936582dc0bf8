"""Which data sets can be chosen? What the Hub lists for some letters, and what was downloaded before.

What the Hub says is untrusted: every field is checked for its type, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ia3_studio.hub_search import Document
from ia3_studio.settings import is_public

MOST_LOCAL = 100
"""Data sets in the cache that are listed, the newest first."""
LARGEST = 10**16
"""Bytes or downloads beyond which a number is not believed."""
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
    listed = document.get("tags")
    tags = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return DataEntry(
        str(document["id"]),
        size=_count(document.get("mainSize")) or _count(document.get("usedStorage")),
        rows=_tagged(tags, _ROWS),
        license=_tagged(tags, _LICENSE),
        downloads=_count(document.get("downloads")),
        gated=bool(document.get("gated")),
        unusable=_unusable(tags),
    )


def _unusable(tags: Iterable[str]) -> str:
    modalities = [tag.removeprefix(_MODALITY) for tag in tags if tag.startswith(_MODALITY)]
    if modalities and not any(each in _READABLE for each in modalities):
        return f"only {' and '.join(sorted(modalities)[:3])}, and rows with text are needed"
    return ""


def _tagged(tags: Iterable[str], prefix: str) -> str:
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), "")[:40]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LARGEST else None


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
