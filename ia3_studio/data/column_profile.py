"""What does a column hold: texts, labels, numbers, identifiers? Decided by its cells, and by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.measurements import decimal_mark, number_of, whole_number
from ia3_studio.data.paths import is_listed, split_path, structure_of, value_at
from ia3_studio.data.split_names import SPLITS
from ia3_studio.data.units import have_one_unit, unit_of

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_TEXT, LONGEST_LABEL, MOST_CLASSES = 8, 40, 200
"""Mean characters of a text, most characters of a label, most different labels, where only contents can tell."""
_FEW_LONG, _LONGEST_REPEATED = 20, 120
"""Different labels of which each occurs often, and the characters that one may have then."""
_FEWEST_MEASURES = 20
"""Different whole numbers from which on they are measurements, if there are also many for the number of rows."""
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:\b|T).*|\d{1,2}:\d{2}(?::\d{2})?.*"
    rf"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    rf"(?:{_MONTH} \d{{1,2}}\b|\d{{1,2}}[- ]{_MONTH}[- ,]\s?\d{{2,4}}).{{0,24}}"
)
_HASH = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_-]{16,}")
"""Cells of letters and digits in one, such as hashes."""
_SOURCE = re.compile(r"https?://|www\.|CC[- ]BY|©|Copyright\b")
"""How cells begin that say where a row is from."""
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
UNNAMED = re.compile(r"column (\d+)")
"""Columns that the header gives no name."""
_NUMBER_OF_ROW, _MANY = re.compile(r"\d{3,}"), 10
"""Numbers that are all different, in so many rows of a column without a name, are those of rows."""
_LOOKED_AT, _WORDS_OF_PROSE = 20, 6
_NUMBERS = re.compile(r"\s*\[[\s\d.,e+-]*\]\s*")
"""Cells that are lists of numbers, such as the ids of words, which nobody reads."""
_CODE_OF_PLACE = re.compile(r"[A-Z]{2}")
"""Cells that are codes of states, countries or languages."""
FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|bmp|tiff?|wav|mp3|flac|ogg|m4a|mp4|avi|mov|pdf|docx?|txt|json|xml|html?|csv|tsv)", re.I
)
"""Cells that are names of files."""
_IDENTIFIERS = frozenset((
    "id", "ids", "gid", "pid", "sid", "uid", "rid", "tid", "cid", "qid", "mid", "nid", "docid", "idx",
    "index", "uuid", "guid", "key", "hash", "url", "link", "href", "date", "time",
    "timestamp", "created", "updated", "path", "file", "filename", "filepath", "lang", "language", "license",
    "licence", "split", "set", "fold", "subset", "dump", "version", "number", "no", "nr", "row", "unnamed",
))  # fmt: skip
"""Words of names of columns that identify or describe a row."""
_PEOPLE = frozenset(("reviewer", "user", "author", "customer", "first", "last", "full", "host", "sender", "profile",
                     "screen", "agent", "speaker", "file"))  # fmt: skip
"""Words that make a name one of somebody rather than of something."""
_NO_LABELS = frozenset((
    "confidence", "prob", "probability", "probabilities", "count", "counts", "num", "length", "len", "gold",
    "weight", "user", "average", "avg", "mean", "total", "numerator", "denominator",
))  # fmt: skip
"""Words of names of columns about a label or a row, rather than a label."""


@dataclass(frozen=True)
class Profile:
    """A column in a few numbers."""

    name: str
    filled: float
    """Share of the rows that have a value."""
    length: float
    """Mean characters of its texts; 0 unless most cells are texts that are no numbers."""
    different: int
    """Different values."""
    is_label: bool
    """Whether it has few different, short values."""
    is_number: bool
    """Whether all values are numbers, or texts of numbers."""
    is_identifier: bool
    """Whether it identifies or describes a row: by its name, or as running numbers or dates."""

    @property
    def is_text(self) -> bool:
        """Return whether its values are long enough to be read."""
        return self.length >= SHORTEST_TEXT and not self.is_identifier


@dataclass(frozen=True)
class _Kept:
    """What is known by table and column, with the table, so that no other one gets its number meanwhile."""

    profiles: dict[tuple[int, str], tuple[Any, Profile]] = field(default_factory=dict)
    cells: dict[tuple[int, str], tuple[Any, list[Any]]] = field(default_factory=dict)
    structures: dict[tuple[int, str], tuple[Any, list[Any]]] = field(default_factory=dict)


_FIRST = 50
"""Values of a column that tell what it holds."""
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept_profiles() -> Iterator[None]:
    """Look for the cells of each column once, and make its profile, while the roles of unchanged columns are told.

    Inside another one, what that one keeps is used.
    """
    if _kept.get() is not None:
        yield
        return
    token = _kept.set(_Kept())
    try:
        yield
    finally:
        _kept.reset(token)


def profile(frame: pd.DataFrame, name: str) -> Profile:
    """Return the profile of a column or a path."""
    kept = _kept.get()
    if kept is None:
        return _profile(frame, name)
    if (id(frame), name) not in kept.profiles:
        kept.profiles[id(frame), name] = frame, _profile(frame, name)
    return kept.profiles[id(frame), name][1]


def _profile(frame: pd.DataFrame, name: str) -> Profile:
    cells = cells_of(frame, name)
    cells = [str(cell) if isinstance(cell, date) else cell for cell in cells]
    plain = [cell for cell in cells if isinstance(cell, str | int | float)]
    texts = [cell for cell in plain if isinstance(cell, str) and cell.strip() and not _is_number_text(cell)]
    texts = [cell for cell in texts if not _NUMBERS.fullmatch(cell)]
    known = [str(cell).strip() for cell in plain if str(cell).strip()]
    different = set(known)
    is_number = bool(known) and len(plain) == len(cells) and all(map(_is_number_text, known))
    longest = LONGEST_LABEL if len(different) > min(_FEW_LONG, len(known) // 8) else _LONGEST_REPEATED
    short = len(plain) == len(cells) and all(len(each) <= longest for each in known)
    few = 2 <= len(different) <= max(2, min(MOST_CLASSES, len(known) // 4))
    return Profile(
        name,
        filled=len(known if plain else cells) / max(1, len(frame)),
        length=sum(map(len, texts)) / len(texts) if 2 * len(texts) > len(cells) - len(plain) + len(known) else 0.0,
        different=len(different),
        is_label=short and few,
        is_number=is_number,
        is_identifier=_identifies(name, known, different),
    )


def cells_of(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return the values of a column or a path that are not missing."""
    kept = _kept.get()
    if kept is None:
        return _cells_of(frame, name)
    if (id(frame), name) not in kept.cells:
        kept.cells[id(frame), name] = frame, _cells_of(frame, name)
    return kept.cells[id(frame), name][1].copy()


