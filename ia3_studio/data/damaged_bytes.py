"""Which rows contain bytes that are no characters in the encoding of a file? They are skipped, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.byte_marks import line_of_mark, without_marks
from ia3_studio.data.parsing import Found
from ia3_studio.data.problem import LONGEST_TEXT, Damage, require_few
from ia3_studio.data.twice_encoded import twice_encoded

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.decode import Decoded


def with_encoding_facts(name: str, found: Found, texts: Sequence[Decoded], before: int | None = None) -> Found:
    """Return the rows that a reader has made of texts, without those that contain bytes that are no characters.

    The notes say what is uncertain of the encodings.

    Args:
        name: of the file, for messages.
        found: the rows.
        texts: what they are made of.
        before: lines before the texts that are a part of the file; the caller then counts damaged rows.

    Raises:
        DataError: more rows are damaged than may be skipped.
    """
    for encoding in dict.fromkeys(each.encoding.encoding for each in texts if each.has_marks):
        found = _skip_marked_rows(found, encoding, before or 0)
    if before is None:
        require_few(name, found.damaged, len(found.frame))
    said = (note for each in texts for note in (*each.encoding.notes, *twice_encoded(each.text)))
    return replace(found, notes=tuple(dict.fromkeys((*found.notes, *said))))


def _skip_marked_rows(found: Found, encoding: str, before: int) -> Found:
    """Return rows without those that contain marks, which are damaged; column names show U+FFFD."""
    reason = f"it contains bytes that are not valid {encoding}"
    frame, lines = _with_readable_names(found.frame)
    for column in frame.columns:
        for row, cell in frame[column].items():
            if row not in lines and (line := line_of_mark(cell)):
                lines[row] = line
    if not lines:
        return replace(found, frame=frame)
    texts = {row: _written(frame.loc[row]) for row in lines}
    broken = [Damage(row, before + line, reason, texts[row]) for row, line in lines.items()]
    damaged = sorted((*map(_readable, found.damaged), *broken), key=lambda each: each.row)
    frame = frame.drop(index=list(lines))
    return replace(found, frame=frame, damaged=tuple(damaged))


def _with_readable_names(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[Any, int]]:
    """Return a table with readable names, and the lines of rows whose own names are damaged: keys in JSON."""
    lines: dict[Any, int] = {}
    kept: list[int] = []
    for place, name in enumerate(frame.columns):
        line, filled = line_of_mark(name), frame.iloc[:, place].notna()
        if line and not filled.all():
            lines |= dict.fromkeys(frame.index[filled], line)
        else:
            kept.append(place)
    frame = frame.iloc[:, kept]
    return frame.set_axis([without_marks(str(name)) for name in frame.columns], axis=1), lines


def _written(cells: pd.Series) -> str:
    """Return the beginning of a row, as it is shown."""
    return without_marks(" | ".join(map(str, cells)))[:LONGEST_TEXT]


def _readable(damage: Damage) -> Damage:
    return replace(damage, text=without_marks(damage.text))
