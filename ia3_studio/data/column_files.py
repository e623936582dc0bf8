"""Are several files the columns of one table, a row a line, as context.txt, question.txt and answer.txt are?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.files_by_class import columns_by_file
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parallel_files import SOURCE_WORDS, TARGET_WORDS
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of

COLUMNS = SOURCE_WORDS | TARGET_WORDS | frozenset((
    "context", "contexts", "passage", "passages", "premise", "premises", "hypothesis", "hypotheses", "chosen",
    "rejected", "system", "s1", "s2", "sentence1", "sentence2", "text1", "text2",
))  # fmt: skip
"""What a file is called that holds a column."""
_FEWEST, _MOST_FILES = 3, 200


def column_files(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read three or more files of equally many lines, each called after a column, as the columns of a table.

    There may be such files for each split: train.context, train.question, train.answer.
    """
    groups: dict[str, dict[str, str]] = {}
    for path in content if len(content) <= _MOST_FILES else ():
        if known := _column_of(path):
            groups.setdefault(known[0], {})[known[1]] = path
    groups = groups or _by_split_folder(content, readers)
    columns = next(iter(groups.values()), {})
    if len(columns) < _FEWEST or any(each.keys() != columns.keys() for each in groups.values()):
        return None
    used = [path for each in groups.values() for path in each.values()]
    texts = readers.texts(used)
    cells: dict[str, list[str]] = {column: [] for column in columns}
    splits: list[str] = []
    for rest, each in groups.items():
        lines = {column: lines_in(texts[path].text) for column, path in each.items()}
        counts = {*map(len, lines.values())}
        if len(counts) > 1 or counts == {0}:
            return None
        for column in columns:
            cells[column] += lines[column]
        splits += [split_of(rest)] * counts.pop()
    if all(splits) and len({*splits}) > 1:
        cells[SPLIT] = splits
    form = f"lines of {len(used)} files side by side"
    return with_encoding_facts(used[0], Found(numbered(cells), form), [*texts.values()]), used


def _by_split_folder(content: Mapping[str, bytes], readers: Readers) -> dict[str, dict[str, str]]:
    """Return the texts of folders that are called after splits, where each holds the same names of any kind.

    One of them holds texts and the others a label for each of its lines.
    """
    paths = (
        [path for path in content if member_path(path).suffix.lower() == ".txt"] if len(content) <= _MOST_FILES else []
    )
    groups: dict[str, dict[str, str]] = {}
    for path in paths:
        groups.setdefault(str(member_path(path).parent), {})[member_path(path).stem] = path
    first = next(iter(groups.values()), {})
    if len(groups) < 2 or len(paths) < len(content) - 1 or not all(split_of(member_path(each).name) for each in groups):
        return {}
    if any(each.keys() != first.keys() for each in groups.values()):
        return {}
    texts = readers.texts(paths)
    lines = {name: [line for each in groups.values() for line in lines_in(texts[each[name]].text)] for name in first}
    return groups if columns_by_file(lines) else {}


def _column_of(path: str) -> tuple[str, str] | None:
    """Return (what the files of one table have in common, the column that this one holds); None for another file."""
    file = member_path(path)
    is_text = file.suffix.lower() in (".txt", ".text")
    words = re.findall(r"[A-Za-z]+\d?", file.stem if is_text else file.name)
    for place in dict.fromkeys((len(words) - 1, 0)) if words else ():
        if words[place].lower() in COLUMNS:
            rest = ".".join(word for at, word in enumerate(words) if at != place)
            return str(file.parent / rest), words[place].lower()
    return None
