"""Which table do the sheets of a workbook form? That of one of them, or of several that have the same columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from ia3_studio.data.alike_columns import are_alike, more_columns, spelled_alike
from ia3_studio.data.delimited import require_header_row
from ia3_studio.data.footers import footer_length, footer_note
from ia3_studio.data.header import COMPARED_ROWS, SEARCHED_ROWS, find_header, unique_names
from ia3_studio.data.header_rows import header_rows
from ia3_studio.data.linked_tables import answered, sides
from ia3_studio.data.parsing import ALL_SHEETS, NOT_READ, Found, shown_names
from ia3_studio.data.split_names import ORIGIN, SPLIT, split_of
from ia3_studio.data.table_files import origins_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 3_000_000
"""Cells of a sheet of a workbook, the empty ones before the last counted in: a minute or two to read."""
_Sheet: TypeAlias = "tuple[pd.DataFrame, list[str]]"
"""The table of a sheet, and notes on it."""
_MUCH_LONGER = 4
"""How many times as many rows another sheet has for it to be read in place of the first."""


def found_in_sheets(
    name: str,
    read: Mapping[str, Sequence[Sequence[Any]]],
    names: Sequence[str],
    header: int | None,
    *,
    together: bool = False,
) -> Found:
    """Return the table that sheets form.

    Args:
        name: of the file, for messages.
        read: the rows of each sheet that is read; a cell that is empty is None.
        names: of all sheets.
        header: the row that names the columns, counted from 1; 0 if none does; detected if it is None.
        together: whether the sheets are one table, whatever their columns are.

    Raises:
        DataError: no sheet has rows, or there is no such header row.
    """
    tables = {sheet: _table(name, rows, header) for sheet, rows in read.items()}
    full = {sheet: found for sheet, found in tables.items() if found and len(found[0])}
    if not full and len(read) < len(names):
        raise DataError(f"{name} contains no rows in sheet {shown_names([*read])}; choose another under Sheet or file.")
    if not full:
        raise DataError(f"{name} contains no rows; give a workbook with at least two.")
    if together:
        return _joined(full, full, names)
    pair = sides({sheet: sheet for sheet in full})
    if pair and (found := answered({sheet: Found(full[sheet][0], "", notes=tuple(full[sheet][1])) for sheet in pair})):
        return replace(found, form=f"workbook, sheets {found.form}", sheets=tuple(names))
    main = _main(full)
    full = _spelled_alike(full, main)
    alike = {sheet: each for sheet, each in full.items() if are_alike([_names(each), _names(full[main])])}
    return _joined(alike, full, names) if _form_one_table(alike) else _one(main, full, names)


def wanted_sheets(chosen: str | None, names: Sequence[str], shown: Sequence[str]) -> tuple[str, ...]:
    """Return the sheets that are read: the chosen one or all; else those that are not hidden, unless all are."""
    if chosen:
        return tuple(names) if chosen == ALL_SHEETS else (chosen,)
    return tuple(shown or names)


def hidden_note(names: Sequence[str], wanted: Sequence[str], chosen: bool) -> list[str]:
    """Return the note on sheets that are not read as they are hidden; nothing where one was chosen."""
    hidden = [each for each in names if each not in wanted]
    return (
        [f"{NOT_READ} hidden sheet {shown_names(hidden)}; choose it under Sheet or file."]
        if hidden and not chosen
        else []
    )


def _table(name: str, rows: Sequence[Sequence[Any]], header: int | None) -> _Sheet | None:
    """Return the table of a sheet's rows and notes on it; None where there is none."""
    import pandas as pd

    if not rows:
        return None
    if header is None:
        place = find_header(rows[: SEARCHED_ROWS + COMPARED_ROWS])
    else:
        require_header_row(name, header, len(rows))
        place = header - 1 if header else None
    named = header_rows(rows[: (place or 0) + 4], place)
    data = list(rows if place is None else rows[place + 1 + named.below :])
    foot = _footer(data) if header is None else []
    data = data[: len(data) - len(foot)] if foot else data
    used = [at for at in range(len(rows[0])) if any(row[at] is not None for row in (rows[place or 0], *data))]
    names = [named.names[at] if place is not None else "" for at in used]
    notes = [*named.notes]
    notes += footer_note([row for row in foot if any(cell is not None for cell in row)])
    cells = [[row[at] for at in used] for row in data]
    frame = pd.DataFrame(cells, columns=unique_names(names), index=range(1, len(cells) + 1), dtype=object)
    return frame, notes


