"""How is a file read, by the ending of its name? Text readers get the text in a detected or chosen encoding."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from ia3_studio.data.arrow_files import read_arrow, read_parquet
from ia3_studio.data.conll import SUFFIXES as CONLL
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import decode
from ia3_studio.data.edited_sentences import SUFFIX as EDITS
from ia3_studio.data.gettext_catalogs import SUFFIXES as CATALOGS
from ia3_studio.data.gettext_catalogs import declared_encoding, read_catalog
from ia3_studio.data.language_files import MESSAGES, read_messages
from ia3_studio.data.mail_boxes import read_mailbox
from ia3_studio.data.markup_tables import read_html
from ia3_studio.data.open_document import read_open_document
from ia3_studio.data.parsing import Found, ParsingOptions
from ia3_studio.data.plain_texts import without_fence
from ia3_studio.data.row_places import found_at
from ia3_studio.data.script_data import SUFFIXES as SCRIPTS
from ia3_studio.data.sgml_rows import read_sgml
from ia3_studio.data.sheets import read_sheets
from ia3_studio.data.sqlite_files import SUFFIXES as DATABASES
from ia3_studio.data.sqlite_files import read_database
from ia3_studio.data.subtitles import read_subtitles
from ia3_studio.data.text_files import (
    found_in_cells,
    found_in_json,
    found_in_markdown,
    found_in_program,
    found_in_script,
    found_in_text,
    found_in_toml,
)
from ia3_studio.data.xml_rows import read_xml
from ia3_studio.data.yaml_rows import read_yaml


def _text(read: Callable[[str, str, str, ParsingOptions], Found]) -> Callable[[str, bytes, ParsingOptions], Found]:
    """Return a reader of bytes from one of (name, text, shown encoding, parsing)."""

    def read_bytes(name: str, data: bytes, parsing: ParsingOptions) -> Found:
        decoded = decode(name, data, parsing.encoding)
        text, encoding = without_fence(decoded.text), str(decoded.encoding)
        found = found_at(name, text, encoding, parsing.rows) if parsing.rows else read(name, text, encoding, parsing)
        return with_encoding_facts(name, found, [decoded])

    return read_bytes


def _with_encoding(read: Callable[[str, str], Found]) -> Callable[[str, bytes, ParsingOptions], Found]:
    """Return a reader of bytes from one of (name, text)."""

    def read_text(name: str, text: str, encoding: str, _parsing: ParsingOptions) -> Found:
        found = read(name, text)
        return replace(found, form=f"{found.form}, {encoding}")

    return _text(read_text)


def _read_catalog(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read a gettext catalog in the encoding that is chosen, or that its header names."""
    encoding = parsing.encoding or declared_encoding(data)
    return _text(read_catalog)(name, data, replace(parsing, encoding=encoding))


def _read_bot(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read a bot in AIML in the encoding that is chosen, or that its XML declaration names."""
    encoding = parsing.encoding or declared_encoding(data, _DECLARED)
    return _with_encoding(read_xml)(name, data, replace(parsing, encoding=encoding))


_DECLARED = re.compile(rb"""\A\s{0,100}<\?xml\s[^>]{0,200}?encoding=["']([A-Za-z0-9_-]{2,30})["']""")

READERS: dict[str, Callable[[str, bytes, ParsingOptions], Found]] = {
    ".csv": _text(found_in_cells),
    ".tsv": _text(found_in_cells),
    ".json": _text(found_in_json),
    ".json5": _text(found_in_json),
    ".jsonc": _text(found_in_json),
    ".jsonl": _text(found_in_json),
    ".ndjson": _text(found_in_json),
    ".parquet": lambda name, data, _parsing: read_parquet(name, data),
    ".arrow": lambda name, data, _parsing: read_arrow(name, data),
    ".feather": lambda name, data, _parsing: read_arrow(name, data),
    **dict.fromkeys((".xlsx", ".xlsm"), read_sheets),
    ".ods": read_open_document,
    **dict.fromkeys(DATABASES, read_database),
    ".txt": _text(found_in_text),
    **dict.fromkeys(CONLL, _text(found_in_text)),
    ".md": _text(found_in_markdown),
    ".html": _with_encoding(read_html),
    ".htm": _with_encoding(read_html),
    ".tab": _text(found_in_cells),
    ".psv": _text(found_in_cells),
    ".jsonlines": _text(found_in_json),
    ".jl": _text(found_in_json),
    **dict.fromkeys(SCRIPTS, _text(found_in_script)),
    ".text": _text(found_in_text),
    ".tokens": _text(found_in_text),
    EDITS: _text(found_in_text),
    ".yaml": _with_encoding(read_yaml),
    ".yml": _with_encoding(read_yaml),
    ".toml": _text(found_in_toml),
    ".py": _text(found_in_program),
    ".xml": _with_encoding(read_xml),
    ".tmx": _with_encoding(read_xml),
    ".aiml": _read_bot,
    ".rss": _with_encoding(read_xml),
    ".sgm": _with_encoding(read_sgml),
    ".sgml": _with_encoding(read_sgml),
    ".xlf": _with_encoding(read_xml),
    ".xliff": _with_encoding(read_xml),
    **dict.fromkeys(CATALOGS, _read_catalog),
    **dict.fromkeys(MESSAGES, _with_encoding(read_messages)),
    ".arb": _text(found_in_json),
    ".srt": _with_encoding(read_subtitles),
    ".vtt": _with_encoding(read_subtitles),
    ".mbox": _with_encoding(read_mailbox),
    ".ass": _with_encoding(read_subtitles),
    ".ssa": _with_encoding(read_subtitles),
}
"""Readers of the bytes of a file by the ending of its name; packed files and archives have none."""
