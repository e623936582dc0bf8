"""Which columns hold texts that Python wrote as bytes, as in b'caf\\xc3\\xa9', and what do these say?"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from ia3_studio.data.parsing import shown_names

if TYPE_CHECKING:
    import pandas as pd

_LITERAL = re.compile(r"b'[^'\\]*(?:\\.[^'\\]*)*'|b\"[^\"\\]*(?:\\.[^\"\\]*)*\"", re.DOTALL | re.ASCII)
_LOOKED_AT = 100


def without_byte_literals(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a table of texts in which columns of bytes as Python writes them hold their text, and a note on these.

    A cell of such a column that is written otherwise, or is no UTF-8, stays as it is.
    """
    named = [place for place in range(frame.shape[1]) if _are_literals(frame.iloc[:_LOOKED_AT, place].tolist())]
    if not named:
        return frame, ()
    frame = frame.copy()
    for place in named:
        frame.isetitem(place, frame.iloc[:, place].map(_decoded))
    names = shown_names([frame.columns[place] for place in named])
    return frame, (f"Cells of {names} are written as bytes (b'…') and read as the UTF-8 text in them.",)


def _are_literals(cells: list[Any]) -> bool:
    filled = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    return bool(filled) and all(_LITERAL.fullmatch(cell.strip()) for cell in filled)


def _decoded(cell: Any) -> Any:
    """Return the text of one cell.

    Example:
        >>> _decoded(r"b'caf\\xc3\\xa9'")
        'café'
    """
    if not isinstance(cell, str) or not _LITERAL.fullmatch(cell.strip()):
        return cell
    try:
        return ast.literal_eval(cell.strip()).decode("utf-8")
    except (ValueError, SyntaxError):  # a sign that is no byte, or bytes in another encoding
        return cell
