"""How do lines that are whole sentences with tags, or marks between sentences, become one word per line?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.word_tags import are_parts, is_tag


def one_word_per_line(lines: list[str]) -> list[str]:
    """Return a line for each word of lines with a sentence, a tab and its tags, as ATIS has them; others as they are.

    A sentence has as many words as tags, and most tags are "O".
    """
    if marked := _with_marks(lines):
        return marked
    if any(line.count("\t") != 1 for line in lines if line.strip()):
        return lines
    filled = [line.split("\t") for line in lines if line.strip()]
    sides = [(words.split(), tags.split()) for words, *rest in filled for tags in rest[:1]]
    whole = len(sides) == len(filled) > 1 and all(len(each) == len(("words", "tags")) for each in filled)
    if not whole or any(len(words) != len(tags) or len(words) < _FEWEST_WORDS for words, tags in sides):
        return lines
    tags = [tag for _words, each in sides for tag in each]
    if 2 * tags.count("O") < len(tags):
        return lines
    return [line for each in sides for line in (*map("\t".join, zip(*each, strict=True)), "")]


def _with_marks(lines: Sequence[str]) -> list[str]:
    """Return a line for each word of lines in which a sign stands between each word and its tag: Ada/B-SHIP left/O.

    None where a word has no tag, or no word has "O".
    """
    written = [line for line in lines if line.strip()]
    are_words = len(written) < len(lines) and all(len(line.split()) == 1 for line in written)
    if not are_words and not any(all(sign in word for word in line.split()) for line in written[:1] for sign in _SIGNS):
        return []
    filled = list(map(str.split, written))
    if are_words:  # a word per line, between empty lines
        filled = [" ".join(block.split("\n")).split() for block in "\n".join(map(str.strip, lines)).split("\n\n")]
        filled = [words for words in filled if words]
    for sign in _SIGNS:
        if not filled or any(sign not in word for word in filled[0]):
            continue
        filled = [[_OF_GROUP.sub("", word) for word in words] for words in filled] if sign == "/" else filled
        pairs = [[word.rpartition(sign)[::2] for word in words] for words in filled]
        tags = {tag for words in pairs for _word, tag in words}
        are_tags = "O" in tags and len(tags) > 1 and all(map(is_tag, tags))
        are_tags = are_tags or are_parts([tag for words in pairs for _word, tag in words], in_any_case=True)
        if are_tags and all(word for words in pairs for word, _tag in words):
            return [line for words in pairs for line in (*map("\t".join, words), "")]
    return []


_SIGNS = ("|", "/", "_", "\\")
_OF_GROUP = re.compile(r"^\[(?=[^/])|(?<=/[A-Za-z])\][A-Za-z]*$|(?<=/[A-Za-z]{2})\][A-Za-z]*$")
"""Brackets around several words and the tag behind these, as in [Port/n Office/n]nt; each word has one of its own."""
_FEWEST_WORDS = 2
"""Words of a sentence that stands in a line with its tags."""


def without_marks(lines: list[str]) -> list[str]:
    """Return lines with an empty one for each mark between sentences, such as "_S_B_", where none is empty.

    A mark is the first word of the file, is no word of letters alone, and comes again.
    """
    if any(not line.strip() for line in lines[:-1]):
        return lines
    first = (lines[0].split() or [""])[0]
    is_mark = bool(_MARK.fullmatch(first)) and sum((line.split() or [""])[0] == first for line in lines) > 1
    return ["" if (line.split() or [""])[0] == first else line for line in lines] if is_mark else lines


_MARK = re.compile(r"([_<\[#*=~-])\W*+\w.*[_>\]#*=~-]")