def _cells_of(frame: pd.DataFrame, name: str) -> list[Any]:
    if name in frame.columns:
        cells = frame[name].array  # a third of the time that a Series takes, which is asked a dozen times a column
        kept = cells[~cells.isna()]
        is_numpy = type(kept).__name__ == "NumpyExtensionArray"  # its list would be of numpy's numbers, not Python's
        return (kept.to_numpy() if is_numpy else kept).tolist()  # type: ignore[no-any-return]
    found = split_path(name, frame.columns)
    if found is None:
        return []
    column = found[0]
    return [value for cell in cells_of(frame, column) if (value := value_at({column: cell}, name)) is not None]


def structures_of(frame: pd.DataFrame, name: str, most: int = _FIRST) -> list[Any]:
    """Return the first values of a column, JSON and Python text parsed."""
    kept = _kept.get()
    if kept is None or most != _FIRST:
        return [structure_of(cell) for cell in cells_of(frame, name)[:most]]
    if (id(frame), name) not in kept.structures:
        kept.structures[id(frame), name] = frame, [structure_of(cell) for cell in cells_of(frame, name)[:most]]
    return kept.structures[id(frame), name][1].copy()


def is_plain(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column are values, not objects."""
    values = structures_of(frame, name)
    return 2 * sum(isinstance(value, Mapping) for value in values) <= len(values)


def is_measured(cells: Iterable[Any]) -> bool:
    """Return whether numbers are measurements rather than classes: some have a fraction, or they are very many."""
    filled = [cell for cell in cells if not (isinstance(cell, str) and not cell.strip())]
    mark = decimal_mark(filled)
    numbers = [number_of(cell, mark) for cell in filled]
    known = [number for number in numbers if number is not None]
    if not known or len(known) < len(numbers) or not have_one_unit(filled):
        return False
    different = set(known)
    if any(not number.is_integer() for number in known):
        return True
    return len(different) > _FEWEST_MEASURES and 4 * len(different) > len(known)


def is_label_name(name: str, words: frozenset[str]) -> bool:
    """Return whether the words of a column's name say that it is a label, such as "airline_sentiment" or "is_spam"."""
    about = _NO_LABELS.intersection(name_words(name))
    return says(name, words) and (not about or (about == {"gold"} and says(name, _CALLED_LABELS)))


_CALLED_LABELS = frozenset(("label", "labels", "class", "category"))
"""Words of labels that are those of the gold standard where their name says it, rather than those of a test."""


def _identifies(name: str, known: Sequence[str], different: set[str]) -> bool:
    words = name_words(name)
    if words[-2:] == ["answer", "key"]:
        return False
    if (
        words
        and not _is_prose(known)
        and not (known and (all(map(unit_of, known)) or (words[-1] == "time" and _are_amounts(known))))
        and (
            words[-1] == "at"
            or _IDENTIFIERS.intersection(words[-1:])
            or (_IDENTIFIERS.intersection(words[:1]) and len(words) <= 2)
        )
    ):
        return True
    if words[-1:] == ["name"] and _PEOPLE.intersection(words):
        return True
    if not known:
        return False
    if (
        words
        and words[-1].endswith("id")
        and len(different) == len(known)
        and all(map(_NUMBER_OF_ROW.fullmatch, known))
    ):
        return True
    if _PERSONS.intersection(words[-1:]) and 2 * len(different) > len(known) and _are_names(known):
        return True
    if are_running(known) and (whole_number(known[0]) in (0, 1) or len(known) >= _MANY):
        return len(known) > 2
    if UNNAMED.fullmatch(name) and len(different) > 1 and {each.lower() for each in different} <= SPLITS:
        return True
    if UNNAMED.fullmatch(name) and len(different) == len(known) >= _MANY and _are_numbers_of_rows(known):
        return True
    if len(different) == len(known) > 2 and (all(map(_HASH.fullmatch, known)) or _are_codes(known)):
        return True
    if _COLORS.intersection(words) and all(map(_COLOR_CODE.fullmatch, known)):
        return True
    if all(map(_MAIL.fullmatch, known)) or all(map(_SOURCE.match, known)) or all(map(FILE_NAME.fullmatch, known)):
        return True
    return len(different) > 2 and all(map(_DATE.fullmatch, known))


_COLORS = frozenset(("color", "colour", "cor", "couleur", "farbe", "hex", "background", "foreground"))
_COLOR_CODE = re.compile(r"(?:#|0x)?(?:[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?|[0-9A-Fa-f]{3})")
"""How a text is shown, as #c2380e, which says nothing of it."""


def _are_amounts(known: Sequence[str]) -> bool:
    """Say whether cells are numbers in any order, none so large as to count from a date."""
    numbers = [number for cell in known if (number := number_of(cell)) is not None]
    return len(numbers) == len(known) and numbers != sorted(numbers) and max(numbers) < _FROM_A_DATE


_FROM_A_DATE = 1e6


def _are_names(known: Sequence[str]) -> bool:
    """Say whether nearly all cells are names of people, or names of users in one word."""
    return sum(bool(_NAME.fullmatch(cell)) for cell in known) > _NEARLY_ALL * len(known)


_NAME = re.compile(r"[A-Z][\w.'-]*(?: (?:[A-Z][\w.'-]*|de|van|von|der|da)){0,3}|@?[\w.-]+")
_NEARLY_ALL = 0.9
_PERSONS = frozenset((
    "author", "authors", "reviewer", "username", "user", "customer", "agent", "speaker", "sender", "submitter", "by",
    "poster", "owner", "assignee", "reporter", "requester", "creator", "annotator", "writer", "autor", "auteur",
    "autore",
))  # fmt: skip
"""Last words of names of columns that may hold names of people."""


def _are_codes(known: Sequence[str]) -> bool:
    """Say whether cells are letters and digits in one, all of one length, such as the beginnings of hashes."""
    mixed = sum(bool(_MIXED.fullmatch(cell)) for cell in known)
    alike = len({len(cell) for cell in known}) == 1 and all(cell.isascii() and cell.isalnum() for cell in known)
    return alike and len(known) >= _MANY and mixed > 0.9 * len(known)


_MIXED = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9]{8,}")


