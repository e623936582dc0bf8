"""Is a question asked in a title and the text below it? Each of the two may be told by the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, named, says_last
from ia3_studio.data.column_profile import cells_of, is_plain, profile
from ia3_studio.data.column_words import READ, TITLED
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.pair_names import LONG_CONTEXTS, READ_NAMES, TITLES

if TYPE_CHECKING:
    import pandas as pd

_NEARLY_ALL = 0.95
"""Share of the rows that a text must fill to be the whole question, as rows without it are left out."""


def with_title(frame: pd.DataFrame, columns: Sequence[str], prompt: str, context: str) -> tuple[str, str]:
    """Return a prompt and its context where one of the two is the title of the other, else what was given.

    A title asks if most of its cells end with a question mark, or if the text below it is empty in some rows. Other
    titles, such as the subjects of mails, are no part of what is asked.

    Args:
        columns: those that play no other part.
        prompt: the column that was found to be the prompt.
        context: that of its context; a title that is the prompt gets one only where this is empty.
    """
    if context or prompt not in frame.columns:
        return prompt, context
    if _is_title(prompt):
        below = [name for name in columns if _is_body(name) and is_plain(frame, name) and profile(frame, name).is_text]
        return prompt, next(iter(below), "")
    above = [each.name for name in columns if _is_title(name) and (each := profile(frame, name)).is_text]
    above = [name for name in above if profile(frame, name).filled > _NEARLY_ALL]
    if not above or not _is_body(prompt):
        return prompt, context
    is_needed = _filled(frame, prompt) < _NEARLY_ALL and not profile(frame, above[0]).is_label
    return (above[0], prompt) if is_needed or _asks(frame, above[0]) else (prompt, context)


def _is_title(name: str) -> bool:
    return bare_name(name) in TITLES - {"name"} or says_last(name, TITLED)


def _is_body(name: str) -> bool:
    return bool(named([name], (*READ_NAMES, *LONG_CONTEXTS))) or says_last(name, READ)


def _asks(frame: pd.DataFrame, name: str) -> bool:
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return sum(cell.endswith(("?", "？", "؟")) for cell in cells) > MOSTLY * len(cells)


def _filled(frame: pd.DataFrame, name: str) -> float:
    """Return the share of the rows in which a text is more than blanks."""
    return sum(bool(str(cell).strip()) for cell in cells_of(frame, name)) / max(1, len(frame))
