"""Which of several columns of text is the one that a label belongs to?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED, bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import Profile, profile
from ia3_studio.data.column_words import ANSWERED, ASKED, READ, TITLED, WHOLE
from ia3_studio.data.label_names import MOSTLY

if TYPE_CHECKING:
    import pandas as pd


LABELED_NAMES = ("text", "content", "document", "sentence", "review", "message", "utterance", "utt", "tweet",
                  "comment", "query", "question", "dialogue", "dialog", "body", "description", "abstract",
                  "texto", "texte", "testo", "tekst", "текст", "文本", "title", "headline")  # fmt: skip
"""Columns whose text a label can belong to; titles last, as what they stand above is read rather."""
TITLES = frozenset(("title", "headline"))
_LONGER = 1.5
"""Times that a text is longer than the first one so that it is read rather."""
_NEARLY_ALL = 0.95
"""Share of the rows that a text without a name fills to be read before others."""
_MUCH_LONGER = 2.5
"""Times that a text is longer than one whose name says that it is read, so that it is read rather."""


def read_text(frame: pd.DataFrame, known: Sequence[str], others: Sequence[str]) -> str:
    """Return the first of the columns with known names that is filled; a longer text before a title."""
    known = [name for name in known if not is_repeated(name, [*map(str, frame.columns)])] or known
    profiles = {name: profile(frame, name) for name in known}
    filled = [name for name, each in profiles.items() if each.filled > MOSTLY] or list(known)
    bodies = [name for name in filled if bare_name(name) not in TITLES]
    if bodies and bare_name(bodies[0]) in _SKETCHES and (whole := _whole_text(frame, others, profiles[bodies[0]])):
        return whole
    if bodies and not (profiles[bodies[0]].is_label and _longer_than(frame, others, profiles[bodies[0]])):
        return bodies[0]
    texts = [each for name in others if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each for each in texts if each.different > 1] or texts
    texts = [each for each in texts if not each.is_label] or texts
    if all(UNNAMED.fullmatch(each.name) for each in texts):  # what a row may lack is no text that its label belongs to
        texts = [each for each in texts if each.filled > _NEARLY_ALL] or texts
    texts = _without_notes(_without_titles(texts))
    plain = [each for each in texts if "html" not in name_words(each.name)]
    most = max((each.length for each in texts), default=0.0)
    texts = [each for each in plain if _MUCH_LONGER * each.length > most] or texts
    texts = [each for each in texts if not says_last(each.name, ANSWERED)] or texts
    most = max((each.length for each in texts), default=0.0)
    texts = [each for each in texts if says(each.name, READ) and _MUCH_LONGER * each.length > most] or texts
    if not texts:
        return next(iter(filled), "")
    longest = max(texts, key=lambda each: each.length)
    return next(each.name for each in texts if _LONGER * each.length >= longest.length)


def _without_titles(texts: list[Profile]) -> list[Profile]:
    """Return texts without titles; with them where what is left is shorter, as the name of the one who wrote."""
    others = [each for each in texts if not is_titled(each.name)]
    longest = max((each.length for each in others), default=0.0)
    return others if others and all(longest >= each.length for each in texts) else texts


def _without_notes(texts: list[Profile]) -> list[Profile]:
    """Return texts without notes on the rows, where another one is called what was asked or a text."""
    others = [each for each in texts if not says_last(each.name, _NOTES)]
    return others if any(says(each.name, ASKED) or says_last(each.name, _TEXTS) for each in others) else texts


_NOTES = frozenset(("note", "notes", "remark", "remarks"))
_TEXTS = frozenset(("text", "texts"))


def is_repeated(name: str, columns: Sequence[str]) -> bool:
    """Say whether several columns have one name, as those of the comments on a ticket do."""
    return any(other.startswith(f"{name} (column ") for other in columns)


def is_titled(name: str) -> bool:
    """Say whether the last word of a name says that a column holds titles, which stand above a text that is read."""
    return says_last(name, TITLED)


def _whole_text(frame: pd.DataFrame, columns: Sequence[str], sketch: Profile) -> str:
    """Return the only text, by its name, that is much longer than one that describes it; empty if there is none."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    longer = [each.name for each in texts if each.length > _MUCH_LONGER * sketch.length and not each.is_label]
    whole = [name for name in longer if says_last(name, WHOLE)]
    return whole[0] if len(whole) == 1 else ""


_SKETCHES = frozenset(("description", "abstract", "headline", "title", "message"))
"""Texts that stand for a longer one beside them."""


def _longer_than(frame: pd.DataFrame, columns: Sequence[str], short: Profile) -> bool:
    """Say whether a column holds texts that are much longer than the few phrases of another one."""
    texts = (profile(frame, name) for name in columns if name != short.name)
    return any(
        each.is_text
        and not each.is_label
        and each.filled > MOSTLY
        and each.different > 1
        and each.length > _MUCH_LONGER * short.length
        for each in texts
    )


def is_fact_among(frame: pd.DataFrame, each: Profile, columns: int) -> bool:
    """Say whether a column of short values that come again is one more category of a wide table, and no text.

    Args:
        columns: how many columns are filled.
    """
    is_short = 0 < each.length < _SHORT and not UNNAMED.fullmatch(each.name) and not named([each.name], LABELED_NAMES)
    comes_again = len(frame) >= _ENOUGH_ROWS and 3 * each.different <= 2 * len(frame)
    return is_short and comes_again and columns >= _WIDE


_SHORT, _ENOUGH_ROWS, _WIDE = 20, 8, 6
"""Mean characters below which values that come again are names of something, rows that show it, and columns of a table
in which most are categories."""
