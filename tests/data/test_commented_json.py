"""JSON with comments, commas after last items and names without quotes; what is damaged keeps its sentence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.errors import DataError

SECONDS = 8
ROWS = "".join(f'  {{prompt: \'Is berth {n} free?\', "answer": "See // pier {n}.",}}, // row {n}\n' for n in range(6))


@pytest.mark.parametrize("name", ["a.json", "a.jsonc", "a.json5"])
@pytest.mark.parametrize(
    "text", [f"// All berths.\n[\n{ROWS}]\n", f"[\n{ROWS}] /* the end */", f"/* a */ {{rows: [{ROWS}]}}"]
)
def test_comments_and_last_commas_are_passed_over(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    split = load_data(tmp_path / name)
    assert str(split.mapping) == "prompt → prompt, answer → answer"
    assert {f"See // pier {n}." for n in range(6)} == {e.messages[-1].content for e in (*split.train, *split.held_out)}
    assert any("comments" in note for note in split.notes)


def test_each_list_of_such_a_document_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.jsonc").write_text(f"/* a */ {{ports: {{open: [{ROWS}], shut: [{ROWS.replace('pier', 'dock')}]}}}}")
    split = load_data(tmp_path / "a.jsonc", parsing=ParsingOptions(rows="ports.shut"))
    assert "See // dock 3." in {each.messages[-1].content for each in (*split.train, *split.held_out)}


@pytest.mark.parametrize(
    "end", ["{prompt: 'late', answer: when()}]", "{prompt: 'late' answer: 'no'}]", "{prompt: 'la\nte'}]"]
)
def test_what_is_damaged_or_computed_keeps_its_sentence(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.json").write_text(f"// All.\n[\n{ROWS}{end}")
    with pytest.raises(DataError, match="is not valid JSON"):
        load_data(tmp_path / "a.json")


def test_comments_and_brackets_without_end_take_no_time(tmp_path: Path) -> None:
    begun = time.monotonic()
    for text in ("// a\n" + "[" * 200_000, "// a\n[" + "/* " * 200_000, "// a\n[{a: " * 50_000):
        (tmp_path / "a.json5").write_text(text)
        with pytest.raises(DataError):
            load_data(tmp_path / "a.json5")
    assert time.monotonic() - begun < SECONDS
