"""The numbers of classes have the names of a file beside the table that lists them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data.load import DataSplit, load_data
from tests.data.shapes import said

NAMES = ("Harbor", "Weather", "Cargo")


def labels_of(split: DataSplit) -> set[str]:
    return {example.labels[0] for example in (*split.train, *split.held_out)}


def put(folder: Path, numbers: tuple[int, ...], beside: str, content: str, header: str = "label,text\n") -> DataSplit:
    for name, count in (("train", 24), ("test", 9)):
        rows = "".join(f'{numbers[n % len(numbers)]},"{said(n)}, {name}"\n' for n in range(count))
        (folder / f"{name}.csv").write_text(header + rows)
    (folder / beside).write_text(content)
    return load_data(folder)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("header", ["label,text\n", ""])
def test_numbers_from_0_or_1_get_the_names_of_a_list(first: int, header: str, tmp_path: Path) -> None:
    numbers = tuple(range(first, first + 3))
    split = put(tmp_path, numbers, "classes.txt", "\n".join(NAMES) + "\n", header)
    assert labels_of(split) == {*NAMES}
    assert any(f"{first} is Harbor" in note for note in split.notes)
    assert not any("Not read" in note for note in split.notes)


@pytest.mark.parametrize(
    ("beside", "document"),
    [
        ("classes.json", [*NAMES]),
        ("id2label.json", {str(n): name for n, name in enumerate(NAMES)}),
        ("label2id.json", {name: n for n, name in enumerate(NAMES)}),
    ],
)
def test_names_by_number_and_numbers_by_name_are_such_lists(beside: str, document: object, tmp_path: Path) -> None:
    assert labels_of(put(tmp_path, (0, 1, 2), beside, json.dumps(document))) == {*NAMES}


@pytest.mark.parametrize(
    ("numbers", "names"),
    [((0, 1, 3), NAMES), ((1, 2), NAMES), ((0, 1, 2), ("Harbor", "Harbor", "Cargo")), ((0, 1, 2), ("0", "1", "2"))],
    ids=["a number too large", "the last one is missing", "a name twice", "numbers for names"],
)
def test_a_list_that_does_not_fit_is_not_read_and_named(
    numbers: tuple[int, ...], names: tuple[str, ...], tmp_path: Path
) -> None:
    split = put(tmp_path, numbers, "classes.txt", "\n".join(names))
    assert labels_of(split) == {str(number) for number in numbers}
    assert any("Not read: classes.txt" in note for note in split.notes)
