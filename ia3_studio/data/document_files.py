"""Is each of several files one text: documents, pages, mails, or the source code of a program?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ia3_studio.data.asked_lines import questions_in_headings
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.front_matter import front_matter_note, without_front_matter
from ia3_studio.data.headed_turns import headed_turns
from ia3_studio.data.markup_tables import is_markdown_table
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered, shown_names
from ia3_studio.data.script_data import SUFFIXES as SCRIPTS
from ia3_studio.data.whole_texts import MAILS, PAGES, whole_text

_CODE = frozenset((
    ".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".java", ".kt", ".scala", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs",
    ".go", ".rs", ".rb", ".php", ".swift", ".m", ".r", ".jl", ".lua", ".pl", ".sh", ".ps1", ".sql", ".hs", ".ml",
    ".clj", ".ex", ".erl", ".dart", ".vue", ".f90", ".asm", ".v", ".sol", ".cu", ".css", ".scss",
))  # fmt: skip
"""Endings of source code."""
_WRITTEN = (".rst", ".adoc", ".org", ".tex", ".textile", ".wiki", ".mdx")
"""Endings of documents that are read as they are written."""
_ROWS = frozenset((".csv", ".tsv", ".jsonl", ".parquet", ".arrow", ".xlsx", ".ndjson", ".feather", ".sqlite", ".db"))
"""Endings of files beside which a program only works on the data in them."""


def documents(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read Markdown files that hold no table and no questions as one text each, or as the talk that each of them is."""
    paths = [path for path in tables if member_path(path).suffix.lower() == ".md"]
    texts = readers.texts(paths) if len(paths) > 1 and len(paths) == len(tables) else {}
    talks = {path: headed_turns(each.text)[0] for path, each in texts.items()}
    if talks and all(talks.values()):
        found = Found(numbered({"messages": [*talks.values()]}), "one talk per file")
        return with_encoding_facts(paths[0], found, [*texts.values()]), paths
    if not texts or any(is_markdown_table(each.text) or questions_in_headings(each.text) for each in texts.values()):
        return None
    return _one_text_each(paths, readers)


def written_pages(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read Markdown files that form no table as one text each; a note tells of tables and questions in them."""
    paths = [path for path in tables if member_path(path).suffix.lower() == ".md"]
    others = {member_path(path).name.lower() for path in tables if path not in paths}
    if len(paths) < 2 or not others <= OF_PROGRAMS:
        return None
    texts = readers.texts(paths)
    rows = [path for path in paths if is_markdown_table(texts[path].text) or questions_in_headings(texts[path].text)]
    found, used = _one_text_each(paths, readers)
    said = f"Read as plain text: the tables or questions in {shown_names(rows)}; such a file is read as rows alone."
    return (replace(found, notes=(*found.notes, said)) if rows else found), used


OF_PROGRAMS = frozenset(("requirements.txt", "constraints.txt", "robots.txt"))
"""Texts that programs read, beside pages."""


def source_files(content: Mapping[str, bytes]) -> list[str]:
    """Return the files of source code of a program, or the documents of a kind that is read as it is written.

    None where there are tables, which such files then only work on, or more of other texts.
    """
    kinds = [member_path(path).suffix.lower() for path in content]
    if _ROWS & {*kinds}:
        return []
    for wanted in (_CODE, frozenset(_WRITTEN), frozenset(MAILS)):
        paths = [
            path for path, kind in zip(content, kinds, strict=True) if kind in wanted and b"\0" not in content[path]
        ]
        if len(paths) > 1 and 2 * len(paths) > len(content):
            return paths
    return []


def sources(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read the source code of a program, or documents as they are written, as one text per file; no scripts of data."""
    paths = source_files(content)
    if all(path in tables and member_path(path).suffix.lower() in SCRIPTS for path in paths):
        return None
    return _one_text_each(paths, readers) if paths else None


def pages(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read pages of HTML that hold no table as the text that each of them shows."""
    paths = [path for path in tables if member_path(path).suffix.lower() in PAGES]
    if len(paths) < 2 or len(paths) < len(tables) or any(b"<table" in tables[path].lower() for path in paths):
        return None
    return _one_text_each(paths, readers)


def _one_text_each(paths: Sequence[str], readers: Readers) -> tuple[Found, Sequence[str]]:
    texts = readers.texts(paths)
    frame = numbered({"text": [whole_text(path, texts[path].text) for path in paths]})
    names = (name for path in paths for name in without_front_matter(path, texts[path].text)[1])
    found = Found(frame, "one text per file", notes=front_matter_note(names))
    return with_encoding_facts(paths[0], found, [*texts.values()]), paths
