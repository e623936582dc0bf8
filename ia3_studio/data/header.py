"""Which row of a table names its columns? Searched in the first rows, below titles, by how it differs from the data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.header_words import KNOWN_NAMES, NAMING, WHAT, WORDS_OF_LISTS, WORDS_OF_NAMES

SEARCHED_ROWS = 20
"""Rows in which a header is searched."""
COMPARED_ROWS = 50
"""Rows below it that it is compared with."""
_LONGEST_NAME = 60
"""Characters of a cell that may be a sentence of the data, unless something else shows that it is a name."""
_FILLED = 0.6
"""Share of the usual number of filled cells below which a row is a title."""
_FEW, _ENOUGH = 6, 8
"""Different values of a column of labels, and rows that it takes to tell."""
_SENTENCE_ENDS = ((".", "!", "。", "！", "…"), ("?", "？", "؟"))
_ASKING = ("?", ":", "？", "؟")
_CALLS = ("!", "！")
"""At the end of no name, not even of a short one."""
_SHORTEST_SENTENCE, _MANY_WORDS = 8, 5
"""Characters of a sentence, and words of a cell that is rather a text than a name."""
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*\s*%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")


def find_header(rows: Sequence[Sequence[Any]]) -> int | None:
    """Return the index of the row that names the columns, 0 to ``SEARCHED_ROWS`` − 1; None where there is none.

    Args:
        rows: the first rows of a table, each with its cells; a cell that is missing is None or empty.
    """
    if not rows:
        return None
    first = _first_full_row(rows)
    if first and names_columns(rows, first):
        return first
    if not first and (below := _below_full_titles(rows)):
        return below
    return 0 if names_columns(rows, 0) else None


def names_columns(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row names the columns of the rows below it.

    It does not where it is a number above numbers, or repeats a label of the rows below. A row with a long cell names
    columns only where another cell shows it: a known name, or a word above numbers, dates or labels.
    """
    header = [_text(cell) for cell in rows[place]]
    first = place + 1 + rows_of_header(rows, place)
    below = [row for row in rows[first : first + COMPARED_ROWS] if [_text(cell) for cell in row] != header]
    below = [row for row in below if len(row) == len(header)] or below  # the others may be damaged
    columns = [[_text(row[at]) for row in below if at < len(row) and _text(row[at])] for at in range(len(header))]
    if len(set(header)) == 1 < len(header):
        return False
    pairs = [(name, cells) for name, cells in zip(header, columns, strict=True) if name]
    if any(_is_number_of(name, cells) for name, cells in pairs) or _is_repeated(pairs):
        return False
    if any(_is_label_of(name, cells) for name, cells in pairs) and not _is_called_after_labels(pairs):
        return False
    if _are_phrases_alike(pairs) and not any(_differs(name, cells) for name, cells in pairs):
        return False
    if _is_one_of_texts(header, columns) or _is_one_of_words(header, columns):
        return False
    if _is_row_of_sentences(pairs) and not any(_differs(name, cells) for name, cells in pairs):
        return False
    return all(len(name) <= _LONGEST_NAME for name in header) or any(_differs(name, cells) for name, cells in pairs)


