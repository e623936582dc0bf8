"""Are files texts of one class each, in each of several splits? As train/pos.txt, train/neg.txt and test/pos.txt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.files_by_class import CLASSES
from ia3_studio.data.member_files import Readers, lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of


def classes_by_split(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read texts whose names say a class that is known, as spam is, and of which each split has all, a row a line.

    The split is that of their names or of their folders.
    """
    named = {path: class_and_split(path) for path in content if member_path(path).suffix.lower() == ".txt"}
    named = {path: said for path, said in named.items() if said[1]}  # others, such as a vocabulary, are of no split
    paths = [*named]
    by_split: dict[str, set[str]] = {}
    for label, split in named.values():
        by_split.setdefault(split, set()).add(label)
    classes = next(iter(by_split.values()), set())
    if (
        len(by_split) < 2 or len(classes) < 2 or len(named) != len(by_split) * len(classes)
        or any(each != classes for each in by_split.values()) or not any(classes <= known for known in CLASSES)
    ):  # fmt: skip
        return None
    texts = readers.texts(paths)
    rows = [(line, *named[path]) for path in paths for line in lines_in(texts[path].text)]
    columns = dict(zip(("text", "label", SPLIT), map(list, zip(*rows, strict=True)), strict=True))
    form = f"one line per row, from {len(paths)} files of {len(classes)} classes in {len(by_split)} splits"
    return with_encoding_facts(paths[0], Found(numbered(columns), form), [*texts.values()]), paths


def class_and_split(path: str) -> tuple[str, str]:
    """Return the class and the split that a file is named by.

    Example:
        >>> class_and_split("data/train/pos.txt"), class_and_split("spam_test.txt"), class_and_split("notes.txt")
        (('pos', 'train'), ('spam', 'test'), ('notes', ''))
    """
    file = member_path(path)
    split = split_of(file.stem)
    if not split:
        return file.stem.lower(), split_of(file.parent.name)
    words = re.split(r"[\W_]+", file.stem.lower())
    return "_".join(word for word in words if word and split_of(word) != split), split
