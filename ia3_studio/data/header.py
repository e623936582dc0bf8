"""Which row of a table names its columns? Searched in the first rows, below titles, by how it differs from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.first_row import (
    ENOUGH,
    are_described,
    are_phrases_alike,
    begins_as_others,
    begins_in_order,
    differs,
    holds_few_values,
    is_called_after_labels,
    is_label_of,
    is_like_rows,
    is_listed_as_others,
    is_number_of,
    is_one_of_texts,
    is_one_of_words,
    is_repeated,
    is_row_of_sentences,
)
from ia3_studio.data.header_rows import cell_text, rows_below
from ia3_studio.data.header_words import WORDS_OF_A_NAME, says_what

SEARCHED_ROWS = 20
"""Rows in which a header is searched."""
COMPARED_ROWS = 50
"""Rows below it that it is compared with."""
_LONGEST_NAME = 60
"""Characters of a cell that may be a sentence of the data, unless something else shows that it is a name."""
_FILLED = 0.6
"""Share of the usual number of filled cells below which a row is a title."""


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
    if not first and (below := _below_full_titles(rows) or _below_groups(rows)):
        return below
    return 0 if names_columns(rows, 0) else None


def begin_with_names(rows: Sequence[Sequence[Any]]) -> bool:
    """Say whether the first of several lists names the values of the others, by a word for what they are.

    Or by standing above numbers; a first question and its answer differ from the others as little as these do.
    """
    above_numbers = any(
        isinstance(one, str) and not isinstance(other, str) for one, other in zip(*rows[:2], strict=True)
    )
    return find_header(rows[: SEARCHED_ROWS + COMPARED_ROWS]) == 0 and (
        above_numbers or any(says_what(str(cell)) for cell in rows[0])
    )


def names_columns(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row names the columns of the rows below it.

    It does not where it is a number above numbers, or repeats a label of the rows below. A row with a long cell names
    columns only where another cell shows it: a known name, or a word above numbers, dates or labels.
    """
    header = [cell_text(cell) for cell in rows[place]]
    first = place + 1 + rows_below(rows, place)
    below = [row for row in rows[first : first + COMPARED_ROWS] if [cell_text(cell) for cell in row] != header]
    below = [row for row in below if len(row) == len(header)] or below  # the others may be damaged
    columns = [
        [cell_text(row[at]) for row in below if at < len(row) and cell_text(row[at])] for at in range(len(header))
    ]
    if len(set(header)) == 1 < len(header) or (not any(columns) and is_number_of(header[0], header)):
        return False
    pairs = [(name, cells) for name, cells in zip(header, columns, strict=True) if name]
    if any(is_number_of(name, cells) for name, cells in pairs) or is_repeated(pairs):
        return False
    if any(is_label_of(name, cells) for name, cells in pairs) and not is_called_after_labels(pairs):
        return False
    if len(pairs) == len(header) and are_described(pairs):
        return True
    if are_phrases_alike(pairs) and not any(differs(name, cells) for name, cells in pairs):
        return False
    if any(is_row(header, columns) for is_row in (begins_as_others, begins_in_order, is_listed_as_others)):
        return False
    if is_one_of_texts(header, columns) or is_one_of_words(header, columns):
        return False
    if is_row_of_sentences(pairs) and not any(differs(name, cells) for name, cells in pairs):
        return False
    return all(len(name) <= _LONGEST_NAME for name in header) or any(differs(name, cells) for name, cells in pairs)


def _first_full_row(rows: Sequence[Sequence[Any]]) -> int:
    """Return the first row that fills about as many cells as most rows do; 0 where that is unclear."""
    filled = [sum(bool(cell_text(cell)) for cell in row) for row in rows[: SEARCHED_ROWS + COMPARED_ROWS]]
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
    for place in range(1, min(_MOST_FULL_TITLES, len(rows) - ENOUGH) + 1):
        names = [cell_text(cell) for cell in rows[place]]
        above = [[cell_text(cell) for cell in row] for row in rows[:place]]
        if not all(0 < len(name.split()) <= WORDS_OF_A_NAME for name in names) or not any(map(says_what, names)):
            continue
        if any(says_what(cell) for row in above for cell in row):
            return 0
        below = [[cell_text(cell) for cell in row] for row in rows[place + 1 : place + 1 + COMPARED_ROWS]]
        for at, name in enumerate(names):
            cells = [row[at] for row in below if at < len(row) and row[at]]
            if holds_few_values(cells) and not {name, *(row[at] for row in above if at < len(row))} & {*cells}:
                return place
    return 0


def _below_groups(rows: Sequence[Sequence[Any]]) -> int:
    """Return 1 where the first row repeats the group of each column, as pandas writes names of two levels; else 0."""
    if len(rows) < 1 + ENOUGH or not any(says_what(cell_text(cell)) for cell in rows[1]):
        return 0
    groups, names = ([cell_text(cell) for cell in row] for row in rows[:2])
    both = list(zip(groups, names, strict=False))
    is_repeated_above = len(set(filter(None, groups))) < len(list(filter(None, groups)))
    return int(is_repeated_above and all(names) and len(set(both)) == len(both) and names_columns(rows, 1))


_MOST_FULL_TITLES = 4
"""Rows of titles that fill all cells."""


def _certainly_names(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row names columns for certain: none of its cells is a value, and one differs from its column."""
    below = rows[place + 1 : place + 1 + COMPARED_ROWS]
    header = [cell_text(cell) for cell in rows[place]]
    columns = [
        [cell_text(row[at]) for row in below if at < len(row) and cell_text(row[at])] for at in range(len(header))
    ]
    pairs = [(name, cells) for name, cells in zip(header, columns, strict=True) if name]
    return names_columns(rows, place) and any(differs(name, cells) for name, cells in pairs)


def may_be_data(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Return whether a row that is taken for the names of two columns of texts could as well be one of their rows.

    None of its words stands in names of columns, and its cells are as long as those below them.
    """
    header = [cell_text(cell) for cell in rows[place]]
    below = [row for row in rows[place + 1 : place + 1 + COMPARED_ROWS] if len(row) == len(header)]
    columns = _filled(below, len(header))
    return is_like_rows(header, columns)


def may_be_names(rows: Sequence[Sequence[Any]]) -> bool:
    """Return whether the first row of a list of words is read as one of them, though it could name the columns."""
    header = [cell_text(cell) for cell in rows[0]]
    below = [row for row in rows[1 : 1 + COMPARED_ROWS] if len(row) == len(header)]
    return is_one_of_words(
        header, [[text for row in below if (text := cell_text(row[at]))] for at in range(len(header))]
    )


def _filled(rows: Sequence[Sequence[Any]], width: int) -> list[list[str]]:
    """Return the texts of each column, those that are empty or missing left out."""
    return [[text for row in rows if at < len(row) and (text := cell_text(row[at]))] for at in range(width)]


def unique_names(header: Sequence[Any]) -> list[str]:
    """Return one name for each column: its place where it has none, and its place added where the name is taken."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(header, start=1):
        name = cell_text(cell) or f"column {place}"
        name = f"{name} (column {place})" if name in taken else name
        taken.add(name)
        names.append(name)
    return names
