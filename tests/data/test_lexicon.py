"""The lexicon of names of columns: every language has every main concept, and no word says two things that exclude
each other."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import name_words, says, says_first, says_last
from ia3_studio.data.column_words import ANSWERED, ASKED, LABELED, READ
from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon import concepts
from ia3_studio.data.lexicon.concepts import FOLDER, Language, languages, words_for

MAIN = (
    "asked", "answered", "context", "document", "read", "label", "weak", "people", "places", "things", "row", "title",
    "right", "wrong", "options", "deciding", "original", "summary", "translation", "correction", "asker", "answerer",
)  # fmt: skip
"""Concepts that every language has."""
ROW = ("people", "places", "things", "row")
EXCLUDING = (
    *product(("asked",), ("answered", "label", *ROW)), *product(("answered",), ("label", *ROW)),
    *product(("label",), ROW), ("right", "wrong"), ("original", "summary"), ("original", "translation"),
    ("asker", "answerer"), ("text", "label"), ("document", "label"), ("summary", "label"), ("options", "label"),
)  # fmt: skip
"""Concepts of which a column has one at most."""
AMBIGUOUS: frozenset[tuple[str, str]] = frozenset()
"""Words of a language, by its code, that say either of two such things all the same."""
EXPLAINED = frozenset(
    line.removeprefix("# ").partition(": ")[0]
    for line in (FOLDER / "en.txt").read_text(encoding="utf-8").splitlines()
    if ": " in line
)


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.code)
def test_a_language_has_every_main_concept_and_opposites(language: Language) -> None:
    assert [concept for concept in MAIN if not language.words(concept)] == []
    assert " / " in language.lines["better"]


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.code)
def test_no_word_of_a_language_says_two_things_that_exclude_each_other(language: Language) -> None:
    both = [
        (word, one, other)
        for one, other in EXCLUDING
        for word in {*language.words(one)} & {*language.words(other)}
        if (language.code, word) not in AMBIGUOUS
    ]
    assert both == []


def test_no_word_that_asks_in_one_language_answers_in_another() -> None:
    """One list of words is asked of names in any language, so that such a word would say both."""
    assert words_for("asked") & words_for("answered") == frozenset()
    assert words_for("right") & words_for("wrong") == frozenset()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_a_file_holds_concepts_that_are_explained_each_once(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", " "))]
    keys = [line.partition(": ")[0] for line in lines]
    assert {*keys} - {"language", "noun", "also spelled", "prefixes"} <= EXPLAINED
    assert len(keys) == len({*keys}) and all(": " in line for line in lines)


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.code)
def test_words_are_found_in_the_names_that_are_written_with_them(language: Language) -> None:
    """A word in a form in which names are never compared would be of no use."""
    for concept in ("asked", "answered", "read", "label"):
        for word in language.words(concept):
            assert says(word.replace("_", " "), frozenset((word,))), (concept, word)


def test_words_have_the_article_and_the_spellings_of_their_language() -> None:
    assert {folded("سؤال"), folded("السؤال")} <= words_for("asked")
    assert {"losung", "loesung"} <= words_for("answered")


def test_names_are_compared_without_the_forms_of_letters() -> None:
    assert folded("پاسخ‌ها") == folded("پاسخها") and folded("أسئلة") == folded("اسئله")
    assert says("spoergsmaal", ASKED) and says("Spørgsmål", ASKED)
    assert name_words("प्रश्न का प्रकार") == ["प्रश्न", "का", "प्रकार"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("问题类型", LABELED), ("お客様からのご質問", ASKED), ("답변내용", ANSWERED), ("評論內容", READ), ("คำถามลูกค้า", ASKED)],
)
def test_a_name_without_spaces_says_what_its_last_word_says(name: str, words: frozenset[str]) -> None:
    assert says_last(name, words)


def test_a_longer_word_hides_the_shorter_one_inside_it() -> None:
    assert says("対応内容", ANSWERED) and not says("対応者", ANSWERED) and is_about_row("対応者")
    assert not says_last("问题类型", ASKED)


def test_a_phrase_may_begin_a_name() -> None:
    assert says_first("Câu hỏi của khách hàng", ASKED) and not says_first("Ngày hỏi", ASKED)


def test_the_lexicon_is_read_once() -> None:
    assert concepts.languages() is concepts.languages()
