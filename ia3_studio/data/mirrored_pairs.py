"""Which two columns are called alike but for their side or their language?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Record
from itertools import permutations
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, name_words, named, says
from ia3_studio.data.column_profile import Profile, is_list_of_texts, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, ORIGINAL
from ia3_studio.data.defined_terms import DEFINITIONS, TERMS
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import are_single_words
from ia3_studio.data.pair_names import TITLES

if TYPE_CHECKING:
    import pandas as pd

_MIRRORED = (
    ("source", "target"), ("src", "tgt"), ("src", "trg"), ("inputs", "targets"), ("input", "output"),
    ("inputs", "outputs"), ("question", "answer"), ("prompt", "response"), ("prompt", "completion"),
    ("before", "after"), ("original", "corrected"), ("query", "response"), ("user", "assistant"), ("ask", "reply"),
    ("request", "response"), ("request", "reply"), ("customer", "agent"), ("customer", "support"),
    ("patient", "doctor"), ("client", "therapist"), ("student", "teacher"), ("student", "tutor"), ("human", "bot"),
    ("front", "back"), ("normal", "simple"), ("complex", "simple"), ("complex", "simplified"), ("formal", "informal"),
    ("informal", "formal"), ("ungrammatical", "grammatical"), ("incorrect", "correct"), ("noisy", "clean"),
    ("toxic", "neutral"), ("toxic", "detoxified"), ("original", "simplified"), ("original", "rewritten"),
    ("original", "correct"), ("original", "translated"), ("original", "paraphrased"), ("incoherent", "coherent"),
    ("disfluent", "fluent"), ("biased", "neutral"), ("hate", "counter"), ("beginning", "ending"),
    ("beginning", "continuation"), ("setup", "punchline"), ("outline", "story"), ("plan", "essay"), ("draft", "final"),
    ("rough", "polished"), ("asr", "corrected"), ("casual", "formal"),
    ("old", "new"), ("buggy", "fixed"), ("vulnerable", "fixed"), ("bug", "fix"), ("slow", "fast"),
   
    ("human", "ai"), ("user", "bot"), ("user", "agent"), ("q", "a"), ("ques", "ans"), ("quest", "ans"),
)  # fmt: skip
"""Words by which the names of a prompt and its answer differ, such as those of source_text and target_text."""
_MIRRORING = frozenset(word for pair in _MIRRORED for word in pair) | {"1", "2"}
_SAID = frozenset(("message", "msg", "turn", "utterance"))
"""Words of columns of which the second, by its number, answers the first."""


def mirrored(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two columns of texts whose names differ in one word: source_text and target_text, text_en and text_de.

    Of two languages, the first column is the prompt.
    """
    if pair := _by_letters(frame, columns):
        return pair
    profiles = [profile(frame, name) for name in columns]
    texts = [
        each.name for each in profiles
        if each.length and not (each.is_label or each.is_identifier) and each.different > 1
    ]  # fmt: skip
    texts = [name for name in texts if not are_single_words(frame, name)] or texts
    words = {name: name_words(name) for name in texts}
    for first, second in permutations([name for name in texts if not _MIRRORING.isdisjoint(words[name])], 2):
        one, other = words[first], words[second]
        differing = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
        if differing == [("1", "2")] and set(one) <= _SAID | {"1"} and not _has_third(one, words.values()):
            return Mapping("pairs", first, second)
        if len(one) == len(other) and len(differing) == 1 and differing[0] in _MIRRORED:
            return Mapping("pairs", first, second)
    return None


