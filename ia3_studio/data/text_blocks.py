"""How is a large text decoded? In blocks of whole lines, in one encoding that is detected from places all over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ia3_studio.data.decode import Decoded, Encoding, FoundEncoding, decode_as, find_encoding
from ia3_studio.errors import DataError

_HEAD_BYTES, _PLACE_BYTES, _PLACES = 2**20, 2**14, 64
"""Bytes of the beginning and of each other place that an encoding is detected from, and how many places there are."""
_WIDTHS = {"UTF-16": 2, "UTF-32": 4}


def encoding_of(path: Path, wanted: Encoding | None = None) -> FoundEncoding:
    """Return the encoding of a file, detected from its beginning and from lines all over it.

    Raises:
        DataError: it is not text.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        sample = file.read(_HEAD_BYTES)
        if size > _HEAD_BYTES and b"\x00" not in sample:
            parts = [sample[: sample.rfind(b"\n") + 1]]
            for place in range(_HEAD_BYTES, size, max((size - _HEAD_BYTES) // _PLACES, _PLACE_BYTES)):
                file.seek(place)
                part = file.read(_PLACE_BYTES)
                parts.append(part[part.find(b"\n") + 1 : part.rfind(b"\n") + 1])  # a character may be cut at the ends
            sample = b"".join(parts) or sample
    return find_encoding(path.name, sample, wanted)


def text_blocks(path: Path, found: FoundEncoding, size: int) -> Iterator[tuple[Decoded, int]]:
    """Yield the text of a file in blocks of whole lines, about ``size`` bytes each, and how many lines each has.

    Raises:
        DataError: it is not valid UTF-16 or UTF-32.
    """
    if found.encoding in _WIDTHS:
        yield from _wide_blocks(path, found, size // _WIDTHS[found.encoding])
        return
    with path.open("rb") as file:
        while lines := file.readlines(size):
            yield decode_as(path.name, b"".join(lines), found), len(lines)


def _wide_blocks(path: Path, found: FoundEncoding, size: int) -> Iterator[tuple[Decoded, int]]:
    try:
        with path.open(encoding=found.codec, newline="") as file:  # a line end is several bytes here
            while lines := file.readlines(size):
                yield Decoded("".join(lines).removeprefix("\ufeff"), found, has_marks=False), len(lines)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not valid {found.encoding} text; save it as UTF-8.") from error
