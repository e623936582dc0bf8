"""Which columns are a text, or two, and its label? Told by their names, or by what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_columns import bare_name, named
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    MOST_CLASSES,
    Profile,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_measured,
    is_plain,
    name_words,
    profile,
    structures_of,
)
from ia3_studio.data.examples import LabelKind, Mapping
from ia3_studio.data.measurements import number_of
from ia3_studio.data.paths import is_listed, structure_of

if TYPE_CHECKING:
    import pandas as pd

LABEL_NAMES = (
    "label", "labels", "gold_label", "category", "categories", "class", "intent", "sentiment", "y", "topic", "topics",
    "tag", "tags", "emotion", "emotions", "stars", "kategorie", "categoría", "categoria", "catégorie", "etikett",
    "étiquette", "etiqueta", "klasse", "classe", "clase", "bewertung", "ocena",
    "beoordeling", "puan", "оценка", "评分", "評価", "평점", "метка", "категория", "标签", "类别", "ラベル", "라벨",
)  # fmt: skip
LABEL_WORDS = frozenset(
    (*LABEL_NAMES, "rating", "score", "polarity", "stance", "genre", "type", "toxic", "toxicity", "spam", "is", "has",
     "duplicate", "relevance", "fraudulent", "fraud", "fake", "sarcastic", "offensive", "hateful", "genres",
     "marks", "points", "verdict", "outcome", "majority",
     "severity", "priority", "status", "grade", "similarity", "feeling", "mood", "target")
) - {"y"}  # fmt: skip
"""Words in the name of a column that make it the label, of several that could be one."""
LABELED_NAMES = ("text", "content", "document", "sentence", "review", "message", "utterance", "utt", "tweet",
                  "comment", "query", "question", "body", "description", "abstract",
                  "texto", "texte", "testo", "tekst", "текст", "文本", "title", "headline")  # fmt: skip
"""Columns whose text a label can belong to; titles last, as what they stand above is read rather."""
TITLES = frozenset(("title", "headline"))
PAIR_NAMES = (
    ("premise", "hypothesis"), ("question", "sentence"), ("question", "passage"), ("query", "passage"),
    ("query", "document"), ("claim", "evidence"), ("sentence", "hypothesis"), ("context", "response"),
    ("context", "utterance"),
    ("anchor", "target"), ("anchor", "positive"), ("premise", "conclusion"), ("argument", "keypoint"),
    ("question", "student_answer"), ("reference_answer", "student_answer"),
    ("premise", "hypo"), ("text", "hypothesis"), ("post", "reply"), ("headline", "body"),
)  # fmt: skip
"""Columns of two texts that one label belongs to, besides those of one name with two numbers or letters."""
RATINGS = frozenset(("rating", "score", "stars", "priority", "status", "type", "severity"))
"""Words of labels of texts that stand beside their own summary: of a review, of a ticket."""
RATED = frozenset(("rating", "score", "stars", "sentiment"))
TOPICAL = frozenset(("tag", "tags", "keywords", "topics"))
"""Columns that describe a text beside a rating of it, rather than being what is told of it."""
_SOMEBODY = frozenset(
    ("speaker", "author", "user", "username", "reviewer", "annotator", "worker", "assignee", "reporter", "requester",
     "taster", "country", "state", "city", "location", "province", "region", "language", "department", "agency")
)  # fmt: skip
MARKS = ("label", "labels", "is_correct", "correct", "relevance", "gold_label", "is_answer")
"""Columns that say whether an answer beside a question is right."""
SEVERAL_NAMES = frozenset(
    ("labels", "categories", "topics", "tags", "emotions", "genres", "subjects", "keywords", "intents", "classes",
     "codes", "themes", "concepts", "skills", "symptoms", "diagnoses")
)  # fmt: skip
"""Columns in which a comma stands between several labels."""
MOSTLY = 0.5
"""Share of the rows that a column must fill to play a part."""
_COUNTED = frozenset(
    ("likes", "upvotes", "downvotes", "ups", "downs", "votes", "views", "retweets", "shares", "karma", "favorites",
     "favourites", "replies", "helpful", "claps", "num", "count", "counts", "comments", "followers")
)  # fmt: skip
"""Words in names of columns that count what others did with a text."""
_FACTS = frozenset(
    ("duration", "size", "bytes", "length", "tokens", "start", "end", "offset", "latitude", "longitude", "lat", "lon",
     "width", "height", "perplexity", "seconds", "confidence")
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
_HIGHEST_MARK, _MOST_SIGNED = 100, 10
_RATER = re.compile(r"(?:annotator|rater|worker|coder|judge|reviewer)\W*_?\d+", re.IGNORECASE)
"""Columns of what one of several people said, rather than of one of several labels."""
_TEXT_NAMES = ("question", "prompt", "text", "sentence", "instruction", "query", "spans", "offsets", "positions")
"""Columns that are read or say a place, also where few different values stand in them."""
_TWIN = re.compile(r"(?P<stem>.*?)[\s_-]*(?P<place>1|2|a|b|one|two|left|right)", re.IGNORECASE)
_TWINS = (("1", "2"), ("a", "b"), ("one", "two"), ("left", "right"))
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:st|nd)?")
_ORDERED = [[pair] for pair in (*_TWINS, ("1st", "2nd"), ("first", "second"))]
_SEVERAL = re.compile(r"\s*[;|]\s*")
_LISTED = re.compile(r"\s*[;|,]\s*")
_LONGEST_PART = 40
_MOSTLY_DIFFERENT, _FEWEST_TITLES = 0.9, 20
_UNNAMED, _WORDS_OF_A_SENTENCE = re.compile(r"column (\d+)"), 4
_FEWEST_FLAGS = 2
_FLAGS: tuple[frozenset[str], ...] = tuple(
    map(frozenset, (("0", "1"), ("0.0", "1.0"), ("true", "false"), ("yes", "no"), ("y", "n"), ("x",), ("✓",)))
)
"""What columns that say for each label whether a text has it may hold; "x" stands beside empty cells."""
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
    if is_measured(cells):
        return "number"
    kinds = {cell.strip() for cell in cells if isinstance(cell, str)}
    is_class = len(kinds) <= max(2, min(MOST_CLASSES, len(cells) // 4))
    separators = _LISTED if _is_plural(name) or not is_class else _SEVERAL
    return "multi" if _are_joined(cells, separators, is_plural=_is_plural(name)) else "single"


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
    few = few or (is_plural and 5 * len(joined) >= 4 * len(texts) > 0)
    return few and max(map(len, parts)) <= _LONGEST_PART


def labeled(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label by their names; None where there is no such pair of columns."""
    labels = _varied_first(frame, [path for name in _named_labels(columns) if (path := _label_path(frame, name))])
    if not labels or (bare_name(labels[0]) in TOPICAL and _is_rated(frame, columns)):
        return None
    label = _in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    if pair := _pair_of_texts([name for name in columns if name != label and _is_varied(frame, name)]):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    others = [name for name in columns if name not in (*labels, label)]
    texts = [name for name in named(others, LABELED_NAMES) if is_plain(frame, name)]
    text = _read_text(frame, texts, others) if texts else ""
    return Mapping("labels", column=text, answer=label, target=kind) if text else None


