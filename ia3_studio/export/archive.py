"""What does a person take away? A zip with the adapter in PEFT's layout and a card that says what it is."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

from ia3_studio.errors import AdapterError
from ia3_studio.export.card import CardFacts, card

PEFT_FILES = ("adapter_config.json", "adapter_model.safetensors")
NATIVE_FILES = ("ia3_adapter.json", "ia3_adapter.safetensors")
"""Of an adapter that PEFT's layout cannot hold."""
ADAPTER_FILES = (*PEFT_FILES, "studio.json", *NATIVE_FILES)
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the same adapter gives the same bytes."""


CARD = "README.md"


def package(folder: Path, facts: CardFacts) -> dict[str, bytes]:
    """Return what leaves with an adapter, by file name: its own files, its card, and the card's pictures.

    Raises:
        AdapterError: the folder lacks a file.
    """
    needed = NATIVE_FILES if (folder / NATIVE_FILES[0]).is_file() else PEFT_FILES
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise AdapterError(f"{folder} lacks {' and '.join(missing)}; train or import the adapter again.")
    contents = {name: (folder / name).read_bytes() for name in ADAPTER_FILES if (folder / name).is_file()}
    pictures = {picture.name: picture.svg.encode() for picture in facts.pictures}
    return contents | pictures | {CARD: card(facts).encode()}


def zip_adapter(folder: Path, target: Path, facts: CardFacts) -> Path:
    """Write an adapter folder and its card as a zip whose top level is the adapter; return ``target``.

    Raises:
        AdapterError: the folder lacks a file.
    """
    contents = package(folder, facts)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved into place: somebody may be downloading the zip that is there.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".zip-") as work:
        part = Path(work) / target.name
        with zipfile.ZipFile(part, "w") as archive:
            for name, content in contents.items():
                archive.writestr(zipfile.ZipInfo(name, _NO_DATE), content, zipfile.ZIP_DEFLATED)
        os.replace(part, target)
    return target


def file_name(name: str) -> str:
    """Return what a file is called after the name of a run: letters, digits and hyphens.

    Example:
        >>> file_name("Night run (2)")
        'night-run--2'
    """
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "adapter"
