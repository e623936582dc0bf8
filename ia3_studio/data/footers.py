"""Which rows at the end of a table are no data? Totals, and notes below an empty line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

_TOTALS = frozenset((
    "total", "totals", "grand total", "sum", "average", "mean", "count", "summe", "gesamt", "gesamtsumme", "insgesamt",
    "durchschnitt", "mittelwert", "anzahl", "somme", "moyenne", "promedio", "suma", "totale", "media", "somma", "soma",
    "totaal", "gemiddelde", "suma całkowita", "średnia", "итого", "всего", "среднее", "合计", "总计", "平均", "合計",
    "総計", "합계", "평균",
))  # fmt: skip
_NUMBER = re.compile(r"\W*+\d[\d.,' \u00a0\u202f]*+\W*+")
_MOST_ROWS, _FEWEST_ABOVE = 4, 5
"""Rows of a footer at most, and rows of data above it at least."""


def footer_length(rows: Sequence[Sequence[Any]], after_gap: Sequence[bool]) -> int:
    """Return how many rows at the end of a table are totals or notes.

    They stand below the only empty line of the table, and each is a total or fills fewer cells than the rows above do;
    a total of numbers is one without an empty line as well.

    Args:
        rows: without empty ones; a cell that is missing is None or empty.
        after_gap: whether an empty line stands before each of them.
    """
    gap = next((place for place, is_apart in enumerate(after_gap) if is_apart and place), len(rows))
    below = [_filled(row) for row in rows[gap:]] if len(rows) - gap <= _MOST_ROWS else []
    if below and gap >= _FEWEST_ABOVE:
        usual = Counter(len(_filled(row)) for row in rows[:gap]).most_common(1)[0][0]
        if all(_is_total(row) or len(row) < usual for row in below):
            return len(below)
    last = _filled(rows[-1]) if len(rows) > _FEWEST_ABOVE else []
    return int(len(last) > 1 and _is_total(last) and all(map(_NUMBER.fullmatch, last[1:])))


def _filled(row: Sequence[Any]) -> list[str]:
    """Return the cells of a row that hold anything, as texts."""
    return [str(cell).strip() for cell in row if cell is not None and str(cell).strip()]


def footer_note(rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the note on rows below a table; nothing where there are none."""
    if not rows:
        return []
    shown = "; ".join(repr(" ".join(str(cell) for cell in row if cell is not None).strip()[:60]) for row in rows[:3])
    said = "The row" if len(rows) == 1 else f"The {len(rows)} rows"
    return [f"{said} below the table {'is' if len(rows) == 1 else 'are'} not read as data: {shown}."]


def _is_total(cells: Sequence[str]) -> bool:
    return bool(cells) and cells[0].rstrip(" :").casefold() in _TOTALS
