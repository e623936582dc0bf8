"""Names of columns are understood by their words, in languages with accents, compounds or no spaces."""

from __future__ import annotations

import pytest

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import name_words, says, says_last
from ia3_studio.data.column_words import ANSWERED, ASKED, LABELED, READ


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("airlineSentiment", ["airline", "sentiment"]),
        ("Réponse_2", ["reponse", "2"]),
        ("Treść zgłoszenia", ["tresc", "zgloszenia"]),
        ("Müşteri Sorusu", ["musteri", "sorusu"]),
        ("客户问题", ["客户问题"]),
    ],
)
def test_a_name_is_split_into_words_without_accents(name: str, words: list[str]) -> None:
    assert name_words(name) == words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Kundenfrage", ASKED),
        ("Câu hỏi", ASKED),
        ("客户问题", ASKED),
        ("Respuesta del abogado", ANSWERED),
        ("الإجابة", ANSWERED),
        ("Fehlerbeschreibung", READ),
        ("満足度(5段階)", LABELED),
    ],
)
def test_a_word_is_found_in_compounds_phrases_and_names_without_spaces(name: str, words: frozenset[str]) -> None:
    assert says(name, words)


def test_a_short_word_inside_a_longer_one_says_nothing() -> None:
    assert not says("context", frozenset(("text",))) and not says("tentative", frozenset(("ten",)))


def test_only_the_last_word_is_the_head_of_a_name() -> None:
    assert says_last("customer question", ASKED) and not says_last("question id", ASKED)
    assert says_last("Nội dung trả lời", ANSWERED)  # of two words


def test_a_question_of_a_survey_is_not_about_its_row() -> None:
    assert is_about_row("Course") and is_about_row("Handled by")
    assert not is_about_row("How satisfied are you with the course?")
