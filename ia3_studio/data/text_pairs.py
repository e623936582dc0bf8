"""Which two columns of text does one label belong to?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import UNNAMED, bare_name, named, says, says_last
from ia3_studio.data.column_profile import LONGEST_LABEL, Profile, cells_of, profile
from ia3_studio.data.column_words import MADE, RELATED, is_about_text
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.opposed_names import are_opposed, may_be_opposed
from ia3_studio.data.pair_cells import contains
from ia3_studio.data.scripts import words_of
from ia3_studio.data.told_apart import SAID_ABOUT_LABEL, says_why

if TYPE_CHECKING:
    import pandas as pd


PAIR_NAMES = (
    ("premise", "hypothesis"), ("question", "sentence"), ("question", "passage"), ("query", "passage"),
    ("query", "document"), ("claim", "evidence"), ("sentence", "hypothesis"), ("context", "response"),
    ("context", "utterance"),
    ("anchor", "target"), ("anchor", "positive"), ("premise", "conclusion"), ("argument", "keypoint"),
    ("question", "student_answer"), ("reference_answer", "student_answer"),
    ("premise", "hypo"), ("t", "h"), ("text", "hypothesis"), ("context", "hypothesis"), ("passage", "hypothesis"),
    ("sentence", "aspect"), ("text", "aspect"), ("review", "aspect"), ("sentence", "aspect_term"),
    ("text", "aspect_term"), ("review", "aspect_term"), ("post", "reply"),
    ("src", "mt"), ("source", "mt"), ("source", "translation"), ("reference", "hypothesis"),
    ("question", "essay"), ("prompt", "essay"), ("topic", "essay"), ("sentence", "token"), ("sentence", "word"),
    ("sentence", "target_word"), ("sentence", "phrase"), ("context", "word"),
    ("query", "product_title"), ("search_term", "product_title"), ("query", "title"),
    ("premisa", "hipótesis"), ("premisa", "hipotesis"), ("prämisse", "hypothese"), ("prémisse", "hypothèse"),
    ("premissa", "hipótese"), ("premessa", "ipotesi"), ("premisse", "hypothese"), ("przesłanka", "hipoteza"),
    ("посылка", "гипотеза"), ("前提", "假设"), ("前提", "仮説"), ("전제", "가설"), ("öncül", "hipotez"),
    ("behauptung", "beleg"), ("aussage", "beleg"), ("afirmación", "evidencia"), ("afirmación", "prueba"),
    ("affirmation", "preuve"), ("affermazione", "prova"), ("afirmação", "evidência"), ("утверждение", "доказательство"),
    ("声明", "证据"), ("主張", "証拠"), ("주장", "증거"), ("iddia", "kanıt"), ("bewering", "bewijs"),
)  # fmt: skip
"""Columns of two texts that one label belongs to, besides those of one name with two numbers or letters."""
_PREMISES = words_for("premise")
_HYPOTHESES = words_for("hypothesis")
"""Words for what is stated, and for what may follow from it."""
_TURN = re.compile(r"(?:turn|utterance|message)[\s_-]*\d", re.IGNORECASE)
_TWIN = re.compile(r"(?P<stem>.*?)[\s_-]{0,9}(?P<place>1|2|a|b|x|y|one|two|left|right)", re.IGNORECASE)
_TWINS = (("1", "2"), ("a", "b"), ("x", "y"), ("one", "two"), ("left", "right"))
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:st|nd)?")
_ORDERED = [[pair] for pair in (*_TWINS, ("1st", "2nd"), ("first", "second"))]
_IN_ORDER = frozenset(word for ((one, other),) in _ORDERED for word in (one, other))
_WORDS_OF_A_SENTENCE = 4
_NEARLY_ALL = 0.95
"""Share of the rows that the second of two texts without names must fill, as rows without it are left out."""


def paired_texts(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns of texts that belong together by their names, unless a far longer text stands beside them."""
    full = [name for name in columns if not UNNAMED.fullmatch(name) or profile(frame, name).filled > _NEARLY_ALL]
    pair = _pair_of_texts(full, lambda name: profile(frame, name).length)
    if pair is None or (pair[1][-1:].isdigit() and profile(frame, pair[1]).filled < _MOSTLY_FILLED):
        return None  # what somebody said next, if anything
    longest = max(profile(frame, name).length for name in columns)
    are_names = longest > _FAR_LONGER * max(profile(frame, name).length for name in pair)
    if (are_names and longest > LONGEST_LABEL) or any(_holds_both(frame, name, pair) for name in columns):
        return None
    return pair


