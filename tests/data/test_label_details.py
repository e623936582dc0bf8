"""Labels that are details of another column, empty where that one says no."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit

_RUDE = ("The lazy crew ruined", "Greedy pilots spoiled", "Clumsy porters wrecked")
_KIND = ("A patient keeper painted", "Friendly sailors mended", "The careful cook cleaned")
_THINGS = ("the pier", "our lamp", "the ferry", "a buoy", "that hawser")
_KINDS = ("crew", "pilots", "porters")


def _rows(yes: str, no: str, rude: Sequence[bool]) -> list[tuple[str, str, str]]:
    """Return texts, whether each is rude, and towards whom."""
    return [
        (f"{(_RUDE if n % 2 else _KIND)[n % 3]} {_THINGS[n % 5]} on day {n}.", yes, _KINDS[n // 2 % 3])
        if rude[n]
        else (f"{(_RUDE if n % 2 else _KIND)[n % 3]} {_THINGS[n % 5]} on day {n}.", no, "")
        for n in range(len(rude))
    ]


def _read(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> DataSplit:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return load_data(path)


_TOLD = [n % 2 == 1 for n in range(90)]
_BY_CHANCE = [n // 30 % 2 == 1 for n in range(90)]


@pytest.mark.parametrize("named", ["category", "label"])
@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("hate", "non-hate"), ("True", "False"), ("yes", "no"), ("sí", "no")]
)
def test_kinds_that_only_some_texts_have_are_a_detail_of_whether_they_have_one(
    tmp_path: Path, named: str, yes: str, no: str
) -> None:
    data = _read(tmp_path / "a.csv", ["sentence", "hate", named], _rows(yes, no, _TOLD))
    assert data.mapping.answer == "hate"
    assert not data.problems
    assert any(f"hate is read as the label; {named} also looks like one" in note for note in data.notes)


@pytest.mark.parametrize(
    ("flag", "rude"),
    [("hate", _BY_CHANCE), ("annotated", _TOLD), ("source", _TOLD), ("is_labeled", _TOLD), ("label" + "led", _TOLD)],
)
def test_rows_that_nobody_labeled_are_no_class(tmp_path: Path, flag: str, rude: list[bool]) -> None:
    data = _read(tmp_path / "a.csv", ["sentence", flag, "category"], _rows("1", "0", rude))
    assert data.mapping.answer == "category"
    assert data.problems


def test_kinds_that_all_texts_have_stay_the_label(tmp_path: Path) -> None:
    rows = [(text, flag, kind or "none") for text, flag, kind in _rows("1", "0", _TOLD)]
    assert _read(tmp_path / "a.csv", ["sentence", "hate", "category"], rows).mapping.answer == "category"


def test_rows_without_a_kind_on_both_sides_say_nothing(tmp_path: Path) -> None:
    rows = [(text, flag, "" if n % 10 == 1 else kind) for n, (text, flag, kind) in enumerate(_rows("1", "0", _TOLD))]
    assert _read(tmp_path / "a.csv", ["sentence", "hate", "category"], rows).mapping.answer == "category"
