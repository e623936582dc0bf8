"""Tables as programs print them: their cells are found, or it is said that they were cut."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio import ParsingOptions
from ia3_studio.data.load import load_data
from ia3_studio.errors import DataError
from tests.data.printed_shapes import BOX, FRAME, drawn, shown
from tests.data.schema_shapes import plain
from tests.data.shapes import mood

LABELED = "text → text, label → label"


def read(text: str, folder: Path, name: str = "printed.txt", *, as_rows: bool = False) -> tuple[str, int]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    split = load_data(path, parsing=ParsingOptions(plain=as_rows))
    return str(split.mapping), len((*split.train, *split.held_out))


def test_the_name_of_an_index_is_no_row(tmp_path: Path) -> None:
    named = FRAME.set_index(pd.Index(range(100, 112), name="day"))
    assert read(shown(named), tmp_path) == (LABELED, 12)


def test_cells_or_rows_that_were_cut_off_are_refused_unless_plain_rows_are_chosen(tmp_path: Path) -> None:
    cut = shown(FRAME, max_colwidth=20)
    with pytest.raises(DataError, match=r"without the end of 12 long cells"):
        read(cut, tmp_path)
    assert read(cut, tmp_path, as_rows=True) == ("text → plain text", 13)
    with pytest.raises(DataError, match="without rows in its middle"):
        read(shown(FRAME, max_rows=6), tmp_path)
    spark = drawn([[text[:17] + "...", label] for text, label in FRAME.to_numpy().tolist()])
    with pytest.raises(DataError, match="without the end of 12 long cells"):
        read(spark, tmp_path)


def test_cells_that_were_broken_into_lines_are_joined(tmp_path: Path) -> None:
    lines = [
        [part, label if not at else ""]
        for text, label in FRAME.to_numpy().tolist()
        for at, part in enumerate(textwrap.wrap(text, 30))
    ]
    box = drawn(lines).translate(BOX)
    mapping, count = read("┌" + box[1:], tmp_path)
    assert (mapping, count) == (LABELED, 12)
    texts = {example.text for example in load_data(tmp_path / "printed.txt").train}
    assert texts <= set(FRAME["text"])


def test_one_word_of_verse_below_the_other_is_no_table(tmp_path: Path) -> None:
    verse = "".join(f"{'  ' * (n % 3)}The {mood(n)} sleeps    beneath the moon,\n" for n in range(20))
    assert read(verse, tmp_path) == ("text → plain text", 20)
    code = "".join(f"def f{n}(a, b):\n    if a  >  b:\n        return a   # larger\n    return b\n" for n in range(9))
    assert read(code, tmp_path)[0] == "text → plain text"


def test_blanks_before_the_end_of_a_name_are_no_edge_of_a_column(tmp_path: Path) -> None:
    rows = "".join(f"{plain(n):<60}{mood(n)}\n" for n in range(12))
    text = f"{'what was said':<60}mood\n{rows}"
    assert read(text, tmp_path, "said.prn") == ("what was said → text, mood → label", 12)
