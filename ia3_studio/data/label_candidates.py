"""Which columns can be a label, the likeliest first? Votes, places and names of people are not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from collections.abc import Mapping as Record
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_columns import bare_name, named
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    MOST_CLASSES,
    UNNAMED,
    Profile,
    are_codes_of_places,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_measured,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import (
    AMOUNTS,
    FLAGGING,
    LABELED,
    PRICED,
    WEAK,
    is_about_row,
    is_scale,
    name_words,
    says,
)
from ia3_studio.data.examples import LabelKind
from ia3_studio.data.measurements import decimal_mark, number_of
from ia3_studio.data.paths import is_listed, structure_of

if TYPE_CHECKING:
    import pandas as pd


LABEL_NAMES = (
    "label", "labels", "gold_label", "category", "categories", "class", "intent", "sentiment", "y", "topic", "topics",
    "tag", "tags", "emotion", "emotions", "stars", "kategorie", "categoría", "categoria", "catégorie", "etikett",
    "étiquette", "etiqueta", "klasse", "classe", "clase", "bewertung", "ocena",
    "beoordeling", "puan", "оценка", "评分", "評価", "평점", "метка", "категория", "标签", "类别", "ラベル", "라벨",
)  # fmt: skip
_TROUBLES = frozenset(("issue", "issues", "problem", "problems"))
"""Words for what somebody complains of, which are labels where they have few values."""
LABEL_WORDS = frozenset((*map(str.casefold, LABEL_NAMES), *LABELED, *WEAK, *_TROUBLES)) - {"y"}
"""Words in the name of a column that make it the label, of several that could be one."""
RATED = frozenset(("rating", "score", "stars", "sentiment", "overall"))
TOPICAL = frozenset(("tag", "tags", "keywords", "topics"))
"""Columns that describe a text beside a rating of it, rather than being its label."""
SEVERAL_NAMES = frozenset(
    ("labels", "categories", "topics", "tags", "emotions", "genres", "subjects", "keywords", "intents", "classes",
     "codes", "themes", "concepts", "skills", "symptoms", "diagnoses")
)  # fmt: skip
"""Columns in which a comma stands between several labels."""
MOSTLY = 0.5
"""Share of the rows that a column must fill to play a part."""
_COUNTED = frozenset(
    ("likes", "upvotes", "downvotes", "ups", "downs", "votes", "views", "retweets", "shares", "karma", "favorites",
     "replies", "helpful", "impressions", "clicks", "reach", "plays", "downloads", "reactions",
     "claps", "num", "count", "counts", "comments", "followers")
)  # fmt: skip
"""Words in names of columns that count what others did with a text."""
_FACTS = frozenset(
    ("duration", "size", "bytes", "length", "tokens", "start", "end", "offset", "latitude", "longitude", "lat", "lon",
     "width", "height", "depth", "perplexity", "seconds", "confidence", "latency", "ms")
)  # fmt: skip
"""Words in names of columns that measure a row rather than judge its text."""
_POSTS = frozenset(("comment", "post", "answer", "question", "tweet", "reply"))
_OF_POSTS = (
    "subreddit",
    "permalink",
    "num_comments",
    "comms_num",
    "created_utc",
    "ups",
    "upvotes",
    "view_count",
    "views",
    "answer_count",
    "comment_count",
    "parent_id",
    "link_id",
    "post_id",
    "comment_id",
    "owner_user_id",
    "post_type_id",
)
"""Columns of posts, beside which a score is the sum of their votes."""
_HIGHEST_MARK, _MOST_SIGNED, _MOST_STARS = 100, 10, 10
_TEXT_NAMES = ("question", "prompt", "text", "sentence", "instruction", "query", "spans", "offsets", "positions")
"""Columns that are read or say a place, also where few different values stand in them."""
_SEVERAL = re.compile(r"\s*[;|]\s*")
_LISTED = re.compile(r"\s*[;|,]\s*")
_LONGEST_PART, _WORDS_OF_A_PART = 40, 3
_MOSTLY_DIFFERENT, _FEWEST_TITLES = 0.9, 20
_LABEL_KEYS = ("name", "label", "value", "class", "title", "text")
"""Keys of a label that is an object."""


def label_kind(cells: Sequence[Any], name: str = "") -> LabelKind:
    """Return what the cells of a label column hold: one name, several, or a measurement.

    Args:
        cells: those that are not missing.
        name: of the column; one such as "tags" allows for commas between several labels.
    """
    if any(is_listed(structure_of(cell)) for cell in cells):
        return "multi"
    if are_joined_numbers(cells):
        return "multi"
    if is_measured(cells) and not is_coded(name):
        return "number"
    kinds = {cell.strip() for cell in cells if isinstance(cell, str)}
    is_class = len(kinds) <= max(2, min(MOST_CLASSES, len(cells) // 4))
    separators = _LISTED if _is_plural(name) or not is_class else _SEVERAL
    joined = _are_joined(cells, separators, is_plural=_is_plural(name)) or (says(name, LABELED) and _share_parts(kinds))
    return "multi" if joined else "single"


def are_joined_numbers(cells: Sequence[Any]) -> bool:
    """Say whether cells are the numbers of classes with commas between them, as "3" and "2,5,27" are.

    A cell with two commas or more shows that a comma is no decimal mark; one of thousands has three digits behind it.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if not texts or len(texts) < len(cells) or not all(map(_CLASS_NUMBERS.fullmatch, texts)):
        return False
    parts = [part for text in texts for part in text.split(",")]
    return max(text.count(",") for text in texts) > 1 and 2 * len(set(parts)) <= len(parts)


