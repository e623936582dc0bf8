"""Which kind of file is it by its first bytes, whatever the ending of its name says?"""

from __future__ import annotations

import re

BEGIN = b"SQLite format 3\0"
"""The first bytes of a database of SQLite."""
_WORKBOOK, _DOCUMENT, _SLIDES, _OPEN = b"xl/workbook", b"word/document", b"ppt/presentation", b"opendocument"
_HTML = re.compile(rb"\s*(?:<!doctype html|<html[\s>]|<table[\s>]|<meta[\s])", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\s")
_TEXT_KINDS = frozenset((
    "", ".csv", ".tsv", ".tab", ".psv", ".json", ".json5", ".jsonc", ".jsonl", ".ndjson", ".jsonlines", ".jl",
    ".txt", ".text", ".md", ".yaml", ".yml", ".xml", ".html", ".htm",
))  # fmt: skip
"""Endings of texts."""


def kind_of(suffix: str, data: bytes) -> str:
    """Return the ending that a file's first bytes ask for; its own where they do not contradict it.

    Old workbooks (.xls) that are web pages or tables of text, as many systems export them, are read as these.

    Args:
        suffix: the ending of its name in lower case.
        data: its bytes.
    """
    if suffix in _TEXT_KINDS:
        return _packed_kind(data) or (".html" if _is_pasted_table(suffix, data) else suffix)
    if suffix in (".xls", ".xlsx", ".xlsm") and data[:2] != b"PK" and not data.startswith(b"\xd0\xcf\x11\xe0"):
        if _HTML.match(_letters(data[:4000])):
            return ".html"
        return (".xml" if _XML.match(_letters(data[:4000])) else ".csv") if _is_text(data) else suffix
    if suffix == ".ts" and _XML.match(_letters(data[:4000])):  # Qt calls its translations .ts
        return ".xml"
    return _packed_kind(data) or suffix if suffix == ".xls" else suffix


def _is_pasted_table(suffix: str, data: bytes) -> bool:
    """Say whether a text begins with an HTML table, or a .txt with a page that has one."""
    letters = _letters(data).lower()
    return (
        suffix in _PASTED
        and (letters.lstrip().startswith(b"<table") or (suffix != ".csv" and _HTML.match(letters) is not None))
        and b"<tr" in letters
    )


_PASTED = ("", ".csv", ".txt", ".text")
"""Endings of texts into which a table may have been pasted."""


def _letters(data: bytes) -> bytes:
    """Return bytes without a byte order mark, and without those of the value 0 between the letters of UTF-16."""
    return data.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")


def _packed_kind(data: bytes) -> str:
    """Return the ending of a file that is no text: a workbook, Parquet, Arrow, or packed; empty for any other."""
    if data.startswith(b"PK\x03\x04"):
        others = (_DOCUMENT in data, _SLIDES in data, _OPEN in data[:200])
        return ".xlsx" if _WORKBOOK in data else "" if any(others) else ".zip"
    marks = {
        BEGIN: ".sqlite",
        b"PAR1": ".parquet",
        b"ARROW1": ".arrow",
        b"\x1f\x8b\x08": ".gz",
        b"\x28\xb5\x2f\xfd": ".zst",
    }
    return next((suffix for mark, suffix in marks.items() if data.startswith(mark)), "")


def _is_text(data: bytes) -> bool:
    return bool(data) and (b"\0" not in data[:4000] or data.startswith((b"\xff\xfe", b"\xfe\xff")))
