"""Which words and tags are in lines of a text and, behind a separator, its words again with a tag each?"""

from __future__ import annotations

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered

_SEPARATORS = ("####", "\t", "|||")
"""What stands between a text and its words with tags; E2E-TBSA and ASTE have the first one."""
_SIGNS = ("=", "/", "_", "|", "\\")
"""What may stand between a word and its tag."""
_OUTSIDE = "O"
_MOST_TAGS = 100


def read_tagged_texts(text: str) -> Found | None:
    """Read lines such as ``Ada left####Ada=B-SHIP left=O``; None where the words of a line are not those of its text.

    Other tags of the same words, behind another separator, are not read.
    """
    lines = [(number, line.strip()) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    separator = next((each for each in _SEPARATORS if lines and all(each in line for _number, line in lines)), "")
    if not separator or len(lines) < 2:
        return None
    parts = [line.split(separator) for _number, line in lines]
    sign = next((each for each in _SIGNS if _pairs(parts[0], each)), "")
    sentences = [_pairs(each, sign) for each in parts] if sign else []
    tags = {tag for sentence in sentences for _word, tag in sentence}
    if not sentences or not all(sentences) or _OUTSIDE not in tags or not 2 <= len(tags) <= _MOST_TAGS:
        return None
    cells = {name: [[pair[at] for pair in each] for each in sentences] for at, name in enumerate(("tokens", "tags"))}
    others = sum(len(each) > len(("text", "tags")) for each in parts)
    notes = (f"Not used: other tags of the same words, in {others:,} lines.",) if others else ()
    return Found(numbered(cells), "a text and its words with tags per line", notes=notes)


def _pairs(parts: list[str], sign: str) -> list[tuple[str, str]]:
    """Return the words with their tags of the second part of a line; none where they are not the words of the first."""
    if len(parts) < len(("text", "tags")):
        return []
    pairs = [(word, tag) for word, _sign, tag in (each.rpartition(sign) for each in parts[1].split())]
    same = "".join(word for word, _tag in pairs) == "".join(parts[0].split())
    return pairs if same and all(tag for _word, tag in pairs) else []
