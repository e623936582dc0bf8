"""Which corrected sentences does a file of edits hold (M2, as the data sets of grammatical errors have it)?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.delimiters import LINE_END
from ia3_studio.data.parsing import Found, numbered

SUFFIX = ".m2"
_EDIT = re.compile(r"A (-?\d+) (-?\d+)\|\|\|([^|]*)\|\|\|(.*?)\|\|\|.*\|\|\|(\d+)")
_NOTHING = "-NONE-"
"""What stands for no word at all."""
Edit = tuple[int, int, str]
"""The words that are replaced, from the first to before the last, and by what."""


def read_edits(text: str) -> Found | None:
    """Return sentences with what the first annotator made of each; None for other text.

    A line with S is a sentence of words, the lines with A below it are edits by their places in it.
    """
    filled = [line for line in LINE_END.split(text.lstrip("\ufeff")) if line.strip()]
    if not filled or not filled[0].startswith("S ") or not any(line.startswith("A ") for line in filled):
        return None
    sentences: list[str] = []
    edits: list[list[Edit]] = []
    others = 0
    for line in filled:
        found = _EDIT.fullmatch(line)
        if line.startswith("S "):
            sentences.append(line[2:].strip())
            edits.append([])
        elif line.strip() == "S":
            sentences.append("")
            edits.append([])
        elif not found:
            return None
        elif found[5] != "0":
            others += 1
        elif int(found[1]) >= 0:
            edits[-1].append((int(found[1]), int(found[2]), "" if found[4] == _NOTHING else found[4]))
    corrected = [_with_edits(sentence.split(), each) for sentence, each in zip(sentences, edits, strict=True)]
    notes = (f"Not used: {others:,} edits of other annotators.",) if others else ()
    return Found(numbered({"sentence": sentences, "corrected": corrected}), "sentences with edits (M2)", notes=notes)


def _with_edits(words: Sequence[str], edits: Sequence[Edit]) -> str:
    """Return a sentence in which words are replaced, the last ones first, so that the places of others stay."""
    kept = list(words)
    for begin, end, instead in sorted(edits, reverse=True):
        kept[begin:end] = instead.split()
    return " ".join(kept)
