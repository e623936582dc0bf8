"""Which encodings can be chosen that are never guessed? Those that few files have, or that resemble a guessed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

ChosenEncoding = Literal[
    "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-10", "ISO-8859-13",
    "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "Mac Central European", "Mac Cyrillic", "Mac Greek", "Mac Turkish",
    "Mac Icelandic", "Mac Croatian", "Mac Romanian", "IBM437", "IBM737", "IBM775", "IBM852", "IBM855", "IBM857",
    "IBM858", "IBM860", "IBM861", "IBM862", "IBM863", "IBM865", "IBM869", "Johab",
]  # fmt: skip
"""By the names that browsers and editors use."""

CHOSEN_CODECS: Mapping[str, str] = {
    "ISO-8859-3": "iso8859_3", "ISO-8859-4": "iso8859_4", "ISO-8859-5": "iso8859_5", "ISO-8859-6": "iso8859_6",
    "ISO-8859-7": "iso8859_7", "ISO-8859-8": "iso8859_8", "ISO-8859-10": "iso8859_10", "ISO-8859-13": "iso8859_13",
    "ISO-8859-14": "iso8859_14", "ISO-8859-15": "iso8859_15", "ISO-8859-16": "iso8859_16",
    "Mac Central European": "mac_latin2", "Mac Cyrillic": "mac_cyrillic", "Mac Greek": "mac_greek",
    "Mac Turkish": "mac_turkish", "Mac Icelandic": "mac_iceland", "Mac Croatian": "mac_croatian",
    "Mac Romanian": "mac_romanian", "IBM437": "cp437", "IBM737": "cp737", "IBM775": "cp775", "IBM852": "cp852",
    "IBM855": "cp855", "IBM857": "cp857", "IBM858": "cp858", "IBM860": "cp860", "IBM861": "cp861", "IBM862": "cp862",
    "IBM863": "cp863", "IBM865": "cp865", "IBM869": "cp869", "Johab": "johab",
}  # fmt: skip
