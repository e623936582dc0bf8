"""Pasted rows become a file of their kind and are read like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.pasted import MOST_CHARACTERS, suffix_of, write_pasted
from ia3_studio.errors import DataError

ROWS = [(f"ask {n}", f"tell, {n}") for n in range(4)]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("prompt\tanswer\n" + "".join(f"{a}\t{b}\n" for a, b in ROWS), ".tsv"),
        ("prompt,answer\n" + "".join(f'{a},"{b}"\n' for a, b in ROWS), ".csv"),
        ("prompt;answer\r\n" + "".join(f"{a};{b}\r\n" for a, b in ROWS), ".csv"),
        ("".join(f'{{"prompt": "{a}", "answer": "{b}"}}\n' for a, b in ROWS), ".jsonl"),
        ("[" + ",\n".join(f'{{"prompt": "{a}", "answer": "{b}"}}' for a, b in ROWS) + "]", ".json"),
    ],
)
def test_pasted_rows_are_told_apart_and_read(text: str, suffix: str, tmp_path: Path) -> None:
    assert suffix_of(text) == suffix
    split = load_data(write_pasted(f"\n{text}\n", tmp_path))
    said = {example.messages[1].content for example in (*split.train, *split.held_out)}
    assert said == {answer for _prompt, answer in ROWS} and not split.problems


def test_prose_with_commas_is_plain_text(tmp_path: Path) -> None:
    text = "Once, by the sea, a lamp burned.\n\nNobody came.\n\nThen, one night, somebody did."
    assert suffix_of(text) == ".txt"
    assert len(load_data(write_pasted(text, tmp_path)).train) == 2


def test_the_same_rows_are_the_same_file(tmp_path: Path) -> None:
    assert write_pasted("a\tb\nc\td", tmp_path) == write_pasted("a\tb\nc\td\n", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"), [(" \n", "Nothing was pasted"), ("a" * (MOST_CHARACTERS + 1), "More than 5")]
)
def test_nothing_and_too_much_are_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        write_pasted(text, tmp_path)
