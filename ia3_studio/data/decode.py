"""In which encoding is a text written? Unicode says it by itself; for other encodings the letters must."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import regex

from ia3_studio.data.byte_marks import text_with_marks
from ia3_studio.data.chosen_encodings import CHOSEN_CODECS, ChosenEncoding
from ia3_studio.data.legacy_encodings import (
    CODECS,
    LATIN,
    LegacyEncoding,
    guess_encoding,
    text_of_words,
    words_outside_ascii,
)
from ia3_studio.data.shifted_encodings import SHIFTED_CODECS, ShiftedEncoding, shifted_encoding
from ia3_studio.data.stray_bytes import are_drawings, is_stray
from ia3_studio.errors import DataError

Encoding = Literal["UTF-8", "UTF-16", "UTF-32", LegacyEncoding, ShiftedEncoding, ChosenEncoding]

_BYTE_ORDER_MARKS: tuple[tuple[bytes, Encoding, str], ...] = (
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF8, "UTF-8", "utf-8"),
    (b"\x84\x31\x95\x33", "GB18030", "gb18030"),
)
_WIDE: tuple[tuple[Encoding, str], ...] = (
    ("UTF-32", "utf-32-le"), ("UTF-32", "utf-32-be"), ("UTF-16", "utf-16-le"), ("UTF-16", "utf-16-be"),
)  # fmt: skip
_WIDTHS = {"UTF-16": 2, "UTF-32": 4}
"""Bytes of a character, or of its half."""
_FEWEST_BYTES = 20
"""Bytes beside which one that is left over at the end does not matter."""
_MOST_NUL = 0.02
"""Share of bytes of the value 0 in a text that may be damaged."""
_WIDE_BYTES = 65_536
"""How much of a text without a byte order mark is tried as UTF-16 and UTF-32."""
_MOSTLY = 0.5
"""Share of ASCII characters in a text of one line that tells UTF-16 and UTF-32 from other bytes."""
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a"))  # 0x1A ends a text in DOS
_ODD = regex.compile(r"[\p{Cc}\p{Cn}--\s]", regex.VERSION1)
_ESCAPED = regex.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class FoundEncoding:
    """The encoding of a file."""

    encoding: Encoding
    codec: str
    certain: bool = True
    """Whether no other encoding is nearly as likely."""
    nul_bytes: int = 0
    """How many bytes of the value 0 stand in the text and are removed."""

    def __str__(self) -> str:
        """Return its name, and that it is a guess where others are nearly as likely."""
        return self.encoding if self.certain else f"probably {self.encoding}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the user should know of it."""
        removed = "1 NUL byte is" if self.nul_bytes == 1 else f"{self.nul_bytes:,} NUL bytes are"
        nul = (f"{removed} removed from the text.",) if self.nul_bytes else ()
        if self.certain:
            return nul
        return (
            *nul,
            f"The encoding is probably {self.encoding}; choose another under Encoding if letters look wrong.",
        )


@dataclass(frozen=True)
class Decoded:
    """A text, and in which encoding it was written."""

    text: str
    encoding: FoundEncoding
    has_marks: bool
    """Whether some bytes are no characters (:mod:`ia3_studio.data.damaged_bytes`)."""


def decode(name: str, data: bytes, wanted: Encoding | None = None) -> Decoded:
    """Return a file's text, read in the wanted encoding or else in the detected one.

    Raises:
        DataError: the bytes are not text, or not valid in the given encoding.
    """
    return decode_as(name, data, find_encoding(name, data, wanted))


def decode_as(name: str, data: bytes, found: FoundEncoding) -> Decoded:
    """Return bytes as text in an encoding; bytes that are no characters become marks.

    Raises:
        DataError: they are not valid UTF-16 or UTF-32.
    """
    width = _WIDTHS.get(found.encoding, 1)
    data = data.rstrip(_END_OF_FILE) if width == 1 else data
    rest = len(data) % width  # bytes of a character that is cut off, or were added at the end
    data = data[: len(data) - rest] if len(data) > _FEWEST_BYTES else data
    try:
        text, has_marks = text_with_marks(data, found.codec)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not valid {found.encoding} text (byte {error.start + 1:,}); save it as UTF-8."
        ) from error
    text = text.replace("\0", "") if found.nul_bytes else text
    text = unicodedata.normalize("NFC", text) if found.encoding in _WITH_ACCENTS_APART else text
    return Decoded(_MARKS_OF_FILES.sub("", text) if "\ufeff" in text else text, found, has_marks)


_MARKS_OF_FILES = regex.compile("^\ufeff+", regex.MULTILINE)
"""A byte order mark at the beginning of a line: there begins a file that was put behind another one."""
_WITH_ACCENTS_APART = ("windows-1258",)
"""Encodings in which most accents stand behind their letters, as no other text of the language has them."""
_END_OF_FILE = b"\x1a"
"""How programs of DOS end a text."""


