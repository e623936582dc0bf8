"""What is done faster for very many lines, cells and columns reads the same as the slow way."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ia3_studio.data.column_profile import kept_profiles, structures_of
from ia3_studio.data.delimiters import LINE_END, lines_of
from ia3_studio.data.measurements import number_of, plain_number
from ia3_studio.data.word_lines import one_word_per_line


def drawn(signs: str, count: int, longest: int = 9) -> list[str]:
    """Return texts of random signs."""
    draw = random.Random(0)
    return ["".join(draw.choices(signs, k=draw.randint(1, longest))) for _each in range(count)]


def test_lines_end_where_any_system_ends_them() -> None:
    for text in drawn("a\r\n \x0b\u2028", 2_000):
        assert lines_of(text) == LINE_END.split(text)


@pytest.mark.parametrize("mark", ["", ".", ","])
def test_numbers_are_what_their_text_says(mark: Any) -> None:
    for text in drawn("0123456789.,- %", 4_000):
        number = number_of(text, mark)
        assert number is None or number == float(plain_number(text, mark))
    assert (number_of("1.234", ","), number_of("1.234", "."), number_of("0007")) == (1234.0, 1.234, 7.0)
    assert number_of("½") is None and number_of("٣") == 3.0  # a digit of another script


def test_parsed_cells_are_kept_while_columns_are_told_and_no_longer() -> None:
    import pandas as pd

    frame = pd.DataFrame({"tags": ['["quay", "pier"]', "[1, 2]"]})
    with kept_profiles():
        structures_of(frame, "tags").clear()
        assert structures_of(frame, "tags") == [["quay", "pier"], [1, 2]]
    frame.loc[0, "tags"] = "none"
    assert structures_of(frame, "tags") == ["none", [1, 2]]


def test_words_with_signs_are_found_by_the_first_line_of_them() -> None:
    marked = ["", "Ada/B-SHIP left/O", "The/O quay/B-PLACE is/O wet/O"]
    assert one_word_per_line(marked) == ["Ada\tB-SHIP", "left\tO", "", "The\tO", "quay\tB-PLACE", "is\tO", "wet\tO", ""]
    words = ["Ada/B-SHIP", "left/O", "", "quay/B-PLACE", "wet/O"]
    assert one_word_per_line(words) == ["Ada\tB-SHIP", "left\tO", "", "quay\tB-PLACE", "wet\tO", ""]
    plain = ["either/or it is", "and/or not"]
    assert one_word_per_line(plain) == plain