_CLASS_NUMBERS = re.compile(r"\d{1,2}(?:,\d{1,2})*")


def _share_parts(kinds: Collection[str]) -> bool:
    """Say whether short parts between commas occur in different cells, as those of several labels do.

    Most cells have several parts; the parts of one name, such as "Food, drinks", stand in one cell only.
    """
    split = [set(_LISTED.split(cell.strip(" ;|,"))) for cell in kinds]
    several = [parts for parts in split if len(parts) > 1]
    counted = Counter(part for parts in split for part in parts)
    short = all(len(part) <= _LONGEST_PART and len(part.split()) <= _WORDS_OF_A_PART for part in counted)
    return short and 2 * len(several) >= len(split) > 1 and any(count > 1 for count in counted.values())


def _is_plural(name: str) -> bool:
    return bool(SEVERAL_NAMES.intersection((bare_name(name), *name_words(name)[-1:])))


def _are_joined(cells: Sequence[Any], separators: re.Pattern[str] = _SEVERAL, *, is_plural: bool = False) -> bool:
    """Say whether cells are several labels each, such as "joy;love": their parts are fewer than they are.

    Under a name in the plural, such as "tags", that most of them have several parts is enough.
    """
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    joined = [cell for cell in texts if separators.search(cell.strip(" ;|,"))]
    parts = {part for cell in texts for part in separators.split(cell.strip()) if part}
    few = 5 * len(joined) >= len(texts) > 0 and len(parts) < len(set(texts))
    marked = [cell for cell in texts if _SEVERAL.search(cell.strip(" ;|,"))]  # no mark of prose, as a comma is
    few = few or (is_plural and (5 * len(joined) >= 4 * len(texts) > 0 or 10 * len(marked) >= len(texts) > 0))
    return few and max(map(len, parts)) <= _LONGEST_PART


def named_labels(columns: Sequence[str]) -> list[str]:
    """Return the columns that are called labels; beside x, y is a place, and a student's class one of a school."""
    school = _school_classes(columns)
    found = [name for name in named(columns, LABEL_NAMES) if name not in school]
    return [name for name in found if bare_name(name) != "y" or not named(columns, ("x",))]