def _by_letters(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return columns called Q and A, of which A holds lists of answers; beside a B, an A is one of several choices."""
    asked, answers = named(columns, ("q",)), named(columns, ("a",))
    if not asked or not answers or named(columns, ("b",)) or not profile(frame, asked[0]).is_text:
        return None
    lists = structures_of(frame, answers[0])
    return Mapping("pairs", asked[0], answers[0]) if lists and all(map(is_list_of_texts, lists)) else None


def _has_third(first: Sequence[str], names: Iterable[Sequence[str]]) -> bool:
    """Say whether a third turn stands beside the first two, so that the second is no answer that ends there."""
    third = ["3" if word == "1" else word for word in first]
    return any(list(name) == third for name in names)


def changed(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two columns of what something was before and after it was changed; None if there is no such pair."""
    found = mirrored(frame, [name for name in columns if _CHANGED.intersection(name_words(name))])
    return found


_CHANGED = frozenset(("before", "after", "buggy", "fixed", "vulnerable", "old", "new"))


_LOCALE = re.compile(r"[a-z]{2}[-_][A-Z]{2}")
"""Names of columns that are a language as it is written in a country, such as en_US."""


def languages(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two columns of texts that are named by languages; None for more or fewer."""
    found = [
        name for name in columns
        if set(name_words(name)) & LANGUAGES and profile(frame, name).length
    ]  # fmt: skip
    kept = [name for name in found if not (each := profile(frame, name)).is_label and not each.is_identifier]
    kept = [name for name in kept if profile(frame, name).different > 1 or len(frame) == 1]
    whole = [name for name in kept if profile(frame, name).filled > _NEARLY_ALL]
    kept = whole if len(kept) > len(whole) == _SIDES else kept
    stems = {() if _LOCALE.fullmatch(name) else tuple(word for word in name_words(name) if word not in LANGUAGES)
             for name in kept}  # fmt: skip
    shared = {word for stem in stems for word in stem}
    same = len({tuple(word for word in stem if word not in ("latn", "cyrl", "hans", "hant")) for stem in stems}) == 1
    original = _original(frame, columns, kept) or _explained(frame, columns, stems)
    if original and kept:
        return Mapping("pairs", original, kept[0])
    if len(kept) > _SIDES and same and all(name in kept or profile(frame, name).is_identifier for name in columns):
        return Mapping("pairs", kept[0], kept[1])  # the others are named as not used, and can be chosen
    if len(kept) != 2 or not (same or len(shared) <= 2):
        return None
    return Mapping("pairs", kept[0], kept[1])


def _original(frame: pd.DataFrame, columns: Sequence[str], translations: Sequence[str]) -> str:
    """Return the only text next to texts named by languages, called their source; empty if there is none."""
    others = [
        name for name in columns
        if name not in translations and (each := profile(frame, name)).is_text and _is_side(each, len(frame))
    ]  # fmt: skip
    return others[0] if len(others) == 1 and says(others[0], ORIGINAL | _TEXTS) else ""


def _explained(frame: pd.DataFrame, columns: Sequence[str], stems: Iterable[tuple[str, ...]]) -> str:
    """Return the word or phrase whose meaning stands in several languages next to it; empty if there is none."""
    told = all(len(stem) == 1 and stem[0] in _MEANINGS for stem in stems)
    heads = [name for name in named(columns, _HEADS) if _is_side(profile(frame, name), len(frame))] if told else []
    return heads[0] if heads and profile(frame, heads[0]).length else ""


_MEANINGS = DEFINITIONS | {"explanation", "sense"}
_HEADS = (*TERMS, "entry")
_TEXTS = frozenset(("text", "sentence", "texto", "texte", "testo", "satz", "frase"))


_NEARLY_ALL, _SIDES = 0.98, 2
"""Share of the rows that two of several languages fill, which are read then."""


def code_languages(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only two columns of code that are named by programming languages; None for more or fewer.

    Where a text stands next to them, each of them may be the answer to it.
    """
    found = [
        each.name
        for name in columns
        if _CODED.intersection(name_words(name)) and _is_code(each := profile(frame, name))
    ]
    texts = [each.name for name in columns if name not in found and _is_code(each := profile(frame, name))]
    if len(texts) == 1 and found:
        return Mapping("pairs", texts[0], found[0])
    return Mapping("pairs", found[0], found[1]) if len(found) == 2 and not texts else None


def _is_code(each: Profile) -> bool:
    return each.is_text and not each.is_label and each.different > 1


_CODED = frozenset(
    ("java", "cs", "csharp", "python", "cpp", "javascript", "js", "typescript", "ts", "go", "rust", "php", "ruby",
     "kotlin", "swift", "scala", "perl", "fortran", "cobol", "matlab")
)  # fmt: skip
"""Words for programming languages in the names of columns."""


def two_keys(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of a column of objects with two keys, such as translation: {"en": …, "de": …}."""
    if any(_answers_inside(frame, name) for name in columns):  # of what stands in another column
        return None
    for name in columns:
        values = structures_of(frame, name)
        if not values or not all(isinstance(value, Record) and len(value) == 2 for value in values):
            continue
        keys = list(values[0])
        if bare_name(keys[0]) in TITLES and any(_is_judged(frame, other) for other in columns if other != name):
            continue  # a text and its title, of which another column says something
        are_texts = all(
            list(value) == keys and all(isinstance(each, str) for each in value.values()) for value in values
        )
        if are_texts and all(_is_side(profile(frame, f"{name}.{key}"), len(frame)) for key in keys):
            first, second = (f"{name}.{key}" for key in keys)
            original = _original(frame, columns, [name]) if LANGUAGES.issuperset(map(str.lower, keys)) else ""
            original = original or _coded(frame, columns, name, keys)
            return Mapping("pairs", original, first) if original else Mapping("pairs", first, second)
    return None


def _coded(frame: pd.DataFrame, columns: Sequence[str], name: str, keys: Sequence[str]) -> str:
    """Return the only text next to objects of code by programming languages; empty if there is none."""
    texts = [each.name for other in columns if other != name and _is_code(each := profile(frame, other))]
    return texts[0] if len(texts) == 1 and any(_CODED.intersection(name_words(key)) for key in keys) else ""


def _is_judged(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column is one of classes or marks, also of an object with one of them."""
    values = [next(iter(each.values())) if isinstance(each, Record) and len(each) == 1 else each
              for each in structures_of(frame, name)]  # fmt: skip
    few = {str(value) for value in values}
    return 2 <= len(few) <= len(values) // 3 and all(len(value.split()) <= _WORDS_OF_A_CLASS for value in few)


_WORDS_OF_A_CLASS = 3


def _answers_inside(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called an answer holds objects with one text."""
    values = structures_of(frame, name) if says(name, ANSWERED) else []
    return bool(values) and all(isinstance(value, Record) and len(value) == 1 for value in values)


def _is_side(each: Profile, rows: int) -> bool:
    """Say whether a column can be one of two sides: no class, no identifier, not one text in all rows."""
    return not each.is_label and not each.is_identifier and (each.different > 1 or rows < 3)
