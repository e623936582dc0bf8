"""Columns that are no prompt, no answer and no label are told from those that are, or the file is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.errors import DataError
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, lines, mood, rows, said
from tests.data.test_public_files import read


def test_two_texts_of_more_and_less_of_something_are_no_prompt_and_answer(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="less_toxic and more_toxic"):
        read(tmp_path, "a.csv", rows(lambda n: f"{plain(n)},{said(n)[:9]} {n}!", 24, "less_toxic,more_toxic"))


def test_counts_between_flags_are_not_left_out_in_silence(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{n % 2},{n % 4},{n % 3 % 2},{n % 5 % 2}", 24, "text,rude,loud,sad,odd")
    with pytest.raises(DataError, match="loud"):
        read(tmp_path, "a.csv", table)


def test_the_output_of_a_test_case_is_no_answer(tmp_path: Path) -> None:
    cases = json.dumps([{"input": "6", "output": "YES"}])
    table = lines(lambda n: {"question_content": asked(n), "difficulty": mood(n), "public_test_cases": cases}, 24)
    assert str(read(tmp_path, "a.jsonl", table).mapping) == "question_content → text, difficulty → label"


def test_a_category_that_is_the_same_in_all_rows_is_no_label(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)}\tferries\t{n + 1}", 24, "content\ttopic\tno")
    assert str(read(tmp_path, "a.tsv", table).mapping) == "content → plain text"


def test_paragraphs_of_which_one_supports_an_answer_are_no_choices(tmp_path: Path) -> None:
    def row(n: int) -> dict[str, object]:
        texts = [{"paragraph_text": plain(n + place), "is_supporting": place == 1} for place in range(3)]
        return {"question": asked(n), "paragraphs": texts, "answer": said(n)}

    assert str(read(tmp_path, "a.jsonl", lines(row, 12)).mapping).endswith("→ prompt, answer → answer")


def test_the_sizes_of_summaries_do_not_summarize_one_another(tmp_path: Path) -> None:
    table = lines(lambda n: {"sources": [plain(n), plain(n + 1)], "summary/long": plain(n), "summary/tiny": said(n)})
    assert str(read(tmp_path, "a.jsonl", table).mapping) == "sources → prompt, summary/long → answer"


def test_definitions_of_functions_are_no_texts_of_their_rows(tmp_path: Path) -> None:
    tool = [{"name": "tide", "description": "Tell the tide."}]
    table = lines(lambda n: {"id": n, "question": [[{"role": "user", "content": asked(n)}]], "function": tool})
    with pytest.raises(DataError):
        read(tmp_path, "a.jsonl", table)
