"""The rows of the dump of a database are read, with what of it is left out."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import DataSplit, load_data
from ia3_studio.data.sql_dumps import dump_tables
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import DataError, OneFileError
from tests.data.exports import put
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, mood, rows, said

CREATED = (
    "CREATE TABLE `faqs` (\n  `id` int NOT NULL AUTO_INCREMENT, -- its number\n  `question` varchar(255) DEFAULT"
    " 'none, yet',\n  `answer` text,\n  `price` decimal(10,2),\n  PRIMARY KEY (`id`),\n  KEY `q` (`question`)\n)"
    " ENGINE=InnoDB;\n"
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def mysql(count: int = 12) -> str:
    values = ",\n".join(f"({n},{quoted(asked(n))},'It\\'s {n}:00;\\n(not later)',NULL)" for n in range(count))
    locked = f"LOCK TABLES `faqs` WRITE;\nINSERT INTO `faqs` VALUES {values};\nUNLOCK TABLES;\n"
    return f"-- MySQL dump 10.13\nDROP TABLE IF EXISTS `faqs`;\n{CREATED}{locked}"


def examples_of(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def test_rows_of_mysql_have_the_columns_of_the_definition_and_their_texts_to_the_letter(tmp_path: Path) -> None:
    split = load_data(put(mysql(), tmp_path, "dump.sql"))
    found = examples_of(split)
    assert str(split.mapping) == "question → prompt, answer → answer" and len(found) == 12
    assert [turn.content for turn in found[3].messages] == [asked(3), "It's 3:00;\n(not later)"]
    assert {"id", "price"} <= {*split.unused}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO public.faqs (id, question, answer) VALUES ({}, {}, {});",
        'INSERT INTO "faqs" ("id", "question", "answer")\nVALUES\n  ({}, {}, E{});',
        "INSERT [dbo].[faqs] ([id], [question], [answer]) VALUES ({}, N{}, N{})\nGO",
        "insert or replace into faqs(id,question,answer) values({},{},{});",
    ],
)
def test_statements_of_other_databases_are_read(statement: str, tmp_path: Path) -> None:
    text = rows(lambda n: statement.format(n, quoted(asked(n)), quoted(f"C:\\\\port's pier, {said(n)}")))
    turns = [turn.content for turn in examples_of(load_data(put(text, tmp_path, "dump.sql")))[1].messages]
    assert turns[0] == asked(1) and turns[1].startswith("C:\\") and turns[1].endswith(f"port's pier, {said(1)}")


def test_rows_that_are_copied_are_read_with_their_line_ends(tmp_path: Path) -> None:
    copied = rows(
        lambda n: f"{n}\t{asked(n)}\tOne.\\n{said(n)}", header="COPY public.faqs (id, question, answer) FROM stdin;"
    )
    found = examples_of(load_data(put(f"{copied}\\.\n\nSELECT 1;\n", tmp_path, "pg.sql")))
    assert [turn.content for turn in found[0].messages] == [asked(0), f"One.\n{said(0)}"] and len(found) == 12


def test_of_several_tables_those_that_are_not_read_are_named(tmp_path: Path) -> None:
    users = "INSERT INTO users (id, login) VALUES (1, 'ann'), (2, 'bo');\n"
    split = load_data(put(users + mysql(60), tmp_path, "dump.sql"))
    assert len((*split.train, *split.held_out)) == 60 and any("users" in note for note in split.notes)


def test_of_tables_that_belong_together_by_nothing_one_is_chosen(tmp_path: Path) -> None:
    posts = rows(lambda n: f"INSERT INTO posts (id, body, mood) VALUES ({n}, '{plain(n)}', '{mood(n)}');", 12)
    faqs = rows(lambda n: f"INSERT INTO faqs (id, question, answer) VALUES ({n}, '{asked(n)}', '{said(n)}');", 12)
    path = put(posts + faqs, tmp_path, "dump.sql")
    with pytest.raises(OneFileError, match="choose one of the tables") as refused:
        load_data(path)
    assert {*refused.value.files} == {"faqs.csv", "posts.csv"}
    split = load_data(path, parsing=ParsingOptions(sheet="faqs.csv"))
    assert str(split.mapping) == "question → prompt, answer → answer" and any("posts" in note for note in split.notes)


def test_texts_with_a_character_set_before_them_are_texts(tmp_path: Path) -> None:
    text = rows(
        lambda n: f"INSERT INTO `faqs` (`question`, `answer`) VALUES (_utf8mb4'{asked(n)}', _binary '{said(n)}');"
    )
    found = examples_of(load_data(put(text, tmp_path, "dump.sql")))
    assert [turn.content for turn in found[1].messages] == [asked(1), said(1)]


def test_a_damaged_statement_is_named_and_those_before_and_behind_it_are_read(tmp_path: Path) -> None:
    damaged = "INSERT INTO faqs (id, question, answer) VALUES (90, 'cut off, (91, 'Late?', 'No.');\n"
    whole = rows(
        lambda n: f"INSERT INTO faqs (id, question, answer) VALUES ({n}, {quoted(asked(n))}, {quoted(said(n))});"
    )
    split = load_data(put(whole + damaged + whole.replace("ferry", "boat"), tmp_path, "dump.sql"))
    assert len((*split.train, *split.held_out)) == 24 and any("damaged" in note for note in split.notes)


def test_statements_without_rows_are_refused_by_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="insert no rows; export the table as CSV"):
        load_data(put(CREATED + "SELECT * FROM faqs WHERE answer = 'INSERT INTO faqs';\n", tmp_path, "schema.sql"))


def test_programs_of_a_database_in_an_archive_stay_texts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "queries.zip", "w") as archive:
        for n in range(12):
            archive.writestr(f"q/{n}.sql", f"SELECT berth FROM ferries WHERE number = {n};\n")
    assert load_data(tmp_path / "queries.zip").mapping.kind == "text"


@pytest.mark.parametrize(
    "evil",
    [
        "INSERT INTO a VALUES (" * 50_000, "INSERT INTO a VALUES (\n" * 50_000, "CREATE TABLE a (\n" * 50_000,
         "INSERT INTO a VALUES ('" + "\\'" * 500_000,
        "INSERT INTO a VALUES ('" + "''\nINSERT INTO a VALUES (''" * 50_000,
        "COPY a (b) FROM stdin;\n" * 50_000, "INSERT INTO " + "a" * 1_000_000, "INSERT" + " " * 1_000_000,
        "INSERT INTO a VALUES (" + "f((" * 200_000, "INSERT INTO a (" + "b," * 300_000, " " * 1_000_000,
        "INSERT INTO a VALUES (1),\n" * 50_000, "INSERT INTO a VALUES ('x\n" * 50_001,
    ],
    ids=range(13),
)  # fmt: skip
def test_dumps_that_are_made_to_confuse_are_read_in_seconds(evil: str) -> None:
    begun = time.perf_counter()
    dump_tables(evil)
    assert time.perf_counter() - begun < 5
