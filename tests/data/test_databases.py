"""Claims on SQLite databases: their tables are read as the sheets of a workbook are, and nothing else of them."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from ia3_studio.data import sqlite_files
from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.shapes import asked, mood, said

FAQ = "create table faq (id integer primary key, question text, answer text)"


def database(folder: Path, *statements: str, name: str = "rows.sqlite") -> Path:
    """Write a database with a table of questions and answers, and what further statements make."""
    path = folder / name
    with sqlite3.connect(path) as made:
        made.execute(FAQ)
        made.executemany("insert into faq values (?, ?, ?)", [(n, asked(n), said(n)) for n in range(24)])
        for statement in statements:
            made.execute(statement)
    made.close()
    return path


@pytest.mark.parametrize("name", ["rows.sqlite", "rows.db", "rows.sqlite3", "rows.csv", "rows"])
def test_a_table_is_read_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    split = load_data(database(tmp_path, name=name))
    assert str(split.mapping) == "question → prompt, answer → answer" and len(split.train) + len(split.held_out) == 24
    assert split.train[0].messages[1].content == said(split.train[0].row - 1)


def test_one_of_several_tables_can_be_chosen_and_the_others_are_named(tmp_path: Path) -> None:
    path = database(tmp_path, "create table notes (text text, mood text)")
    with sqlite3.connect(path) as made:
        made.executemany("insert into notes values (?, ?)", [(said(n), mood(n)) for n in range(20)])
    made.close()
    table = read_table(path)
    assert table.sheets == ("faq", "notes") and table.notes == (
        "Not read: table notes; choose it under Sheet or file.",
    )
    chosen = load_data(path, parsing=ParsingOptions(sheet="notes"))
    assert str(chosen.mapping) == "text → text, mood → label"
    with pytest.raises(DataError, match="no table 'pier'; its tables are faq, notes"):
        read_table(path, ParsingOptions(sheet="pier"))


def test_views_and_virtual_tables_are_not_read(tmp_path: Path) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"
    path = database(tmp_path, f"create view endless as {endless}")
    assert read_table(path).sheets == ("faq",)


def test_a_database_that_keeps_a_journal_beside_it_is_read(tmp_path: Path) -> None:
    path = database(tmp_path)
    with sqlite3.connect(path) as made:
        made.execute("pragma journal_mode = wal")
    made.close()
    assert len(read_table(path).frame) == 24


def test_cells_of_bytes_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    path = database(tmp_path, "alter table faq add column photo blob", "update faq set photo = x'89504e47'",
                    "update faq set answer = cast(x'41ff42' as text) where id = 3")  # fmt: skip
    table = read_table(path)
    assert table.notes == ("Not used: 24 cells that hold bytes instead of text.",)
    assert table.frame["answer"].tolist()[3] == "A\ufffdB"


def test_a_table_that_is_longer_than_its_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = database(tmp_path, f"alter table faq add column note text default '{'x' * 900}'")
    monkeypatch.setattr(sqlite_files, "MAX_BYTES", 10_000)
    with pytest.raises(DataError, match="too large to be read as a whole"):
        read_table(path)


@pytest.mark.parametrize("place", [0, 100, 200, 4096, 5000])
def test_a_damaged_database_is_read_or_refused_in_one_sentence(place: int, tmp_path: Path) -> None:
    path = database(tmp_path)
    data = bytearray(path.read_bytes())
    data[place : place + 90] = b"\xff" * 90
    path.write_bytes(data)
    try:
        assert "answer" in read_table(path).frame.columns
    except DataError as refused:
        assert re.match(r"rows\.sqlite (cannot be read: it is a database|is a database without|contains)", str(refused))


def test_an_empty_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as made:
        made.execute(FAQ)
    made.close()
    with pytest.raises(DataError, match=r"without rows in its tables \(faq\)"):
        read_table(path)