def _is_repeated(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a cell of several words stands below itself, in a column where hardly a text does so twice.

    No word of the row is known from names of columns.
    """
    words = {word.lower() for name, _cells in pairs for word in re.findall(r"[^\W\d_]+", name)}
    if words & WORDS_OF_NAMES:
        return False
    return any(len(name.split()) > 1 and name in cells and 2 * len(set(cells)) > len(cells) for name, cells in pairs)


def _is_called_after_labels(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a row names columns though one of its cells is a label below it, as "hate" above "hate".

    Another cell joins words with underscores, as no cell below it does, and no number stands in it.
    """
    joined = [(name, cells) for name, cells in pairs if _JOINED.fullmatch(name)]
    others = [name for name, cells in pairs if _is_label_of(name, cells)]
    return len(others) == 1 and any(
        len(cells) >= _ENOUGH and not any("_" in cell for cell in cells) for _name, cells in joined
    )


_JOINED = re.compile(r"[a-z]+(?:_[a-z]+)+")


def _first_full_row(rows: Sequence[Sequence[Any]]) -> int:
    """Return the first row that fills about as many cells as most rows do; 0 where that is unclear."""
    filled = [sum(bool(_text(cell)) for cell in row) for row in rows[: SEARCHED_ROWS + COMPARED_ROWS]]
    usual = Counter(count for count in filled if count).most_common(1)[0][0] if any(filled) else 0
    if usual < 2:
        return 0
    enough = max(2.0, _FILLED * usual)
    first = next((place for place, count in enumerate(filled[:SEARCHED_ROWS]) if count >= enough), 0)
    fuller = next((at for at, count in enumerate(filled[:SEARCHED_ROWS]) if count >= usual), first)
    return fuller if first < fuller and _certainly_names(rows, fuller) else first


def _below_full_titles(rows: Sequence[Sequence[Any]]) -> int:
    """Return the row that names the columns below rows of titles which fill as many cells; 0 where there is none.

    Its cells are short, one is a word for what a column holds, none of the rows above has such a word, and neither they
    nor itself hold one of the few values of a column below.
    """
    for place in range(1, min(_MOST_FULL_TITLES, len(rows) - _ENOUGH) + 1):
        names = [_text(cell) for cell in rows[place]]
        above = [[_text(cell) for cell in row] for row in rows[:place]]
        if not all(0 < len(name.split()) <= _WORDS_OF_A_NAME for name in names) or not any(map(_says_what, names)):
            continue
        if any(_says_what(cell) for row in above for cell in row):
            return 0
        below = [[_text(cell) for cell in row] for row in rows[place + 1 : place + 1 + COMPARED_ROWS]]
        for at, name in enumerate(names):
            cells = [row[at] for row in below if at < len(row) and row[at]]
            few = len(cells) >= _ENOUGH and len(set(cells)) <= min(_FEW, len(cells) // 3)
            if few and not {name, *(row[at] for row in above if at < len(row))} & {*cells}:
                return place
    return 0


_MOST_FULL_TITLES, _WORDS_OF_A_NAME = 4, 4
"""Rows of titles that fill all cells, and words of a cell that names a column."""


def _says_what(cell: str) -> bool:
    return cell.lower() in KNOWN_NAMES or (len(cell.split()) <= _WORDS_OF_A_NAME and says(cell, WHAT))


def _certainly_names(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row names columns for certain: none of its cells is a value, and one differs from its column."""
    below = rows[place + 1 : place + 1 + COMPARED_ROWS]
    header = [_text(cell) for cell in rows[place]]
    columns = [[_text(row[at]) for row in below if at < len(row) and _text(row[at])] for at in range(len(header))]
    pairs = [(name, cells) for name, cells in zip(header, columns, strict=True) if name]
    return names_columns(rows, place) and any(_differs(name, cells) for name, cells in pairs)


def rows_of_header(rows: Sequence[Sequence[Any]], place: int) -> int:
    """Return how many rows below a header belong to it, as tools for surveys write them.

    Qualtrics has the questions and then ids in JSON below the names of its columns; SurveyMonkey has the kind of each
    answer.
    """
    below = [[_text(cell) for cell in row if _text(cell)] for row in rows[place + 1 : place + 3]]
    if len(below) == 2 and any(cell.startswith('{"ImportId"') for cell in below[1]):
        return 2
    if not below or not below[0]:
        return 0
    kinds = _KINDS_OF_ANSWERS.intersection(below[0])
    nothing_else = set(below[0]) <= _KINDS_OF_ANSWERS
    choices = len(kinds) > 1 and not _text(rows[place + 1][0]) and any(not _text(cell) for cell in rows[place])
    return 1 if nothing_else or choices else 0


_KINDS_OF_ANSWERS = frozenset(("Response", "Open-Ended Response", "Other (please specify)"))


def _is_row_of_sentences(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether a row is one of the data: a sentence that ends as its column's do, or long words like theirs."""
    if any(_ends_alike(name, cells) for name, cells in pairs):
        return True
    long = [cells for name, cells in pairs if len(name.split()) >= _MANY_WORDS and not name.endswith(("?", ":"))]
    return len(pairs) > 1 and len(long) == len(pairs) and all(map(_are_long, long))


def _are_phrases_alike(pairs: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Return whether each cell of a row has two words or more, as many as those of its column, and names nothing."""
    words = [word.lower() for name, _cells in pairs for word in re.findall(r"[^\W\d_]+", name)]
    if len(pairs) < 2 or WORDS_OF_NAMES.intersection(words):
        return False
    return all(len(cells) >= _ENOUGH and 2 <= _usual_words(cells) <= len(name.split()) for name, cells in pairs)


def may_be_data(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row that is taken for the names of two columns of texts could as well be one of their rows.

    None of its words stands in names of columns, and its cells are as long as those below them.
    """
    header = [_text(cell) for cell in rows[place]]
    below = [row for row in rows[place + 1 : place + 1 + COMPARED_ROWS] if len(row) == len(header)]
    columns = [[text for row in below if (text := _text(row[at]))] for at in range(len(header))]
    return _is_like_rows(header, columns)


def may_be_names(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether the first row of a list of words is read as one of them, though it could name the columns."""
    header = [_text(cell) for cell in rows[0]]
    below = [row for row in rows[1 : 1 + COMPARED_ROWS] if len(row) == len(header)]
    return _is_one_of_words(header, [[text for row in below if (text := _text(row[at]))] for at in range(len(header))])


def _is_one_of_texts(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of two columns of texts is certainly a row of them: a name is no sentence.

    A question is a name in a survey, where no answer is a question.
    """
    asked = [cells for name, cells in zip(header, columns, strict=True) if name.endswith(_ASKING)]
    answered = any(not any(cell.endswith(_ASKING) for cell in cells) for cells in asked)
    is_phrase = any(len(name.split()) >= _MANY_WORDS for name in header)
    return is_phrase and not answered and _is_like_rows(header, columns)


def _is_one_of_words(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row of a list of words, alone or with a word or a phrase for each, is one of them.

    It is where none of its words is known from names of columns, and each is written as those below it are.
    """
    if not 1 <= len(header) <= len(("word", "translation")) or not all(header) or not header[0].isalpha():
        return False
    if any(says(name, NAMING) or name.casefold() in WORDS_OF_LISTS for name in header):
        return False
    if not header[-1].isalpha():
        words = {word.lower() for word in re.findall(r"[^\W\d_]+", header[-1])}
        is_phrase = len(words) > 1 and not words & WORDS_OF_NAMES and len(columns[-1]) >= _ENOUGH
        lengths = [len(cell) for cell in columns[-1]] if is_phrase else []
        is_usual = bool(lengths) and min(lengths) <= len(header[-1]) <= max(lengths)
        return is_usual and _is_list_of_words(header[0], columns[0])
    return all(map(_is_list_of_words, header, columns))


def _is_list_of_words(name: str, cells: Sequence[str]) -> bool:
    """Return whether cells are words, hardly two of them alike, as capital or small as another one, and as long."""
    few = len(cells) < _ENOUGH or len(set(cells)) < _HARDLY_ALIKE * len(cells)
    if few or sum(cell.isalpha() for cell in cells) < _HARDLY_ALIKE * len(cells):
        return False
    alike = sum(cell[:1].isupper() == name[:1].isupper() for cell in cells)
    return alike >= _HARDLY_ALIKE * len(cells) and min(map(len, cells)) <= len(name) <= max(map(len, cells))


_HARDLY_ALIKE = 0.9
"""Share of the rows of a list of words that differ, and that are written alike."""


def _is_like_rows(header: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    words = {word.lower() for name in header for word in re.findall(r"[^\W\d_]+", name)}
    if len(header) != 2 or not all(header) or words & WORDS_OF_NAMES:
        return False
    if not all(len(cells) >= _ENOUGH and 2 * len(set(cells)) > len(cells) for cells in columns):
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


def _is_number_of(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is a number in a column of numbers."""
    return _NUMBER.fullmatch(name) is not None and all(map(_NUMBER.fullmatch, cells))


def _is_label_of(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is one of the few values of its column."""
    different = set(cells)
    return name in different and (len(different) <= max(2, len(cells) // 2) or cells.count(name) >= _OFTEN)


_OFTEN = 3
"""Times that a value stands in its column so that it names it no longer, however many others there are."""


def _differs(name: str, cells: Sequence[str]) -> bool:
    """Return whether a cell is certainly no value of its column."""
    if name.lower() in KNOWN_NAMES:
        return True
    if not cells:
        return False
    for form in (_NUMBER, _DATE):
        if all(map(form.fullmatch, cells)):
            return not form.fullmatch(name)
    return len(cells) >= _ENOUGH and len(set(cells)) <= min(_FEW, len(cells) // 3) and name not in cells


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()  # NaN differs from itself


def unique_names(header: Sequence[Any]) -> list[str]:
    """Return one name for each column: its place where it has none, and its place added where the name is taken."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, start=1):
        name = _text(cell) or f"column {place}"
        name = f"{name} (column {place})" if name in taken else name
        taken.add(name)
        names.append(name)
    return names
