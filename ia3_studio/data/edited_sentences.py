"""Which corrected sentences does a file of edits hold (M2, as the data sets of grammatical errors have it)?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered

SUFFIX = ".m2"
_PLACES = re.compile(r"A (-?\d{1,9}) (-?\d{1,9})")
_FIELDS = 6
"""Parts of an edit between bars: its places, its kind, what stands instead, two that do not count, and whose it is."""
_NOTHING = "-NONE-"
"""What stands for no word at all."""
Edit = tuple[int, int, str]
"""The words that are replaced, from the first to before the last, and by what."""


def read_edits(text: str) -> Found | None:
    """Return sentences with what the first annotator made of each; None for other text.

    A line with S is a sentence of words, the lines with A below it are edits by their places in it.
    """
    filled = [line.strip() for line in lines_of(text.lstrip("\ufeff")) if line.strip()]
    if not filled or not filled[0].startswith("S ") or not any(line.startswith("A ") for line in filled):
        return None
    sentences: list[str] = []
    edits: list[tuple[int, str, Edit]] = []
    for line in filled:
        if line == "S" or line.startswith("S "):
            sentences.append(line[2:].strip())
        elif found := _edit(line):
            edits.append((len(sentences) - 1, *found))
        else:
            return None
    first = min((who for _place, who, _edit in edits), key=lambda who: (len(who), who))
    by_sentence: list[list[Edit]] = [[] for _sentence in sentences]
    for place, who, edit in edits:
        if who == first and edit[0] >= 0:  # below 0: nothing is to be changed
            by_sentence[place].append(edit)
    corrected = [_with_edits(sentence.split(), each) for sentence, each in zip(sentences, by_sentence, strict=True)]
    others = sum(who != first for _place, who, _edit in edits)
    notes = (f"Not used: {others:,} edits of other annotators.",) if others else ()
    return Found(numbered({"sentence": sentences, "corrected": corrected}), "sentences with edits (M2)", notes=notes)


def _edit(line: str) -> tuple[str, Edit] | None:
    """Return whose edit a line is, and the edit; None for another line."""
    places, *fields = line.split("|||")
    found = _PLACES.fullmatch(places)
    if not found or len(fields) != _FIELDS - 1:
        return None
    return fields[-1].strip(), (int(found[1]), int(found[2]), "" if fields[1] == _NOTHING else fields[1])


def _with_edits(words: Sequence[str], edits: Sequence[Edit]) -> str:
    """Return a sentence in which words are replaced, the last ones first, so that the places of others stay."""
    kept = list(words)
    for begin, end, instead in sorted(reversed(edits), key=lambda edit: edit[:2], reverse=True):
        kept[begin:end] = instead.split()
    return " ".join(kept)