def decode_together(members: Mapping[str, bytes], wanted: Encoding | None = None) -> dict[str, Decoded]:
    """Return the texts of files that belong together; those that are not Unicode are in one encoding.

    Raises:
        DataError: one of them is not text, or not valid in the given encoding.
    """
    found = {name: find_encoding(name, data, wanted) for name, data in members.items()}
    legacy = [name for name, each in found.items() if each.encoding in CODECS]
    if len(legacy) > 1:
        joined = b"\n".join(members[name] for name in legacy)
        found |= dict.fromkeys(legacy, find_encoding(legacy[0], joined, wanted))
    return {name: decode_as(name, data, found[name]) for name, data in members.items()}


def find_encoding(name: str, data: bytes, wanted: Encoding | None = None) -> FoundEncoding:
    """Return the encoding of a file.

    Args:
        name: of the file, for messages.
        data: its bytes, or of a large file whole lines of it, the first ones first.
        wanted: the encoding if it is not to be detected.

    Raises:
        DataError: the bytes are not text.
    """
    marked = next((each for each in _BYTE_ORDER_MARKS if data.startswith(each[0])), None)
    if wanted:
        return _wanted(data, wanted, marked)
    if marked:
        return FoundEncoding(*marked[1:])
    if b"\x00" in data:
        if wide := _wide(data):
            return wide
        return _without_nul(name, data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _damaged_or_legacy(name, data)
    shifted = shifted_encoding(data)
    return FoundEncoding(shifted, SHIFTED_CODECS[shifted]) if shifted else FoundEncoding("UTF-8", "utf-8")


def _without_nul(name: str, data: bytes) -> FoundEncoding:
    """Return the encoding of a text in which a few bytes are 0, as exports of databases leave them."""
    count = data.count(0)
    rest = data.replace(b"\0", b"")
    if count > _MOST_NUL * len(data) or len(rest.translate(None, _CONTROL)) < len(rest):
        raise _no_text(name)
    try:
        rest.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _no_text(name) from error
    return FoundEncoding("UTF-8", "utf-8", nul_bytes=count)


def _wanted(data: bytes, wanted: Encoding, marked: tuple[bytes, Encoding, str] | None) -> FoundEncoding:
    if marked and marked[1] == wanted:
        return FoundEncoding(wanted, marked[2])
    if wanted in ("UTF-16", "UTF-32"):
        wide = _wide(data)
        codec = wide.codec if wide and wide.encoding == wanted else f"{wanted.lower()}-le"
        return FoundEncoding(wanted, codec)
    shifted = {str(name): codec for name, codec in SHIFTED_CODECS.items()}
    named = {"UTF-8": "utf-8", **shifted, **CHOSEN_CODECS}
    return FoundEncoding(wanted, named.get(wanted) or _codec(cast(LegacyEncoding, wanted), data))


def _wide(data: bytes) -> FoundEncoding | None:
    """Return in which of UTF-16 and UTF-32 a text without a byte order mark is written; None for other bytes."""
    shares: dict[float, FoundEncoding] = {}
    for encoding, codec in _WIDE:
        try:
            text = codecs.getincrementaldecoder(codec)().decode(data[:_WIDE_BYTES], len(data) <= _WIDE_BYTES)
        except UnicodeDecodeError:
            continue
        share = len(text.encode("ascii", "ignore")) / max(len(text), 1)
        if (share > _MOSTLY or "\n" in text) and not _ODD.search(text):
            shares.setdefault(share, FoundEncoding(encoding, codec))
    return shares[max(shares)] if shares else None


def _damaged_or_legacy(name: str, data: bytes) -> FoundEncoding:
    """Return UTF-8 where more of its characters are whole than broken, or else the encoding that fits the letters."""
    text = text_of_words(words_outside_ascii(data), "utf-8", "surrogateescape")
    broken = len(_ESCAPED.findall(text))
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    if whole > broken:
        return FoundEncoding("UTF-8", "utf-8")
    # Nearly all bytes are letters in these encodings, so control characters tell that this is no text.
    if len(data.translate(None, _CONTROL)) < len(data):
        raise _no_text(name)
    guess = guess_encoding(data)
    codec = _codec(guess.encoding, data)
    if is_stray(data, codec) or are_drawings(data, guess.encoding, codec):
        return FoundEncoding("UTF-8", "utf-8")
    is_mixed = whole > 0 and guess.encoding in LATIN
    return FoundEncoding(guess.encoding, codec, guess.certain and not is_mixed)


def _codec(encoding: LegacyEncoding, data: bytes) -> str:
    """Return the first codec of an encoding in which all bytes are characters, or else the first one."""
    first, *others = CODECS[encoding]
    return next((codec for codec in (first, *others) if _is_valid(data, codec)), first) if others else first


def _is_valid(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
        return True
    except UnicodeDecodeError:
        return False


def _no_text(name: str) -> DataError:
    return DataError(
        f"{name} is a binary file, not text; give a table, JSON or plain text, or choose its encoding if it is text."
    )
