"""Files whose texts are numbers alone."""

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.errors import DataError

_ROWS = [f"-0.{n}4 1.{n}e-3 .{n}5 {n}" for n in range(10)]


@pytest.mark.parametrize(("name", "above"), [("train.txt", ""), ("points.csv", "text\n"), ("rows.md", "")])
def test_rows_of_a_matrix_are_no_texts(name: str, above: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(above + "\n".join(_ROWS))
    with pytest.raises(DataError, match="none holds texts, only numbers"):
        load_data(path)
    assert len(load_data(path, mapping=Mapping("text", column="text")).train) > 0


@pytest.mark.parametrize("line", ["{n} + {n} = {n}0", "{n} bells", "{n}:00", "7 7 {n} x"])
def test_sums_and_other_signs_are_texts(line: str, tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("\n".join(line.replace("{n}", str(n)) for n in range(1, 11)))
    assert load_data(path).mapping.kind in ("text", "pairs")
