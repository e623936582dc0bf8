"""Which words and tags are in lines of a text and, behind it, its words again with a tag each, or a list of tags?"""

from __future__ import annotations

from collections.abc import Callable

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.problem import Damage
from ia3_studio.data.word_tags import is_tag

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


def read_listed_tags(text: str) -> Found | None:
    """Read lines of a text and, in brackets at the end, the tags of its words, or else of its characters.

    None where the brackets of a line hold anything but tags, or where not one of the first lines has as many of them.
    """
    lines = [(number, line.strip()) for number, line in enumerate(lines_of(text), start=1) if line.strip()]
    if len(lines) < 2 or not all(line.endswith("]") and "[" in line for _number, line in lines):
        return None
    split = [(number, *_with_list(line)) for number, line in lines]
    if not all(tags and all(map(is_tag, tags)) for _number, _said, tags in split):
        return None
    kinds = {tag for _number, _said, tags in split for tag in tags}
    if _OUTSIDE not in kinds or len(kinds) < 2:
        return None
    cut: Callable[[str], list[str]] = str.split
    if len(cut(split[0][1])) != len(split[0][2]):
        cut = _characters
    cells: dict[str, list[list[str]]] = {"tokens": [], "tags": []}
    numbers: list[int] = []
    damaged: list[Damage] = []
    for place, (number, said, tags) in enumerate(split, start=1):
        parts = cut(said)
        if len(parts) != len(tags):
            reason = f"it has {len(parts)} {_UNITS[cut is _characters]} and {len(tags)} tags"
            damaged.append(Damage(place, number, reason, lines[place - 1][1]))
            continue
        numbers.append(place)
        cells["tokens"].append(parts)
        cells["tags"].append(tags)
    if len(damaged) > _MOST_DAMAGED * len(split):
        return None
    frame = numbered(cells).set_axis(numbers, axis=0)
    return Found(frame, f"a text and the tags of its {_UNITS[cut is _characters]} per line", tuple(damaged))


_UNITS = ("words", "characters")
_MOST_DAMAGED = 0.1
"""Share of the lines that may have more or fewer tags than words."""


def _with_list(line: str) -> tuple[str, list[str]]:
    """Return what stands in front of the brackets at the end of a line, and what stands in these."""
    said, _bracket, listed = line.removesuffix("]").rpartition("[")
    return said.strip(), [tag.strip().strip("'\"") for tag in listed.split(",")]


def _characters(text: str) -> list[str]:
    return [letter for letter in text if not letter.isspace()]


def _pairs(parts: list[str], sign: str) -> list[tuple[str, str]]:
    """Return the words with their tags of the second part of a line; none where they are not the words of the first."""
    if len(parts) < len(("text", "tags")):
        return []
    pairs = [(word, tag) for word, _sign, tag in (each.rpartition(sign) for each in parts[1].split())]
    same = "".join(word for word, _tag in pairs) == "".join(parts[0].split())
    return pairs if same and all(tag for _word, tag in pairs) else []
