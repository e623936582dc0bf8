"""Claims on tables that hold several: side by side, in sheets linked by a number, with labels in several columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.table import read_table
from tests.data.exports import written
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, mood, rows, said, workbook


def put(text: str, folder: Path, name: str = "rows.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def sides(n: int, count: int = 2, sign: str = ";") -> str:
    return sign.join(f"{plain(n + 100 * each)};{mood(n + each)}" for each in range(count))


@pytest.mark.parametrize(
    "header",
    ["Text;Mood;Text;Mood", "text;mood;text.1;mood.1", "Text;Mood;;Text;Mood", "id;Text;Mood;Text;Mood"],
)
def test_columns_that_come_again_are_rows_of_their_own(header: str, tmp_path: Path) -> None:
    between = ";;" if ";;" in header else ";"
    first = "9;" if header.startswith("id") else ""
    path = put(rows(lambda n: first + sides(n, sign=between), header=header), tmp_path)
    split = load_data(path)
    assert len(split.train) + len(split.held_out) == 24 and split.mapping.target == "single"
    assert {each.text for each in (*split.train, *split.held_out)} == {
        plain(n + m) for n in range(12) for m in (0, 100)
    }
    assert any("side by side 2 times" in note for note in split.notes)
    assert len(read_table(path, ParsingOptions(plain=True)).frame) == 12


def test_a_shorter_table_beside_a_longer_one_ends_where_its_cells_do(tmp_path: Path) -> None:
    path = put(rows(lambda n: sides(n) if n < 8 else f"{plain(n)};{mood(n)};;", header="Text;Mood;Text;Mood"), tmp_path)
    split = load_data(path)
    assert len(split.train) + len(split.held_out) == 20 and not split.problems


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Question;Answer;Answer", lambda n: f"{asked(n)};{said(n)};{said(n + 1)}"),
        ("Text;Mood;Text", lambda n: f"{plain(n)};{mood(n)};{said(n)}"),
        ("Text;Mood;Mood;Text", lambda n: f"{plain(n)};{mood(n)};{mood(n)};{said(n)}"),
    ],
)
def test_a_name_that_comes_again_alone_or_in_another_order_is_of_the_same_row(
    header: str, row: object, tmp_path: Path
) -> None:
    assert len(read_table(put(rows(row, header=header), tmp_path)).frame) == 12  # type: ignore[arg-type]


def test_two_flags_in_an_object_are_two_labels(tmp_path: Path) -> None:
    records = [{"text": plain(n), "labels": {"rude": n % 2, "late": n // 2 % 2}} for n in range(24)]
    assert (
        str(load_data(written(records, tmp_path)).mapping) == "text → text, labels.rude, labels.late → several labels"
    )


def test_a_flag_beside_something_else_in_an_object_is_one_label(tmp_path: Path) -> None:
    records = [{"text": plain(n), "meta": {"rude": n % 2, "page": n}} for n in range(24)]
    assert load_data(written(records, tmp_path)).mapping.target == "single"


PLACES = ("quay", "pier", "crane", "rope")


def numbered(cells: list[tuple[str, str, str]], folder: Path, stem: str = "topic") -> str:
    """Return how texts are read that have three columns by number."""
    names = ",".join(f"{stem}_{n}" for n in range(3))
    lines = rows(lambda n: f"{plain(n)},{','.join(cells[n % len(cells)])}", 48, header=f"text,{names}")
    return str(load_data(put(lines, folder)).mapping)


def test_sparse_labels_in_columns_by_number_are_several_labels(tmp_path: Path) -> None:
    cells = [("quay", "", ""), ("pier", "quay", ""), ("crane", "pier", "quay"), ("rope", "crane", "")]
    assert numbered(cells, tmp_path) == "text → text, topic → several labels"
    in_places = [("quay", "", ""), ("quay", "pier", ""), ("", "pier", "crane"), ("", "", "crane")]
    assert numbered(in_places, tmp_path, "label") == "text → text, label → several labels"


def test_levels_of_a_label_and_labels_by_several_people_are_no_list_of_labels(tmp_path: Path) -> None:
    levels = [("sea", "fish", ""), ("sea", "ship", "sail"), ("land", "road", ""), ("land", "rail", "track")]
    assert "several" not in numbered(levels, tmp_path, "category")
    people = [("calm", "calm", ""), ("calm", "rough", "rough"), ("rough", "", "rough"), ("calm", "calm", "calm")]
    assert "topic → several" not in numbered(people, tmp_path)


@pytest.mark.parametrize("key", ["ID", "QuestionID"])
def test_sheets_of_questions_and_answers_are_linked_by_the_number_of_the_question(key: str, tmp_path: Path) -> None:
    own = [["ID", key, "Answer"]] if key != "ID" else [[key, "Answer"]]
    answers = [[n + 500, (n * 7) % 24, said((n * 7) % 24)][len(own[0]) == 2 :] for n in range(23)]
    questions = [[key, "Question"], *([n, asked(n)] for n in range(24))]
    path = tmp_path / "faq.xlsx"
    path.write_bytes(workbook(Questions=questions, Answers=[*own, *answers]))
    split = load_data(path)
    assert str(split.mapping) == "Question → prompt, Answer → answer" and len(split.train) + len(split.held_out) == 23
    assert all(said(n) == each.messages[1].content for each in split.train for n in range(24)
               if asked(n) == each.messages[0].content)  # fmt: skip
    assert "Not used: 1 questions of Questions without an answer." in split.notes
    assert read_table(path, ParsingOptions(sheet="Answers")).sheets == ("Questions", "Answers")


def test_sheets_that_no_number_links_are_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "faq.xlsx"
    path.write_bytes(
        workbook(
            Questions=[["Nr", "Question"], *([n, asked(n)] for n in range(24))],
            Answers=[["Code", "Answer"], *([f"x{n}", said(n)] for n in range(24))],
        )
    )
    assert any(note.startswith("Not read: sheet") for note in load_data(path).notes)


def test_labels_behind_the_names_of_texts_are_theirs(tmp_path: Path) -> None:
    folder = tmp_path / "authors"
    folder.mkdir()
    for n in range(12):
        put(f"{plain(n)}\n{said(n)}\n", folder, f"doc{n}.txt")
    put(rows(lambda n: f"doc{n}:::{mood(n)}:::pier {n % 2}"), folder, "truth.txt")
    split = load_data(folder)
    assert split.mapping.kind == "labels" and split.mapping.column == "text"
    assert {(each.text.split("\n")[0], *each.labels) for each in split.train} <= {
        (plain(n), label) for n in range(12) for label in (mood(n), f"pier {n % 2}")
    }
    (folder / "truth.txt").write_text("The truth is that the pier was wet.\n")
    assert "which names" not in load_data(folder).description  # one text more, and no list of labels
