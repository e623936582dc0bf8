"""Which table do several files form together? Splits, parts with the same columns, parallel texts, texts by class."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ia3_studio.data.account_tables import without_accounts
from ia3_studio.data.arrow_files import read_saved
from ia3_studio.data.classes_by_split import classes_by_split
from ia3_studio.data.column_files import column_files
from ia3_studio.data.decode import Encoding, decode_together
from ia3_studio.data.document_files import documents, pages, source_files, sources, written_pages
from ia3_studio.data.files_by_class import are_sorted, by_class
from ia3_studio.data.idle_tables import texts_instead
from ia3_studio.data.image_files import SUFFIXES as IMAGES
from ia3_studio.data.intent_files import bot_files, intent_files
from ia3_studio.data.joined_by_ids import talks_by_ids
from ia3_studio.data.language_files import by_language
from ia3_studio.data.linked_tables import linked
from ia3_studio.data.listed_classes import is_list_in_json, with_listed_classes
from ia3_studio.data.listed_spans import listed_spans
from ia3_studio.data.listed_texts import listed_texts, lists_texts
from ia3_studio.data.member_files import Readers, ReadOne, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.object_files import one_object_each
from ia3_studio.data.one_of_tables import main_table, one_form, only_labeled, only_training
from ia3_studio.data.pair_tables import pair_tables
from ia3_studio.data.parallel_files import are_two_sides, parallel, side_pairs
from ia3_studio.data.parsing import NOT_READ, Found, shown_names
from ia3_studio.data.preferred_files import preferred
from ia3_studio.data.same_names import parallel_folders
from ia3_studio.data.split_names import SPLITS
from ia3_studio.data.story_files import stories
from ia3_studio.data.subtitle_files import films
from ia3_studio.data.table_files import alike, by_split, columns_apart
from ia3_studio.data.text_facts import text_facts
from ia3_studio.data.texts_and_labels import texts_and_labels
from ia3_studio.errors import DataError, OneFileError

_ABOUT = re.compile(
    r"_*(readme|license|licence|copying|citation|changelog|dataset_infos?|id2label|label2id|label_?(?:map|names)"
    r"|(?:package|package-lock|tsconfig|mkdocs|_config|composer|manifest|docusaurus\.config)(?=\.(?:json|ya?ml)$)"
    r"|(?:about|task|metadata|schema|config)(?!\.html?$))(\.\w+)*",
    re.I,
)
"""Files that describe data."""
_PROSE = (".txt", ".text", ".md", ".html", ".htm")
"""Endings of files that say something about tables where both are given."""


def read_members(
    name: str, members: Mapping[str, bytes], suffixes: frozenset[str], read: ReadOne, encoding: Encoding | None = None
) -> Found:
    """Read the files of an archive or a folder as one table.

    Args:
        name: of the archive or folder.
        members: path → bytes.
        suffixes: of the files that ``read`` can read.
        read: reads one of them.
        encoding: of texts that are read together; detected if it is None.

    Raises:
        OneFileError: they form no table, but one of them may be one.
        DataError: they form no table, or one of them cannot be read.
    """
    if not members:
        raise DataError(f"{name} contains no files; give a table, or files that form one together.")
    if found := read_saved(name, members):
        return found
    filled = {path: data for path, data in members.items() if data and not data.isspace()}
    filled = _different(filled)
    has_images = any(member_path(path).suffix.lower() in IMAGES for path in filled)
    content = {
        path: data for path, data in filled.items() if not is_about(member_path(path).name, has_images=has_images)
    }
    tables = {path: data for path, data in content.items() if member_path(path).suffix.lower() in suffixes}
    tables = tables or {path: data for path, data in content.items() if _says_nothing(member_path(path).suffix)}
    rows = {path: data for path, data in tables.items() if not is_list_in_json(path, data)}
    tables = tables if lists_texts(tables) else rows or tables
    structured = {path: data for path, data in tables.items() if member_path(path).suffix.lower() not in _PROSE}
    prose = {path: data for path, data in tables.items() if path not in structured}
    if structured and texts_instead(structured, prose, read) is prose:
        structured, tables = {}, prose
    if structured and not lists_texts(tables) and not side_pairs(tables) and not are_sorted(content):
        headers = {_first_names(data) for path, data in structured.items() if _is_delimited(path)}
        tables = structured | {path: data for path, data in tables.items() if _begins_as(data, headers)}
    heads = {path: _first_names(data) if _is_delimited(path) else () for path, data in tables.items()}
    tables = {path: tables[path] for path in without_accounts(heads)}
    beside = [path for path in content if path not in tables or member_path(path).suffix == ".text"]
    if len(tables) == 1 and not are_two_sides(beside) and not source_files(content):
        ((path, data),) = tables.items()
        found = read(member_path(path).name, data)
        if labeled := _labels_apart(path, found, content, encoding):
            labels, path_of_labels = labeled
            form = f"{path} and {path_of_labels} in {name}, {found.form}, a label per line in {path_of_labels}"
            frame = found.frame.assign(label=labels)
            return _finished(replace(found, frame=frame, form=form), members, [path, path_of_labels], encoding)
        return _finished(replace(found, form=f"{path} in {name}, {found.form}"), members, [path], encoding)
    apart = {path: data for path, data in content.items() if path not in tables and _is_of_labels(path)}

    known: dict[tuple[str, int], Found] = {}

    def once(file: str, data: bytes) -> Found:
        """Read a file once, whichever forms look at it."""
        if (file, id(data)) not in known:
            known[file, id(data)] = read(file, data)
        return known[file, id(data)]

    def with_labels(file: str, data: bytes) -> Found:
        found = once(file, data)
        paths = [path for path, each in tables.items() if member_path(path).name == file and each is data]
        labeled = _labels_apart(paths[0], found, apart, encoding) if paths else None
        return replace(found, frame=found.frame.assign(label=labeled[0])) if labeled else found

    readers = Readers(
        with_labels if apart else once,
        lambda paths: decode_together({path: content[path] for path in paths}, encoding),
    )
    for form_of in _FORMS:
        try:
            together = form_of(content, tables, readers)
        except DataError as error:
            if form_of is columns_apart and (files := single_tables(members, suffixes)):
                choice = f"Or choose one of the tables of {name} under Sheet or file."
                raise OneFileError(f"{error} {choice}", files) from error
            raise
        if together is not None:
            return _finished(together[0], members, together[1], encoding)
    sentence = f"{name} contains {len(members):,} files ({shown_names(list(members))}) that do not form a table"
    way_out = (
        "give one table, files with the same columns, files named train and test, two parallel texts, or one text "
        "file or folder per class."
    )
    if files := single_tables(members, suffixes):
        raise OneFileError(f"{sentence}; choose one of them under Sheet or file, or {way_out}", files)
    raise DataError(f"{sentence}; {way_out}")


def single_tables(members: Mapping[str, bytes], suffixes: frozenset[str]) -> tuple[str, ...]:
    """Return the files of which one can be chosen: tables and JSON; nothing where there is one, or very many."""
    structured = suffixes - {*_PROSE}
    files = tuple(path for path, data in members.items() if data and member_path(path).suffix.lower() in structured)
    return files if 1 < len(files) <= _MOST_TO_CHOOSE else ()


_MOST_TO_CHOOSE = 60


def is_about(name: str, *, has_images: bool = False) -> bool:
    """Say whether a file describes data; metadata by images are the rows that belong to them."""
    return _ABOUT.fullmatch(name) is not None and not (has_images and name.lower().startswith("metadata."))


_FORMS = (
    stories, intent_files, bot_files, text_facts, listed_spans, listed_texts, linked, preferred, talks_by_ids,
    pair_tables, column_files, parallel, parallel_folders, texts_and_labels, classes_by_split, by_class, by_split,
    films, by_language, one_object_each, documents, sources, pages, alike, main_table, only_training, one_form,
    only_labeled, written_pages, columns_apart,
)  # fmt: skip
"""Ways in which files form a table, in the order in which they are tried."""


def _begins_as(text: bytes, headers: Collection[tuple[bytes, ...]]) -> bool:
    """Say whether a text begins with the names of the columns of a table beside it, so that it is a part of it."""
    names = _first_names(text)
    return len(names) > 1 and names in headers


def _is_delimited(path: str) -> bool:
    return member_path(path).suffix.lower() in _DELIMITED


def _first_names(data: bytes) -> tuple[bytes, ...]:
    line = data[:_LONGEST_HEADER].removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]
    return tuple(sorted(name.strip(b' "\r').lower() for name in re.split(rb"[,;\t|]", line)))


_DELIMITED, _LONGEST_HEADER = (".csv", ".tsv", ".tab", ".psv"), 5_000


def _finished(found: Found, members: Mapping[str, bytes], used: Sequence[str], encoding: Encoding | None) -> Found:
    """Return what was read, with the names of its classes where a file lists them, and what was not read."""
    read = {*used}
    beside = {path: data for path, data in members.items() if path not in read}
    named, path = with_listed_classes(found, beside, encoding)
    return replace(named, notes=(*named.notes, *not_read(members, [*used, path])))


def _different(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files without copies of others, whose names begin with theirs: "FAQ_all.csv", "FAQ (1).csv"."""
    first: dict[bytes, PurePosixPath] = {}
    for path, data in sorted(members.items(), key=lambda member: len(member[0])):
        first.setdefault(data, member_path(path).with_suffix(""))
    return {
        path: data for path, data in members.items() if not _is_copy(member_path(path).with_suffix(""), first[data])
    }