def _named_labels(columns: Sequence[str]) -> list[str]:
    """Return the columns that are called labels; beside x, y is a place."""
    return [name for name in named(columns, LABEL_NAMES) if bare_name(name) != "y" or not named(columns, ("x",))]


def _is_rated(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column rates the texts of a table."""
    rated = [profile(frame, name) for name in columns if is_label_name(name, RATED)]
    return any(_can_be_said(frame, each) and not _counts_votes(frame, each) for each in rated)


def _is_varied(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column can be one of two texts: its cells are texts, not always the same one."""
    each = profile(frame, name)
    return each.length > 0 and (each.different > 1 or len(frame) < 3)


def _label_path(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names inside its objects; empty where it holds long texts."""
    values = structures_of(frame, name)
    inner = [each for value in values for each in (value if is_listed(value) else [value])]
    objects = [each for each in inner if isinstance(each, Record)]
    if objects and 2 * len(objects) > len(inner):
        held = (key for key in _LABEL_KEYS if sum(key in each for each in objects) > len(objects) / 2)
        key = next((key for key in held if not any(isinstance(each.get(key), Record) for each in objects)), "")
        return f"{name}.{key}" if key else ""
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


def _in_words(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column that has the names of classes that a label column has as numbers, or else this one."""
    found = profile(frame, label)
    if not (found.is_number and found.is_label) or label not in frame.columns or 2 * found.different > len(frame):
        return label
    numbers = [str(cell) for cell in frame[label]]
    for name in columns:
        other = profile(frame, name) if name != label else found
        if other.is_number or not other.is_label or other.different != found.different:
            continue
        pairs = {(number, str(cell).strip()) for number, cell in zip(numbers, frame[name], strict=True)}
        if len(pairs) == found.different:
            return name
    return label


def _varied_first(frame: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return columns of labels, those last that hold only one."""
    return sorted(labels, key=lambda name: profile(frame, name).different < 2)


def _read_text(frame: pd.DataFrame, known: Sequence[str], others: Sequence[str]) -> str:
    """Return the first of the columns with known names that is filled; a longer text before a title."""
    profiles = {name: profile(frame, name) for name in known}
    filled = [name for name, each in profiles.items() if each.filled > MOSTLY] or list(known)
    bodies = [name for name in filled if bare_name(name) not in TITLES]
    if bodies:
        return bodies[0]
    texts = [each for name in others if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each for each in texts if "html" not in name_words(each.name)] or texts
    return max(texts, key=lambda each: each.length).name if texts else next(iter(filled), "")


def marked_answers(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return questions and answers beside a mark that says which are right: answers that are not to be learned."""
    pair = named(columns, ("question", "answer"))
    marks = [name for name in named(columns, MARKS) if profile(frame, name).different == 2]
    if len(pair) < 2 or not marks or not all(profile(frame, name).length for name in pair):
        return None
    cells = {str(cell).strip().lower() for cell in cells_of(frame, marks[0])}
    if not any(cells <= flags for flags in _FLAGS):
        return None
    return Mapping("labels", column=pair[0], context=pair[1], answer=marks[0])


def rated_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and its rating where a summary stands beside them, such as reviews and tickets have."""
    summaries, known = named(columns, ("summary",)), named(columns, ("text", "review", "description", "body"))
    rated = [
        name for name in columns if is_label_name(name, RATINGS) and profile(frame, name).is_label
    ]  # fmt: skip
    return by_contents(frame, columns) if summaries and known and rated else None


def _pair_of_texts(columns: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns of texts that belong together by their names."""
    for names in PAIR_NAMES:
        pair = named(columns, names)
        if len(pair) == 2:
            return pair[0], pair[1]
    stems: dict[str, dict[str, str]] = {}
    for column in columns:
        found = _TWIN.fullmatch(column.strip())
        if found and len(found["stem"]) > 2 and not found["stem"].lower().rstrip("_- ").endswith("id"):
            stems.setdefault(found["stem"].lower(), {})[found["place"].lower()] = column
    for places in stems.values():
        for one, other in _TWINS:
            if len(places) == 2 and one in places and other in places and "id" not in places[one].lower().split("_"):
                return places[one], places[other]
    tokens = {name: _TOKEN.findall(name.lower()) for name in columns}
    for first, second in combinations(columns, 2):
        parts = [pair for pair in zip(tokens[first], tokens[second], strict=False) if pair[0] != pair[1]]
        if len(tokens[first]) == len(tokens[second]) > 1 and parts in _ORDERED and "id" not in tokens[first]:
            return first, second
    return None


def flags(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and several columns of 0 and 1, each of which says whether the text has that label."""
    texts = named(columns, LABELED_NAMES)
    marks = _flag_columns(frame, [name for name in columns if name not in texts and not _RATER.search(name)])
    others = {name: profile(frame, name) for name in columns if name not in (*texts, *marks)}
    longer = [name for name, each in others.items() if each.is_text]
    texts = texts or longer
    rivals = [name for name, each in others.items() if each.is_label and not each.is_identifier and name not in texts]
    rivals = [name for name in rivals if is_label_name(name, LABEL_WORDS)]
    text = _read_text(frame, texts, [*texts, *longer])
    if len(marks) <= _FEWEST_FLAGS or rivals or not text:
        return None
    return Mapping("labels", column=text, target="multi", parts=tuple(marks))


def _flag_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that hold flags of one spelling; one in which a rare label never occurs is one, too."""
    held: dict[str, set[str]] = {}
    for name in columns:
        cells = [str(cell).strip().lower() for cell in cells_of(frame, name)]
        held[name] = {cell for cell in cells if cell}
    found: list[str] = []
    for known in _FLAGS:
        whole = [name for name, cells in held.items() if cells == known]
        no = known & {"0", "0.0", "false", "no", "n"}
        fitting = [name for name, cells in held.items() if cells == known or (cells and cells == no)]
        found = fitting if len(whole) > max(1, len(found)) else found
    return [name for name in columns if name in found]


def by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return text and label by contents: a label has few different short values, the text is the longest column."""
    profiles = {name: profile(frame, name) for name in columns}
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    labels = _label_columns(frame, filled)
    if not labels:
        return None
    label = _in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    pair = _pair_of_texts([name for name, each in filled.items() if each.is_text and name != label])
    if pair:
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    used = {name for name in filled for found in (label, *labels) if f"{found}.".startswith(f"{name}.")}
    texts = [each for name, each in filled.items() if each.is_text and name not in used]
    texts = [each for each in texts if each.different > 1]
    if pair := _unnamed_pair(frame, texts):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    texts = texts or [each for name, each in filled.items() if name not in used and _holds_texts(frame, name)]
    if not texts:
        return None
    known = named([each.name for each in texts], LABELED_NAMES)
    text = _read_text(frame, known, [each.name for each in texts]) or texts[0].name
    return Mapping("labels", column=text, answer=label, target=kind)


def _unnamed_pair(frame: pd.DataFrame, texts: Sequence[Profile]) -> tuple[str, str] | None:
    """Return the only two columns of sentences, side by side, of a table whose columns have no names."""
    kept = [each for each in texts if not each.is_label and _are_sentences(cells_of(frame, each.name))]
    places = [found[1] for each in kept if (found := _UNNAMED.fullmatch(each.name))]
    if len(kept) != 2 or len(places) != 2 or int(places[1]) - int(places[0]) != 1:
        return None
    return kept[0].name, kept[1].name


def _are_sentences(cells: Sequence[Any]) -> bool:
    """Say whether most cells have four words or more."""
    return 2 * sum(len(str(cell).split()) >= _WORDS_OF_A_SENTENCE for cell in cells) > len(cells)


def _holds_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds lists of sentences, which are one text together."""
    lists = structures_of(frame, name)
    texts = [text for value in lists if is_list_of_texts(value) for text in value]
    return bool(texts) and all(map(is_listed, lists)) and sum(map(len, texts)) > LONGEST_LABEL * len(texts)


def _label_columns(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the columns that can be a label, the likeliest first."""
    by_name = [path for name in _named_labels(list(filled)) if (path := _label_path(frame, name))]
    by_name = _varied_first(frame, by_name)
    said = [
        name
        for name, each in filled.items()
        if is_label_name(name, LABEL_WORDS) and (each.is_label or not each.is_text)
    ]
    said = [name for name in said if _can_be_said(frame, filled[name])]
    votes = {name for name, each in filled.items() if _counts_votes(frame, each)}
    said = [name for name in said if name not in votes]
    alike = [name for name, each in filled.items() if each.is_label and not each.is_identifier and name not in votes]
    words = [name for name in alike if not filled[name].is_number]
    several = [name for name, each in filled.items() if _holds_several(frame, each)]
    said.sort(key=lambda name: (_is_weak(name), "stance" not in name_words(name)))
    if any(is_label_name(name, RATED) for name in said):
        by_name.sort(key=lambda name: bare_name(name) in TOPICAL)
        said, by_name = (said, []) if by_name and bare_name(by_name[0]) in TOPICAL else (said, by_name)
    words.sort(key=_is_of_somebody)
    alike.sort(key=_is_of_somebody)
    asked = set(named(list(filled), _TEXT_NAMES))
    found = [name for name in dict.fromkeys((*by_name, *said, *words, *several, *alike)) if name not in asked]
    found = [_named_inside(frame, name) for name in found]
    return found or _only_measure(frame, {name: each for name, each in filled.items() if name not in votes})


def _counts_votes(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether whole numbers are votes on a post, or of readers or answers, rather than marks that it was given.

    Votes have no bound, and stand beside other facts about a post.
    """
    words = set(name_words(each.name))
    if not each.is_number:
        return False
    if words & _COUNTED:
        return True
    if "score" not in words or words - {"score"} - _POSTS:
        return False
    numbers = [number for cell in cells_of(frame, each.name) if (number := number_of(cell)) is not None]
    unbounded = bool(numbers) and (max(numbers) > _HIGHEST_MARK or (min(numbers) < 0 and max(numbers) > _MOST_SIGNED))
    whole = all(number.is_integer() for number in numbers)
    return whole and (unbounded or bool(named([str(name) for name in frame.columns], _OF_POSTS)))


def _is_weak(name: str) -> bool:
    """Say whether only a word such as "is" or "type" makes a column a label, as in has_logo."""
    return not (LABEL_WORDS - {"is", "has", "type"}).intersection(name_words(name))


def _is_of_somebody(name: str) -> bool:
    """Say whether a column names who wrote a text or where, which is a label only where there is no other."""
    return bool(_SOMEBODY.intersection(name_words(name)))


def _named_inside(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names where it holds objects."""
    structures = (value for value in structures_of(frame, name) if not isinstance(value, str | int | float))
    objects = [value for value in structures if isinstance(value, Record) or any(isinstance(e, Record) for e in value)]
    return (_label_path(frame, name) or name) if objects else name


def _can_be_said(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column that is called a label holds labels or measurements."""
    few = each.is_number and 2 <= each.different <= len(frame) // 2
    return each.is_label or few or is_measured(cells_of(frame, each.name))


def _holds_several(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether cells are several short labels each, in lists or joined, that occur again in other rows."""
    if each.is_identifier or each.is_number or each.is_label:
        return False
    cells = cells_of(frame, _named_inside(frame, each.name))
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
    """Return the column of measurements where it is the only one besides texts and identifiers."""
    others = [
        each for each in filled.values()
        if not (each.is_identifier or each.is_text or each.different < 2 or _FACTS.intersection(name_words(each.name)))
    ]  # fmt: skip
    return [each.name for each in others if is_measured(cells_of(frame, each.name))] if len(others) == 1 else []


def is_class(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column that may be an answer holds classes or measurements."""
    each = profile(frame, name)
    return each.is_label or each.is_number
