"""Every shape of file that people have is read as a sensible person expects, and what is not used is named."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import datasets
import pandas as pd
import pytest

from ia3_studio import load_data, read_table
from ia3_studio.data.chosen_columns import columns_for
from ia3_studio.data.column_use import proposals, unused_columns
from ia3_studio.data.load import split_table
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import DataError
from tests.data.every_shape import EVERY_SHAPE
from tests.data.shapes import Shape, asked, lines, mood, rows, said


def named_parquet() -> bytes:
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["calm", "storm"])}
    )
    data = datasets.Dataset.from_dict(
        {"text": [asked(n) for n in range(12)], "label": [n % 2 for n in range(12)]}, features
    )
    buffer = io.BytesIO()
    data.to_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("shape", EVERY_SHAPE, ids=lambda shape: shape.what)
def test_a_shape_is_read_without_a_choice_and_all_its_rows_and_columns_are_used_or_named(
    shape: Shape, tmp_path: Path
) -> None:
    if shape.name == "named.parquet":
        shape = replace(shape, content=named_parquet())
    table = read_table(shape.write(tmp_path))
    columns = {str(column) for column in table.frame.columns}
    split = split_table(shape.name, table, None)
    rows_used = {example.row for example in (*split.train, *split.held_out)}
    assert str(split.mapping) == shape.mapping
    assert (len(rows_used), len(split.problems)) == (shape.rows, shape.listed)
    unused = set(unused_columns(table, split.mapping))
    assert unused <= columns
    assert columns == unused | {column for column in columns if column in str(split.mapping) or column == "split"}


def test_class_numbers_of_datasets_become_their_names(tmp_path: Path) -> None:
    (tmp_path / "named.parquet").write_bytes(named_parquet())
    split = load_data(tmp_path / "named.parquet")
    assert {label for each in split.train for label in each.labels} == {"calm", "storm"}


@pytest.mark.parametrize("splits", [False, True])
def test_folders_of_save_to_disk_are_read_with_their_splits(splits: bool, tmp_path: Path) -> None:
    data = datasets.Dataset.from_dict({"prompt": [asked(n) for n in range(12)], "answer": [said(n) for n in range(12)]})
    both = datasets.DatasetDict({"train": data, "test": data.select(range(3))}) if splits else data
    both.save_to_disk(str(tmp_path / "saved"))
    split = load_data(tmp_path / "saved")
    assert len(split.train) + len(split.held_out) == (15 if splits else 12)
    assert not splits or len(split.held_out) == 3


def test_a_folder_of_save_to_disk_without_a_file_says_which(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(str(tmp_path / "saved"))
    (tmp_path / "saved" / "data-00000-of-00001.arrow").unlink()
    with pytest.raises(DataError, match=r"data-00000-of-00001\.arrow"):
        read_table(tmp_path / "saved")


def test_whole_numbers_beside_a_gap_stay_whole_in_parquet(tmp_path: Path) -> None:
    pd.DataFrame({"text": ["a", "b"], "label": pd.array([1, None], dtype="Int64")}).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").frame["label"].tolist()[0] == 1
    assert isinstance(read_table(tmp_path / "a.parquet").frame["label"].tolist()[0], int)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_cell_of_any_length_is_read_with_any_delimiter(delimiter: str, tmp_path: Path) -> None:
    long = "a long log of the harbor, line after line; " * 4000
    text = f'prompt{delimiter}answer\n"{long}"{delimiter}"quiet"\n' + rows(
        lambda n: f'"is it {n}?"{delimiter}"yes {n}"'
    )
    (tmp_path / "long.csv").write_text(text)
    table = read_table(tmp_path / "long.csv")
    assert list(table.frame.columns) == ["prompt", "answer"] and len(table.frame) == 13
    assert table.frame["prompt"].iloc[0] == long


def test_title_rows_are_named_and_the_header_row_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("Harbor office,\n" + rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label"))
    table = read_table(path)
    assert list(table.frame.columns) == ["text", "label"] and any("Harbor office" in note for note in table.notes)
    assert len(read_table(path, ParsingOptions(header=0)).frame) == 14
    assert list(read_table(path, ParsingOptions(header=3)).frame.columns) == [asked(0), mood(0)]
    with pytest.raises(DataError, match="row 99"):
        read_table(path, ParsingOptions(header=99))


def test_a_first_row_that_is_data_is_not_lost_as_a_header(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(rows(lambda n: f"A remark about the sea {n},{mood(n)}"))
    assert len(read_table(path).frame) == 12
    path.write_text(rows(lambda n: f"{asked(n)},{n}"))
    assert len(read_table(path).frame) == 12


def test_a_repeated_header_is_a_listed_row(tmp_path: Path) -> None:
    path = tmp_path / "joined.csv"
    path.write_text(
        rows(lambda n: "text,label" if n == 6 else f"A remark about the sea {n},{mood(n)}", 24, "text,label")
    )
    table = read_table(path)
    assert len(table.frame) == 23 and [problem.row for problem in table.problems] == [7]


def test_a_workbook_whose_front_is_missing_is_refused_in_a_sentence(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["x"] * 50}).to_excel(tmp_path / "whole.xlsx", index=False)
    whole = (tmp_path / "whole.xlsx").read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[500:])
    with pytest.raises(DataError, match=r"cut\.xlsx"):
        read_table(tmp_path / "cut.xlsx")


def test_columns_that_play_no_part_are_named_and_offered(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(rows(lambda n: f"{n},The title of note {n},A remark about the sea {n},{mood(n)},{mood(n + 1)}", 24,
                         header="id,title,text,label,label_name"))  # fmt: skip
    split = load_data(path)
    assert split.unused == ("id", "title", "label_name")
    table = read_table(path)
    assert {(each.column, each.part) for each in proposals(table, split.mapping)} == {
        ("title", "context"), ("label_name", "label")
    }  # fmt: skip


def test_the_other_reading_of_a_table_with_a_label_and_two_texts_is_offered(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(rows(lambda n: f"{asked(n)},What was done about {n},{mood(n)}", 24, "message,measures,category"))
    split = load_data(path)
    assert str(split.mapping) == "message → text, category → label"
    assert {(each.column, each.part) for each in proposals(read_table(path), split.mapping)} == {
        ("measures", "context"), ("measures", "answer")
    }  # fmt: skip


def test_another_answer_to_the_same_prompt_is_offered(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(rows(lambda n: f"{asked(n)},It departs {n},The final word {n}", 24, "question,answer,final_answer"))
    split = load_data(path)
    assert ("final_answer", "answer") in {
        (each.column, each.part) for each in proposals(read_table(path), split.mapping)
    }


def test_a_task_that_is_chosen_finds_its_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines(lambda n: {"text": asked(n), "reply": said(n), "mood": mood(n)}, 24))
    table = read_table(path)
    assert str(columns_for(table, "pairs")) == "text → prompt, reply → answer"
    assert str(columns_for(table, "labels")) == "text → text, mood → label"
    assert str(columns_for(table, "text")) == "text → plain text"
    assert columns_for(table, "tags") is None


def test_files_that_describe_a_folder_are_named_and_not_read(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label"))
    (tmp_path / "README.md").write_text("| a | b |\n|---|---|\n| c | d |\n")
    (tmp_path / "LICENSE").write_text("free")
    table = read_table(tmp_path)
    assert len(table.frame) == 12 and any("README.md" in note and "LICENSE" in note for note in table.notes)
