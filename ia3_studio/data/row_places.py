"""Where in a file are the rows? The places that can be chosen, and the rows at one of them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile

from ia3_studio.data.archives import folder_files, folder_members, in_order, read_file, zip_files, zip_members
from ia3_studio.data.decode import decode
from ia3_studio.data.document_rows import places_of_rows, rows_at
from ia3_studio.data.front_matter import front_matter_note, without_front_matter
from ia3_studio.data.json_leftovers import outside_rows
from ia3_studio.data.json_rows import frame_of_records, is_json_document, is_json_lines, read_json_lines
from ia3_studio.data.literal_documents import program_data, python_document, toml_document
from ia3_studio.data.parsing import Found
from ia3_studio.data.plain_texts import without_fence
from ia3_studio.data.problem import Damage
from ia3_studio.data.script_data import SUFFIXES as SCRIPTS
from ia3_studio.data.script_data import script_document
from ia3_studio.data.script_literals import commented_document
from ia3_studio.data.text_forms import forms_of, in_chosen_form
from ia3_studio.data.told_folders import MOST_FILES, ways_of_folder
from ia3_studio.data.yaml_rows import parsed_yaml
from ia3_studio.errors import DataError
from ia3_studio.zipped import open_zip

MOST_BYTES = 2**20
"""Files up to this size are searched for other places of rows; of a larger one they can be chosen by name."""
_LOOKED_AT = 60_000
"""Characters at the beginning of a text that tell its form."""
_YAML, _TABLES = (".yaml", ".yml"), (".csv", ".tsv", ".tab", ".psv")
_WITH_COMMENTS = (".json", ".json5", ".jsonc")
_DOCUMENTS = (*_YAML, ".json", ".json5", ".jsonc", ".jsonl", ".ndjson", ".jsonlines", ".jl", ".toml", ".py", *SCRIPTS)
_TEXTS = (".txt", ".text", ".md")


def places_in(path: Path) -> tuple[str, ...]:
    """Return the places in a file that could have its rows, or how files can be read together; none for tables."""
    suffix = path.suffix.lower()
    if path.is_dir() or suffix == ".zip":
        return _ways_of(path)
    if suffix not in (*_DOCUMENTS, *_TEXTS) or not path.is_file() or path.stat().st_size > MOST_BYTES:
        return ()
    with suppress(DataError):  # what is damaged has no places
        text = without_fence(decode(path.name, read_file(path)).text)
        text, _names = without_front_matter(path.name, text)
        document, _damaged = _document_of(path.name, text)
        return forms_of(text[:_LOOKED_AT]) if document is None else places_of_rows(document)
    return ()


def _ways_of(path: Path) -> tuple[str, ...]:
    """Return the ways to read the files of a folder or an archive together, unless they are large."""
    with suppress(DataError, OSError, BadZipFile):  # what cannot be read has been refused
        if path.is_dir():
            files = list(islice(folder_files(path), MOST_FILES + 1))
            if len(files) > MOST_FILES or sum(each.stat().st_size for _name, each in files) > MOST_BYTES:
                return ()
            return ways_of_folder(in_order(folder_members(path)))
        if path.is_file() and _unpacked_size(path) <= MOST_BYTES:
            return ways_of_folder(in_order(zip_members(path.name, read_file(path))))
    return ()


def _unpacked_size(path: Path) -> int:
    """Return the bytes of the files in an archive, as far as it is to be believed."""
    with path.open("rb") as file, open_zip(file) as archive:
        return sum(info.file_size for info in zip_files(archive))


def found_at(name: str, text: str, encoding: str, place: str) -> Found:
    """Read the rows at a place that was chosen.

    Raises:
        DataError: there are none.
    """
    text, names = without_front_matter(name, text)
    document, damaged = _document_of(name, text)
    if document is None:
        found = in_chosen_form(text, place, encoding)
        found = found and replace(found, notes=(*found.notes, *front_matter_note(names)))
    else:
        rows = rows_at(document, place)
        form = f"rows at {place}, {encoding}"
        notes = outside_rows(document, rows) if rows else ()
        if PurePosixPath(name).suffix.lower() in SCRIPTS:
            notes += script_document(name, text)[1]
        if damaged:
            notes += (f"Not used: damaged lines ({len(damaged):,}, the first in line {damaged[0].line:,}).",)
        found = Found(frame_of_records(name, rows), form, notes=notes) if rows else None
    if found is None:
        raise DataError(f"{name} has no rows in the shape {place!r}; choose another shape, or auto-detect.")
    return found


def _document_of(name: str, text: str) -> tuple[Any, tuple[Damage, ...]]:
    """Return the document that a file is, None where it is a text, and the lines of it that are damaged."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _TABLES:
        return None, ()
    if suffix in _YAML:
        return parsed_yaml(text, name), ()
    if suffix == ".toml":
        return json.loads(toml_document(name, text)), ()
    if suffix in SCRIPTS:
        return script_document(name, text)[0], ()
    if suffix == ".py":
        return json.loads(program_data(text) or "[]"), ()
    if is_json_document(text):
        return json.loads(text), ()
    if is_json_lines(text):
        frame, damaged = read_json_lines(name, text)
        records = frame.to_dict("records")
        return [{key: each for key, each in row.items() if not _is_missing(each)} for row in records], damaged
    if literal := python_document(text):
        return json.loads(literal), ()
    return (commented_document(text) if suffix in _WITH_COMMENTS else None), ()


def _is_missing(cell: Any) -> bool:
    return isinstance(cell, float) and cell != cell