def _footer(data: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return the rows at the end of a sheet that are no data, with the empty ones before them."""
    places = [place for place, row in enumerate(data) if any(cell is not None for cell in row)]
    gaps = [at > 0 and place > places[at - 1] + 1 for at, place in enumerate(places)]
    length = footer_length([data[place] for place in places], gaps) if places else 0
    return data[places[-length - 1] + 1 :] if length else []


def _names(sheet: _Sheet) -> frozenset[str]:
    return frozenset(map(str, sheet[0].columns))


def _spelled_alike(tables: Mapping[str, _Sheet], main: str) -> dict[str, _Sheet]:
    """Return sheets whose columns are called as those of the main one, where they are other forms of these."""
    ordered = sorted(tables, key=lambda sheet: sheet != main)
    found = spelled_alike({sheet: Found(tables[sheet][0], "", notes=tuple(tables[sheet][1])) for sheet in ordered})
    return {sheet: (found[sheet].frame, [*found[sheet].notes]) for sheet in tables}


def _form_one_table(tables: Mapping[str, _Sheet]) -> bool:
    """Say whether sheets of the same columns are read together: of one column only if their names are classes."""
    first = next(iter(tables.values()))[0]
    return len(tables) > 1 and (len(first.columns) > 1 or bool(_origins(tables)))


def _origins(tables: Mapping[str, _Sheet]) -> dict[str, str]:
    """Return the names of sheets where they may be classes; nothing for others."""
    return origins_of({sheet: sheet for sheet in tables}, [frame for frame, _notes in tables.values()])


def _joined(tables: Mapping[str, _Sheet], full: Mapping[str, _Sheet], names: Sequence[str]) -> Found:
    """Return sheets as one table, with a column for their split or their class where their names say it."""
    import pandas as pd

    splits = {sheet: split_of(sheet) for sheet in tables}
    by_split = all(splits.values()) and len(set(splits.values())) > 1
    origins = {} if by_split else _origins(tables)
    said = {
        sheet: {SPLIT: splits[sheet]} if by_split else {ORIGIN: origins[sheet]}
        for sheet in tables
        if by_split or origins
    }
    frames = [frame.assign(**said.get(sheet, {})) for sheet, (frame, _notes) in tables.items()]
    joined = pd.concat(frames, ignore_index=True)
    notes = [note for _frame, each in tables.values() for note in each]
    notes += [*more_columns({sheet: _names(each) for sheet, each in tables.items()}, "sheets"), *_left([*tables], full)]
    form = f"workbook, sheets {shown_names(list(tables))} together"
    form += f", their names in the column {ORIGIN}" if origins else ""
    return Found(joined.set_axis(range(1, len(joined) + 1), axis=0), form, sheets=tuple(names), notes=tuple(notes))


def _main(tables: Mapping[str, _Sheet]) -> str:
    """Return the first sheet that is a table, of at least two rows and columns, or one that is much longer.

    Sheets of figures alone are passed over where another one has words.
    """
    wide = [each for each, (frame, _notes) in tables.items() if len(frame) > 1 and len(frame.columns) > 1]
    wide = [each for each in wide if _has_words(tables[each][0])] or wide
    sheet = next(iter(wide), next(iter(tables)))
    longest = max(wide, key=lambda each: len(tables[each][0]), default=sheet)
    if len(tables[longest][0]) >= _MUCH_LONGER * len(tables[sheet][0]):
        sheet = longest
    return sheet


def _has_words(frame: pd.DataFrame) -> bool:
    """Say whether one of the first rows of a table holds a word; dates and times are none."""
    cells = (cell for row in frame.iloc[:COMPARED_ROWS].itertuples(index=False) for cell in row)
    return any(isinstance(cell, str) and any(map(str.isalpha, cell)) for cell in cells)


def _one(sheet: str, tables: Mapping[str, _Sheet], names: Sequence[str]) -> Found:
    frame, notes = tables[sheet]
    notes = [*notes, *_left([sheet], tables)]
    return Found(frame, f"workbook, sheet {sheet}", sheets=tuple(names), notes=tuple(notes))


def _left(read: Sequence[str], tables: Mapping[str, _Sheet]) -> list[str]:
    """Return a note on the sheets that are not read; nothing where all are."""
    others = [each for each in tables if each not in read]
    return [f"{NOT_READ} sheet {shown_names(others)}; choose it under Sheet or file."] if others else []
