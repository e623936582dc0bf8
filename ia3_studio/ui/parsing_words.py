"""The delimiters and encodings that can be chosen, each with the names by which people look for it."""

from __future__ import annotations

import re
from typing import get_args

from ia3_studio.data.decode import Encoding
from ia3_studio.data.delimiters import NO_DELIMITER
from ia3_studio.ui.text import AUTO_DETECT

DELIMITERS = (
    AUTO_DETECT, ("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|"), ("space", " "), ("colon", ":"),
    ("two colons ::", "::"), ("three pipes |||", "|||"), ("caret ^", "^"), ("tilde ~", "~"), ("section sign §", "§"),
    ("broken bar ¦", "¦"), ("control-A", "\x01"), ("unit separator", "\x1f"),
    ("sign of a record separator ␞", "␞"), ("sign of a unit separator ␟", "␟"), ("none: one column", NO_DELIMITER),
)  # fmt: skip
"""Label and value of each."""
_ALSO: dict[Encoding, str] = {
    "GB18030": "simplified Chinese, GBK, GB2312", "Big5": "traditional Chinese", "Shift-JIS": "Japanese, windows-932",
    "EUC-JP": "Japanese", "EUC-KR": "Korean, windows-949", "windows-1250": "Central European",
    "windows-1251": "Cyrillic", "windows-1252": "Western European, ISO-8859-1, Latin-1", "windows-1253": "Greek",
    "windows-1254": "Turkish, ISO-8859-9", "windows-1255": "Hebrew", "windows-1256": "Arabic",
    "windows-1257": "Baltic", "windows-1258": "Vietnamese", "windows-874": "Thai, TIS-620",
    "KOI8-R": "Russian, Ukrainian, KOI8-U", "ISO-8859-2": "Central European, Latin-2", "Mac Roman": "Western European",
    "IBM850": "DOS, Western European", "IBM866": "DOS, Cyrillic", "ISO-2022-JP": "Japanese mail",
    "ISO-2022-KR": "Korean mail", "HZ": "Chinese mail", "ISO-8859-3": "Maltese, Esperanto", "ISO-8859-4": "Baltic",
    "ISO-8859-5": "Cyrillic", "ISO-8859-6": "Arabic", "ISO-8859-7": "Greek", "ISO-8859-8": "Hebrew",
    "ISO-8859-10": "Nordic", "ISO-8859-13": "Baltic", "ISO-8859-14": "Celtic",
    "ISO-8859-15": "Western European, Latin-9", "ISO-8859-16": "Romanian", "IBM437": "DOS, United States",
    "IBM737": "DOS, Greek", "IBM775": "DOS, Baltic", "IBM852": "DOS, Central European", "IBM855": "DOS, Cyrillic",
    "IBM857": "DOS, Turkish", "IBM858": "DOS, Western European with €", "IBM860": "DOS, Portuguese",
    "IBM861": "DOS, Icelandic", "IBM862": "DOS, Hebrew", "IBM863": "DOS, Canadian French", "IBM865": "DOS, Nordic",
    "IBM869": "DOS, Greek", "Johab": "Korean",
}  # fmt: skip

ENCODINGS = (
    AUTO_DETECT,
    *((f"{name} ({_ALSO[name]})" if name in _ALSO else name, name) for name in get_args(Encoding)),
)
"""Label and value of each; a name that says its language stands by itself."""
_CHOOSE = re.compile(r"\b(?:choose|select|clear)\b", re.IGNORECASE)


def asks_for_choice(sentence: str) -> bool:
    """Say whether a sentence asks for something that the fields offer.

    Example:
        >>> asks_for_choice("no speaker can be chosen; clear Speaker."), asks_for_choice("a PDF, which has no rows.")
        (True, False)
    """
    return bool(_CHOOSE.search(sentence))