def are_codes_of_places(known: Iterable[Any], *, is_named_so: bool = False) -> bool:
    """Say whether cells are short codes in capitals, such as CA and NY; a pair of them only where the name says it.

    Example:
        >>> are_codes_of_places(["CA", "NY", "TX"]), are_codes_of_places(["POS", "Neg"])
        (True, False)
    """
    different = {str(cell).strip() for cell in known}
    enough = len(different) > (0 if is_named_so else 2)
    return enough and all(map(_CODE_OF_PLACE.fullmatch, different))


def are_for_ages(known: Iterable[Any]) -> bool:
    """Say whether most different cells say from which age on somebody may see a film or play a game.

    Example:
        >>> are_for_ages(["PG-13", "TV-MA", "R", "74 min"]), are_for_ages(["A", "B", "C"])
        (True, False)
    """
    different = {str(cell).strip() for cell in known}
    told = sum(_FOR_AGE.fullmatch(cell) is not None for cell in different)
    return 2 * told > len(different) and any(len(cell) > 1 for cell in different)


_FOR_AGE = re.compile(
    r"TV-(?:Y7?(?:-FV)?|G|PG|14|MA)|PG(?:-1[23])?|NC-17|NR|UR|Not Rated|Unrated|[GRXU]|UA|U/A(?: \d{1,2}\+)?|Approved"
    r"|Passed|(?:FSK|PEGI|USK|ESRB)[- ]?\d{1,2}|(?:Everyone|Teen|Mature|E|T|M)(?: ?\d{1,2}\+)?|\d{1,2}\+",
    re.IGNORECASE,
)


def _is_prose(known: Sequence[str]) -> bool:
    """Say whether cells are sentences, whatever their column is called; a date has fewer words."""
    first = known[:_LOOKED_AT]
    return sum(sum(map(str.isalpha, cell.split())) for cell in first) >= _WORDS_OF_PROSE * len(first) > 0


def are_running(known: Sequence[str]) -> bool:
    """Say whether cells count on from the first, perhaps with zeros before them."""
    first = whole_number(known[0]) if known else None
    return first is not None and all(whole_number(cell) == first + place for place, cell in enumerate(known))


def _are_numbers_of_rows(known: Sequence[str]) -> bool:
    """Say whether cells are long whole numbers, or each of them is above the one before, as where rows are missing."""
    if all(map(_NUMBER_OF_ROW.fullmatch, known)):
        return True
    numbers = [number for cell in known if (number := whole_number(cell)) is not None]
    return len(numbers) == len(known) and all(one < other for one, other in pairwise(numbers))


def _is_number_text(cell: Any) -> bool:
    return number_of(cell) is not None


def is_list_of_texts(value: Any) -> bool:
    """Return whether a value is a list of one text or more."""
    return is_listed(value) and len(value) > 0 and all(isinstance(each, str) for each in value)
