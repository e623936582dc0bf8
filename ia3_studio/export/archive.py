"""How is an adapter exported? As a zip in PEFT's format with a model card."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from ia3_studio.errors import AdapterError
from ia3_studio.export.card import CardFacts, card, without_folders

PEFT_FILES = ("adapter_config.json", "adapter_model.safetensors")
NATIVE_FILES = ("ia3_adapter.json", "ia3_adapter.safetensors")
"""Of an adapter that PEFT's layout cannot hold."""
ADAPTER_FILES = (*PEFT_FILES, "studio.json", *NATIVE_FILES)
BASE_IN = {"adapter_config.json": "base_model_name_or_path", "ia3_adapter.json": "base_model"}
"""Which entry of which file names the base model."""
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold: the same adapter gives the same bytes."""


CARD = "README.md"


def package(folder: Path, facts: CardFacts, *, for_others: bool = False) -> dict[str, bytes]:
    """Return the exported files of an adapter, by name: its own files, its card, and the card's images.

    Args:
        folder: of the adapter.
        facts: what its card says.
        for_others: whether others get it, who learn of a base model in a folder of this machine only that folder's
            name.

    Raises:
        AdapterError: the folder lacks a file.
    """
    needed = NATIVE_FILES if (folder / NATIVE_FILES[0]).is_file() else PEFT_FILES
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        raise AdapterError(f"{folder} has no {' and '.join(missing)}; train or import the adapter again.")
    contents = {name: (folder / name).read_bytes() for name in ADAPTER_FILES if (folder / name).is_file()}
    if for_others:
        facts = replace(facts, base_model=without_folders(facts.base_model))
        contents = {name: _for_others(name, content) for name, content in contents.items()}
    figures = {figure.name: figure.svg.encode() for figure in facts.figures}
    return contents | figures | {CARD: card(facts).encode()}


def _for_others(name: str, content: bytes) -> bytes:
    """Return a file as it was, unless it names a folder of this machine."""
    if name not in BASE_IN:
        return content
    document = json.loads(content)
    base = document.get(BASE_IN[name])
    if not isinstance(base, str) or without_folders(base) == base:
        return content
    return json.dumps({**document, BASE_IN[name]: without_folders(base)}, indent=2).encode()


def zip_adapter(folder: Path, target: Path, facts: CardFacts, *, for_others: bool = False) -> Path:
    """Write an adapter folder and its card as a zip whose top level is the adapter; return ``target``.

    Args:
        folder, facts, for_others: as for :func:`package`.
        target: the zip.

    Raises:
        AdapterError: the folder lacks a file.
    """
    contents = package(folder, facts, for_others=for_others)
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
    """Return a file name for a run: letters, digits and hyphens.

    Example:
        >>> file_name("Night run (2)")
        'night-run--2'
    """
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "adapter"
