"""Which bytes are in a file, a packed file, or a folder of files? All in memory: nothing of an archive is written."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from ia3_studio.data.member_paths import member_path
from ia3_studio.errors import DataError
from ia3_studio.zipped import open_zip

MAX_BYTES = 200 * 1024 * 1024
"""Largest file read, unpacked; larger ones would not fit in memory as examples."""
PACKED = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstandard"}
"""Endings of packed files, and what they are called."""
MAX_MEMBERS = 120_000
"""Most files of a folder or an archive that are read."""


def read_file(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        DataError: it is absent, a folder, too large, empty, or may not be read.
    """
    try:
        if not path.is_file():
            raise DataError(f"File {path} not found; check the path.")
        require_room(path.name, path.stat().st_size)
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path and its permissions.") from error
    if not data or data.isspace():
        raise DataError(f"{path.name} is empty; give a file with at least two rows.")
    return data


def unpacked(name: str, data: bytes, suffix: str = ".gz") -> bytes:
    """Return what a packed file holds.

    Args:
        name: of the file, for messages.
        data: its bytes.
        suffix: one of ``PACKED``.

    Raises:
        DataError: it is damaged, or holds more than is read: a few kilobytes can unpack to gigabytes.
    """
    import pyarrow as pa

    try:
        with _opened(data, suffix) as packed:
            content: bytes = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException) as error:
        raise DataError(f"{name} cannot be unpacked ({error}); compress it again.") from error
    require_room(f"{name}, unpacked,", len(content))
    return content


def _opened(data: bytes, suffix: str) -> Any:
    """Return packed bytes as a file that is read unpacked."""
    if suffix == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.BufferReader(data), "zstd")
    openers: dict[str, Callable[[io.BytesIO], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    return openers[suffix](io.BytesIO(data))


def folder_members(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder and its sub-folders, by their path in it; hidden ones are skipped."""
    return _gathered(folder.name, ((name, _beginning(path)) for name, path in folder_files(folder)))


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return _read_up_to(file, os.fstat(file.fileno()).st_size)


def _read_up_to(file: IO[bytes], size: int) -> bytes:
    """Return what a file of a size holds, or a byte more than is taken, by which one that is too large is known.

    Python sets memory aside for as much as is asked for, which takes a millisecond for each of many small files.
    """
    return file.read(min(size, MAX_BYTES) + 1)


def folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a folder and its sub-folders with their path in it; hidden ones and links are skipped."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    named = ((path.relative_to(folder).as_posix(), path) for path in files)
    return ((name, path) for name, path in named if _is_content(name))


def zip_files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files of an archive; hidden ones are skipped."""
    return [info for info in archive.infolist() if _is_content(info.filename) and not info.is_dir()]


def zip_members(name: str, data: bytes) -> dict[str, bytes]:
    """Return the files of a zip archive, by their path in it; hidden ones are skipped.

    Raises:
        DataError: it is damaged, locked, or holds more than is read.
    """
    try:
        with open_zip(io.BytesIO(data)) as archive:
            found = zip_files(archive)
            require_room(f"{name}, unpacked,", sum(info.file_size for info in found))  # as far as it is to be believed
            return _gathered(name, ((info.filename, _read_member(archive, info)) for info in found))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        reason = "it is locked with a password" if "encrypted" in str(error) else error
        raise DataError(
            f"{name} cannot be unpacked ({reason}); create the archive again, without a password."
        ) from error


def tar_members(name: str, data: bytes) -> dict[str, bytes]:
    """Return the files of a tar archive, by their path in it; hidden ones, links and devices are skipped.

    Raises:
        DataError: it is damaged, or holds more than is read.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            found = (info for info in archive if info.isreg() and _is_content(info.name.removeprefix("./")))
            files = ((info, archive.extractfile(info)) for info in found)
            read = ((info.name.removeprefix("./"), _read_up_to(file, info.size)) for info, file in files if file)
            return _gathered(name, read)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{name} cannot be unpacked ({error}); create the archive again.") from error


def unpacked_members(name: str, members: Mapping[str, bytes]) -> tuple[Mapping[str, bytes], list[str]]:
    """Return the files of a folder or an archive, those that are packed one by one, or archives, unpacked.

    Also a sentence on each that cannot be unpacked, which does not take the others down.

    Raises:
        DataError: more than a few cannot be, or all together hold more than is read.
    """
    kinds = {member_path(path).suffix.lower() for path in members}
    damaged: dict[str, str] = {}
    if not kinds & {*PACKED, *_ARCHIVES}:
        return members, []

    def each() -> Iterator[tuple[str, bytes]]:
        for path, data in members.items():
            try:
                held = _held(path, data, members)
            except DataError as error:
                damaged[path] = f"Not read: {path} ({str(error).rstrip('.')})."
                if len(damaged) > _MOST_DAMAGED or len(damaged) == len(members):
                    raise
                continue
            yield from held.items()

    return _gathered(name, each()), [*damaged.values()]


_MOST_DAMAGED = 3
"""Packed files that may be damaged beside others; each may have taken as long to unpack as the largest."""


def _held(path: str, data: bytes, members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what a file of a folder holds by its path: an archive its files, a packed file another, or itself."""
    suffix = member_path(path).suffix.lower()
    plain = path[: -len(suffix)] if suffix else path
    if suffix in PACKED and member_path(plain).suffix.lower() == ".tar":  # as .tgz
        suffix, plain, data = ".tar", plain[: -len(".tar")], unpacked(path, data, suffix)
    if suffix in _ARCHIVES:
        inner = unpacked(path, data) if suffix == ".tgz" else data
        held = zip_members(path, inner) if suffix == ".zip" else tar_members(path, inner)
        return {f"{plain}/{name}": content for name, content in held.items()}
    is_packed = suffix in PACKED and plain not in members
    return {plain: unpacked(path, data, suffix)} if is_packed else {path: data}


def in_order(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files by their paths in order, so that the order in an archive or of uploads decides nothing."""
    return dict(sorted(members.items(), key=lambda member: member_path(member[0]).parts))


_ARCHIVES = (".zip", ".tar", ".tgz")
"""Endings of archives, which are unpacked in another one as well; those inside these are not."""


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:  # what the archive says of its own sizes may be a lie
        return member.read(MAX_BYTES + 1)


def _gathered(name: str, members: Iterator[tuple[str, bytes]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    held = 0
    for path, data in members:
        held += len(data)
        require_room(f"{name}, unpacked,", held)
        if len(found) >= MAX_MEMBERS:
            raise DataError(f"{name} contains more than {MAX_MEMBERS:,} files; put the rows into one file.")
        found[member_path(path).as_posix()] = data  # as everybody spells it who asks for its parts
    return found


def _is_content(name: str) -> bool:
    return bool(member_path(name).name) and not any(
        part.startswith((".", "__MACOSX")) for part in member_path(name).parts
    )


def require_room(name: str, size: int) -> None:
    """Refuse what is larger than is read.

    Raises:
        DataError: it is.
    """
    if size > MAX_BYTES:
        raise DataError(f"{name} has more than {MAX_BYTES / 2**20:,.0f} MB; use a smaller part of it.")
