"""Rows around the names of columns: groups above or below them, and types; and columns that few rows fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.split import DataSplit
from tests.data.shapes import asked, mood, rows, said, workbook


def read(folder: Path, text: str, name: str = "rows.csv") -> DataSplit:
    (folder / name).write_text(text)
    return load_data(folder / name)


def count(split: DataSplit) -> int:
    return len(split.train) + len(split.held_out)


def plain(row: int) -> str:
    return said(row).replace(",", "")


GROUPED = rows(lambda n: f"{n},{asked(n)},new,{plain(n)},sent")


def test_names_that_occur_twice_are_told_apart_by_the_groups_above_them(tmp_path: Path) -> None:
    split = read(tmp_path, f",Guest,,Harbor,\nNo,Text,State,Text,State\n{GROUPED}")
    assert (split.mapping.prompt, split.mapping.answer) == ("Guest Text", "Harbor Text") and count(split) == 12
    assert {"Guest State", "Harbor State"} <= set(split.unused) and any("Guest Text" in note for note in split.notes)


def test_names_of_two_levels_as_pandas_writes_them_are_both_read(tmp_path: Path) -> None:
    split = read(tmp_path, f"No,Guest,Guest,Harbor,Harbor\nNo,Text,State,Text,State\n{GROUPED}")
    assert (split.mapping.prompt, split.mapping.answer) == ("Guest Text", "Harbor Text") and count(split) == 12


def test_names_of_parts_below_a_group_complete_it(tmp_path: Path) -> None:
    split = read(tmp_path, f"No,Guest,,Harbor,\n,Text,State,Text,State\n{GROUPED}")
    assert (split.mapping.prompt, split.mapping.answer) == ("Guest Text", "Harbor Text") and count(split) == 12
    assert "No" in split.unused and any("Harbor" in note for note in split.notes)


def test_groups_above_names_of_their_own_stay_a_title(tmp_path: Path) -> None:
    split = read(tmp_path, f",Guest,,Harbor,\nNo,Question,Asked,Answer,State\n{GROUPED}")
    assert (split.mapping.prompt, split.mapping.answer) == ("Question", "Answer")
    assert any("Guest Harbor" in note for note in split.notes)


def test_two_answers_in_a_group_are_called_after_it(tmp_path: Path) -> None:
    answers = [[n, asked(n), said(n), f"{said(n)} Signed by the harbor."] for n in range(12)]
    data = workbook(a=[["No", "Question", "Answer", "Answer"], ["No", "Question", "Short", "Long"], *answers])
    (tmp_path / "rows.xlsx").write_bytes(data)
    split = load_data(tmp_path / "rows.xlsx")
    assert (split.mapping.prompt, split.mapping.answer) == ("Question", "Answer Short")
    assert "Answer Long" in split.unused and count(split) == 12


@pytest.mark.parametrize(
    "below", ["string,class,float", "(text),(label),(weight)".replace("label", "class").replace("weight", "number")]
)
def test_a_row_of_types_below_the_names_is_no_data_and_is_named(below: str, tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{mood(n)},1.5", header=f"text,label,weight\n{below}")
    split = read(tmp_path, text)
    assert count(split) == 12 and any("below the header" in note for note in split.notes)


def test_the_three_rows_of_an_orange_header_are_no_data(tmp_path: Path) -> None:
    head = "text\tlabel\tfrom\nstring\tdiscrete\tstring\n\tclass\tmeta"
    split = read(tmp_path, rows(lambda n: f"{asked(n)}\t{mood(n)}\tweb", header=head), "rows.tab")
    assert count(split) == 12 and not split.problems and str(split.mapping) == "text → text, label → label"


def test_a_first_row_with_empty_cells_stays_a_row(tmp_path: Path) -> None:
    split = read(tmp_path, rows(lambda n: f"{asked(n)},{mood(n)},{n if n else ''}", header="text,label,"))
    assert count(split) == 12


SPARSE = [
    (
        "premise,correction,hypothesis,gold",
        lambda n, text: f"The ferry {n} is late,{text},{plain(n)},{mood(n)}",
        "gold",
    ),
    ("tweet,rewritten,topic", lambda n, text: f"{asked(n)},{text},{mood(n)}", "topic"),
]


@pytest.mark.parametrize(("header", "row", "label"), SPARSE)
def test_a_text_that_few_rows_have_is_no_answer_beside_a_label_of_all(header, row, label, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = rows(lambda n: row(n, f"{plain(n)} again" if n % 4 == 0 else ""), header=header)
    split = read(tmp_path, text)
    assert split.mapping.kind == "labels" and split.mapping.answer == label and count(split) == 12
    assert header.split(",")[1] in split.unused


def test_questions_of_which_few_are_answered_are_trained_on_their_answers(tmp_path: Path) -> None:
    text = rows(lambda n: f"{asked(n)},{plain(n) if n % 4 == 0 else ''},{mood(n)}", header="question,answer,category")
    split = read(tmp_path, text)
    assert (split.mapping.prompt, split.mapping.answer) == ("question", "answer") and count(split) == 3


@pytest.mark.parametrize("stem", ["answer_{}", "Answer ({})", "response {}"])
def test_of_two_answers_told_apart_by_their_ends_the_first_is_read_and_the_other_named(
    stem: str, tmp_path: Path
) -> None:
    names = stem.format("formal"), stem.format("casual")
    text = rows(lambda n: f"{asked(n)},{plain(n)},{plain(n)} Bye", header=f"question,{names[0]},{names[1]}")
    split = read(tmp_path, text)
    assert (split.mapping.prompt, split.mapping.answer) == ("question", names[0]) and split.unused == (names[1],)


def test_the_best_of_numbered_answers_is_a_choice(tmp_path: Path) -> None:
    split = read(
        tmp_path, rows(lambda n: f"{asked(n)},{plain(n)},none {n},{mood(n)} {n},{n % 3 + 1}", header="Q,A1,A2,A3,best")
    )
    assert split.mapping.kind == "choices" and split.mapping.answer == "best" and count(split) == 12
