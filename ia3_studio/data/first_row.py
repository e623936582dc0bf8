"""Is a row one of the data, or does it name what stands below it? Told by how its cells differ from their columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.header_words import KNOWN_NAMES, NAMING, WHAT, WORDS_OF_LISTS, WORDS_OF_NAMES

_FEW, ENOUGH = 6, 8
"""Different values of a column of labels, and rows that it takes to tell."""
_SENTENCE_ENDS = ((".", "!", "。", "！", "…"), ("?", "？", "؟"))
_ASKING = ("?", ":", "？", "؟")
_CALLS = ("!", "！")
"""At the end of no name, not even of a short one."""
_SHORTEST_SENTENCE, _MANY_WORDS = 8, 5
"""Characters of a sentence, and words of a cell that is rather a text than a name."""
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*\s*%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")


def is_repeated(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a cell of several words stands below itself, in a column where hardly a text does so twice.

    No word of the row is known from names of columns.
    """
    words = {word.lower() for name, _cells in pairs for word in re.findall(r"[^\W\d_]+", name)}
    if words & WORDS_OF_NAMES:
        return False
    return any(len(name.split()) > 1 and name in cells and 2 * len(set(cells)) > len(cells) for name, cells in pairs)


def is_called_after_labels(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a row names columns though one of its cells is a label below it, as "hate" above "hate".

    Another cell joins words with underscores, as no cell below it does, and no number stands in it; or a known name
    and one more differ from what stands below them.
    """
    joined = [(name, cells) for name, cells in pairs if _JOINED.fullmatch(name)]
    others = [name for name, cells in pairs if is_label_of(name, cells)]
    if len(others) != 1:
        return False
    apart = [name for name, cells in pairs if name not in cells and differs(name, cells)]
    is_known = len(apart) > 1 and any(name.lower() in KNOWN_NAMES for name in apart)
    return is_known or any(len(cells) >= ENOUGH and not any("_" in cell for cell in cells) for _name, cells in joined)


_JOINED = re.compile(r"[a-z]+(?:_[a-z]+)+")


def is_row_of_sentences(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a row is one of the data: a sentence that ends as its column's do, or long words like theirs."""
    if any(_ends_alike(name, cells) for name, cells in pairs):
        return True
    long = [cells for name, cells in pairs if len(name.split()) >= _MANY_WORDS and not name.endswith(("?", ":"))]
    return len(pairs) > 1 and len(long) == len(pairs) and all(map(_are_long, long))


def are_phrases_alike(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether each cell of a row has two words or more, as many as those of its column, and names nothing."""
    words = [word.lower() for name, _cells in pairs for word in re.findall(r"[^\W\d_]+", name)]
    if len(pairs) < 2 or WORDS_OF_NAMES.intersection(words):
        return False
    return all(len(cells) >= ENOUGH and 2 <= _usual_words(cells) <= len(name.split()) for name, cells in pairs)


def are_described(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether each cell of a row asks for what stands below it, in a sentence longer than most of that.

    A word for what is asked, answered, read or judged is in each, and in hardly a cell of its column.
    """
    return len(pairs) > 1 and all(
        len(cells) >= ENOUGH
        and len(name) > _LONG_NAME
        and 4 * sum(len(cell) >= len(name) for cell in cells) <= len(cells)
        and says(name, WHAT)
        and 10 * sum(says(cell, _words_in(name)) for cell in cells) <= len(cells)
        for name, cells in pairs
    )


def _words_in(name: str) -> frozenset[str]:
    """Return the words of a name that say what stands below it."""
    return frozenset(word for word in name_words(name) if says(word, WHAT))


_LONG_NAME = 60
"""Characters of a sentence that names a column."""


def is_one_of_texts(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of two columns of texts is certainly a row of them: a name is no sentence.

    A question is a name in a survey, where no answer is a question.
    """
    asked = [cells for name, cells in zip(header, columns, strict=True) if name.endswith(_ASKING)]
    answered = any(not any(cell.endswith(_ASKING) for cell in cells) for cells in asked)
    is_phrase = any(len(name.split()) >= _MANY_WORDS for name in header)
    return is_phrase and not answered and is_like_rows(header, columns)


def begins_in_order(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of two columns of texts stands where the alphabet puts it, before the rows below.

    Those are in the order of one column by their first letters, and its first cell begins with the same letter as the
    next one. A name would do so by chance only.
    """
    if not is_like_rows(header, columns):
        return False
    for name, cells in zip(header, columns, strict=True):
        letters = [cell[:1].casefold() for cell in (name, *cells)]
        is_sorted = len(cells) > _FEWEST_IN_ORDER and letters == sorted(letters)
        if is_sorted and len({*letters}) > 1 and letters[0] == letters[1] and name.casefold() < cells[0].casefold():
            return True
    return False


_FEWEST_IN_ORDER = 12
"""Rows that are hardly in order by chance."""


def begins_as_others(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether a cell of the first row begins as hardly anything but ids of its column do, as "mod:stone".

    What stands before a colon or a slash is the same in nearly all cells of the column.
    """
    for name, cells in zip(header, columns, strict=True):
        found = _ID_START.match(name)
        alike = sum(cell.startswith(found[0]) for cell in cells) if found else 0
        if len(cells) >= ENOUGH and alike >= _HARDLY_ALIKE * len(cells):
            return True
    return False


_ID_START = re.compile(r"[\w.-]{2,60}[:/](?=\w)")


def is_listed_as_others(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of one column has a comma in it, as most rows below have, and a name has none."""
    if len(header) != 1 or "," not in header[0] or len(columns[0]) < ENOUGH:
        return False
    return sum("," in cell for cell in columns[0]) > _MOSTLY_LISTED * len(columns[0])


_MOSTLY_LISTED = 0.6


def is_one_of_words(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of a list of words, alone or with a word or a phrase for each, is one of them.

    It is where none of its words is known from names of columns, and each is written as those below it are.
    """
    if not 1 <= len(header) <= len(("word", "translation")) or not all(header) or not header[0].isalpha():
        return False
    if any(says(name, NAMING) or name.casefold() in WORDS_OF_LISTS for name in header):
        return False
    if not header[-1].isalpha():
        words = {word.lower() for word in re.findall(r"[^\W\d_]+", header[-1])}
        is_phrase = len(words) > 1 and not words & WORDS_OF_NAMES and len(columns[-1]) >= ENOUGH
        lengths = [len(cell) for cell in columns[-1]] if is_phrase else []
        is_usual = bool(lengths) and min(lengths) <= len(header[-1]) <= max(lengths)
        return is_usual and _is_list_of_words(header[0], columns[0])
    return all(map(_is_list_of_words, header, columns))


def _is_list_of_words(name: str, cells: Sequence[str]) -> bool:
    """Return whether cells are words, hardly two of them alike, as capital or small as another one, and as long."""
    few = len(cells) < ENOUGH or len(set(cells)) < _HARDLY_ALIKE * len(cells)
    if few or sum(cell.isalpha() for cell in cells) < _HARDLY_ALIKE * len(cells):
        return False
    alike = sum(cell[:1].isupper() == name[:1].isupper() for cell in cells)
    return alike >= _HARDLY_ALIKE * len(cells) and min(map(len, cells)) <= len(name) <= max(map(len, cells))


_HARDLY_ALIKE = 0.9
"""Share of the rows of a list of words that differ, and that are written alike."""


def is_like_rows(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether a row could be one of two columns of texts: no known name, and as long as those below."""
    words = {word.lower() for name in header for word in re.findall(r"[^\W\d_]+", name)}
    if len(header) != 2 or not all(header) or words & WORDS_OF_NAMES:
        return False
    if not all(len(cells) >= ENOUGH and 2 * len(set(cells)) > len(cells) for cells in columns):
        return False
    return all(map(_is_usual, header, columns))


def _is_usual(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell has as many letters as those of its column."""
    lengths = sorted(map(len, cells))
    return lengths[len(lengths) // 10] <= len(name) <= lengths[-1]


def _usual_words(cells: Sequence[str]) -> int:
    """Return the words of a cell that three of four have at least."""
    return sorted(len(cell.split()) for cell in cells)[len(cells) // 4]


def _ends_alike(name: str, cells: Sequence[str]) -> bool:
    for ends in _SENTENCE_ENDS:
        if name.endswith(ends) and (len(name) >= _SHORTEST_SENTENCE or name.endswith(_CALLS)):
            return 2 * sum(cell.endswith(ends) for cell in cells) > len(cells) > 1
    return False


def _are_long(cells: Sequence[str]) -> bool:
    return sum(len(cell.split()) for cell in cells) >= _MANY_WORDS * len(cells) > 0


def is_number_of(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is a number in a column of numbers, of which it has some."""
    return bool(cells) and _NUMBER.fullmatch(name) is not None and all(map(_NUMBER.fullmatch, cells))


def is_label_of(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is one of the few values of its column."""
    different = set(cells)
    return name in different and (len(different) <= max(2, len(cells) // 2) or cells.count(name) >= _OFTEN)


_OFTEN = 3
"""Times that a value stands in its column so that it names it no longer, however many others there are."""


def differs(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is certainly no value of its column."""
    if name.lower() in KNOWN_NAMES:
        return True
    if not cells:
        return False
    for form in (_NUMBER, _DATE):
        if all(map(form.fullmatch, cells)):
            return not form.fullmatch(name)
    return holds_few_values(cells) and name not in cells


def holds_few_values(cells: Sequence[str]) -> bool:
    """Return whether cells are certainly labels: enough of them to tell, and few that differ."""
    return len(cells) >= ENOUGH and len(set(cells)) <= min(_FEW, len(cells) // 3)
