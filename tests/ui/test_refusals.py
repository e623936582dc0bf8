"""A refused file leaves a form that can be used; a good one after it is read at once; no choice is ignored silently."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.load import DataChoice, look_at
from ia3_studio.data.mapping import Mapping
from ia3_studio.errors import DataError
from ia3_studio.ui import text
from ia3_studio.ui.chosen_parts import chosen_mapping
from ia3_studio.ui.data_source import take_upload
from ia3_studio.ui.parsing_form import FIELDS, SHEET
from ia3_studio.ui.reread import apply_choices, apply_parsing
from ia3_studio.ui.session import Studio
from tests.data.exports import written
from tests.data.shapes import asked, mood, said, workbook
from tests.training.test_images import paint

PAIRS = [["prompt", "answer"], *([asked(n), said(n)] for n in range(9))]


def last(steps: Any) -> tuple[list[Any], str]:
    """Return what a handler shows last, and the sentence with which it refuses; empty where it does not."""
    shown: list[Any] = []
    try:
        for step in steps:
            shown = list(step)
    except DataError as error:
        return shown, str(error)
    return shown, ""


def chosen(**fields: Any) -> list[Any]:
    names = "kind first second answer rejected choices template split system delimiter encoding header sheet speaker"
    empty: dict[str, Any] = {name: [] if name == "choices" else "" for name in (*names.split(), "shape")}
    return list({**empty, **fields}.values())


def test_a_good_file_after_a_refused_one_is_read_at_once(bench: Studio, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4 \x00")
    (tmp_path / "book.xlsx").write_bytes(workbook(Rows=PAIRS))
    shown, refused = last(take_upload(bench, [str(tmp_path / "paper.pdf")], 0.2))
    assert refused and shown[1] == ""
    (given, data, _facts, rows, _faults, *form), refused = last(take_upload(bench, [str(tmp_path / "book.xlsx")], 0.2))
    assert not refused and given == data and asked(1) in rows
    assert form[0] == "pairs" and form[1]["value"] == "prompt" and not any(form[FIELDS - 6 : FIELDS - 3])


def test_after_a_sheet_that_cannot_be_read_another_one_can_be_chosen(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(workbook(Rows=PAIRS, Empty=[[None]]))
    shown, refused = last(apply_choices(bench, str(path), 0.2, *chosen(sheet="Empty")))
    sheet = shown[4 + SHEET]
    assert "sheet Empty" in refused and sheet.get("visible") is not False and "choices" not in sheet
    shown, refused = last(apply_choices(bench, str(path), 0.2, *chosen(sheet="Rows")))
    assert not refused and ("Empty", "Empty") in shown[4 + SHEET]["choices"]


def test_files_of_which_one_can_be_chosen_are_offered(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "files.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.csv", "id,remark,size\n" + "".join(f'{n},"{said(n)}",{n}\n' for n in range(9)))
        archive.writestr("faq.csv", "prompt,answer\n" + "".join(f'{asked(n)},"{said(n)}"\n' for n in range(9)))
    shown, refused = last(take_upload(bench, [str(path)], 0.2))
    assert text.SHEET in refused
    sheet = shown[5 + SHEET]
    assert sheet["visible"] and ("faq.csv", "faq.csv") in sheet["choices"]
    (data, _said, rows, *_rest), refused = last(apply_parsing(bench, str(path), 0.2, *chosen(sheet="faq.csv")))
    assert not refused and asked(1) in rows and DataChoice.from_text(data).load(0.2).train


def test_images_have_no_columns_to_choose(bench: Studio, tmp_path: Path) -> None:
    folder = paint(tmp_path / "painted", 4)
    (data, *_shown), refused = last(apply_choices(bench, str(folder), 0.2, *chosen(kind="pairs")))
    assert not refused and data == str(folder) and _shown[3] == ""


CELLS = {
    "ask": asked, "say": said, "mood": mood, "loud": lambda n: n % 2, "wet": lambda n: n // 2 % 2,
    "size": lambda n: n * 1.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "mapping"),
    [
        ({"kind": "text", "first": "ask", "answer": "say"}, Mapping("pairs", "ask", "say")),
        ({"kind": "text", "first": "ask", "answer": "mood"}, Mapping("labels", column="ask", answer="mood")),
        ({"kind": "messages", "first": "ask", "answer": "say"}, Mapping("pairs", "ask", "say")),
        ({"kind": "labels", "first": "ask", "answer": "say"}, Mapping("pairs", "ask", "say")),
        ({"kind": "multi", "first": "ask", "answer": "say"}, Mapping("pairs", "ask", "say")),
        ({"kind": "number", "first": "ask", "answer": "mood"}, Mapping("labels", column="ask", answer="mood")),
        (
            {"kind": "text", "first": "say", "choices": ["loud", "wet"]},
            Mapping("labels", column="say", target="multi", parts=("loud", "wet")),
        ),
        (
            {"kind": "labels", "first": "say", "answer": "mood", "choices": ["loud", "wet"]},
            Mapping("labels", column="say", target="multi", parts=("loud", "wet")),
        ),
        ({"kind": "labels", "first": "ask", "answer": "mood"}, Mapping("labels", column="ask", answer="mood")),
    ],
)
def test_a_column_that_the_task_has_no_place_for_brings_the_task_that_has_one(
    fields: dict[str, Any], mapping: Mapping, tmp_path: Path
) -> None:
    rows = [{name: cell(n) for name, cell in CELLS.items()} for n in range(24)]
    table = look_at(written(rows, tmp_path, "rows.jsonl"))
    assert chosen_mapping(table, *chosen(**fields)[:8]) == mapping


def test_every_value_of_short_lists_is_a_column_that_can_be_chosen_and_stays(bench: Studio, tmp_path: Path) -> None:
    path = written([{"set": [asked(n), said(n), mood(n)], "n": n} for n in range(24)], tmp_path, "rows.jsonl")
    fields = chosen(kind="pairs", first="set[0]", answer="set[2]")
    (data, _said, _rows, _faults, kind, first, _second, answer, *_rest), refused = last(
        apply_parsing(bench, str(path), 0.2, *fields)
    )
    assert not refused and kind == "pairs" and (first["value"], answer["value"]) == ("set[0]", "set[2]")
    assert ("set[1]", "set[1]") in answer["choices"] and DataChoice.from_text(data).mapping is not None


def test_a_column_can_be_chosen_alone_where_the_form_cannot_say_what_was_detected(
    bench: Studio, tmp_path: Path
) -> None:
    path = written(
        [{"topic": mood(n), "note": said(n), "qas": [{"question": asked(n), "answer": said(n)}]} for n in range(24)],
        tmp_path, "rows.jsonl",
    )  # fmt: skip
    shown, refused = last(take_upload(bench, [str(path)], 0.2))
    assert not refused and shown[5] == ""
    shown, refused = last(apply_choices(bench, str(path), 0.2, *chosen(first="note", answer="topic")))
    assert (
        not refused
        and "topic" in shown[1]
        and DataChoice.from_text(shown[0]).mapping == Mapping("labels", column="note", answer="topic")
    )


def test_a_refusal_that_asks_for_a_choice_opens_the_fields_to_choose_in(bench: Studio, tmp_path: Path) -> None:
    two = [{"prompt": asked(n), "answer_a": said(n), "answer_b": f"No berth is free at {n}."} for n in range(9)]
    path = written(two, tmp_path, "two.jsonl")
    shown, refused = last(take_upload(bench, [str(path)], 0.2))
    assert "select one of them" in refused and shown[-1].get("open") is True
    shown, refused = last(apply_choices(bench, str(path), 0.2, *chosen(kind="labels", first="prompt")))
    assert "open" not in shown[-1]  # it can be read now, and the fields stay as they are
    shown, refused = last(apply_choices(bench, str(path), 0.2, *chosen(kind="preferences", answer="answer_a")))
    assert "is selected; select one" in refused and shown[-1].get("open") is True


def test_a_refusal_that_no_choice_can_help_leaves_the_fields_closed(bench: Studio, tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(b"%PDF-1.4 \x00")
    shown, refused = last(take_upload(bench, [str(path)], 0.2))
    assert refused and "open" not in shown[-1]
