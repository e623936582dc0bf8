"""Numbers of a column are read with the decimal mark that the column shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.measurements import DecimalMark, decimal_mark, number_of, whole_number


@pytest.mark.parametrize(
    ("cells", "mark", "numbers"),
    [
        (["1,234", "845", "12,000"], ".", [1234, 845, 12000]),
        (["1,234", "0,567"], ",", [1.234, 0.567]),
        (["1,234", "2,5"], ",", [1.234, 2.5]),
        (["1,234.5", "1,234"], ".", [1234.5, 1234]),
        (["1.234,5", "1.234"], ",", [1234.5, 1234]),
        (["1,234,567", "890,123"], ".", [1234567, 890123]),
        (["1.234.567", "890.123"], ",", [1234567, 890123]),
        (["3.5", "4,0"], "", [3.5, 4.0]),
        (["1.234", "2.345"], "", [1.234, 2.345]),
        (["$1,299", "€ 15", "20 %"], ".", [1299, 15, 20]),
        (["1 234 567", "12\u202f345,5"], ",", [1234567, 12345.5]),
        (["1'234.5", "-2"], "", [1234.5, -2]),
        (["-1,234", "+5"], ".", [-1234, 5]),
        (["1e-3", "2E5"], "", [0.001, 200000]),
    ],
)
def test_a_column_shows_whether_a_comma_is_a_decimal_mark(
    cells: list[str], mark: DecimalMark, numbers: list[float]
) -> None:
    assert decimal_mark(cells) in (mark, "." if mark == "" and not any("," in cell for cell in cells) else mark)
    assert [number_of(cell, decimal_mark(cells)) for cell in cells] == pytest.approx(numbers)


@pytest.mark.parametrize("cell", ["", "no", "1,23,4", "12-05", "1.2.3", None, True, "1,2345,678"])
def test_what_is_no_number_is_none(cell: object) -> None:
    assert number_of(cell) is None


def test_a_cell_that_can_be_read_in_one_way_only_is_read_so_in_any_column() -> None:
    assert number_of("0,5", ".") == 0.5 and number_of("1,234.5", ",") == 1234.5


def test_thousands_are_trained_as_thousands_and_the_mapping_says_so(tmp_path: Path) -> None:
    path = tmp_path / "homes.csv"
    rows = (f'"a house by the harbour, number {n}","{n},{n:03d}"\n' for n in range(1, 25))
    path.write_text("text,price\n" + "".join(rows))
    split = load_data(path)
    labels = {example.row: example.labels[0] for example in (*split.train, *split.held_out)}
    assert split.mapping.target == "number" and float(labels[7]) == 7007.0
    assert "1,000 is a thousand" in str(split.mapping)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("-3", -3),
        ("٣", 3),
        ("007", 7),
        ("²", None),
        ("1²", None),
        ("", None),
        ("9" * 5000, None),
        ("1.0", None),
    ],
)
def test_only_decimal_digits_are_a_whole_number(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("cell", ["²", "¹", "9" * 5000])
def test_digits_that_python_reads_as_no_number_break_no_table(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        f"text,x\n{cell},one\n" + "".join(f"{cell} {n},some answer {n}\n" for n in range(5)), encoding="utf-8"
    )
    assert load_data(path)
