"""Of very many rows a sample from all over them is looked at; a run reads all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data import sampled
from ia3_studio.data.load import DataChoice, load_data, look_at
from ia3_studio.data.sampled import read_sample
from ia3_studio.data.table import read_table
from ia3_studio.data.workbook_sample import sample_workbook
from ia3_studio.errors import DataError
from tests.data.shapes import workbook
from tests.data.table_shapes import merged_workbook

ROWS, LOOKED_AT = 500, 60


@pytest.fixture(autouse=True)
def few_rows_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "MOST_LOOKED_AT", LOOKED_AT)


def records() -> list[dict[str, str]]:
    """Return labeled texts, sorted by label."""
    return [
        {"text": f"this is the text of row {n}", "label": "calm" if n < 250 else "storm"} for n in range(1, ROWS + 1)
    ]


def written(folder: Path, form: str) -> Path:
    path = folder / form
    if form == "rows.csv":
        path.write_text("text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in records()))
    elif form == "rows.json":
        path.write_text(json.dumps(records()))
    else:
        path.write_text("\n\n" + "\n".join(json.dumps(row) for row in records()) + "\n\n")
    return path


@pytest.mark.parametrize("form", ["rows.csv", "rows.json", "rows.jsonl"])
def test_rows_from_all_over_a_file_are_looked_at_under_their_own_numbers(form: str, tmp_path: Path) -> None:
    path = written(tmp_path, form)
    looked = look_at(path)
    assert len(looked.frame) == LOOKED_AT and looked.share == LOOKED_AT / ROWS
    assert all(text.endswith(f" {row}") for row, text in looked.frame["text"].items())
    assert set(looked.frame["label"]) == {"calm", "storm"} and "500 rows" in looked.description
    assert looked.fingerprint == read_table(path).fingerprint


@pytest.mark.parametrize("form", ["rows.csv", "rows.json", "rows.jsonl"])
def test_a_run_reads_all_rows_with_the_columns_that_were_shown(form: str, tmp_path: Path) -> None:
    path = written(tmp_path, form)
    shown, learned = DataChoice(str(path)).look(), load_data(path)
    assert len(shown.train) + len(shown.held_out) == LOOKED_AT and len(learned.train) + len(learned.held_out) == ROWS
    assert shown.mapping == learned.mapping


def test_a_damaged_line_in_the_sample_has_its_row_and_line_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.jsonl")
    places = sampled._places(ROWS)
    lines = path.read_bytes().split(b"\n")
    lines[2 + places[7]] = b'{"text": "cut'
    lines[2 + places[9]] = lines[2 + places[9]].replace(b"text of", b"t\xe9xt of")
    lines[2 + places[0]] = lines[2 + places[0]].replace(b"text of", "été of été".encode())
    path.write_bytes(b"\n".join(lines))
    problems = look_at(path).problems
    assert [problem.row for problem in problems] == [places[7] + 1, places[9] + 1]
    assert [f"line {problem.row + 2} " in problem.reason for problem in problems] == [True, True]


def test_files_of_few_rows_and_other_text_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in records()[:LOOKED_AT]))
    assert look_at(path).share == 1 and len(look_at(path).frame) == LOOKED_AT
    path.write_text(json.dumps(records(), indent=1))
    assert look_at(path).description.startswith("JSON array") and look_at(path).share == LOOKED_AT / ROWS
    path.write_text("not JSON\n" * ROWS)
    with pytest.raises(DataError):
        look_at(path)


def test_a_sample_of_lines_is_read_in_the_shape_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "MOST_LOOKED_AT", 150)
    pairs = [{"prompt": f"ask {n}", "chosen": f"tell {n}", "rejected": "no"} for n in range(400)]
    turns = [{"chat_id": n // 2, "role": ("user", "assistant")[n % 2], "content": f"{n}"} for n in range(400)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs))
    table = sampled.read_sample(tmp_path / "pairs.jsonl")
    assert table.mapping == read_table(tmp_path / "pairs.jsonl").mapping is not None and len(table.frame) == 150
    (tmp_path / "turns.jsonl").write_text("".join(json.dumps(row) + "\n" for row in turns))
    table = sampled.read_sample(tmp_path / "turns.jsonl")
    assert [len(turns) for turns in table.frame["messages"]] == [2] * 150


def test_lines_that_belong_together_are_read_whole_before_a_sample_is_taken(tmp_path: Path) -> None:
    turns = [
        {"conversation_id": f"c{n}", "role": role, "content": f"{role} {n}"}
        for n in range(200) for role in ("user", "assistant")
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
    shown = DataChoice(str(path)).look()
    assert len(shown.train) + len(shown.held_out) == LOOKED_AT
    assert all(len(example.messages) == 2 for example in shown.train)


def test_a_long_workbook_is_looked_at_by_rows_from_all_over_it_with_their_own_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "MOST_LOOKED_AT", 300)
    path = tmp_path / "long.xlsx"
    cells = [
        ["Letters of May", None],
        ["text", "label"],
        *([f"Letter number {n}", "ab"[n > 800]] for n in range(1, 1001)),
    ]
    path.write_bytes(workbook(Letters=cells))
    table, whole = read_sample(path), read_table(path)
    assert len(table.frame) < 310 and table.share < 0.31 and "1,000 rows" in table.description
    assert set(table.frame["label"]) == {"a", "b"}
    for number, text in table.frame["text"].items():
        assert text == whole.frame["text"][number] == f"Letter number {number}"


def test_a_long_workbook_with_merged_cells_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "MOST_LOOKED_AT", 5)
    path = tmp_path / "merged.xlsx"
    path.write_bytes(merged_workbook())
    assert sample_workbook(path.name, path.read_bytes(), 5) is None
