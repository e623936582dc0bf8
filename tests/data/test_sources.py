"""Sources: packed files, workbooks, folders and files that belong together are read, and refused safely."""

from __future__ import annotations

import gzip
import io
import json
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError

ROWS = [{"question": f"Where is {row}?", "answer": f"Here, at {row}"} for row in range(8)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def packed(folder: Path, files: dict[str, str], name: str = "rows.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return folder / name


def test_gzip_and_zip_hold_what_the_bare_file_holds(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    zipped = packed(tmp_path, {"data/rows.jsonl": LINES, "__MACOSX/._rows.jsonl": "x", "read.me": "hello"})
    for path in (tmp_path / "rows.jsonl.gz", zipped):
        assert read_table(path).frame.to_dict("records") == ROWS
    assert read_table(zipped).description.startswith("data/rows.jsonl in rows.zip, JSON Lines")


def test_sheets_with_the_same_columns_are_read_together_and_each_alone_when_it_is_chosen(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "rows.xlsx") as book:
        pd.DataFrame(ROWS).to_excel(book, sheet_name="letters", index=False)
        pd.DataFrame(ROWS).to_excel(book, sheet_name="more", index=False)
    table = read_table(tmp_path / "rows.xlsx")
    assert table.frame.to_dict("records") == [*ROWS, *ROWS] and table.frame.index.tolist() == [*range(1, 17)]
    assert table.sheets == ("letters", "more")
    alone = read_table(tmp_path / "rows.xlsx", ParsingOptions(sheet="more"))
    assert alone.frame.to_dict("records") == ROWS


def test_lines_of_two_files_belong_together(tmp_path: Path) -> None:
    path = packed(tmp_path, {"all.en": "sea\nland\n", "all.de": "Meer\nLand\n", "LICENSE": "free"})
    assert read_table(path).frame.to_numpy().tolist() == [["Meer", "sea"], ["Land", "land"]]
    with pytest.raises(DataError, match=r"all\.de has 2 lines and all\.en 3"):
        read_table(packed(tmp_path, {"all.en": "a\nb\nc\n", "all.de": "a\nb\n"}))


def test_one_file_or_folder_a_class_gives_labels(tmp_path: Path) -> None:
    lines = packed(tmp_path, {"good.txt": "fine\nlovely\n", "bad.txt": "awful\n"})
    folders = packed(tmp_path, {"good/1.txt": "fine\nday", "good/2.txt": "lovely", "bad/1.txt": "awful"}, "folders.zip")
    assert sorted(read_table(lines).frame["label"]) == ["bad", "good", "good"]
    assert read_table(folders).frame.to_numpy().tolist() == [
        ["awful", "bad"],
        ["fine\nday", "good"],
        ["lovely", "good"],
    ]


def test_a_given_split_is_kept(tmp_path: Path) -> None:
    path = packed(tmp_path, {"train.jsonl": LINES, "test.jsonl": LINES.replace("Where", "Why")})
    split = load_data(path)
    assert len(split.train) == len(split.held_out) == 8
    assert all(example.messages[0].content.startswith("Why") for example in split.held_out)
    (tmp_path / "rows.json").write_text(json.dumps({"train": ROWS, "validation": ROWS[:2]}))
    assert len(load_data(tmp_path / "rows.json").held_out) == 2


def test_every_label_is_held_out_in_its_share(tmp_path: Path) -> None:
    rows = [{"text": f"letter {row}", "label": "rare" if row % 10 == 0 else "often"} for row in range(100)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    held_out = load_data(tmp_path / "rows.jsonl", held_out=0.2).held_out
    assert sorted(example.labels[0] for example in held_out) == ["often"] * 18 + ["rare"] * 2


def test_a_damaged_line_is_listed_with_its_words_and_the_rest_is_used(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(LINES * 2 + '{"question": "Where')
    split = load_data(tmp_path / "rows.jsonl")
    assert [(each.row, each.text) for each in split.problems] == [(17, '{"question": "Where')]
    text = "question,answer\n" + "".join(f"q{row},a{row}\n" for row in range(20)) + "q,a,too many\nlast,one\n"
    (tmp_path / "rows.csv").write_text(text)
    split = load_data(tmp_path / "rows.csv")
    assert split.problems[0].row == 21 and split.problems[0].reason.startswith("line 22 cannot be read")
    assert 22 in {example.row for example in (*split.train, *split.held_out)}


def test_a_table_without_a_header_keeps_its_first_row(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text('Great for the jaw, 3" long\t1\nToo "loud\t0\n' * 3)
    table = read_table(tmp_path / "rows.txt")
    assert table.description == "tab-separated, UTF-8, no header, 6 rows: column 1, column 2"
    assert table.frame.iloc[1].tolist() == ['Too "loud', "0"]


def test_rows_are_numbered_alike_with_and_without_a_header(tmp_path: Path) -> None:
    lines = [f"Where is {row}?,{row}" for row in range(20)]
    (tmp_path / "bare.csv").write_text("\n".join([*lines[:3], "Where, is it?,3", *lines[3:]]))
    table = read_table(tmp_path / "bare.csv")
    assert [problem.row for problem in table.problems] == [4]
    assert table.problems[0].reason.startswith("line 4 ")
    assert table.frame.index.tolist() == [1, 2, 3, *range(5, 22)]
    (tmp_path / "named.csv").write_text("question,answer\n" + (tmp_path / "bare.csv").read_text())
    assert read_table(tmp_path / "named.csv").frame.index.tolist() == [1, 2, 3, *range(5, 22)]


def test_every_guess_can_be_overruled(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes("a,b;c,d\nü,1;2,3\n".encode("windows-1252"))
    assert list(read_table(tmp_path / "rows.csv", ParsingOptions(delimiter=";")).frame.columns) == ["a,b", "c,d"]
    assert len(read_table(tmp_path / "rows.csv", ParsingOptions(header=False)).frame) == 2
    with pytest.raises(DataError, match="bytes that are not valid UTF-8"):
        read_table(tmp_path / "rows.csv", ParsingOptions(encoding="UTF-8"))
    (tmp_path / "pairs.jsonl").write_text(LINES)
    turned = load_data(tmp_path / "pairs.jsonl", mapping=Mapping("pairs", "answer", "question"))
    assert turned.train[0].messages[0].content.startswith("Here")
    with pytest.raises(DataError, match="Column 'reply' not found; the columns are question, answer"):
        load_data(tmp_path / "pairs.jsonl", mapping=Mapping("pairs", "question", "reply"))


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.data.archives.MAX_BYTES", 2**20)
    bomb = b"0" * 2**24
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bomb))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", bomb)
    (tmp_path / "bomb.xlsx").write_bytes((tmp_path / "bomb.zip").read_bytes())
    for name in ("bomb.csv.gz", "bomb.zip", "bomb.xlsx"):
        with pytest.raises(DataError, match="unpacked, has more than 1 MB"):
            read_table(tmp_path / name)


def test_a_path_that_leaves_the_archive_writes_nothing(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(DataError, match="contains no files"):
        read_table(packed(inner, {"../../evil.jsonl": LINES}))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["inner", "rows.zip"]


@pytest.mark.parametrize("name", ["rows.zip", "rows.csv.gz"])
def test_a_damaged_package_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(DataError, match=r"rows.* cannot be unpacked"):
        read_table(tmp_path / name)


def test_many_columns_and_long_rows_are_refused_or_read_in_time(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text(",".join(f"c{place}" for place in range(100_000)) + "\n" + "," * 99_999 + "\n")
    with pytest.raises(DataError, match="100,000 columns"):
        read_table(tmp_path / "wide.csv")
    (tmp_path / "long.csv").write_text("question,answer\n" + "x" * 1_000_000 + ",y\na,b\n")
    assert len(read_table(tmp_path / "long.csv").frame) == 2


def test_a_workbook_cell_that_is_a_formula_is_never_computed(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in (("question", "answer"), ("=1+1", "=cmd|' /C calc'!A0"), ("a", "b")):
        book.active.append(row)
    book.save(buffer := io.BytesIO())
    (tmp_path / "rows.xlsx").write_bytes(buffer.getvalue())
    assert read_table(tmp_path / "rows.xlsx").frame.isna().iloc[0].all()  # saved without a value


def test_a_workbook_with_a_cell_at_the_edge_of_its_sheet_is_refused_before_cells_are_made(tmp_path: Path) -> None:
    from openpyxl import Workbook

    for place in ("XFD2", "T1000000"):
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["text", "label"])
        sheet[place] = "x"
        book.save(tmp_path / "edge.xlsx")
        began = time.monotonic()
        with pytest.raises(DataError, match=r"edge\.xlsx has"):
            read_table(tmp_path / "edge.xlsx")
        assert time.monotonic() - began < 20
