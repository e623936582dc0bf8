"""Choices are counted by the letters of the alphabet that an exam is written in."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data

EXAMS = {
    "Russian": ("Вопрос", "", "АБВГ", "Ответ"),
    "Ukrainian": ("питання", "варіант ", "абвг", "правильна відповідь"),
    "Greek": ("Ερώτηση", "", "ΑΒΓΔ", "Σωστή απάντηση"),
    "Hebrew": ("שאלה", "", "אבגד", "תשובה"),
    "Arabic": ("السؤال", "", "أبجد", "الإجابة"),
    "Chinese": ("题目", "选项", "甲乙丙丁", "答案"),
    "Japanese": ("問題", "選択肢", "アイウエ", "正解"),
    "Korean": ("질문", "", "가나다라", "정답"),
}


def offered(row: int) -> list[str]:
    return [f"pier {row} {side}" for side in ("north", "south", "east", "west")]


def require_right(examples: list[Example], count: int = 4) -> None:
    """Compare the choices and the right one, which is another in each row, with those that were written."""
    for example in examples:
        row = int(example.text.split()[-1].strip("?"))
        assert (example.choices, example.labels) == (tuple(offered(row)[:count]), (offered(row)[row % count],))


@pytest.mark.parametrize("language", EXAMS)
def test_columns_and_answers_are_called_by_letters_of_any_alphabet(language: str, tmp_path: Path) -> None:
    question, before, letters, answer = EXAMS[language]
    path = tmp_path / "exam.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([question, *(f"{before}{letter}" for letter in letters), answer])
        rows.writerows([f"Where does the ferry leave, {row}?", *offered(row), letters[row % 4]] for row in range(24))
    split = load_data(path)
    assert split.mapping.kind == "choices" and not split.unused
    require_right([*split.train, *split.held_out])


def test_choices_in_one_cell_stand_behind_letters_of_any_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "exam.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Вопрос", "Варианты", "Ответ"])
        for row in range(24):
            lines = [f"{letter}) {choice}" for letter, choice in zip("АБВ", offered(row), strict=False)]
            rows.writerow([f"Where does the ferry leave, {row}?", "\n".join(lines), "АБВ"[row % 3]])
    split = load_data(path)
    assert split.mapping.kind == "choices"
    require_right([*split.train, *split.held_out], 3)


def test_a_quiz_counts_its_choices_by_letters_of_any_alphabet(tmp_path: Path) -> None:
    path = tmp_path / "quiz.txt"
    path.write_text("\n\n".join(quiz(row) for row in range(12)), encoding="utf-8")
    split = load_data(path)
    assert split.mapping.kind == "choices"
    require_right([*split.train, *split.held_out], 3)


def quiz(row: int) -> str:
    lines = [f"{letter}) {choice}" for letter, choice in zip("АБВ", offered(row), strict=False)]
    return "\n".join([f"Where does the ferry leave, {row}?", *lines, f"Правильный ответ: {'АБВ'[row % 3]}"])


def test_a_word_that_ends_with_such_a_letter_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    lines = "\n".join(f"Ferry {row} leaves,{'calm' if row % 3 else 'storm'}" for row in range(24))
    path.write_text(f"ответа,ответб\n{lines}", encoding="utf-8")
    assert load_data(path).mapping.kind == "labels"
