"""Files of the kinds that others are of, whose differences could matter: they are read, or refused with the cause."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from ia3_studio.data.file_kinds import kind_of
from ia3_studio.data.load import load_data
from ia3_studio.data.pasted import write_pasted
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.exports import put, written
from tests.data.shapes import asked, berths, lines, mood, rows, said, workbook

PAIRS = rows(lambda n: f'{asked(n)},"{said(n)}"', header="prompt,answer")


def test_a_quote_that_is_left_open_in_the_last_row_is_one_damaged_row(tmp_path: Path) -> None:
    split = load_data(put(PAIRS + '"When does the', tmp_path, "cut.csv"))
    assert len((*split.train, *split.held_out)) == 12
    assert [problem.row for problem in split.problems] == [13] and "cut off" in split.problems[0].reason


def test_choices_of_which_no_column_says_the_right_one_are_refused_by_name(tmp_path: Path) -> None:
    records = [dict(zip(("question", "answerA", "answerB", "answerC"), (asked(n), *berths(n)), strict=False))
               for n in range(9)]  # fmt: skip
    with pytest.raises(DataError, match="answerA, answerB, answerC are choices, and no column says which is right"):
        load_data(written(records, tmp_path))


def test_labels_in_a_text_of_another_length_are_not_taken(tmp_path: Path) -> None:
    put(lines(lambda n: {"text": asked(n), "mood": mood(n)}), tmp_path, "train.jsonl")
    put(rows(str, 11), tmp_path, "train-labels.lst")
    split = load_data(tmp_path)
    assert str(split.mapping) == "text → text, mood → label" and "Not read: train-labels.lst." in split.notes


def test_what_becomes_turns_is_not_named_as_unused(tmp_path: Path) -> None:
    records = [{"instruction": asked(n), "input": "", "output": said(n), "system": "Be brief.",
                "history": [["Hi", "Ahoy"]], "source": "logbook"} for n in range(9)]  # fmt: skip
    assert load_data(written(records, tmp_path)).unused == ("source",)


def test_class_names_inside_objects_stand_in_place_of_their_numbers(tmp_path: Path) -> None:
    kind = {"_type": "ClassLabel", "names": ["calm", "storm"]}
    features = {"data": {"text": {"_type": "Value"}, "label": kind, "all": {"_type": "Sequence", "feature": kind}}}
    table = pa.Table.from_pylist([{"data": {"text": asked(n), "label": n % 2, "all": [0, 1]}} for n in range(8)])
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    parquet.write_table(table.replace_schema_metadata(meta), tmp_path / "rows.parquet")
    cells = read_table(tmp_path / "rows.parquet").frame["data"].tolist()
    assert [cell["label"] for cell in cells[:2]] == ["calm", "storm"] and cells[0]["all"] == ["calm", "storm"]


PASTED = {
    ".md": "| prompt | answer |\n| --- | --- |\n" + rows(lambda n: f"| {asked(n)} | {said(n)} |"),
    ".html": "<table><tr><th>prompt</th><th>answer</th></tr>"
    + "".join(f"<tr><td>{asked(n)}</td><td>{said(n)}</td></tr>" for n in range(12)) + "</table>",
    ".jsonl": "```json\n" + lines(lambda n: {"prompt": asked(n), "answer": said(n)}) + "```",
    ".json": "[" + ", ".join(str({"prompt": asked(n), "answer": said(n)}) for n in range(12)) + "]",
}  # fmt: skip


@pytest.mark.parametrize("kind", PASTED)
def test_a_pasted_table_is_read_as_what_it_is(kind: str, tmp_path: Path) -> None:
    path = write_pasted(PASTED[kind], tmp_path)
    split = load_data(path)
    assert path.suffix == kind and len((*split.train, *split.held_out)) == 12
    assert str(split.mapping) == "prompt → prompt, answer → answer"


def packed(name: str) -> bytes:
    """The bytes of a file that is no text."""
    frame = pd.DataFrame({"prompt": [asked(n) for n in range(12)], "answer": [said(n) for n in range(12)]})
    if name == "Parquet":
        return frame.to_parquet()  # type: ignore[no-any-return]
    written_lines = lines(lambda n: {"prompt": asked(n), "answer": said(n)})
    return (
        gzip.compress(written_lines.encode()) if name == "gzip" else workbook(A=[["prompt", "answer"], *frame.values])
    )


@pytest.mark.parametrize("name", ["Parquet", "gzip", "workbook"])
@pytest.mark.parametrize("ending", [".csv", ".txt", ".json", ""])
def test_a_file_of_another_kind_than_its_name_says_is_read_as_what_it_holds(
    name: str, ending: str, tmp_path: Path
) -> None:
    split = load_data(put(packed(name), tmp_path, f"rows{ending}"))
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert any("is read as what it holds" in note for note in split.notes) == bool(ending)


@pytest.mark.parametrize(
    ("begins", "kind"),
    [(b"%PDF-1.7\n\0", "a PDF"), (b"\x89PNG\r\n\0", "an image"),
     (b"\xd0\xcf\x11\xe0\0", "an old (Office file|Excel workbook)"),
     (b"PK\x03\x04....word/document.xml", "a document"), (b"SQLite format 3\0", "a database")],
)  # fmt: skip
@pytest.mark.parametrize("ending", [".csv", ".xls", ".bin"])
def test_a_file_that_has_no_rows_is_refused_as_what_it_is(
    begins: bytes, kind: str, ending: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=kind):
        load_data(put(begins + bytes(200), tmp_path, f"rows{ending}"))


@pytest.mark.parametrize(
    ("suffix", "data", "kind"),
    [(".csv", b"a,b\n", ".csv"), (".xls", b"a\tb\n", ".csv"), (".xlsx", b"<table><tr>", ".html"),
     (".xls", "a\tb".encode("utf-16"), ".csv"), (".xlsx", b"PK\x03\x04", ".xlsx"), (".parquet", b"PAR1", ".parquet")],
)  # fmt: skip
def test_the_kind_of_a_file_is_told_by_its_first_bytes(suffix: str, data: bytes, kind: str) -> None:
    assert kind_of(suffix, data) == kind


def test_files_of_which_one_has_more_columns_say_so_and_others_are_not_joined(tmp_path: Path) -> None:
    put(PAIRS, tmp_path, "2021.csv")
    put(rows(lambda n: f'{n},{asked(n)},"{said(n)}"', header="id,prompt,answer"), tmp_path, "2022.csv")
    assert "Not all of the files have all columns: 2022.csv (id)." in load_data(tmp_path).notes
    put("port,berths,masters,prompt\nTurku,5,2,x\n", tmp_path, "2023.csv")
    with pytest.raises(DataError, match="do not form a table"):
        load_data(tmp_path)


def test_files_that_end_with_their_splits_are_held_out_by_them(tmp_path: Path) -> None:
    for split, count in (("train", 9), ("testa", 4)):
        words = (f"{split}{row} B-SHIP\nleaves O\nearly O\n\n" for row in range(count))
        put("".join(words), tmp_path, f"eng.{split}")
    split = load_data(tmp_path)
    assert (len(split.train), len(split.held_out)) == (9, 4)


@pytest.mark.parametrize("value", ["0", "no", None])
def test_questions_with_other_numbers_of_choices_and_answers_are_listed(value: Any, tmp_path: Path) -> None:
    whole = {"article": said(1), "questions": [asked(1), asked(2)], "options": [berths(1), berths(2)]}
    records = [{**whole, "answers": ["A", "B"]}] * 30 + [{**whole, "answers": [value]}]
    split = load_data(written([{**each, "article": said(n)} for n, each in enumerate(records)], tmp_path))
    assert [problem.row for problem in split.problems] == [31]


def test_ukrainian_letters_of_koi8_are_letters(tmp_path: Path) -> None:
    texts = ["Потяг вирушає о восьмій ранку", "Її вид на море чудовий", "Дуже смачна їжа та дякую кухареві"]
    content = "text,label\n" + "".join(f"{texts[n % 3]} {n},{mood(n)}\n" for n in range(12))
    frame = read_table(put(content.encode("koi8-u"), tmp_path, "a.csv")).frame
    assert frame["text"].tolist()[:3] == [f"{text} {n}" for n, text in enumerate(texts)]


@pytest.mark.parametrize("prompt", ["prompt", "user_input"])
def test_two_short_answers_of_which_nothing_says_the_better_are_asked_for(prompt: str, tmp_path: Path) -> None:
    records = [{prompt: asked(n), "answer_a": said(n), "answer_b": f"No, {n}."} for n in range(9)]
    with pytest.raises(DataError, match="answer_a and answer_b are two answers to one prompt"):
        load_data(written(records, tmp_path))
