"""Texts in several files that belong together: by their names in folders, by their lines, by a column each."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split_names import split_of
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.exports import put_all

ASKED = [f"How deep is the water at berth {n}?" for n in range(8)]
SAID = [f"At berth {n} it is {n + 3} meters deep.\n\nAt low tide it is less." for n in range(8)]
MORE = [f"Deep enough {n}." for n in range(8)]


@pytest.mark.parametrize("sides", [("input", "output"), ("prompts", "completions"), ("articles", "summaries")])
def test_texts_of_one_name_in_two_folders_are_rows_and_one_without_a_partner_is_named(
    sides: tuple[str, str], tmp_path: Path
) -> None:
    one, other = (
        {f"{side}/{n:03}.txt": texts[n] for n in range(8)} for side, texts in zip(sides, (ASKED, SAID), strict=True)
    )
    del other[f"{sides[1]}/003.txt"]
    table = read_table(put_all(tmp_path, one | other))
    assert table.frame["source"].tolist() == [text for n, text in enumerate(ASKED) if n != 3]
    assert table.frame["target"].tolist() == [text for n, text in enumerate(SAID) if n != 3]
    assert table.notes == (f"Not read: {sides[0]}/003.txt.",)


def test_texts_in_folders_of_preferences_are_their_three_sides(tmp_path: Path) -> None:
    sides = {"prompts": ASKED, "chosen": SAID, "rejected": MORE}
    split = load_data(put_all(tmp_path, {f"{side}/{n}.txt": sides[side][n] for n in range(8) for side in sides}))
    assert str(split.mapping) == "prompt → prompt, chosen → chosen answer, rejected → rejected answer"
    assert len(split.train) + len(split.held_out) == 8


def test_files_of_two_folders_that_are_called_after_splits_belong_together_line_by_line(tmp_path: Path) -> None:
    lines = {"train": "\n".join(ASKED), "valid": "\n".join(ASKED[:2])}
    files = {f"{side}/{name}.txt": text for name, text in lines.items() for side in ("src", "tgt")}
    split = load_data(put_all(tmp_path, files))
    assert (len(split.train), len(split.held_out)) == (8, 2)
    put_all(tmp_path, {"tgt/valid.txt": ASKED[0]})
    with pytest.raises(DataError, match=r"src/valid\.txt 2 and tgt/valid\.txt 1"):
        load_data(tmp_path)


def test_texts_in_folders_of_two_languages_are_translations_where_their_lines_are_as_many(tmp_path: Path) -> None:
    texts = {f"{side}/{n}.txt": f"{side} one {n}\n{side} two\n" for n in range(6) for side in ("en", "de")}
    assert list(read_table(put_all(tmp_path, texts)).frame.columns) == ["source", "target"]
    put_all(tmp_path, {f"de/{n}.txt": "eins\n" * (n + 3) for n in range(6)})
    assert set(read_table(tmp_path).frame["label"]) == {"en", "de"}


def test_pairs_of_texts_that_a_number_tells_apart_are_a_row_each_whatever_their_lines(tmp_path: Path) -> None:
    sides = {"prompt": ASKED, "response": SAID}
    files = {f"{n:03}.{side}.txt": sides[side][n] for n in range(8) for side in sides}
    assert read_table(put_all(tmp_path, files)).frame["target"].tolist() == SAID


def test_files_of_as_many_lines_that_are_called_after_columns_are_these_in_each_split(tmp_path: Path) -> None:
    sides = {"context": MORE, "question": ASKED, "answer": MORE}
    files = {f"{part}.{side}": "\n".join(sides[side][:count]) for part, count in (("train", 8), ("dev", 3))
             for side in sides}  # fmt: skip
    split = load_data(put_all(tmp_path, files))
    assert str(split.mapping) == "question + context → prompt, answer → answer"
    assert (len(split.train), len(split.held_out)) == (8, 3)


@pytest.mark.parametrize(
    ("name", "split"),
    [("labeledTrainData", "train"), ("testData", "test"), ("reviews-held-out", "heldout"), ("HeldOut", "heldout"),
     ("unlabeledTrainData", ""), ("latest", ""), ("trn_2", "train")],
)  # fmt: skip
def test_words_inside_of_names_and_their_short_forms_name_splits(name: str, split: str) -> None:
    assert split_of(name) == split


def test_the_order_of_files_in_an_archive_does_not_matter(tmp_path: Path) -> None:
    import zipfile

    files = {f"{name}.csv": f"text,mood\nfine day {name},good\nbad fog {name},bad\n" for name in ("may", "june")}
    for order in (list(files), list(files)[::-1]):
        with zipfile.ZipFile(tmp_path / f"{order[0]}.zip", "w") as archive:
            for name in order:
                archive.writestr(name, files[name])
    one, other = (read_table(tmp_path / f"{name}.csv.zip") for name in ("may", "june"))
    assert one.frame.equals(other.frame)


def test_a_column_whose_name_has_another_form_in_one_part_is_the_same_column_and_named(tmp_path: Path) -> None:
    rows = "".join(f"{n},Was nice {n},{n % 2}\n" for n in range(8))
    table = read_table(put_all(tmp_path, {"1.csv": f"id,comment,grade\n{rows}", "2.csv": f"id,comments,grade\n{rows}"}))
    assert [*table.frame.columns] == ["id", "comment", "grade"] and table.frame["comment"].notna().all()
    assert "The column comments of 2.csv is read as comment." in table.notes
    put_all(tmp_path, {"2.csv": f"id,author,grade\n{rows}"})
    with pytest.raises(DataError, match=r"1\.csv has comment; 2\.csv has author"):
        read_table(tmp_path)


def test_a_sheet_with_one_more_column_is_read_with_the_others_and_it_is_named(tmp_path: Path) -> None:
    rows = {"text": [f"Was nice {n}" for n in range(8)], "grade": [n % 2 for n in range(8)]}
    with pd.ExcelWriter(tmp_path / "months.xlsx") as book:
        pd.DataFrame(rows).to_excel(book, sheet_name="Jan", index=False)
        pd.DataFrame({**rows, "agent": "Kim"}).to_excel(book, sheet_name="Feb", index=False)
    table = read_table(tmp_path / "months.xlsx")
    assert len(table.frame) == 16 and "Not all of the sheets have all columns: Feb (agent)." in table.notes


def test_texts_of_one_name_in_folders_that_are_called_after_columns_are_these(tmp_path: Path) -> None:
    sides = {"contexts": SAID, "questions": ASKED, "answers": MORE}
    split = load_data(put_all(tmp_path, {f"{side}/{n}.txt": sides[side][n] for n in range(8) for side in sides}))
    assert str(split.mapping) == "questions + contexts → prompt, answers → answer"


def test_texts_in_a_folder_for_each_row_are_its_sides_with_facts_beside_them_or_without(tmp_path: Path) -> None:
    files = {
        f"{n}/{name}.txt": texts[n] for n in range(8) for name, texts in (("instruction", ASKED), ("output", SAID))
    }
    put_all(tmp_path, files | {f"{n}/meta.json": f'{{"id": {n}}}' for n in range(8)})
    assert read_table(tmp_path).frame["target"].tolist() == SAID


def test_texts_that_begin_with_the_same_names_of_columns_are_parts_of_a_table(tmp_path: Path) -> None:
    rows = "".join(f"Was nice {n},{('good', 'bad')[n % 2]}\n" for n in range(8))
    table = read_table(put_all(tmp_path, {"fog.txt": f"text,mood\n{rows}", "tide.txt": f"text,mood\n{rows}"}))
    assert {"text", "mood"} <= {*table.frame.columns} and len(table.frame) == 16


def test_texts_of_splits_are_read_as_these_beside_a_text_of_none(tmp_path: Path) -> None:
    words = "Anna B-PER\nsaw O\nOslo B-LOC\n\n"
    split = load_data(put_all(tmp_path, {"train.txt": words * 8, "dev.txt": words * 3, "tags.txt": "O\nB-PER\n"}))
    assert (len(split.train), len(split.held_out)) == (8, 3) and "Not read: tags.txt." in split.notes
