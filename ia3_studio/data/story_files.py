"""Are files articles with their highlights below them, as the stories of CNN and the Daily Mail are?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of

_HIGHLIGHT = re.compile(r"\n@highlight[^\S\n]*\n")
_MARK = b"\n@highlight"


def stories(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files that hold an article and its highlights, each behind a mark; a row a file."""
    paths = [path for path, data in content.items() if _MARK in data]
    if len(paths) < 2 or 2 * len(paths) < len(content):
        return None
    texts = readers.texts(paths)
    parts = [_HIGHLIGHT.split(texts[path].text.strip()) for path in paths]
    columns = {
        "article": [each[0].strip() for each in parts],
        "highlights": ["\n".join(line.strip() for line in each[1:]) for each in parts],
    }
    splits = [split_of(str(PurePosixPath(path).parent)) for path in paths]
    if all(splits) and len(set(splits)) > 1:
        columns[SPLIT] = splits
    return with_encoding_facts(paths[0], Found(numbered(columns), "an article with highlights per file"),
                               [*texts.values()]), paths  # fmt: skip
