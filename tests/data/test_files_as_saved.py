"""Files are read as the programs of an office leave them: with macros, marks of their end, or twice in a folder."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
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


_HEAD = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)


def _cell(text: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'


def _row(*cells: str) -> str:
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def _open_document(path: Path, sheets: dict[str, str], before: str = "") -> Path:
    tables = "".join(f"<table:table {name}>{rows}</table:table>" for name, rows in sheets.items())
    styles = (
        '<office:automatic-styles><style:style style:name="gone"><style:table-properties table:display="false"/>'
        "</style:style></office:automatic-styles>"
    )
    body = f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
    content = f"<?xml version='1.0'?>{before}<office:document-content{_HEAD}>{styles}{body}</office:document-content>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    path.write_bytes(buffer.getvalue())
    return path


_GAP = '<table:table-cell table:number-columns-repeated="1020"/>'
_REST = f'<table:table-row table:number-rows-repeated="1048000">{_GAP}</table:table-row>'


def _sheet(count: int = 12) -> str:
    """Return a title, a header and rows in which a label goes over three rows, a number and a date."""
    rows = _row(_cell("Harbor office"), _GAP) + _row(*map(_cell, ("text", "label", "berth", "day")), _GAP)
    for n in range(count):
        label = _cell(mood(n // 3), ' table:number-rows-spanned="3"') if n % 3 == 0 else "<table:covered-table-cell/>"
        berth = (
            f'<table:table-cell office:value-type="float" office:value="{n}"><text:p>{n},0</text:p></table:table-cell>'
        )
        day = '<table:table-cell office:value-type="date" office:date-value="2025-05-01T00:00:00"/>'
        rows += _row(_cell(f"Ferry{n}<text:s text:c='2'/>leaves<text:line-break/>late"), label, berth, day, _GAP)
    return rows + _REST


def test_a_workbook_of_libreoffice_is_read_as_one_of_excel_is(tmp_path: Path) -> None:
    hidden = 'table:name="Notes" table:style-name="gone"'
    path = _open_document(tmp_path / "book.ods", {'table:name="One"': _sheet(), hidden: _row(_cell("internal"))})
    table = read_table(path)
    assert table.frame.iloc[4].tolist() == ["Ferry4  leaves\nlate", mood(1), 4, "2025-05-01"]
    assert len(table.frame) == 12 and table.sheets == ("One", "Notes")
    said_of_it = " ".join(table.notes)
    assert "Harbor office" in said_of_it and "hidden sheet Notes" in said_of_it
    assert str(load_data(path).mapping) == "text → text, label → label"
    with pytest.raises(DataError, match="no sheet"):
        read_table(path, ParsingOptions(sheet="Two"))


def test_a_workbook_of_libreoffice_that_would_grow_without_end_is_refused(tmp_path: Path) -> None:
    one = 'table:name="One"'
    wide = f'<table:table-row table:number-rows-repeated="900000">{_cell("x") * 9}</table:table-row>'
    for content, before, sentence in (
        (wide, "", "cells"),
        (wide + wide.replace("900000", "-900000"), "", "cells"),
        (_sheet(), '<!DOCTYPE a [<!ENTITY b "c">]>', "entities"),
        ("<table:table-row>", "", "cannot be read as a workbook"),
        ('<table:table-row table:number-rows-repeated="many"/>', "", "cannot be read as a workbook"),
    ):
        with pytest.raises(DataError, match=sentence):
            read_table(_open_document(tmp_path / "large.ods", {one: content}, before))


def test_text_that_lies_deep_inside_elements_is_read(tmp_path: Path) -> None:
    deep = f"{'<text:span>' * 3000}Ferry{'</text:span>' * 3000} late"
    rows = _sheet(3).removesuffix(_REST) + _row(_cell(deep))
    table = read_table(_open_document(tmp_path / "deep.ods", {'table:name="One"': rows}))
    assert table.frame.iloc[-1, 0] == "Ferry late"
