"""Delimiters that nobody quoted belong to the text of a table of two columns, and are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.data.unquoted_rest import text_column
from ia3_studio.errors import DataError


def read(folder: Path, text: str) -> DataSplit:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return load_data(path, held_out=0.2)


def test_what_a_term_means_has_all_of_its_commas(tmp_path: Path) -> None:
    plain = "".join(f"Part {n}, The part number {n} of a ship\n" for n in range(8))
    split = read(tmp_path, f"Term, Description\n{plain}Bow, The front, the side, and what is left\n")
    answers = [example.messages[-1].content for example in (*split.train, *split.held_out)]
    assert "The front, the side, and what is left" in answers and len(answers) == 9
    assert any("1 rows" in note and "Description" in note for note in split.notes)


def test_a_text_before_its_label_has_all_of_its_commas(tmp_path: Path) -> None:
    plain = "".join(f"The crossing number {n} was fine,{('good', 'bad')[n % 2]}\n" for n in range(10))
    split = read(tmp_path, f"text,label\n{plain}It was late, cold, and long,bad\n")
    assert ("It was late, cold, and long", ("bad",)) in [
        (example.text, example.labels) for example in (*split.train, *split.held_out)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["a", "1"], ["b", "2", "3"], ["c", "4"], ["d", "5"]],  # no texts
        [["What is it, and why is it so long a question?", "It is so"], ["Who is it that asks of us?", "Ann", "Bo"],
         ["Where is the berth of the long grey ship?", "Here"], ["Is it late enough for us to go home?", "No"]],
        [["Bow", "The front of a ship", "x"], ["Stern", "The back of it", "y"], ["Helm", "What steers it", "z"],
         ["Keel", "The bottom of it", "w"]],  # a column without a name
        [["Bow", "The front of a ship"], ["Stern", "The back of a ship"]],
    ],
)  # fmt: skip
def test_where_it_cannot_be_told_no_column_takes_the_rest(rows: list[list[str]]) -> None:
    assert text_column(rows) is None


def test_rows_of_questions_with_commas_are_still_refused_with_their_line(tmp_path: Path) -> None:
    asked = "".join(f"When the tide is so low at pier {n}, do ships wait?,They wait\n" for n in range(6))
    with pytest.raises(DataError, match="line 2"):
        read(tmp_path, f"question,answer\n{asked}May we come in now or shall we wait?,Yes\n")
