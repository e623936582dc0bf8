"""Examples: columns are understood by name, and a row that cannot be used is listed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ia3_studio.data.examples import Message, guess_mapping, read_examples
from ia3_studio.data.load import load_data
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError


def table(*records: dict[str, Any]) -> Table:
    return Table(pd.DataFrame(list(records)), "", "")


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (("prompt", "answer"), "prompt → prompt, answer → answer"),
        (("Question", "Response", "id"), "Question → prompt, Response → answer"),
        (("instruction", "input", "output"), "instruction + input → prompt, output → answer"),
        (("input", "target"), "input → prompt, target → answer"),
        (("id", "messages"), "messages → conversation"),
        (("text", "score"), "text → plain text"),
        (("anything",), "anything → plain text"),
    ],
)
def test_columns_are_understood_by_their_names(columns: tuple[str, ...], shown: str) -> None:
    assert str(guess_mapping(table(dict.fromkeys(columns, "x")))) == shown


def test_columns_that_fit_nothing_are_listed_with_what_is_understood() -> None:
    with pytest.raises(
        DataError, match=r"The columns foo, bar are not understood; name them as a prompt and an answer"
    ):
        guess_mapping(table({"foo": "1", "bar": "2"}))


def read(*records: dict[str, Any]) -> Any:
    rows = table(*records)
    return read_examples(rows, guess_mapping(rows))


def test_an_instruction_with_an_input_becomes_one_prompt() -> None:
    examples, _ = read(
        {"instruction": "Add", "input": "1 2", "output": "3"}, {"instruction": "Go", "input": "", "output": "!"}
    )
    assert [example.messages[0].content for example in examples] == ["Add\n\n1 2", "Go"]


@pytest.mark.parametrize(
    "turns",
    [
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}],
        [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ahoy"}],
        json.dumps([{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ahoy"}]),
    ],
)
def test_conversations_are_read_in_both_dialects(turns: Any) -> None:
    examples, problems = read({"conversations": turns})
    assert examples[0].messages == (Message("user", "Hi"), Message("assistant", "Ahoy")) and not problems


BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "", "answer": "x"}, r"the prompt \(prompt\) is empty"),
    ({"prompt": "x", "answer": None}, r"the answer \(answer\) is empty"),
]


@pytest.mark.parametrize(("record", "reason"), BAD_ROWS)
def test_a_row_that_cannot_be_used_is_listed_with_its_number(record: dict[str, Any], reason: str) -> None:
    examples, problems = read({"prompt": "a", "answer": "b"}, record)
    assert [example.row for example in examples] == [1]
    assert problems[0].row == 2 and re.fullmatch(reason, problems[0].reason)
    with pytest.raises(DataError, match=f"No row can be used; row 1: {reason}"):
        read(record)


BAD_TALKS: list[tuple[Any, str]] = [
    ([{"role": "user", "content": "Hi"}], "no assistant turn"),
    ([{"role": "tool", "content": "Hi"}], "the role 'tool' is unknown"),
    ([{"role": "assistant", "content": " "}], "an empty assistant turn"),
    ([{"role": "assistant", "content": ["a"]}], "is not text"),
    (["Hi"], "not an object"),
    ("Hi", "is text, not a list"),
    (3, "no list of turns"),
]


@pytest.mark.parametrize(("turns", "reason"), BAD_TALKS)
def test_a_damaged_conversation_is_named(turns: Any, reason: str) -> None:
    good = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
    _examples, problems = read({"messages": good}, {"messages": turns})
    assert problems[0].row == 2 and reason in problems[0].reason


def written(folder: Path, count: int) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"p{n}", "answer": f"a{n}"}) + "\n" for n in range(count)))
    return path


def test_held_out_rows_are_never_trained_on_and_the_seed_decides_which(tmp_path: Path) -> None:
    path = written(tmp_path, 50)
    split = load_data(path, held_out=0.2, seed=1)
    rows = [{example.row for example in part} for part in (split.train, split.held_out)]
    assert len(rows[1]) == 10 and not rows[0] & rows[1] and len(rows[0] | rows[1]) == 50
    assert load_data(path, held_out=0.2, seed=1) == split
    assert load_data(path, held_out=0.2, seed=2).held_out != split.held_out


@pytest.mark.parametrize(("count", "share"), [(2, 0.01), (2, 0.99), (3, 0.5)])
def test_both_parts_always_have_a_row(count: int, share: float, tmp_path: Path) -> None:
    split = load_data(written(tmp_path, count), held_out=share)
    assert split.train and split.held_out


def test_one_row_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is 1 usable row; give at least two"):
        load_data(written(tmp_path, 1))


def test_a_share_outside_its_range_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"The held-out share is 1\.5"):
        load_data(written(tmp_path, 4), held_out=1.5)
