"""What tells kinds of files apart that differ in one thing: a byte, a first row, a name, a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.choice_cells import choice_texts
from ia3_studio.data.header import find_header
from ia3_studio.data.load import load_data
from ia3_studio.data.stray_bytes import is_stray
from ia3_studio.data.turn_roles import known_role
from ia3_studio.errors import DataError
from tests.data.exports import put, written
from tests.data.kind_shapes import KINDS, passage
from tests.data.shapes import asked, berths, lines, mood, rows, said


@pytest.mark.parametrize("before", ["", "fer"])
@pytest.mark.parametrize("byte", [0xFF, 0x80, 0xC3, 0xA3, 0x81])
def test_the_only_byte_outside_ascii_is_one_damaged_row_where_no_letter_or_sign_could_stand(
    byte: int, before: str, tmp_path: Path
) -> None:
    table = lines(lambda n: {"text": asked(n), "mood": mood(n)}, 30).encode()
    broken = table.replace(b"When does ferry number 7 ", before.encode() + bytes([byte]) + b"When does ferry 7 ")
    (tmp_path / "rows.jsonl").write_bytes(broken)
    split = load_data(tmp_path / "rows.jsonl")
    assert [problem.row for problem in split.problems] == [8] and "UTF-8" in split.description


@pytest.mark.parametrize(
    "written_as",
    ["the caf\u00e9 is open", "we don\u2019t know", "it is \u00a35 a day", "5 \u20ac a day", "\u00dcber",
     "so \u2013 no", "\u00fc"],
)  # fmt: skip
def test_one_letter_or_sign_of_an_older_encoding_in_its_place_is_read(written_as: str, tmp_path: Path) -> None:
    table = rows(lambda n: f"{written_as if n == 5 else asked(n)}\t{mood(n)}", 30, header="text\tmood")
    (tmp_path / "rows.tsv").write_bytes(table.encode("cp1252"))
    split = load_data(tmp_path / "rows.tsv")
    assert written_as in {example.text for example in (*split.train, *split.held_out)} and not split.problems


def test_two_bytes_outside_ascii_are_no_stray_one() -> None:
    assert is_stray(b"ferry\xff", "cp1252") and not is_stray(b"ferry\xff \xff", "cp1252")


def test_long_sentences_that_say_nothing_of_what_stands_below_are_no_names() -> None:
    first = [passage(99), "Nobody on the quay could tell the crew when the next tide would be high enough to leave."]
    below = [[passage(n), f"{said(n)} {asked(n)} And so it went on."] for n in range(12)]
    assert find_header([first, *below]) is None


def test_long_sentences_that_ask_for_what_stands_below_are_names() -> None:
    names = [
        "Please paste the question of the customer here exactly as it was received, with its mistakes",
        "Please paste the reply that our office sent to the customer here, the last one if there were several",
    ]
    assert find_header([names, *([asked(n), said(n)] for n in range(12))]) == 0


@pytest.mark.parametrize(
    ("name", "role"),
    [("KI-Assistent", "assistant"), ("Asistente virtual", "assistant"), ("ИИ-ассистент", "assistant"),
     ("AI model", "assistant"), ("Service client", "assistant"), ("User 1", None), ("Assistant customer", "user")],
)  # fmt: skip
def test_who_answers_is_known_by_the_first_or_last_of_a_few_words(name: str, role: str | None) -> None:
    assert known_role(name) == role


def test_of_two_speakers_the_one_without_a_known_role_is_the_other_side_and_a_note_says_so(tmp_path: Path) -> None:
    talks = [{"messages": [{"role": "user", "content": asked(n)}, {"role": "captain", "content": said(n)}]}
             for n in range(12)]  # fmt: skip
    split = load_data(written(talks, tmp_path))
    assert "captain is read as the assistant, as user is the other side of all conversations." in split.notes
    assert [turn.role for turn in split.train[0].messages] == ["user", "assistant"]


def test_questions_that_differ_are_asked_without_other_texts_beside_them(tmp_path: Path) -> None:
    records = [{"question": asked(n), "hint": passage(n), "options": berths(n), "answer": "ABCD"[n % 4]}
               for n in range(12)]  # fmt: skip
    split = load_data(written(records, tmp_path))
    assert str(split.mapping) == "question → question, options → choices, answer → correct choice"
    assert split.unused == ("hint",)


def test_questions_that_are_answered_by_true_or_false_stay_classes(tmp_path: Path) -> None:
    records = [{"question": asked(n), "passage": passage(n), "answer": n % 2 == 0} for n in range(12)]
    assert str(load_data(written(records, tmp_path)).mapping) == "question + passage → text, answer → label"


def test_a_result_that_is_one_of_a_few_grades_or_of_no_problem_is_no_computed_one(tmp_path: Path) -> None:
    graded = rows(lambda n: f"{asked(n)} It is {n}:15, and 3 wait.;{n % 3}", 30, header="Anfrage;Ergebnis")
    split = load_data(put(graded, tmp_path, "rows.csv"))
    assert str(split.mapping) == "Anfrage → text, Ergebnis → label"


def test_texts_beside_letters_in_order_are_choices_whatever_their_keys_are() -> None:
    assert choice_texts({"опции": ["a b", "c d"], "буквы": ["А", "Б"]}) == ["a b", "c d"]
    assert choice_texts({"one": ["a b", "c d"], "two": ["e f", "g h"]}) is None
    assert choice_texts({"one": ["a b", "c d"], "two": [1, 2, 3]}) is None


def test_texts_of_a_named_intent_that_comes_again_are_no_phrases(tmp_path: Path) -> None:
    talks = [{"intent": mood(n), "utterances": [asked(n), said(n)]} for n in range(12)]
    assert load_data(written(talks, tmp_path)).mapping.kind == "messages"


def test_texts_of_the_same_kind_of_side_twice_need_as_many_lines(tmp_path: Path) -> None:
    put(rows(asked, 9), tmp_path, "informal_source.txt")
    put(rows(said, 7), tmp_path, "formal_reference.txt")
    with pytest.raises(DataError, match="must have the same number of lines"):
        load_data(tmp_path)


@pytest.mark.parametrize("shape", KINDS[:2], ids=lambda shape: shape.what)
def test_answers_are_the_first_texts_in_their_lists_and_not_their_places(shape: object, tmp_path: Path) -> None:
    split = load_data(next(each for each in KINDS if each is shape).write(tmp_path))
    answers = {example.messages[-1].content for example in (*split.train, *split.held_out)}
    assert said(5) in answers and not any(answer.isdigit() for answer in answers)


def test_rows_without_an_id_belong_to_the_conversation_above_and_a_note_says_so(tmp_path: Path) -> None:
    split = load_data(next(each for each in KINDS if "first row alone" in each.what).write(tmp_path))
    assert "Rows without session_id belong to the conversation above them." in split.notes
    assert all([turn.role for turn in example.messages] == ["user", "assistant"] for example in split.train)


def test_ids_that_stand_at_some_answers_are_not_those_of_the_rows_below(tmp_path: Path) -> None:
    table = rows(
        lambda n: f"{f'S{n}' if n % 3 == 0 else ''},{('assistant', 'user')[n % 2]},{asked(n)}",
        30,
        header="session_id,role,content",
    )
    split = load_data(put(table, tmp_path, "rows.csv"))
    reasons = {problem.reason for problem in split.problems}
    assert "the id of its conversation (session_id) is empty" in reasons


def test_numbers_that_count_on_from_any_first_one_are_no_measurements(tmp_path: Path) -> None:
    table = rows(lambda n: f"{4700 + n},{asked(n)}", 30, header="Ticket,What the customer wrote")
    assert load_data(put(table, tmp_path, "rows.csv")).mapping.kind == "text"
