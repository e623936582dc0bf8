"""Which zip archives are opened? Those with a file list of limited size."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import BinaryIO

MAX_LISTING = 20_000_000
"""Bytes of an archive's list of its files, which is read whole before the first of them."""
_LAST_RECORD = 66_000
"""Bytes at the end that contain the record of the list: 98, followed by a comment of up to 65,535."""


def open_zip(source: BinaryIO) -> zipfile.ZipFile:
    """Open an archive.

    Raises:
        BadZipFile: it is not a zip, is damaged, or lists too many files.
    """
    if _listing(source) > MAX_LISTING:
        raise zipfile.BadZipFile(f"its list of files has more than {MAX_LISTING // 1_000_000} MB")
    try:
        archive = zipfile.ZipFile(source)
    except ValueError as error:  # of the standard library: places that no file has
        raise zipfile.BadZipFile("its list of files is damaged") from error
    if any(member.header_offset < 0 for member in archive.infolist()):
        archive.close()
        raise zipfile.BadZipFile("its beginning is missing")
    return archive


def _listing(source: BinaryIO) -> int:
    """Return the bytes of an archive's list of files, as its last record says (PKWARE's APPNOTE, 4.3.14 to 4.3.16)."""
    size = source.seek(0, io.SEEK_END)
    source.seek(max(0, size - _LAST_RECORD))
    end = source.read()
    source.seek(0)
    record, large = end.rfind(b"PK\x05\x06"), end.rfind(b"PK\x06\x06")
    if 0 <= large <= len(end) - 48:
        return int(struct.unpack_from("<Q", end, large + 40)[0])
    return int(struct.unpack_from("<L", end, record + 12)[0]) if 0 <= record <= len(end) - 16 else 0
