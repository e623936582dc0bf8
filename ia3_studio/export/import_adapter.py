"""How does an adapter made elsewhere come in? As a zip, as the files of its folder, or in a verdict page.

Nothing of an upload is trusted: only known names are taken, never a path, never more than a bound, and the
adapter is read before it is kept. It is stored in a folder named by its content, so that taking the same
adapter in twice gives one folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO

from ia3_studio.errors import AdapterError
from ia3_studio.export.archive import ADAPTER_FILES, NATIVE_FILES, PEFT_FILES
from ia3_studio.export.page_adapter import adapter_in_page
from ia3_studio.zipped import open_zip

CONFIGS = (PEFT_FILES[0], NATIVE_FILES[0])
PAGES = (".html", ".htm")
"""How the name of a verdict page ends."""
LARGEST_FILE = 1_000_000_000
"""Bytes; vectors take about 10 MB for 70 billion parameters, but embeddings with new tokens come whole."""
LARGEST_TEXT = 16_000_000
"""Bytes of a config; those that name every module of a large model have some hundred kilobytes."""
_CHUNK = 1 << 20
_UNFINISHED = ".incoming-"
_UNFINISHED_SECONDS = 3600.0


def take_in(uploads: Sequence[Path], library: Path) -> Path:
    """Copy an uploaded adapter into the library; return its folder there.

    Args:
        uploads: one zip, one verdict page, or the files of one adapter folder.
        library: where adapters are kept; made when missing.

    Raises:
        AdapterError: the upload is no (IA)³ adapter, is damaged or is too large.
    """
    from ia3_studio.method import Adapter

    library.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(library)
    with tempfile.TemporaryDirectory(dir=library, prefix=_UNFINISHED) as work:
        folder = Path(work) / "adapter"
        folder.mkdir()
        if len(uploads) == 1 and uploads[0].suffix.lower() in PAGES:
            packed = Path(work) / "page.zip"
            packed.write_bytes(adapter_in_page(uploads[0]))
            _unzip(packed, folder)
        elif len(uploads) == 1 and zipfile.is_zipfile(uploads[0]):
            _unzip(uploads[0], folder)
        else:
            _copy_files(uploads, folder)
        Adapter.load(folder)
        target = library / _digest(folder)
        try:
            os.replace(folder, target)
        except OSError:
            if not target.exists():  # else the same adapter is there, perhaps since a moment ago
                raise
    return target


def _remove_unfinished(library: Path) -> None:
    """Remove what killed processes left half unpacked."""
    for path in library.glob(f"{_UNFINISHED}*"):
        with suppress(OSError):  # another process removes it too
            if path.stat().st_mtime < time.time() - _UNFINISHED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _copy_files(uploads: Sequence[Path], folder: Path) -> None:
    named = [path for path in uploads if path.name in ADAPTER_FILES]
    if not named:
        raise AdapterError(
            f"No adapter found. Choose a zip, or the files {' and '.join(PEFT_FILES)}, or {' and '.join(NATIVE_FILES)}."
        )
    for path in named:
        with path.open("rb") as source:
            _pour(source, folder / path.name)


def _unzip(path: Path, folder: Path) -> None:
    try:
        with path.open("rb") as file, open_zip(file) as archive:
            for entry in _entries(archive):
                with archive.open(entry) as source:
                    _pour(source, folder / PurePosixPath(entry.filename).name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:  # damaged, odd packing, password
        raise AdapterError(f"{path.name} cannot be unpacked ({error}); download or zip the adapter again.") from error


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """Yield the adapter's files: those next to the first config, at the shallowest level."""
    places = [PurePosixPath(entry.filename) for entry in archive.infolist()]
    configs = sorted((place for place in places if place.name in CONFIGS), key=lambda place: len(place.parts))
    if not configs:
        raise AdapterError(
            f"The zip contains no {' and no '.join(CONFIGS)}; zip the folder that PEFT or IA3 Studio saved."
        )
    seen: set[str] = set()
    for entry, place in zip(archive.infolist(), places, strict=True):
        if place.parent == configs[0].parent and place.name in ADAPTER_FILES:
            if place.name in seen:  # each would be unpacked, one over the other
                raise AdapterError(f"The zip contains {place.name} more than once; zip the adapter's folder again.")
            seen.add(place.name)
            yield entry


def _pour(source: IO[bytes], target: Path) -> None:
    """Copy a stream into a file, however long it claims to be, up to the bound."""
    written = 0
    with target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            most = LARGEST_TEXT if target.suffix == ".json" else LARGEST_FILE
            if written > most:
                raise AdapterError(
                    f"{target.name} has more than {most // 1_000_000} MB, more than the size limit for adapters."
                )
            sink.write(chunk)


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]
