"""Which kind of file would pasted rows be?"""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

from ia3_studio.atomic import replacing
from ia3_studio.data.delimiters import LINE_END, guess_delimiter
from ia3_studio.data.markup_tables import is_markdown_table
from ia3_studio.data.plain_texts import without_fence
from ia3_studio.errors import DataError

MOST_CHARACTERS = 5_000_000


def write_pasted(text: str, folder: Path) -> Path:
    """Write pasted rows into a file of their kind, in a folder named by their content; return the file.

    Raises:
        DataError: there is nothing, or more than a page takes.
    """
    if not text.strip():
        raise DataError("Nothing was pasted; paste rows with a header, JSON, or plain text.")
    if len(text) > MOST_CHARACTERS:
        raise DataError(f"More than {MOST_CHARACTERS / 1e6:.0f} million characters were pasted; upload them as a file.")
    data = text.strip("\ufeff\r\n").encode("utf-8", "surrogatepass")
    path = folder / hashlib.sha256(data).hexdigest()[:16] / f"pasted{suffix_of(text)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(data + b"\n")
    return path


def suffix_of(text: str) -> str:
    """Return the ending of a file with this text: cells that are copied from a spreadsheet stand between tabs.

    Example:
        >>> suffix_of('{"prompt": "a", "answer": "b"}'), suffix_of("prompt\\tanswer\\na\\tb"), suffix_of("A tale.")
        ('.jsonl', '.tsv', '.txt')
    """
    text = without_fence(text)
    begun = text.lstrip("\ufeff \t\r\n")
    if begun.startswith(("{", "[")):
        return ".jsonl" if begun.startswith("{") and _is_object(LINE_END.split(begun, maxsplit=1)[0]) else ".json"
    if is_markdown_table(text):
        return ".md"
    if begun.lower().startswith(("<table", "<html", "<!doctype html")):
        return ".html"
    lines = text.strip("\r\n")
    delimiter = guess_delimiter(lines)
    if delimiter == "\t" and "\t" in LINE_END.split(lines, maxsplit=1)[0]:
        return ".tsv"
    return ".csv" if _is_table(lines, delimiter) else ".txt"


def _is_table(lines: str, delimiter: str) -> bool:
    """Say whether every line has the same number of cells, at least two."""
    try:
        widths = {len(row) for row in csv.reader(io.StringIO(lines), delimiter=delimiter) if row}
    except csv.Error:  # a quote that is left open: no table, or one whose fault is said when it is read
        return False
    return len(widths) == 1 and widths != {1}


def _is_object(line: str) -> bool:
    return line.rstrip().endswith("}")
