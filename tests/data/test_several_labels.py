"""Claims on cells with several labels: which signs stand between them, and which are part of a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from tests.data.exports import written
from tests.data.schema_shapes import plain


def read(
    cells: tuple[str, ...], folder: Path, name: str = "labels", mapping: Mapping | None = None
) -> tuple[str, set[str]]:
    """Return how texts with cells of labels are read, and the labels of the examples."""
    records = [{"text": plain(n), name: cells[n % len(cells)]} for n in range(6 * len(cells))]
    split = load_data(written(records, folder), mapping=mapping)
    return split.mapping.target, {label for each in (*split.train, *split.held_out) for label in each.labels}


@pytest.mark.parametrize("sign", [";", "; ", "|", " | ", "\n"])
def test_a_comma_in_the_name_of_a_label_parts_it_from_nothing(sign: str, tmp_path: Path) -> None:
    cells = ("Food, drinks", "Service", sign.join(("Food, drinks", "Service")), sign.join(("Service", "Rooms")))
    assert read(cells, tmp_path) == ("multi", {"Food, drinks", "Service", "Rooms"})


def test_commas_part_labels_that_semicolons_part_as_well(tmp_path: Path) -> None:
    assert read(("joy; fear, hope", "fear", "hope; joy", "joy"), tmp_path) == ("multi", {"joy", "fear", "hope"})


def test_signs_inside_parentheses_part_no_labels(tmp_path: Path) -> None:
    cells = ("cause(a,b);time", "time", "cause(a,b)", "place(x;y);time")
    assert read(cells, tmp_path) == ("multi", {"cause(a,b)", "time", "place(x;y)"})


def test_a_class_whose_name_has_a_comma_stays_one_class(tmp_path: Path) -> None:
    cells = ("Food", "Food, drinks", "Service", "Rooms, beds", "Staff")
    assert read(cells, tmp_path, "category") == ("single", {*cells})


def test_a_separator_that_was_chosen_is_kept(tmp_path: Path) -> None:
    chosen = Mapping("labels", column="text", answer="labels", target="multi", separators=";|,")
    assert read(("a, b;c", "c", "a, b"), tmp_path, mapping=chosen) == ("multi", {"a", "b", "c"})


def test_a_name_that_begins_with_at_may_be_a_label_and_one_that_ends_with_it_is_a_time(tmp_path: Path) -> None:
    records = [{"comment": plain(n), "at_risk": n % 2, "solved_at": 1_650_000_000 + n % 3} for n in range(24)]
    assert str(load_data(written(records, tmp_path)).mapping) == "comment → text, at_risk → label"
