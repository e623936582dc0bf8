"""Which fields of words with tags are read, where a column says nothing, or each sentence has some of its own?"""

from __future__ import annotations

from collections.abc import Sequence

BLANK = "_"
"""What stands in a field that nobody has filled."""
UNIVERSAL, WITH_PREDICATES = 10, 14
"""Fields of CoNLL-U; fields of CoNLL-2009 before those of the arguments of each predicate."""
_FLAG, _PREDICATE = 12, 13
"""The fields of CoNLL-2009, from 0 on, that say which word is a predicate, and its sense."""
_MOST_TAGS = 200
_FEWEST_FIELDS, _FEWEST_WORDS = 3, 3
"""Fields of a word, and words of a sentence on average, where no number of the word shows that they are such."""
_ALIKE = 0.9
"""Share of the sentences that have as many fields as the first; others are damaged then."""


def fixed_fields(sentences: Sequence[Sequence[Sequence[str]]], *, is_numbered: bool) -> tuple[int, tuple[str, ...]]:
    """Return how many fields of each word are read where sentences have some of their own, and a note on these.

    These are one for each predicate of the sentence. Of CoNLL-2009, the arguments of the first predicate are read. It
    is 0 where all have as many, or differ for no reason that is known.

    Args:
        sentences: the fields of the words of the first sentences.
        is_numbered: whether the first field is the number of the word.
    """
    widths = [len(rows[0]) for rows in sentences if len({*map(len, rows)}) == 1]
    if not widths or len({*widths}) == 1 or not (kept := _fixed_width(sentences, widths, is_numbered)):
        return 0, ()
    what = "the arguments of further predicates" if kept > WITH_PREDICATES else "one for each predicate or verb"
    more = any(width > kept for width in widths)
    return kept, (f"Not used: what stands behind field {kept}, {what}.",) if more else ()


def with_width(fields: list[str], width: int) -> list[str]:
    """Return the fields of a word without those behind a place; those of no predicate's arguments are empty there."""
    return [*fields, BLANK] if len(fields) == WITH_PREDICATES == width - 1 else fields[:width]


def _fixed_width(sentences: Sequence[Sequence[Sequence[str]]], widths: Sequence[int], is_numbered: bool) -> int:
    """Return how many fields of each word are kept; 0 where sentences differ for no reason that is known."""
    first = next(len(rows[0]) for rows in sentences if rows)
    if is_numbered and min(widths) >= WITH_PREDICATES and all(map(_has_arguments, sentences)):
        return WITH_PREDICATES + 1
    if is_numbered and min(widths) >= UNIVERSAL:
        return UNIVERSAL
    alike = sum(width == first for width in widths) >= _ALIKE * len(sentences)
    alike = alike or len(widths) < _ALIKE * len(sentences) or sum(map(len, sentences)) < _FEWEST_WORDS * len(sentences)
    return 0 if alike or is_numbered or min(widths) < _FEWEST_FIELDS else min(widths)


def _has_arguments(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the words of a sentence have as many fields more as predicates are marked in it."""
    marked = sum(row[_PREDICATE] != BLANK for row in rows if len(row) > _PREDICATE)
    return all(len(row) == WITH_PREDICATES + marked for row in rows)


def telling_field(rows: Sequence[Sequence[str]], word: int, tag: int) -> tuple[int, tuple[str, ...]]:
    """Return the field of the tags, another one where the one that is expected is empty in all words, and notes on it.

    The next field that holds a few different values is taken, those behind first; no numbers and no marks alone.
    """
    width = len(rows[0])
    if any(row[tag] != BLANK for row in rows):
        return tag, ()
    places = [at for at in (*range(tag + 1, width), *range(tag - 1, word, -1)) if _says_something(rows, at)]
    if not places:
        return tag, ()
    empty = [at + 1 for at in range(width) if at not in (word, places[0]) and all(row[at] == BLANK for row in rows)]
    others = [at + 1 for at in range(word + 1, width) if at != places[0] and at + 1 not in empty]
    unused = f" Not used: {_named(others)}." if others else ""
    return places[0], (f"Nothing but {BLANK!r} stands in {_named(empty)}.{unused}",)


def _says_something(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Say whether a field holds several values that come again, no numbers and no lemmas."""
    cells = [row[place] for row in rows if row[place] != BLANK]
    kinds = {*cells}
    return 1 < len(kinds) <= min(_MOST_TAGS, len(cells) // 2) and not all(cell.isdecimal() for cell in kinds)


def _named(places: Sequence[int]) -> str:
    shown = ", ".join(map(str, places))
    return f"field {shown}" if len(places) == 1 else f"the fields {shown}"
