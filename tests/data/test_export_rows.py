"""Rows that are taken away are read back as the same examples; nothing in them is run by a spreadsheet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.export_rows import escape_formula, export_rows, write_left_out
from ia3_studio.data.load import load_data
from ia3_studio.data.problem import Problem
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.training.test_images import paint

SOURCES = {
    "pairs.csv": "prompt,answer\n" + "".join(f'"ask, {n}",=tell {n}\n' for n in range(9)),
    "labels.csv": "text,label\n" + "".join(f"say {n},{n % 2}\n" for n in range(9)),
    "numbers.jsonl": "".join(f'{{"text": "t{n}", "label": {n}.5}}\n' for n in range(9)),
    "several.jsonl": "".join(f'{{"text": "t{n}", "labels": ["a", "b{n % 3}"]}}\n' for n in range(9)),
    "both.csv": "premise,hypothesis,label\n" + "".join(f"p {n},h {n},{'yn'[n % 2]}\n" for n in range(9)),
    "words.jsonl": "".join(f'{{"tokens": ["a{n}", "b"], "ner_tags": ["O", "B"]}}\n' for n in range(9)),
    "choices.jsonl": "".join(
        f'{{"question": "q{n}", "choices": ["x", "y{n}"], "answer": {n % 2}}}\n' for n in range(9)
    ),
    "chat.jsonl": "".join(
        f'{{"messages": [{{"role": "system", "content": "s"}}, {{"role": "user", "content": "u {n}"}},'
        f' {{"role": "assistant", "content": "a {n}"}}]}}\n'
        for n in range(9)
    ),
    "text.txt": "\n\n".join(f"a paragraph {n}\nof two lines" for n in range(9)),
}


def bare(examples: tuple[Example, ...]) -> list[Example]:
    return [replace(example, row=0) for example in examples]


def rewritten(split: DataSplit, folder: Path) -> DataSplit:
    path = folder / "processed.jsonl"
    export_rows(split, path)
    return load_data(path)


@pytest.mark.parametrize("name", SOURCES)
def test_rows_taken_away_are_read_back_as_they_were(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SOURCES[name])
    split = load_data(tmp_path / name, held_out=0.3)
    again = rewritten(split, tmp_path)
    assert bare(again.train) == bare(split.train) and bare(again.held_out) == bare(split.held_out)
    assert again.mapping.target == split.mapping.target


def test_the_starters_are_read_back_as_they_were(tmp_path: Path) -> None:
    for name in ("lighthouse", "harbour", "logbook", "beacon"):
        split = load_data(name)
        assert bare(rewritten(split, tmp_path).held_out) == bare(split.held_out)


def test_rows_left_out_are_listed_and_no_cell_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "left.csv"
    write_left_out([Problem(3, "the answer is empty"), Problem(9, "line 10 cannot be read", "=cmd|'/c calc'!A1")], path)
    found = pd.read_csv(path, keep_default_na=False)
    assert found.row.tolist() == [3, 9] and found.text.tolist() == ["", "'=cmd|'/c calc'!A1"]
    assert [escape_formula(cell) for cell in ("+1", "-1", "@a", "a=b")] == ["'+1", "'-1", "'@a", "a=b"]


def test_pictures_are_not_written_as_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Images cannot be exported as text rows"):
        export_rows(load_data(paint(tmp_path / "pictures", 4)), tmp_path / "processed.jsonl")
