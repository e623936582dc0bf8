"""Which columns are a text, or two, and its label? Told by their names, or by what they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_columns import bare_name, named
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    UNNAMED,
    Profile,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_plain,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import ANSWERED, READ, RELATED, WHOLE, are_opposed, name_words, says, says_last
from ia3_studio.data.examples import Mapping
from ia3_studio.data.label_candidates import (
    has_gaps_beside_full,
    is_numbered_intent,
    is_rated,
    label_candidates,
    label_path,
    varied_first,
)
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.label_names import LABEL_WORDS, MOSTLY, RATED, TOPICAL, named_labels
from ia3_studio.data.pair_cells import contains
from ia3_studio.data.paths import is_listed
from ia3_studio.data.told_apart import with_second_text

if TYPE_CHECKING:
    import pandas as pd


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
    ("premise", "hypo"), ("text", "hypothesis"), ("context", "hypothesis"), ("passage", "hypothesis"),
    ("sentence", "aspect"), ("text", "aspect"), ("review", "aspect"), ("sentence", "aspect_term"),
    ("text", "aspect_term"), ("review", "aspect_term"), ("post", "reply"),
    ("src", "mt"), ("source", "mt"), ("source", "translation"), ("reference", "hypothesis"),
    ("query", "product_title"), ("search_term", "product_title"), ("query", "title"),
)  # fmt: skip
"""Columns of two texts that one label belongs to, besides those of one name with two numbers or letters."""
RATINGS = frozenset(("rating", "score", "stars", "overall", "priority", "status", "type", "severity"))
"""Words of labels of texts that stand beside their own summary: of a review, of a ticket."""


MARKS = ("label", "labels", "is_correct", "correct", "relevance", "gold_label", "is_answer")
"""Columns that say whether an answer beside a question is right."""


_RATER = re.compile(r"(?:annotator|rater|worker|coder|judge|reviewer)\W*_?\d+", re.IGNORECASE)
"""Columns of what one of several people said, rather than of one of several labels."""

_TWIN = re.compile(r"(?P<stem>.*?)[\s_-]*(?P<place>1|2|a|b|one|two|left|right)", re.IGNORECASE)
_TWINS = (("1", "2"), ("a", "b"), ("one", "two"), ("left", "right"))
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:st|nd)?")
_ORDERED = [[pair] for pair in (*_TWINS, ("1st", "2nd"), ("first", "second"))]


_WORDS_OF_A_SENTENCE = 4
_NEARLY_ALL = 0.95
"""Share of the rows that the second of two texts without names must fill, as rows without it are left out."""
_FEWEST_FLAGS = 2
_FEW_ROWS = 4
"""Rows up to which a label may be the same in all of them."""
_LONGER = 1.5
"""Times that a text is longer than the first one so that it is read rather."""
_MUCH_LONGER = 2.5
"""Times that a text is longer than one whose name says that it is read, so that it is read rather."""
_FLAGS: tuple[frozenset[str], ...] = tuple(
    map(frozenset, (("0", "1"), ("0.0", "1.0"), ("true", "false"), ("yes", "no"), ("y", "n"), ("x",), ("✓",)))
)
"""What columns that say for each label whether a text has it may hold; "x" stands beside empty cells."""


def labeled(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label by their names; None where there is no such pair of columns."""
    labels = [path for name in named_labels(columns) if (path := label_path(frame, name))]
    if len(frame) > _FEW_ROWS:
        labels = [name for name in labels if profile(frame, name).different != 1]
    labels = varied_first(frame, [name for name in labels if not is_numbered_intent(frame, name)])
    if not labels or (bare_name(labels[0]) in TOPICAL and is_rated(frame, columns)):
        return None
    if has_gaps_beside_full(frame, labels[0], columns):
        return None
    label = _in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    sides = [name for name in columns if name != label and _is_varied(frame, name)]
    if pair := _paired(frame, sides) or _related_texts(frame, sides, label):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    others = [name for name in columns if name not in (*labels, label)]
    texts = [name for name in named(others, LABELED_NAMES) if is_plain(frame, name)]
    text = _read_text(frame, texts, others) if texts else ""
    if not text:
        return None
    found = _with_label_of_group(frame, columns, Mapping("labels", column=text, answer=label, target=kind))
    return with_second_text(frame, columns, found)


