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
from ia3_studio.data.load import load_data
from ia3_studio.data.opposed_names import are_opposed, is_preferred
from ia3_studio.data.turn_roles import known_role
from tests.data.shapes import rows, said

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
    [
        ("问题类型", LABELED),
        ("お客様からのご質問", ASKED),
        ("답변내용", ANSWERED),
        ("評論內容", READ),
        ("คำถามลูกค้า", ASKED),
    ],
)
def test_a_name_without_spaces_says_what_its_last_word_says(name: str, words: frozenset[str]) -> None:
    assert says_last(name, words)


def test_a_longer_word_hides_the_shorter_one_inside_it() -> None:
    assert says("対応内容", ANSWERED) and not says("対応者", ANSWERED) and is_about_row("対応者")
    assert not says_last("问题类型", ASKED)


def test_a_phrase_may_begin_a_name() -> None:
    assert says_first("Câu hỏi của khách hàng", ASKED) and not says_first("Ngày hỏi", ASKED)


QUESTIONS = {
    "sk": "Oddelenie,Pracovník,Otázka klienta,Odpoveď poradcu", "lt": "Skyrius,Darbuotojas,Klausimo tekstas,Atsakymas",
    "et": "Osakond,Töötaja,Küsimused,Vastused", "el": "Τμήμα,Υπάλληλος,Ερώτηση πολίτη,Απάντηση υπηρεσίας",
    "ro": "Departament,Angajat,Textul întrebării,Textul răspunsului", "he": "מחלקה,נציג,שאלת המשתמש,תשובת המומחה",
    "hi": "विभाग,कर्मचारी,ग्राहक का प्रश्न,हमारा उत्तर", "th": "แผนก,พนักงาน,คำถามลูกค้า,คำตอบเจ้าหน้าที่",
    "vi": "Bộ phận,Nhân viên,Câu hỏi của khách,Nội dung trả lời", "ko": "부서,담당자,고객 문의내용,답변내용",
    "ka": "განყოფილება,თანამშრომელი,კითხვა,პასუხი", "de": "Abteilung,Bearbeiter,Frage der Kundin,Antwort der Beraterin",
}  # fmt: skip
"""Names of a department, of somebody who works there, of a question and of its answer."""


@pytest.mark.parametrize("code", QUESTIONS)
def test_a_question_and_its_answer_are_found_next_to_what_an_office_notes(code: str, tmp_path: Path) -> None:
    (tmp_path / "office.csv").write_text(
        rows(lambda n: f'{"NS"[n % 2]},{"AB"[n // 2 % 2]}. Novak,Harbor pier {n} by ferry,"{said(n)}"', 16,
             header=QUESTIONS[code]), encoding="utf-8")  # fmt: skip
    mapping = load_data(tmp_path / "office.csv").mapping
    assert (mapping.kind, mapping.prompt, mapping.answer) == ("pairs", *QUESTIONS[code].split(",")[2:])


RATED = {
    "sl": "Oddelek,Uslužbenec,Mnenje stranke,Ocena", "lv": "Nodaļa,Darbinieks,Atsauksmes teksts,Vērtējums",
    "hu": "Részleg,Ügyintéző,Vélemény szövege,Csillagok száma", "uk": "Підрозділ,Працівник,Текст відгуку,Бал",
    "sr": "Одељење,Запослени,Утисак купца,Оцена", "fa": "بخش,کارشناس,دیدگاه,امتیاز", "bn": "বিভাগ,কর্মচারী,মতামত,রেটিং",
    "id": "Bagian,Petugas,Isi ulasan,Nilai", "ja": "部署,対応者,口コミ,星の数", "kk": "Бөлім,Қызметкер,Пікір,Баға",
    "hy": "Բաժին,Աշխատակից,Կարծիք,Գնահատական", "eu": "Saila,Langilea,Iruzkina,Balorazioa",
}  # fmt: skip
"""Names of a department, of somebody who works there, of what a customer wrote and of the rating."""


@pytest.mark.parametrize("code", RATED)
def test_a_text_and_its_rating_are_found_next_to_what_an_office_notes(code: str, tmp_path: Path) -> None:
    (tmp_path / "office.csv").write_text(
        rows(lambda n: f'{"NS"[n % 2]},{"AB"[n // 2 % 2]}. Novak,"{said(n)}",{1 + n * 7 % 5}', 24, header=RATED[code]),
        encoding="utf-8",
    )
    mapping = load_data(tmp_path / "office.csv").mapping
    assert (mapping.kind, mapping.column, mapping.answer) == ("labels", *RATED[code].split(",")[2:])


def test_what_is_good_and_bad_of_a_thing_is_known_as_opposites() -> None:
    assert are_opposed("Достоинства", "Недостатки") and are_opposed("优点", "缺点")
    assert is_preferred("Câu trả lời tốt", "Câu trả lời xấu") and is_preferred("Parempi vastaus", "Huonompi vastaus")


def test_a_speaker_is_known_in_any_language() -> None:
    assert known_role("Klientas") == known_role("Müşteri:") == "user" and known_role("Poradca") == "assistant"
    assert known_role("captain") is None


def test_how_far_something_has_come_is_no_label_of_a_text(tmp_path: Path) -> None:
    states = ("Otevřeno", "Vyřešeno")
    (tmp_path / "tickets.csv").write_text(
        rows(lambda n: f'{states[n % 2]},"{said(n)}",{("cena", "doprava", "jiné")[n % 3]}', 24,
             header="Stav,Text stížnosti,Typ stížnosti"), encoding="utf-8")  # fmt: skip
    assert load_data(tmp_path / "tickets.csv").mapping.answer == "Typ stížnosti"


def test_the_lexicon_is_read_once() -> None:
    assert concepts.languages() is concepts.languages()