def _school_classes(columns: Sequence[str]) -> list[str]:
    """Return the columns called class beside one of a student, whose class it is."""
    school = any(_PUPILS.intersection(name_words(name)) for name in columns)
    return named(columns, ("class", "klasse", "clase", "classe")) if school else []


def has_gaps_beside_full(frame: pd.DataFrame, label: str, columns: Sequence[str]) -> bool:
    """Say whether tags are missing in rows, and another column that is a label by its name is not."""
    full = [name for name in columns if name != label and is_label_name(name, LABELED)]
    full = [name for name in full if (each := profile(frame, name)).is_label and each.filled == 1]
    is_other = any(bare_name(name) not in TOPICAL and not is_workflow(frame, name) for name in full)
    return bare_name(label) in TOPICAL and profile(frame, label).filled < _ALL and is_other


_ALL = 0.95
"""Share of the rows that have tags where these are what a text is sorted by."""


_PUPILS = frozenset(("student", "pupil", "schuler", "schulerin", "eleve", "alumno", "alunno", "aluno"))
"""Words of columns beside which a class is one of a school."""


def is_rated(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column rates the texts of a table."""
    rated = [profile(frame, name) for name in columns if is_label_name(name, RATED)]
    return any(_holds_labels_or_marks(frame, each) and not _counts_votes(frame, each) for each in rated)


def label_path(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names inside its objects; empty where it holds long texts."""
    values = structures_of(frame, name)
    inner = [each for value in values for each in (value if is_listed(value) else [value])]
    objects = [each for each in inner if isinstance(each, Record)]
    if objects and 2 * len(objects) > len(inner):
        held = (key for key in _LABEL_KEYS if sum(key in each for each in objects) > len(objects) / 2)
        key = next((key for key in held if not any(isinstance(each.get(key), Record) for each in objects)), "")
        return f"{name}.{key}" if key else ""
    if _counts_votes(frame, profile(frame, name)) or (values and not inner):  # lists, all of them empty
        return ""
    return "" if holds_long_texts(frame, name) or _are_titles(frame, name) else name


def _are_titles(frame: pd.DataFrame, name: str) -> bool:
    """Say whether hardly any two texts of a column are alike, so that they are no classes."""
    each = profile(frame, name)
    different = each.length > 0 and each.different > _MOSTLY_DIFFERENT * len(frame) and len(frame) >= _FEWEST_TITLES
    return different and label_kind(cells_of(frame, name), name) != "multi"


def holds_long_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds texts that are too long, and too different, for labels."""
    each = profile(frame, name)
    return each.length > LONGEST_LABEL and 2 * each.different > len(frame)


def varied_first(frame: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return columns of labels, those last that hold only one."""
    return sorted(labels, key=lambda name: profile(frame, name).different < 2)


def label_candidates(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the columns that can be a label, the likeliest first."""
    by_name = [path for name in named_labels(list(filled)) if (path := label_path(frame, name))]
    by_name = varied_first(frame, by_name)
    by_word = [name for name, each in filled.items() if _is_called_label(each) and (each.is_label or not each.is_text)]
    by_word = [name for name in by_word if _holds_labels_or_marks(frame, profile(frame, _named_inside(frame, name)))]
    votes = {name for name, each in filled.items() if _counts_votes(frame, each)}
    places = {
        name for name in filled
        if are_codes_of_places(cells_of(frame, name), is_named_so="state" in name_words(name)) and not _is_judged(name)
    }  # fmt: skip
    places |= {name for name in filled if is_workflow(frame, name)} | {*_school_classes(list(filled))}
    by_word = [name for name in by_word if name not in votes | places]
    facts = {name for name, each in filled.items() if each.is_number and _FACTS.intersection(name_words(name)[-1:])}
    alike = [
        name for name, each in filled.items()
        if each.is_label and not each.is_identifier and name not in votes | facts
    ]  # fmt: skip
    words = [name for name in alike if not filled[name].is_number]
    several = [name for name, each in filled.items() if _holds_several(frame, each)]
    by_word.sort(
        key=lambda name: (
            not (_is_judged(name) or _is_scaled(filled[name]) or is_coded(name)),
            is_about_row(name),
            "stance" not in name_words(name),
        )
    )
    if any(is_label_name(name, RATED) for name in by_word) or any(
        has_gaps_beside_full(frame, name, list(filled)) for name in by_name[:1]
    ):
        by_name.sort(key=lambda name: bare_name(name) in TOPICAL)
        by_word, by_name = (by_word, []) if by_name and bare_name(by_name[0]) in TOPICAL else (by_word, by_name)
    texts = [place for place, each in enumerate(filled.values()) if each.is_text and not each.is_label]
    behind = {name for name in list(filled)[min(texts, default=-1) + 1 :] if not UNNAMED.fullmatch(name)}
    about = places | {name for name in alike if is_about_row(name)}
    words.sort(key=lambda name: (name in about, name not in behind, not _holds_known_classes(frame, name)))
    alike.sort(key=lambda name: (name in about, name not in behind))
    marks = [name for name in alike if name not in about]
    told = [name for name in words if name not in about]
    priced = _measures(frame, filled, PRICED) if not any(_is_judged(name) or is_coded(name) for name in by_word) else []
    paid = _measures(frame, filled, AMOUNTS)
    asked = set(named(list(filled), _TEXT_NAMES))
    found = [
        name
        for name in dict.fromkeys((*by_name, *priced, *by_word, *told, *several, *marks, *paid, *words, *alike))
        if name not in asked
    ]
    found = [_named_inside(frame, name) for name in sorted(found, key=lambda name: profile(frame, name).different == 1)]
    return found or _only_measure(frame, {name: each for name, each in filled.items() if name not in votes})


def _holds_known_classes(frame: pd.DataFrame, name: str) -> bool:
    """Say whether several values of a column without a name are classes that many texts have."""
    if not UNNAMED.fullmatch(name):
        return False
    return len({str(cell).strip().casefold() for cell in cells_of(frame, name)} & _KNOWN_CLASSES) > 1


_KNOWN_CLASSES = frozenset(
    ("positive", "negative", "neutral", "irrelevant", "mixed", "pos", "neg", "spam", "ham", "toxic", "offensive",
     "hate", "normal", "true", "false", "fake", "real", "yes", "no", "good", "bad", "joy", "anger", "fear",
     "sadness", "love", "surprise", "happy", "sad", "angry", "support", "deny", "against", "favor", "entailment",
     "contradiction")
)  # fmt: skip


def is_workflow(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column says how far something has come, such as draft or done, rather than what it is."""
    if not _STATES.intersection(name_words(name)):
        return False
    cells = {str(cell).strip().casefold() for cell in cells_of(frame, name)}
    return bool(cells) and cells <= _STEPS


_STATES = frozenset(("status", "state", "stage"))
_STEPS = frozenset(
    ("draft", "scheduled", "published", "publish", "posted", "todo", "to do", "in progress", "doing", "done", "open",
     "closed", "new", "pending", "resolved", "solved", "hold", "on hold", "waiting", "active", "inactive", "archived",
     "completed", "complete", "approved", "not started", "backlog", "review", "in review", "submitted", "escalated",
     "canceled", "reopened", "live", "planned", "sent", "ready", "yes", "no")
)  # fmt: skip
"""What a column of a status holds in a list of things that are worked on."""


def _counts_votes(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether whole numbers are votes on a post, or of readers or answers, rather than marks that it was given.

    Votes have no bound, and stand beside other facts about a post.
    """
    words = set(name_words(each.name))
    if not each.is_number:
        return False
    if words & _COUNTED:
        return True
    if "stars" in words and _most(cells_of(frame, each.name)) > _MOST_STARS:
        return True
    if "score" not in words or words - {"score"} - _POSTS:
        return False
    numbers = [number for cell in cells_of(frame, each.name) if (number := number_of(cell)) is not None]
    unbounded = bool(numbers) and (max(numbers) > _HIGHEST_MARK or (min(numbers) < 0 and max(numbers) > _MOST_SIGNED))
    whole = all(number.is_integer() for number in numbers)
    return whole and (unbounded or bool(named([str(name) for name in frame.columns], _OF_POSTS)))


def _most(cells: Sequence[Any]) -> float:
    return max((number for cell in cells if (number := number_of(cell)) is not None), default=0.0)


def _is_judged(name: str) -> bool:
    """Say whether more than a word such as "is" or "type" makes a column a label, as it does has_logo."""
    return is_label_name(name, LABEL_WORDS - WEAK - _TROUBLES)


def _is_scaled(each: Profile) -> bool:
    return is_scale(each.name, holds_numbers=each.is_number)


def _is_called_label(each: Profile) -> bool:
    if is_coded(each.name):
        return each.is_label
    return is_label_name(each.name, LABEL_WORDS) or _is_flag(each.name) or _is_scaled(each)


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
    """Say whether a name begins with a word such as "is", as is_spam does."""
    return bool(FLAGGING.intersection(name_words(name)[:1])) and is_label_name(name, FLAGGING)


def _measures(frame: pd.DataFrame, filled: Record[str, Profile], words: frozenset[str]) -> list[str]:
    """Return the columns of measurements whose names have one of the words."""
    return [
        name for name, each in filled.items()
        if says(name, words) and not (each.is_identifier or each.is_text or each.is_label)
        and is_measured(cells_of(frame, name))
    ]  # fmt: skip


def _named_inside(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names where it holds objects."""
    structures = structures_of(frame, name)
    lists = [value for value in structures if is_listed(value)]
    objects = [value for value in structures if isinstance(value, Record)] + [
        value for value in lists if any(isinstance(each, Record) for each in value)
    ]
    return (label_path(frame, name) or name) if objects else name


def _holds_labels_or_marks(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column that is called a label holds labels or measurements."""
    few = each.is_number and 2 <= each.different <= len(frame) // 2
    return each.is_label or few or is_measured(cells_of(frame, each.name))


def _holds_several(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether cells are several short labels each, in lists or joined, that occur again in other rows."""
    if each.is_identifier or each.is_number or each.is_label:
        return False
    cells = cells_of(frame, _named_inside(frame, each.name))
    if are_joined_numbers(cells):
        return True
    if _are_joined(cells):
        parts = [part for cell in cells if isinstance(cell, str) for part in _SEVERAL.split(cell.strip()) if part]
    else:
        lists = [value for cell in cells if is_list_of_texts(value := structure_of(cell))]
        parts = [part for value in lists for part in value]
        if len(lists) < MOSTLY * len(cells) or any(len(part) > _LONGEST_PART for part in parts):
            return False
    varied = len({str(cell) for cell in cells}) > 1
    return varied and 2 <= len(set(parts)) <= min(MOST_CLASSES, len(parts) // 2)


def _only_measure(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the first column of measurements where nothing else stands beside texts and identifiers.

    Several are measurements for certain only if all of them have fractions, as scores have.
    """
    others = [
        each for each in filled.values()
        if not (each.is_identifier or each.is_text or each.different < 2 or _FACTS.intersection(name_words(each.name)))
    ]  # fmt: skip
    measured = [each.name for each in others if is_measured(cells_of(frame, each.name))]
    scores = len(others) == 1 or all(map(_have_fractions, (cells_of(frame, name) for name in measured)))
    return measured[:1] if len(measured) == len(others) and scores else []


def _have_fractions(cells: Sequence[Any]) -> bool:
    """Say whether most numbers of a column are fractions."""
    mark = decimal_mark(cells)
    numbers = [number for cell in cells if (number := number_of(cell, mark)) is not None]
    return 2 * sum(not number.is_integer() for number in numbers) > len(numbers)


def is_class(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column that may be an answer holds classes or measurements."""
    each = profile(frame, name)
    return each.is_label or each.is_number