def _holds_both(frame: pd.DataFrame, name: str, pair: tuple[str, str]) -> bool:
    """Say whether the texts of a column were made of two short ones, such as the two people of a sentence."""
    if name in pair or not {name, *pair} <= {*map(str, frame.columns)}:
        return False
    if profile(frame, name).length < sum(profile(frame, each).length for each in pair):
        return False
    rows = frame[[name, *pair]].head(_LOOKED_AT).astype(str).itertuples(index=False)
    held = [one.casefold() in text.casefold() and other.casefold() in text.casefold() for text, one, other in rows]
    return sum(held) > _MOSTLY_FILLED * len(held) > 0


_LOOKED_AT = 50
_MOSTLY_FILLED = 0.8
"""Share of the rows that the second of two texts with numbers must fill, as rows without it are left out."""
_FAR_LONGER = 3
"""Times that a text is longer than two others that are names of people or things, such as those of two actors."""


def _pair_of_texts(columns: Sequence[str], length: Callable[[str], float]) -> tuple[str, str] | None:
    """Return two columns of texts that belong together by their names; of two things told in parts, the longest part.

    Args:
        columns: their names.
        length: the mean characters of a column's texts.
    """
    turns = [name for name in columns if _TURN.fullmatch(name)]
    if len(turns) > len(("one", "other")):  # what was said last is judged, behind what it answers
        return turns[-2], turns[-1]
    for names in PAIR_NAMES:
        pair = named(columns, names)
        if len(pair) == 2:
            return pair[0], pair[1]
    stated = [name for name in columns if says_last(name, _PREMISES)]
    followed = [name for name in columns if says_last(name, _HYPOTHESES)]
    if len(stated) == len(followed) == 1:
        return stated[0], followed[0]
    stems: dict[str, dict[str, str]] = {}
    for column in columns:
        found = _TWIN.fullmatch(column.strip())
        if found and len(found["stem"]) > 2 and not found["stem"].lower().rstrip("_- ").endswith("id"):
            stems.setdefault(found["stem"].lower(), {})[found["place"].lower()] = column
    for places in stems.values():
        for one, other in _TWINS:
            if len(places) == 2 and one in places and other in places and "id" not in places[one].lower().split("_"):
                return places[one], places[other]
    for first, second in combinations(filter(may_be_opposed, columns), 2):
        if are_opposed(first, second):
            return first, second
    tokens = {name: _TOKEN.findall(name.lower()) for name in columns}
    ordered = [name for name in columns if not _IN_ORDER.isdisjoint(tokens[name]) and "id" not in tokens[name]]
    pairs = [pair for pair in combinations(ordered, 2) if _differ_in_order(*(tokens[name] for name in pair))]
    return max(pairs, key=lambda pair: length(pair[0]), default=None)


def _differ_in_order(first: Sequence[str], second: Sequence[str]) -> bool:
    """Say whether the words of two names differ in one alone, which says that one comes before the other."""
    parts = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    return len(first) == len(second) > 1 and parts in _ORDERED


def is_of_one_side(name: str, columns: Sequence[str]) -> bool:
    """Say whether a column belongs to one of two texts, as ticker_x beside ticker_y does; numbers may count labels."""
    found = _TWIN.fullmatch(name.strip())
    if not found or found["place"].isdigit():
        return False
    others = [match for other in columns if other != name and (match := _TWIN.fullmatch(other.strip()))]
    pairs = {frozenset(pair) for pair in _TWINS}
    return any(
        match["stem"].lower() == found["stem"].lower() and {match["place"].lower(), found["place"].lower()} in pairs
        for match in others
    )


def text_and_part(frame: pd.DataFrame, columns: Sequence[str], label: str) -> tuple[str, str] | None:
    """Return a text and what of it was judged, where a column so called stands in nearly every text: one of its names.

    Rows of one text have different labels then, each for another part of it.
    """
    part = next((name for name in named(columns, _PARTS) if name != label), "")
    text = next((name for name in named(columns, _WHOLES) if part and name != label), "")
    if not text or profile(frame, part).length == 0 or profile(frame, part).different < 2:
        return None
    pairs = [(said, found) for said, found in zip(frame[text], frame[part], strict=True) if isinstance(found, str)]
    within = sum(isinstance(said, str) and found.strip().casefold() in said.casefold() for said, found in pairs)
    return (text, part) if within > _NEARLY_ALL * len(pairs) > 0 else None


_PARTS = ("entity", "target", "mention", "term", "aspect", "keyword", "span")
_WHOLES = ("text", "sentence", "review", "tweet", "comment", "context")
"""Names of a part of a text, and of texts."""


