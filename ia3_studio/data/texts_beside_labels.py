"""Do labels in a file of their own belong to texts that are called as they are, without that word?"""

from __future__ import annotations

from collections.abc import Mapping

from ia3_studio.data.member_paths import member_path


def with_texts_beside_labels(
    sides: Mapping[str, Mapping[str, str]], content: Mapping[str, bytes]
) -> dict[str, dict[str, str]]:
    """Return the sides of parallel texts, with train.txt as the texts of train_labels.txt where it has as many lines.

    Fewer lines than these are the names of the labels.
    """
    return {stem: {**_texts_of(stem, files, content), **files} for stem, files in sides.items()}


def _texts_of(stem: str, files: Mapping[str, str], content: Mapping[str, bytes]) -> dict[str, str]:
    if len(files) != 1 or not {*files} <= _LABELS:
        return {}
    labels = next(iter(files.values()))
    texts = stem + member_path(labels).suffix
    has_as_many = texts != labels and texts in content and _lines(content[texts]) == _lines(content[labels])
    return {"text": texts} if has_as_many else {}


_LABELS = frozenset(("label", "labels"))


def _lines(content: bytes) -> int:
    return content.strip().count(b"\n") + 1
