"""What are the columns of labels called, and what is the name of a label?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import bare_name, name_words, named, says
from ia3_studio.data.column_profile import Profile, is_label_name
from ia3_studio.data.column_words import FLAGGING, LABELED, WEAK, is_scale

LABEL_NAMES = (
    "label", "labels", "gold_label", "category", "categories", "class", "intent", "intencion", "intención",
    "intenzione", "intenção", "интент", "намерение", "意图", "意圖", "インテント", "의도",
    "sentiment", "y", "topic", "topics",
    "tag", "tags", "emotion", "emotions", "stars", "kategorie", "categoría", "categoria", "catégorie", "etikett",
    "étiquette", "etiqueta", "klasse", "classe", "clase", "bewertung", "ocena",
    "beoordeling", "puan", "оценка", "评分", "評価", "평점", "метка", "категория", "标签", "类别", "ラベル", "라벨",
)  # fmt: skip
_TROUBLES = frozenset(("issue", "issues", "problem", "problems"))
"""Words for what somebody complains of, which are labels where they have few values."""
LABEL_WORDS = frozenset((*map(str.casefold, LABEL_NAMES), *LABELED, *WEAK, *_TROUBLES)) - {"y"}
"""Words in the name of a column that make it the label, of several that could be one."""
RATED = frozenset(("rating", "score", "stars", "sentiment", "sentiments", "overall"))
TOPICAL = frozenset(("tag", "tags", "keywords", "topics"))
"""Columns that describe a text beside a rating of it, rather than being its label."""
_OF_THINGS = frozenset(("category", "categories"))
_NAMED_THINGS = frozenset(("product", "item", "movie", "film", "book", "game", "hotel", "restaurant", "app", "place"))
MOSTLY = 0.5
"""Share of the rows that a column must fill to play a part."""


def topical(columns: Sequence[str]) -> frozenset[str]:
    """Return the bare names of columns that describe a text beside a rating of it, rather than being its label.

    A category is one beside the name of what is rated, as it is that of the thing.

    Example:
        >>> "category" in topical(["review", "productName", "category", "stars"])
        True
    """
    things = [words for words in map(name_words, columns) if words and words[0] in _NAMED_THINGS]
    is_named = any(len(words) == 1 or words[-1] in ("name", "title") for words in things)
    return TOPICAL | _OF_THINGS if is_named else TOPICAL


def named_labels(columns: Sequence[str]) -> list[str]:
    """Return the columns that are called labels; beside x, y is a place, and a student's class one of a school.

    A topic is none beside a stance or an annotation, which is on it.
    """
    others = school_classes(columns)
    if any(ON_TOPICS.intersection(name_words(name)) for name in columns):
        others += named(columns, ("topic", "topics"))
    found = [name for name in named(columns, LABEL_NAMES) if name not in others]
    return [name for name in found if bare_name(name) != "y" or not named(columns, ("x",))]


ON_TOPICS = frozenset(("stance", "annotation"))
"""Words of columns that say something of a text on a topic."""


def school_classes(columns: Sequence[str]) -> list[str]:
    """Return the columns called class beside one of a student, whose class it is."""
    school = any(says(name, _PUPILS) or name.casefold().startswith(_OF_PUPILS) for name in columns)
    return named(columns, ("class", "klasse", "clase", "classe")) if school else []


_PUPILS = frozenset((
    "student", "pupil", "schuler", "schulerin", "eleve", "alumno", "alunno", "aluno", "teacher", "lesson", "fach",
    "unterricht", "lehrer", "lehrkraft", "materia", "profesor", "matiere", "professeur",
))  # fmt: skip
"""Words of columns beside which a class is one of a school."""
_OF_PUPILS = ("schüler", "schueler")
"""What a compound about a pupil begins with."""


def is_judged(name: str) -> bool:
    """Say whether more than a word such as "is" or "type" makes a column a label, as it does has_logo."""
    return is_label_name(name, LABEL_WORDS - WEAK - _TROUBLES)


def is_scaled(each: Profile) -> bool:
    """Say whether a column is a rating by its name: with its scale, or a grade."""
    return is_scale(each.name, holds_numbers=each.is_number)


def is_called_label(each: Profile) -> bool:
    """Say whether a column is a label by its name; one of codes only where it has few values."""
    if is_coded(each.name):
        return each.is_label
    return is_label_name(each.name, LABEL_WORDS) or _is_flag(each.name) or is_scaled(each)


def is_coded(name: str) -> bool:
    """Say whether a column is called after a system of codes, such as "HS code", rather than after a place or a thing.

    Example:
        >>> is_coded("HS code"), is_coded("Zip code"), is_coded("code")
        (True, False, False)
    """
    *before, last = name_words(name) or [""]
    return (
        last in ("code", "codes") and bool(before) and not (_CODES_OF_ROWS.intersection(before) or is_about_row(name))
    )


_CODES_OF_ROWS = frozenset(
    ("zip", "post", "postal", "item", "article", "promo", "coupon", "discount", "area", "dial", "phone", "bar", "qr",
     "order", "tracking", "source", "lang", "iso", "airport", "user", "account", "access", "vba", "python", "sql")
)  # fmt: skip
"""Words of codes of places and things, or of programs, rather than of classes."""


def _is_flag(name: str) -> bool:
    """Say whether a name has a word such as "is" before its last one, as is_spam and project_is_approved do."""
    words = name_words(name)
    place = next((place for place, word in enumerate(words) if word in FLAGGING), len(words))
    return place <= _WORDS_BEFORE and place < len(words) - 1 and is_label_name(name, FLAGGING)


_WORDS_BEFORE = 1
"""Words of what is judged, before that of a flag; more of them are a question."""


def label_name(cell: Any) -> str:
    """Return a label as text; 3.0 becomes 3, since integer columns with gaps are read, and written, as floats."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    name = str(cell).strip()
    return found[1] if (found := _WHOLE.fullmatch(name)) else name


_WHOLE = re.compile(r"([-+]?\d+)\.0+")
