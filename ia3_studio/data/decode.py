"""In which encoding is a text written?"""

from __future__ import annotations

from typing import Literal

from ia3_studio.errors import DataError

Encoding = Literal["UTF-8", "UTF-16", "windows-1252"]

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CODECS: dict[Encoding, str] = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16", "windows-1252": "windows-1252"}
_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))


def decode(name: str, data: bytes, wanted: Encoding | None = None) -> tuple[str, Encoding]:
    """Return a file's text and its encoding: the wanted one, or else the first that fits.

    Raises:
        DataError: the bytes are not text, or not valid in the given encoding.
    """
    encoding = wanted or _guess(name, data)
    try:
        return data.decode(_CODECS[encoding]), encoding
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not valid {encoding} text (byte {error.start + 1:,}); save it as UTF-8.") from error


def _guess(name: str, data: bytes) -> Encoding:
    if data.startswith(BYTE_ORDER_MARKS):
        return "UTF-16"
    if b"\x00" in data:
        raise _no_text(name)
    try:
        data.decode("utf-8-sig")
        return "UTF-8"
    except UnicodeDecodeError:
        # Nearly all bytes are letters in windows-1252, so control characters tell that this is no text.
        if len(data.translate(None, _CONTROL)) < len(data):
            raise _no_text(name) from None
        return "windows-1252"


def _no_text(name: str) -> DataError:
    return DataError(f"{name} is a binary file, not text; give a table, JSON or plain text.")
