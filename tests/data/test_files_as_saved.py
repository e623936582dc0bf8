"""Files are read as the programs of an office leave them: with macros, marks of their end, or twice in a folder."""

from __future__ import annotations

import json
from pathlib import Path

from ia3_studio.data.load import load_data
from ia3_studio.data.table import read_table
from tests.data.shapes import asked, mood, rows, said, workbook


def test_a_workbook_with_macros_is_read_and_these_are_not_run(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsm"
    path.write_bytes(workbook(One=[["prompt", "answer"], *([asked(n), said(n)] for n in range(12))]))
    split = load_data(path)
    assert len(split.train) + len(split.held_out) == 12


def test_the_mark_by_which_programs_of_dos_end_a_text_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "OLD.TXT"
    written = rows(lambda n: f"{asked(n)};{('шторм', 'туман')[n % 2]}", header="текст;метка")
    path.write_bytes(written.encode("cp866") + b"\x1a")
    table = read_table(path)
    assert len(table.frame) == 12 and not table.problems


def test_rows_that_a_folder_holds_in_two_formats_are_read_once(tmp_path: Path) -> None:
    records = [{"text": asked(n), "label": mood(n)} for n in range(12)]
    written = rows(lambda n: f"{asked(n)},{mood(n)}", header="text,label")
    (tmp_path / "data.csv").write_text(written, encoding="utf-8")
    (tmp_path / "data.json").write_text(json.dumps(records), encoding="utf-8")
    table = read_table(tmp_path)
    assert len(table.frame) == 12 and any("data.json" in note for note in table.notes)
    (tmp_path / "data.json").write_text(json.dumps(records[::-1]), encoding="utf-8")
    assert len(read_table(tmp_path).frame) == 24  # other rows, or in another order
