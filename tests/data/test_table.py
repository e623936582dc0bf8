"""Tables: what is in a file is said, and damage is named with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError

ROWS = [{"question": "Where?", "answer": "Here; there"}, {"question": "When?", "answer": 'Now, "soon"'}]


@pytest.mark.parametrize(("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")])
@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp1252", "UTF-8")]
)
def test_any_delimiter_and_encoding_gives_the_same_rows(
    delimiter: str, name: str, encoding: str, shown: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    pd.DataFrame(ROWS).to_csv(path, sep=delimiter, index=False, encoding=encoding)
    table = read_table(path)
    assert table.frame.to_dict("records") == ROWS
    assert table.description == f"{name}-separated, {shown}, 2 rows: question, answer"


def test_windows_letters_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("question,answer\ncafé,£5\nnaïve,ok\n".encode("cp1252"))
    table = read_table(path)
    assert table.frame["answer"].tolist() == ["£5", "ok"] and "windows-1252" in table.description


def test_text_that_looks_like_a_number_or_a_gap_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\n007,NA\n1.50,null\n")
    assert read_table(path).frame.to_numpy().tolist() == [["007", "NA"], ["1.50", "null"]]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_json_lines_are_read_under_either_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")
    assert read_table(path).frame.to_dict("records") == ROWS


@pytest.mark.parametrize("document", [ROWS, {"version": 1, "data": ROWS}])
def test_a_json_array_is_read_bare_or_wrapped(document: object, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(document))
    assert read_table(path).frame.to_dict("records") == ROWS


def test_parquet_and_plain_text_are_read(tmp_path: Path) -> None:
    pd.DataFrame(ROWS).to_parquet(tmp_path / "rows.parquet")
    assert read_table(tmp_path / "rows.parquet").frame.to_dict("records") == ROWS
    (tmp_path / "rows.txt").write_bytes(b"One\r\nparagraph\r\n\r\nAnother")
    assert read_table(tmp_path / "rows.txt").frame["text"].tolist() == ["One\nparagraph", "Another"]


DAMAGE = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b" \n\n", "is empty"),
    "header.csv": (b"question,answer\n", "holds no rows"),
    "ragged.csv": (b"question,answer\na,b\na,b,c,d\n", "cannot be read as a table: .*line 3"),
    "broken.jsonl": (b'{"a": 1}\n{"a": \n', "line 2 is no JSON"),
    "broken.json": (b"{not json", "line 1 is no JSON"),
    "scalars.json": (b"[1, 2]", "row 1 is no object"),
    "object.json": (b'{"a": [1], "b": [2]}', "holds no list of rows"),
    "binary.csv": (b"\x00\x01\x02\x03", "no text"),
    "zipped.csv": (gzip.compress(b"a,b\n"), "no text"),
    "wrong.parquet": (b"not parquet at all", "cannot be read as Parquet"),
    "pointer.jsonl": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    "rows.yaml": (b"a: 1", "of no kind that is read"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_that_cannot_be_used_says_why(name: str, tmp_path: Path) -> None:
    content, sentence = DAMAGE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_table(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_table(tmp_path / "nowhere.csv")