def _with_label_of_group(frame: pd.DataFrame, columns: Sequence[str], found: Mapping) -> Mapping:
    """Return a mapping to the rating of what a text is of by its name, as of reviews.text, rather than to a category.

    A mapping to any other label stays as it is.
    """
    group = name_words(found.column)[:-1]
    if not group or bare_name(found.answer) not in _OF_THINGS:
        return found
    rated = [name for name in columns if name_words(name)[:-1] == group and is_label_name(name, RATED)]
    label = next((name for name in rated if profile(frame, name).is_label), "")
    return replace(found, answer=label, target=label_kind(cells_of(frame, label), label)) if label else found


_OF_THINGS = TOPICAL | {"category", "categories", "topic"}
"""Labels that may be those of what a text is about rather than of the text."""


def _is_varied(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column can be one of two texts: its cells are texts, not always the same one."""
    each = profile(frame, name)
    return each.length > 0 and (each.different > 1 or len(frame) < 3)


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


def _read_text(frame: pd.DataFrame, known: Sequence[str], others: Sequence[str]) -> str:
    """Return the first of the columns with known names that is filled; a longer text before a title."""
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


def _whole_text(frame: pd.DataFrame, columns: Sequence[str], sketch: Profile) -> str:
    """Return the only text, by its name, that is much longer than one that describes it; empty if there is none."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    longer = [each.name for each in texts if each.length > _MUCH_LONGER * sketch.length and not each.is_label]
    whole = [name for name in longer if says_last(name, WHOLE)]
    return whole[0] if len(whole) == 1 else ""


_SKETCHES = frozenset(("description", "abstract", "headline", "title"))
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


_MARKED = (("question", "answer"), *((asked, found) for asked in ("query", "question", "search_query")
           for found in ("passage", "document", "doc", "paragraph", "result", "product_title", "answer")))  # fmt: skip
"""Columns of two texts, of which a mark may say that they belong together."""


def marked_answers(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return questions and answers beside a mark that says which are right: answers that are not to be learned.

    What was searched for and what was found are such a pair, too.
    """
    pair = next((found for names in _MARKED if len(found := named(columns, names)) == len(names)), [])
    related = [name for name in columns if says(name, RELATED)]
    marks = [name for name in (*named(columns, MARKS), *related) if profile(frame, name).different == 2]
    if len(pair) < 2 or not marks or not all(profile(frame, name).length for name in pair):
        return None
    cells = {str(cell).strip().lower() for cell in cells_of(frame, marks[0])}
    if not any(cells <= flags for flags in _FLAGS):
        return None
    return Mapping("labels", column=pair[0], context=pair[1], answer=marks[0])


def rated_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and its rating where a summary stands beside them, such as reviews and tickets have."""
    summaries, known = (
        named(columns, ("summary",)),
        named(columns, ("text", "review", "description", "body", "review_text", "review_body")),
    )
    paths = [label_path(frame, name) for name in columns if is_label_name(name, RATINGS)]
    rated = [path for path in paths if path and profile(frame, path).is_label]
    return by_contents(frame, columns) if summaries and known and rated else None


def _paired(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns of texts that belong together by their names, unless a far longer text stands beside them."""
    pair = _pair_of_texts(columns)
    if pair is None:
        return None
    longest = max(profile(frame, name).length for name in columns)
    are_names = longest > _FAR_LONGER * max(profile(frame, name).length for name in pair)
    return None if are_names and longest > LONGEST_LABEL else pair


_FAR_LONGER = 3
"""Times that a text is longer than two others that are names of people or things, such as those of two actors."""


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
    for first, second in combinations(columns, 2):
        if are_opposed(first, second):
            return first, second
    tokens = {name: _TOKEN.findall(name.lower()) for name in columns}
    for first, second in combinations(columns, 2):
        parts = [pair for pair in zip(tokens[first], tokens[second], strict=False) if pair[0] != pair[1]]
        if len(tokens[first]) == len(tokens[second]) > 1 and parts in _ORDERED and "id" not in tokens[first]:
            return first, second
    return None


def _related_texts(frame: pd.DataFrame, columns: Sequence[str], label: str) -> tuple[str, str] | None:
    """Return the only two columns of texts that are no labels, where the label says how two texts are related."""
    texts = [each.name for name in columns if _is_side(each := profile(frame, name))]
    classes = {str(cell).strip().casefold() for cell in cells_of(frame, label)}
    related = says(label, RELATED) or len(classes & _RELATIONS) > 1
    if not related or len(texts) != 2 or contains(frame, *texts) or contains(frame, *reversed(texts)):
        return None  # what stands in a text is a part of it
    return texts[0], texts[1]


def _is_side(each: Profile) -> bool:
    return each.is_text and not each.is_label and each.different > 1


_RELATIONS = frozenset(
    ("entailment", "contradiction", "not_entailment", "entailed", "supports", "supported", "refutes", "refuted",
     "not enough info", "agree", "disagree", "discuss", "unrelated", "related", "match", "no match", "non-match",
     "duplicate", "not duplicate", "paraphrase", "not paraphrase", "relevant", "irrelevant", "not relevant",
     "exact", "substitute", "complement")
)  # fmt: skip
"""Classes of two texts."""


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
    labels = label_candidates(frame, filled)
    if not labels:
        return None
    label = _in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    sides = [name for name, each in filled.items() if (each.is_text or _is_aspect(each)) and name != label]
    if pair := _paired(frame, sides) or _related_texts(frame, sides, label):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    used = {name for name in filled for found in (label, *labels) if f"{found}.".startswith(f"{name}.")}
    texts = [each for name, each in filled.items() if each.is_text and name not in used]
    texts = [each for each in texts if each.different > 1 and not _are_structures(frame, each.name)]
    if pair := _unnamed_pair(frame, texts):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    texts = texts or [each for name, each in filled.items() if name not in used and _holds_texts(frame, name)]
    if not texts:
        return None
    known = named([each.name for each in texts], LABELED_NAMES)
    text = _read_text(frame, known, [each.name for each in texts]) or texts[0].name
    found = _with_label_of_group(frame, columns, Mapping("labels", column=text, answer=label, target=kind))
    return with_second_text(frame, columns, found)


def _is_aspect(each: Profile) -> bool:
    """Say whether a column holds what a text is judged for, in words that may be few: "service", "battery"."""
    return each.length > 0 and "aspect" in name_words(each.name)


def _unnamed_pair(frame: pd.DataFrame, texts: Sequence[Profile]) -> tuple[str, str] | None:
    """Return the only two columns of sentences, side by side, of a table whose columns have no names."""
    kept = [each for each in texts if not each.is_label and _are_sentences(cells_of(frame, each.name))]
    kept = [each for each in kept if each.filled > _NEARLY_ALL]
    places = [found[1] for each in kept if (found := UNNAMED.fullmatch(each.name))]
    if len(kept) != 2 or len(places) != 2 or int(places[1]) - int(places[0]) != 1:
        return None
    return kept[0].name, kept[1].name


def _are_sentences(cells: Sequence[Any]) -> bool:
    """Say whether most cells have four words or more."""
    return 2 * sum(len(str(cell).split()) >= _WORDS_OF_A_SENTENCE for cell in cells) > len(cells)


def _are_structures(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are JSON or Python text of lists of objects, which nobody reads."""
    values = structures_of(frame, name)
    return bool(values) and all(
        isinstance(value, dict) or (is_listed(value) and any(isinstance(each, dict) for each in value)) or value == []
        for value in values
    )


def _holds_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds lists of sentences, which are one text together."""
    lists = structures_of(frame, name)
    texts = [text for value in lists if is_list_of_texts(value) for text in value]
    return bool(texts) and all(map(is_listed, lists)) and sum(map(len, texts)) > LONGEST_LABEL * len(texts)
