"""Numbers of right choices beside choices that are numbers."""

import json
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data

_HEADER = "question,option1,option2,option3,option4,{}\n"
_ROWS = (
    ("Berths on pier one", "2", "5", "8", "10", "2"),
    ("Lamps on the mole", "3", "4", "5", "6", "3"),
    ("What is a hawser?", "A rope", "A lamp", "A berth", "A tide", "1"),
    ("Where do ferries moor?", "Mole", "Pier", "Buoy", "Bar", "2"),
    ("What is slack water?", "Ebb", "Flood", "Calm", "Turn", "4"),
    ("Knots of the tug", "7", "9", "11", "13", "3"),
)


def _right(path: Path, name: str, rows: tuple[tuple[str, ...], ...]) -> list[str]:
    path.write_text(_HEADER.format(name) + "\n".join(map(",".join, rows)))
    data = load_data(path)
    assert data.mapping.kind == "choices"
    return [each.labels[0] for each in sorted([*data.train, *data.held_out], key=lambda each: each.row)]


@pytest.mark.parametrize("name", ["answer", "correct_option_index", "correct"])
def test_a_number_is_a_place_in_all_rows_if_it_is_no_choice_in_some(name: str, tmp_path: Path) -> None:
    right = _right(tmp_path / "quiz.csv", name, _ROWS)
    assert right == ["5", "5", "A rope", "Pier", "Turn", "11"]


def test_a_number_that_is_a_choice_in_all_rows_is_that_choice(tmp_path: Path) -> None:
    rows = tuple((f"How many lamps has pier {n}?", "3", "1", "4", "2", str(n % 4 + 1)) for n in range(8))
    assert _right(tmp_path / "sums.csv", "answer", rows) == [str(n % 4 + 1) for n in range(8)]


def test_a_column_called_an_index_holds_places(tmp_path: Path) -> None:
    rows = tuple((f"How many lamps has pier {n}?", "3", "1", "4", "2", str(n % 4 + 1)) for n in range(8))
    assert _right(tmp_path / "sums.csv", "correct_index", rows) == ["3142"[n % 4] for n in range(8)]


def test_numbers_of_exams_on_a_text_are_places_where_the_choices_are_numbers(tmp_path: Path) -> None:
    asked, offered, right = ["How many ropes?", "How many sails?"], [["3", "1", "7"], ["8", "9", "4"]], [1, 2]
    row = {"questions": asked, "options": offered, "answers": right}
    path = tmp_path / "exams.jsonl"
    path.write_text("\n".join(json.dumps({"article": f"Boat {n} has two masts.", **row}) for n in range(12)))
    data = load_data(path)
    examples = [*data.train, *data.held_out]
    assert {(each.choices, each.labels) for each in examples} == {(("3", "1", "7"), ("3",)), (("8", "9", "4"), ("9",))}
