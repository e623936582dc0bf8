"""Which images are data, and which class has each? That of its folder, or the one in a table next to the images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.file_readers import READERS
from ia3_studio.data.image_files import ImageFile, files_beside, images_in, read_beside
from ia3_studio.data.label_names import label_name
from ia3_studio.data.member_paths import by_ending, member_path
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_TABLES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".xlsx", ".parquet")
_PACKED = (".xlsx", ".parquet")
"""Endings of tables in whose bytes names do not stand as they are."""
_MOST_TABLES, _MOST_BYTES, _LOOKED_AT = 8, 20 * 2**20, 20
_LISTED = 0.9
"""Share of the rows of a table that must name an image for it to be a list of images."""
_NO_CLASSES = frozenset(
    ("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "data", "files", "media")
)
"""What a folder of images is called that is no class."""


def find_images(path: Path) -> list[ImageFile]:
    """Return the images of a folder or a zip with their classes, by name; empty if images are not what it holds.

    Their classes are their folders, or where these are not several classes, what a table next to them says. An image
    that it does not name has none.

    Raises:
        DataError: there are more than can be read, or nothing says the class of any.
    """
    pictures = images_in(path)
    foldered = [picture for picture in pictures if member_path(picture.name).parent.name]
    if len(_classes(foldered)) > 1 or len(pictures) < 2:
        return foldered if foldered and _are_most(foldered, path) else []
    tables = [name for name, size in sorted(files_beside(path).items()) if _may_be_table(name, size)]
    lists, rows_beside = 0, False
    step = max(1, len(pictures) // _LOOKED_AT)
    stems = [member_path(each.name).stem.encode() for each in pictures[::step]]
    known: dict[str, ImageFile] = {}
    missing: list[ImageFile] = []
    for name in tables[:_MOST_TABLES]:
        data = read_beside(path, name, _MOST_BYTES)
        may_name = name.lower().endswith(_PACKED) or any(stem in data for stem in stems)
        found = _table(name, data) if may_name else None
        if found is None or not (rows := _named(found, name, pictures)):
            count = data.count(b"\n") if found is None else len(found)
            rows_beside |= count > len(foldered) and not name.lower().endswith(".txt")
            continue
        lists += 1
        if said := _said(found, rows):
            said_by = f"{said[0]} of {name}"
            missing += _missing(found, rows, said_by)
            by_name = {each.name: each for each in pictures}
            known |= {
                each: replace(by_name[each], said=label, said_by=said_by)
                for each, label in said[1].items() if each not in known
            }  # fmt: skip
    if known:
        return [known.get(each.name, replace(each, said="")) for each in pictures] + missing
    if lists or rows_beside or not foldered or not _are_most(foldered, path):
        return []
    if _classes(foldered):
        return foldered
    raise DataError(
        f"{path.name} has {len(foldered):,} images in one folder, and no table with them says the class of each; "
        "give a folder for each class, or a table with the name of the file and the class in each row."
    )


def _classes(pictures: Sequence[ImageFile]) -> set[str]:
    """Return the folders of images that may be classes: no splits, and none called after images."""
    folders = {picture.label for picture in pictures}
    return {folder for folder in folders if not split_of(folder) and folder.lower() not in _NO_CLASSES}


def _are_most(pictures: Sequence[ImageFile], path: Path) -> bool:
    """Say whether there are at least as many images as other files that hold rows or texts, such as notes."""
    stems = {member_path(picture.name).stem for picture in pictures}
    others = [name for name in files_beside(path) if member_path(name).suffix.lower() in READERS]
    return len(pictures) >= sum(member_path(name).stem not in stems for name in others)


def _may_be_table(name: str, size: int) -> bool:
    return member_path(name).suffix.lower() in _TABLES and size <= _MOST_BYTES


def _table(name: str, data: bytes) -> pd.DataFrame | None:
    """Return the rows of a file; None if it has none: whether it is damaged is said when it is read alone."""
    try:
        return READERS[member_path(name).suffix.lower()](name, data, ParsingOptions()).frame
    except DataError:
        return None


def _named(frame: pd.DataFrame, name: str, pictures: Sequence[ImageFile]) -> dict[str, list[str]]:
    """Return {column: the image that each row names, empty if it is not there} for the column that names images."""
    part = split_of(str(member_path(name).with_suffix("")))
    own = [each for each in pictures if part and part == split_of(str(member_path(each.name).parent))]
    known = by_ending(each.name for each in own or pictures)
    for column in frame.columns:
        cells = [str(cell).strip().lstrip("./") for cell in frame[column].tolist()]
        found = [known.get(cell, "") for cell in cells]
        if len(cells) > 1 and sum(map(bool, found)) >= _LISTED * len(cells):
            return {str(column): found}
    return {}


def _said(frame: pd.DataFrame, rows: Mapping[str, Sequence[str]]) -> tuple[str, dict[str, str]] | None:
    """Return the column of the classes and the class of each image; None if no single column says one class each."""
    ((names_column, names),) = rows.items()
    others = [column for column in frame.columns if str(column) != names_column and str(column).lower() != SPLIT]
    found: dict[str, dict[str, str]] = {}
    for column in others:
        cells = ["" if cell is None or cell != cell else label_name(cell) for cell in frame[column].tolist()]
        of_image: dict[str, str] = {}
        clear = all(of_image.setdefault(name, cell) == cell for name, cell in zip(names, cells, strict=True) if name)
        classes = Counter(filter(None, of_image.values()))
        if clear and 1 < len(classes) <= len(of_image) / _EACH:
            found[str(column)] = of_image
    called = [column for column in found if says(column, LABELED)] or [*found]
    if len(called) != 1:
        return _one_hot(frame, others, names)
    return called[0], found[called[0]]


_EACH = 2
"""Images of a class on average at least."""


def _one_hot(frame: pd.DataFrame, columns: Sequence[Any], names: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return the column that is 1 in each row, where the others are 0."""
    cells = {str(column): list(map(label_name, frame[column].tolist())) for column in columns}
    flags = {column: each for column, each in cells.items() if {*each} == {"0", "1"}}
    if len(flags) < _EACH or any(row.count("1") != 1 for row in zip(*flags.values(), strict=True)):
        return None
    ones = [next(column for column in flags if flags[column][place] == "1") for place in range(len(names))]
    return ", ".join(flags), {name: one for name, one in zip(names, ones, strict=True) if name}


def _missing(frame: pd.DataFrame, rows: Mapping[str, Sequence[str]], said_by: str) -> list[ImageFile]:
    """Return the images that a table names and that are not there, as files that cannot be opened."""
    ((column, names),) = rows.items()
    cells = [str(cell)[:_LONGEST_NAME] for cell, name in zip(frame[column].tolist(), names, strict=True) if not name]
    return [ImageFile(cell, 0, "", said="missing", said_by=said_by) for cell in cells]


_LONGEST_NAME = 200
