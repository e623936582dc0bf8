"""Blanks around the delimiters of a table."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data


@pytest.mark.parametrize("between", [" ~ ", " | ", " ; ", "   ^ "])
@pytest.mark.parametrize("header", ["", "question{}answer\n"])
def test_blanks_around_every_delimiter_are_a_part_of_it(between: str, header: str, tmp_path: Path) -> None:
    rows = (f"Is berth {n} free today?{between}Berth {n} is free from noon." for n in range(12))
    path = tmp_path / "qa.csv"
    path.write_text(header.replace("{}", between.strip()) + "\n".join(rows))
    data = load_data(path)
    first = min([*data.train, *data.held_out], key=lambda each: each.row)
    assert [turn.content for turn in first.messages] == ["Is berth 0 free today?", "Berth 0 is free from noon."]


def test_blanks_that_only_some_texts_end_with_are_left(tmp_path: Path) -> None:
    rows = (f"Berth {n} is free{' ' * (n % 2)}\t{n % 2}" for n in range(12))
    path = tmp_path / "labels.tsv"
    path.write_text("\n".join(rows))
    data = load_data(path)
    assert {each.text[-1] for each in (*data.train, *data.held_out)} == {" ", "e"}
