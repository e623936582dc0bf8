"""Claims on numbers with units, and on texts with the places of their spans or of their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.exports import written
from tests.data.shapes import asked, said


def read(records: list[dict[str, Any]], folder: Path, mapping: Mapping | None = None) -> DataSplit:
    return load_data(written(records, folder, "rows.jsonl"), mapping=mapping)


def examples(split: DataSplit) -> list[Any]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


@pytest.mark.parametrize("written_as", ["{} min", "{} Min.", "{}min", "USD {}", "{} km/h", "{} 分钟", "{} kg"])
def test_numbers_with_one_unit_are_measurements(written_as: str, tmp_path: Path) -> None:
    rows = [{"recipe": f"{said(n)} Stir and wait.", "takes": written_as.format(7 * n + 3)} for n in range(40)]
    split = read(rows, tmp_path)
    assert str(split.mapping) == "recipe → text, takes → number"
    assert [float(each.labels[0]) for each in examples(split)] == [7 * n + 3 for n in range(40)]


def test_a_number_in_another_unit_is_left_out_rather_than_compared(tmp_path: Path) -> None:
    rows = [{"recipe": said(n), "takes": f"{n} min" if n else "2 h"} for n in range(30)]
    split = read(rows, tmp_path, Mapping("labels", column="recipe", answer="takes", target="number"))
    assert len(examples(split)) == 29
    assert [(each.row, "'2 h', where most have min" in each.reason) for each in split.problems] == [(1, True)]


@pytest.mark.parametrize("code", ["{}G", "B{}", "{} Monkeys", "{}D"])
def test_codes_are_no_measurements(code: str, tmp_path: Path) -> None:
    rows = [{"text": said(n), "kind": code.format(1 + n % 3)} for n in range(30)]
    assert str(read(rows, tmp_path).mapping) == "text → text, kind → label"


@pytest.mark.parametrize("name", ["length", "confidence", "size_cm"])
def test_a_measurement_is_told_from_a_text_where_nothing_else_stands_next_to_it(name: str, tmp_path: Path) -> None:
    rows = [{"description": said(n), name: (n * 37) % 41 + 0.5} for n in range(40)]
    assert str(read(rows, tmp_path).mapping) == f"description → text, {name} → number"


def test_the_length_of_the_text_itself_is_no_label(tmp_path: Path) -> None:
    rows = [{"description": said(n) * (n + 1), "length": len(said(n) * (n + 1))} for n in range(40)]
    assert read(rows, tmp_path).mapping.kind == "text"


def test_spans_and_their_labels_in_columns_of_their_own_are_tags(tmp_path: Path) -> None:
    rows = [{"text": f"Ferry {n} to Turku", "spans": [[0, 5], [len(f"Ferry {n} to "), len(f"Ferry {n} to Turku")]],
             "span_labels": ["ship", "port"]} for n in range(12)]  # fmt: skip
    assert examples(read(rows, tmp_path))[0].labels == ("B-ship", "O", "O", "B-port")


def test_starts_ends_and_labels_in_three_columns_are_tags(tmp_path: Path) -> None:
    rows = [{"text": f"Ferry {n} to Turku", "starts": [0], "ends": [5], "labels": ["ship"]} for n in range(12)]
    assert examples(read(rows, tmp_path))[3].labels == ("B-ship", "O", "O", "O")


def test_places_of_characters_alone_mark_their_words(tmp_path: Path) -> None:
    rows = [{"text": f"Bad ferry {n} leaves", "spans": [0, 1, 2] if n % 2 else []} for n in range(12)]
    assert examples(read(rows, tmp_path))[1].labels == ("B-SPAN", "O", "O", "O")


@pytest.mark.parametrize(
    "given",
    [
        {"answer_span": (0, 5)},
        {"start": 0, "end": 5},
        {"start": 0, "end": 4},
        {"answer": {"start": 0, "end": 5}},
        {"span": [[0, 5]]},
    ],
)
def test_the_words_at_the_places_of_an_answer_are_the_answer(given: dict[str, Any], tmp_path: Path) -> None:
    rows = [{"question": asked(n), "passage": f"Ferry {n} leaves for Turku at nine.", **given} for n in range(12)]
    split = read(rows, tmp_path)
    assert str(split.mapping) == "question + passage → prompt, answer → answer"
    assert {each.messages[-1].content for each in examples(split)} == {"Ferry"}


def test_places_that_cut_words_are_asked_about(tmp_path: Path) -> None:
    rows = [{"question": asked(n), "passage": f"Ferry {n} leaves for Turku.", "start": 1, "end": 3} for n in range(12)]
    with pytest.raises(DataError, match="start and end may be places in passage"):
        read(rows, tmp_path)
