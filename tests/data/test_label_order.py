"""Whatever two processes work out from the same data is the same in both, however they hash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.labels import Labels, foreign_labels, labels_of
from ia3_studio.errors import DataError

DERIVED = """
import json, sys
from pathlib import Path
from ia3_studio import Example, labels_of, load_data
from ia3_studio.data import large
from ia3_studio.data.findings import examine
from ia3_studio.data.arrow_rows import key_of
from ia3_studio.data.table import read_table
names = ["1", "2", "nan", "3", "NaN", "inf", "4", "10", "-nan", "b", "a"]
labels = labels_of([Example(n, text=f"row {n}", labels=(name,)) for n, name in enumerate(names)], "single")
several = labels_of([Example(n, text="t", labels=tuple(names[n:n + 3])) for n in range(9)], "multi")
path = Path(sys.argv[1])
split = load_data(path, held_out=0.3, seed=5)
plan = large._plan(large.read_head(path), split.mapping, 0.3, 5)
found = examine(split)
print(labels.names, several.names, [e.row for e in split.held_out], key_of(plan), found.balance, found.nearly_empty)
"""


def test_labels_splits_and_names_of_kept_files_are_the_same_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    kinds = ["red", "green", "nan", "3", "blue"]
    path.write_text(
        "".join(f'{{"text": "the text number {n} of many", "label": "{kinds[n % 5]}"}}\n' for n in range(60))
    )
    said = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DERIVED, str(path)], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        said.add(done.stdout)
    assert len(said) == 1 and len(said.pop()) > 100


def test_a_label_that_is_no_number_stands_behind_those_that_are() -> None:
    names = labels_of(
        [Example(n, text="t", labels=(name,)) for n, name in enumerate(("nan", "10", "2", "x"))], "single"
    )
    assert names.names == ("2", "10", "nan", "x")


@pytest.mark.parametrize("said", ["nan", "inf", "-inf"])
def test_a_number_to_predict_is_a_finite_one(said: str) -> None:
    with pytest.raises(DataError, match="row 2"):
        labels_of([Example(1, text="t", labels=("1.5",)), Example(2, text="t", labels=(said,))], "number")


def test_labels_of_the_data_and_of_the_adapter_are_told_apart() -> None:
    labels = labels_of([Example(1, text="t", labels=("a",)), Example(2, text="t", labels=("b",))], "single")
    assert foreign_labels(labels, [Example(1, text="t", labels=("b",)), Example(2, labels=("c",))]) == (("c",), ("a",))


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "single", "names": "abc", "of_words": false}',
        '{"kind": "single", "names": ["a", "a"], "of_words": false}',
        '{"kind": "single", "names": ["a"], "of_words": "perhaps"}', "[]", "null", '{"kind": "many", "names": []}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_labels_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(DataError):
        Labels.from_json(text)