def _is_copy(path: PurePosixPath, first: PurePosixPath) -> bool:
    """Say whether a name is another with an addition; doc10 is none of doc1."""
    rest = path.name.removeprefix(first.name)
    return path.parent == first.parent and rest != path.name and rest != "" and not rest[0].isalnum()


def _labels_apart(
    path: str, found: Found, content: Mapping[str, bytes], encoding: Encoding | None
) -> tuple[list[str], str] | None:
    """Return the labels of a table's rows that stand in a text of their own, a line each, and its path.

    Its name is that of the table with a word such as "labels". Labels that the table has itself are not taken.
    """
    if found.damaged or "label" in map(str.lower, map(str, found.frame.columns)):
        return None
    stem = member_path(path).stem.lower()
    for beside in content:
        file = member_path(beside)
        is_its_own = file.parent == member_path(path).parent and file.stem.lower().startswith(stem)
        if beside == path or not is_its_own or not _is_of_labels(beside):
            continue
        lines = lines_in(decode_together({beside: content[beside]}, encoding)[beside].text)
        labels = [line.strip() for line in lines]
        repeated = any(found.frame[name].map(str).tolist() == labels for name in found.frame.columns)
        if len(lines) == len(found.frame) > 1 and all(labels) and not repeated:
            return labels, beside
    return None


def _is_of_labels(path: str) -> bool:
    return bool({"label", "labels", "answers"} & set(re.findall(r"[a-z]+", member_path(path).stem.lower())))


def _says_nothing(suffix: str) -> bool:
    """Say whether the ending of a name says no kind of file: none, a split, as in eng.train, or a hash."""
    return not suffix or suffix[1:].lower() in SPLITS or _HASH.fullmatch(suffix) is not None


_HASH = re.compile(r"\.[0-9a-f]{16,}")


def not_read(members: Mapping[str, bytes], used: Sequence[str]) -> list[str]:
    """Return a sentence on the files that are not read; nothing if there are none."""
    read = {*used}
    others = [path for path in members if path not in read]
    images = sum(member_path(path).suffix.lower() in IMAGES for path in others)
    if images > 1:
        others = [path for path in others if member_path(path).suffix.lower() not in IMAGES]
        others.append(f"{images:,} images, as rows are trained on their text alone")
    return [f"{NOT_READ} {shown_names(others)}."] if others else []
