"""Do texts of the same name in several folders belong together, as input/001.txt and output/001.txt do?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation

from ia3_studio.data.column_files import COLUMNS
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.files_by_class import CLASSES
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parallel_files import SOURCE_WORDS, TARGET_WORDS
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.errors import DataError

_TEXTS = (".txt", ".text", ".md")
_TARGETS = TARGET_WORDS | {"targets"}
CHOSEN = frozenset(("chosen", "preferred", "accepted", "winner", "winners", "better"))
REJECTED = frozenset(("rejected", "dispreferred", "loser", "losers", "worse"))
"""What files of preferred answers are called, and those of others."""
_DEEPEST = 8
"""Folders inside each other that are looked at."""
_FEW = 3
"""Pairs of files up to which these hold many rows each rather than one."""


@dataclass(frozen=True)
class _Sides:
    """Which folder holds the texts of which column, and how sure its name makes it."""

    folders: Mapping[str, str]
    """Column → folder."""
    least: float
    """Share of the names in one folder that the others must have as well."""
    languages: bool = False
    """Whether the folders are called after languages alone, as those of texts sorted by language are, too."""


def parallel_folders(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read texts of the same name in folders that are called after the two sides of a task, or a preference's three.

    A row is a file, or a line of it where the files are splits. A text without a partner is not read.
    """
    paths = [path for path in tables if member_path(path).suffix.lower() in _TEXTS]
    parts = [member_path(path).with_suffix("").parts for path in paths]
    for place in range(min(min(map(len, parts), default=1) - 1, _DEEPEST)):
        held: dict[str, dict[tuple[str, ...], str]] = {}
        for path, each in zip(paths, parts, strict=True):
            held.setdefault(each[place], {})[(*each[:place], *each[place + 1 :])] = path
        sides = _sides(sorted(held))
        if not sides:
            continue
        inside = {column: held[folder] for column, folder in sides.folders.items()}
        first = next(iter(inside.values()))
        shared = [name for name in first if all(name in each for each in inside.values())]
        if not shared or len(shared) < sides.least * max(map(len, inside.values())):
            continue
        if found := _rows(sides, inside, shared, readers):
            return found
    return None


def _sides(folders: Sequence[str]) -> _Sides | None:
    """Return the sides that the names of folders say; None if they say none."""
    words = {folder: {*re.findall(r"[a-z]+", folder.lower())} for folder in folders}
    better, worse = ([folder for folder in folders if words[folder] & said] for said in (CHOSEN, REJECTED))
    others = [folder for folder in folders if folder not in (*better, *worse)]
    if len(better) == len(worse) == 1 and better != worse and len(others) < 2:
        asked = zip(("prompt",), others, strict=False)
        return _Sides({**dict(asked), "chosen": better[0], "rejected": worse[0]}, _MANY)
    if 2 < len(folders) <= _MOST_COLUMNS and all(words[folder] & COLUMNS for folder in folders):
        return _Sides({folder: folder for folder in folders}, _MANY)
    if len(folders) != 2 or any({*map(str.lower, folders)} <= classes for classes in CLASSES):
        return None
    made = [folder for folder in folders if words[folder] & _TARGETS]
    if len(made) == 1:
        source = next(folder for folder in folders if folder not in made)
        return _Sides({"source": source, "target": made[0]}, _MANY if words[source] & SOURCE_WORDS else 1)
    if {*map(str.lower, folders)} <= LANGUAGES:
        return _Sides(dict(zip(("source", "target"), folders, strict=True)), _NEARLY_ALL, languages=True)
    return None


_MANY, _NEARLY_ALL, _MOST_COLUMNS = 0.5, 0.9, 6


def _rows(
    sides: _Sides,
    inside: Mapping[str, Mapping[tuple[str, ...], str]],
    shared: Sequence[tuple[str, ...]],
    readers: Readers,
) -> tuple[Found, Sequence[str]] | None:
    used = [each[name] for each in inside.values() for name in shared]
    texts = readers.texts(used)
    lines = {name: [lines_in(texts[each[name]].text) for each in inside.values()] for name in shared}
    uneven = [name for name in shared if len({*map(len, lines[name])}) > 1]
    if sides.languages and not _are_translations([lines[name] for name in shared]):
        return None
    by_split = all(split_of(name[-1]) for name in shared)
    if uneven and by_split:
        counts = " and ".join(f"{each[uneven[0]]} {len(found):,}" for each, found in zip(
            inside.values(), lines[uneven[0]], strict=True))  # fmt: skip
        raise DataError(f"Lines that belong together must be as many in each file: {counts}.")
    are_lines = not uneven and (by_split or len(shared) <= _FEW) and all(len(each[0]) > 1 for each in lines.values())
    columns: dict[str, list[str]] = {column: [] for column in inside}
    splits: list[str] = []
    for name in shared:
        for place, (column, each) in enumerate(inside.items()):
            columns[column] += lines[name][place] if are_lines else [texts[each[name]].text.strip()]
        splits += [split_of("/".join(name if by_split else name[:-1]))] * (len(lines[name][0]) if are_lines else 1)
    if all(splits) and len({*splits}) > 1:
        columns[SPLIT] = splits
    said = [f"{folder} → {column}" for column, folder in sides.folders.items()]
    what = "lines of texts" if are_lines else "texts"
    form = f"{what} of the same names, {', '.join(said[:-1])} and {said[-1]}"
    return with_encoding_facts(used[0], Found(numbered(columns), form), [*texts.values()]), used


def _are_translations(pairs: Sequence[Sequence[Sequence[str]]]) -> bool:
    """Say whether texts in two languages may be translations: of as many lines, or one long where the other is."""
    even = sum(len(one) == len(other) for one, other in pairs)
    if even < _NEARLY_ALL * len(pairs):
        return False
    if sum(len(one) > 1 for one, _other in pairs) > len(pairs) / 2:
        return True
    try:
        return correlation(*zip(*([sum(map(len, side)) for side in pair] for pair in pairs), strict=True)) > _ALIKE
    except StatisticsError:  # too few, or all of one length
        return False


_ALIKE = 0.6
"""Correlation of the lengths of single lines and their translations."""