def related_texts(frame: pd.DataFrame, columns: Sequence[str], label: str) -> tuple[str, str] | None:
    """Return the only two columns of texts that are no labels, where the label says how two texts are related."""
    texts = [each.name for name in columns if _is_side(each := profile(frame, name)) and not says_why(name)]
    classes = {str(cell).strip().casefold() for cell in cells_of(frame, label)}
    related = says(label, RELATED) or len(classes & RELATIONS) > 1
    if not related or len(texts) != 2 or contains(frame, *texts) or contains(frame, *reversed(texts)):
        return None  # what stands in a text is a part of it
    return texts[0], texts[1]


def only_two_texts(frame: pd.DataFrame, columns: Sequence[str], label: str) -> tuple[str, str] | None:
    """Return the only two texts of a table that has nothing else but their label, so that it belongs to both.

    A title, a remark on the label and another form of the same text are no second text.
    """
    kept = [profile(frame, name) for name in columns if name != label and not says_why(name)]
    held = [each for each in kept if not (each.is_identifier or (each.is_number and each.different == len(frame)))]
    texts = [each for each in held if _is_side(each)]
    one_of_two = any(_is_beside(each.name) for each in held)
    if bare_name(label) not in _PLAIN_LABELS or len(texts) != 2 or len(held) != 2 or one_of_two:
        return None
    first, second = texts
    shorter, longer = sorted((first.length, second.length))
    if (
        longer > _FAR_LONGER * shorter
        or _are_forms(frame, first.name, second.name)
        or any(_are_tags(cells_of(frame, each.name)) for each in texts)
    ):
        return None
    return first.name, second.name


_PLAIN_LABELS = frozenset(("label", "goldlabel", "target", "gold"))
_BESIDES = SAID_ABOUT_LABEL | LANGUAGES | frozenset(("clean", "cleaned", "processed", "lemmatized", "tokens", "raw"))
"""Words of texts that say why a text has its label, or are another form of it."""


def _is_beside(name: str) -> bool:
    return says(name, _BESIDES) or says_last(name, MADE) or is_about_text(name)


def _are_forms(frame: pd.DataFrame, one: str, other: str) -> bool:
    """Say whether two columns have most of their words in common, row by row."""
    pairs = list(zip(map(_words, cells_of(frame, one)), map(_words, cells_of(frame, other)), strict=False))
    shared = sum(len(first & second) / max(1, len(first | second)) for first, second in pairs)
    return shared > _OF_ONE_TEXT * len(pairs)


def _are_tags(cells: Sequence[object]) -> bool:
    """Say whether cells are the tags of words, of few kinds and without a small letter: "DT NN VBZ"."""
    tags = [word for cell in cells[:_LOOKED_AT] for word in str(cell)[:_LONGEST_LOOK].split()]
    large = sum(_TAG.fullmatch(tag) is not None for tag in tags)
    return large >= _NEARLY_ALL * len(tags) and 0 < 3 * len(set(tags)) <= len(tags)


_LOOKED_AT, _LONGEST_LOOK = 50, 2_000
_TAG = re.compile(r"[A-Z]{1,6}\$?|[^\w\s]{1,3}|-[A-Z]{3}-")
_OF_ONE_TEXT = 0.75
"""Share of their words that two forms of one text have in common."""


def _words(cell: object) -> set[str]:
    return set(words_of(str(cell).casefold()))


def _is_side(each: Profile) -> bool:
    return each.is_text and not each.is_label and each.different > 1


RELATIONS = frozenset(
    ("entailment", "contradiction", "not_entailment", "entailed", "supports", "supported", "refutes", "refuted",
     "not enough info", "agree", "disagree", "discuss", "unrelated", "related", "match", "no match", "non-match",
     "duplicate", "not duplicate", "paraphrase", "not paraphrase", "relevant", "irrelevant", "not relevant",
     "exact", "substitute", "complement")
)  # fmt: skip
"""Classes of two texts."""


def unnamed_pair(frame: pd.DataFrame, texts: Sequence[Profile]) -> tuple[str, str] | None:
    """Return the only two columns of sentences, side by side, of a table whose columns have no names."""
    kept = [each for each in texts if not each.is_label and are_sentences(cells_of(frame, each.name))]
    kept = [each for each in kept if each.filled > _NEARLY_ALL]
    places = [found[1] for each in kept if (found := UNNAMED.fullmatch(each.name))]
    if len(kept) != 2 or len(places) != 2 or int(places[1]) - int(places[0]) != 1:
        return None
    return kept[0].name, kept[1].name


def are_sentences(cells: Sequence[Any]) -> bool:
    """Say whether most cells have four words or more."""
    texts = [str(cell) for cell in cells]
    counts = [len(text.split() if text.isascii() else words_of(text)) for text in texts]
    return 2 * sum(count >= _WORDS_OF_A_SENTENCE for count in counts) > len(cells)
