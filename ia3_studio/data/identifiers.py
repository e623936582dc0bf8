"""Which columns identify a row, or say where or when it is from? Told by their names and the form of their cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.column_names import UNNAMED, name_words
from ia3_studio.data.measurements import number_of, whole_number
from ia3_studio.data.split_names import SPLITS
from ia3_studio.data.units import unit_of

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:\b|T).*|\d{1,2}:\d{2}(?::\d{2})?.*"
    rf"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
    rf"(?:{_MONTH} \d{{1,2}}\b|\d{{1,2}}[- ]{_MONTH}[- ,]\s?\d{{2,4}}).{{0,24}}"
)
_HASH = re.compile(r"(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_-]{16,}")
"""Cells of letters and digits in one, such as hashes."""
_SOURCE = re.compile(r"https?://|www\.|CC[- ]BY|©|Copyright\b|<a\s[^<>]{0,200}href=")
"""How cells begin that say where a row is from."""
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_PATH = re.compile(r"/[A-Za-z][\w.%~-]*(?:/[\w.%~-]*)*")
"""Cells that are paths of a site or a disk."""
_NUMBER_OF_ROW, _MANY = re.compile(r"\d{3,}"), 10
"""Numbers that are all different, in so many rows of a column without a name, are those of rows."""
_LOOKED_AT, _WORDS_OF_PROSE = 20, 6
_CODE_OF_PLACE = re.compile(r"[A-Z]{2}")
"""Cells that are codes of states, countries or languages."""
FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|svg|heic|bmp|tiff?|wav|mp3|flac|ogg|m4a|mp4|avi|mov|webm|mkv|pdf|docx?|xlsx?|pptx?|odt|rtf"
    r"|txt|md|json|xml|html?|csv|tsv|zip|url)",
    re.IGNORECASE,
)
"""Cells that are names of files."""
_IDENTIFIERS = frozenset((
    "id", "ids", "gid", "pid", "sid", "uid", "rid", "tid", "cid", "qid", "mid", "nid", "docid", "idx",
    "index", "uuid", "guid", "key", "hash", "url", "link", "permalink", "href", "date", "time",
    "timestamp", "created", "updated", "path", "file", "filename", "filepath", "attachment", "attachments", "lang",
    "language", "license", "licence", "split", "set", "fold", "subset", "dump", "version", "number", "no", "nr", "row",
    "unnamed",
))  # fmt: skip
"""Words of names of columns that identify or describe a row."""
_PEOPLE = frozenset(("reviewer", "user", "author", "customer", "first", "last", "full", "host", "sender", "profile",
                     "screen", "agent", "speaker", "file"))  # fmt: skip
"""Words that make a name one of somebody rather than of something."""


def identifies(name: str, known: Sequence[str], different: set[str]) -> bool:
    """Say whether a column identifies or describes a row, by its name, or as running numbers, dates or addresses.

    Args:
        name: the name of the column.
        known: its cells that are not empty, as texts.
        different: those that differ.
    """
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
    named = [each for each in known if each.casefold() not in _NOTHING] if len(different) > 2 else known
    if any(all(map(each, named)) for each in (_MAIL.fullmatch, _SOURCE.match, FILE_NAME.fullmatch, _PATH.fullmatch)):
        return True
    return len(different) > 2 and all(map(_DATE.fullmatch, known))


_NOTHING = frozenset(("none", "null", "nan", "n/a", "na", "-"))
"""Words for no value, as among attachments of which most rows have none."""
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
