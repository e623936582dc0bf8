"""Tables: what is in a file is said, and damage is named with its line."""

from __future__ import annotations

import gzip
import hashlib
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


@pytest.mark.parametrize("document", [ROWS, {"version": 1, "tags": ["a"], "data": ROWS}])
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
    "header.csv": (b"question,answer\n", "contains no rows"),
    "ragged.csv": (
        b"question,answer\n\n'a\n',b\na,b,c,d\n".replace(b"'", b'"'),
        "line 5 cannot be read: it has 4 cells, the first row 2",
    ),
    "wide.csv": (
        b"question,answer\na,b,c\nd,e,f\n",
        "line 2 cannot be read: it has 3 cells, the first row 2.* 1 more of 2 rows are damaged",
    ),
    "quote.csv": (b'question,answer\na,b\n"c,d\n', "line 3 .*unclosed quote"),
    "broken.jsonl": (b'{"a": 1}\n{"a": \n', "line 2 cannot be read: it is not valid JSON"),
    "broken.json": (b"{not json", "line 1 is not valid JSON"),
    "pretty.json": (
        b'[\n {"a": 1,\n  "b": 2},\n {"a": 1\n  "b": 2}\n]',
        r"line 5 is not valid JSON \(column 3: Expecting ',' del",
    ),
    "deep.json": (b"[" * 100_000, r"cannot be read as JSON \(its parts lie too deep"),
    "deep.jsonl": (b'{"a": 1}\n{"a": ' + b"[" * 100_000, "line 2 cannot be read: its parts lie too deep"),
    "scalars.json": (b"[1, 2]", "row 1 is not a JSON object"),
    "object.json": (b'{"a": [1], "b": [2]}', "contains no list of rows"),
    "name.jsonl": (b'{"\\ud83d": 1}\n', "a field name with an incomplete character"),
    "binary.csv": (b"\x00\x01\x02\x03", "not text"),
    "zipped.csv": (gzip.compress(b"\0\1\2"), "not text"),
    "joined.json": (b'[{"a": "b"\n"c"}]', "is not valid JSON"),
    "controls.csv": (b"a,b\n\x07\xe9,\x01\n", "not text"),
    "half.csv": (b"\xff\xfea", "is not valid UTF-16 text"),
    "wrong.parquet": (b"not parquet at all", "cannot be read as Parquet"),
    "pointer.jsonl": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
    "rows.yaml": (b"a: 1", "contains no list of rows"),
    "alias.yaml": (b"- &a {text: x}\n- *a\n", "by an alias"),
    "broken.yml": (b"- text: [\n", "cannot be read as YAML"),
    "entities.xml": (b'<!DOCTYPE a [<!ENTITY b "c">]><a><d x="1">&b;</d></a>', "defines entities"),
    "broken.xml": (b"<a><b></a>", "cannot be read as XML"),
    "deep.xml": (b"<a>" * 50_000 + b"</a>" * 50_000, "elements inside each other"),
    "page.xml": (b"<a><b>x</b><c>y</c></a>", "no element that repeats"),
    "empty.srt": (b"Just words.\n", "no captions"),
    "rows.xlsb": (b"PK", "save it as .xlsx"),
    "rows.ods": (b"PK", "cannot be unpacked"),
    "mails.mbox": (b"From a", "a mailbox"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_file_that_cannot_be_used_says_why(name: str, tmp_path: Path) -> None:
    content, sentence = DAMAGE[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        read_table(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not found"):
        read_table(tmp_path / "nowhere.csv")


def test_a_folder_or_an_impossible_name_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains no files"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / ("x" * 5000 + ".csv"))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.data.archives.MAX_BYTES", 2**20)
    (tmp_path / "rows.csv").write_bytes(b"a" * (3 * 2**20))
    with pytest.raises(DataError, match=r"rows\.csv has more than 1 MB"):
        read_table(tmp_path / "rows.csv")


def test_an_array_is_read_under_the_name_of_lines(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(ROWS, indent=1))
    assert read_table(tmp_path / "rows.jsonl").description == "JSON array, UTF-8, 2 rows: question, answer"


def test_a_line_ends_only_where_json_lets_it(tmp_path: Path) -> None:
    rows = [{"question": "a\u2028b", "answer": "c\x85d"}]
    (tmp_path / "rows.jsonl").write_text(json.dumps(rows[0], ensure_ascii=False) + "\r\n", encoding="utf-8")
    table = read_table(tmp_path / "rows.jsonl")
    assert table.frame.to_dict("records") == rows and table.description.startswith("JSON Lines, UTF-8, 1 row:")


def test_a_number_beside_a_gap_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": 5}\n{"b": 1}\n')
    assert read_table(tmp_path / "rows.jsonl").frame["a"].tolist()[0] == 5
    assert isinstance(read_table(tmp_path / "rows.jsonl").frame["a"].tolist()[0], int)


def test_prose_full_of_other_delimiters_does_not_mislead(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\nOne; two; three?,a | b | c\nFour; five?,d | e | f\n")
    assert read_table(path).description == "comma-separated, UTF-8, 2 rows: question, answer"


def test_a_space_behind_the_delimiter_belongs_to_no_cell(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('question, answer\n"a; b; c", "d, e; f"\n"a; b; c", "d, e, f; g"\n')
    assert read_table(path).frame.to_dict("records")[1] == {"question": "a; b; c", "answer": "d, e, f; g"}


def test_old_line_ends_and_columns_without_or_with_the_same_name_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"question;question;\ra;b;c\r")
    table = read_table(path)
    assert list(table.frame.columns) == ["question", "question (column 2)", "column 3"]
    assert table.frame.to_numpy().tolist() == [["a", "b", "c"]]


def test_many_columns_are_counted_rather_than_listed(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(",".join(f"c{n}" for n in range(100)) + "\n" + "1," * 99 + "1\n")
    assert read_table(path).description.endswith("c10, c11 and 88 more")


def test_text_without_paragraphs_is_read_by_line(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_bytes(b"\nemma\r\nolivia\r\n")
    table = read_table(tmp_path / "rows.txt")
    assert table.frame["text"].tolist() == ["emma", "olivia"]
    assert table.description == "plain text by line, UTF-8, 2 rows: text"


def test_the_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    (tmp_path / "b.csv").write_bytes(b"a\r\n1\r\n")
    first, second = read_table(tmp_path / "a.csv"), read_table(tmp_path / "b.csv")
    assert first.fingerprint == hashlib.sha256(b"a\n1\n").hexdigest() != second.fingerprint
    assert first.frame.equals(second.frame)
