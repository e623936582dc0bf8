"""Which encodings write other scripts in bytes of ASCII? Those of old mail, which shift between the two."""

from __future__ import annotations

import re
from typing import Literal

ShiftedEncoding = Literal["ISO-2022-JP", "ISO-2022-KR", "HZ"]

SHIFTED_CODECS: dict[ShiftedEncoding, str] = {
    "ISO-2022-JP": "iso2022_jp_ext", "ISO-2022-KR": "iso2022_kr", "HZ": "hz",
}  # fmt: skip
_SHIFTS: dict[ShiftedEncoding, re.Pattern[bytes]] = {
    "ISO-2022-JP": re.compile(rb"\x1b\$[@B(]"),
    "ISO-2022-KR": re.compile(rb"\x1b\$\)C"),
    "HZ": re.compile(rb"~\{"),
}
"""How the other script begins."""
_SHIFTED_IN_HZ = re.compile(rb"~\{(?:[!-w][!-~])+~\}")


def shifted_encoding(data: bytes) -> ShiftedEncoding | None:
    """Return the encoding of bytes of ASCII in which other scripts are marked by shifts; None for plain ASCII.

    Example:
        >>> shifted_encoding("港,灯".encode("hz")), shifted_encoding(b"see Fig.~{1}")
        ('HZ', None)
    """
    for encoding, shift in _SHIFTS.items():
        if not shift.search(data) or not data.isascii():
            continue
        if encoding == "HZ" and len(shift.findall(data)) != len(_SHIFTED_IN_HZ.findall(data)):
            continue
        try:
            data.decode(SHIFTED_CODECS[encoding])
        except UnicodeDecodeError:
            continue
        return encoding
    return None
