"""Examples: columns are understood by name, and a row that cannot be used is listed."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ia3_studio.data.conversations import Message
from ia3_studio.data.examples import read_examples
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import mapping_from
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.problem import Problem
from ia3_studio.data.table import Table, read_table
from ia3_studio.errors import DataError


def table(*records: dict[str, Any]) -> Table:
    return Table(pd.DataFrame(list(records), dtype=object, index=range(1, len(records) + 1)), "", "")


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
    assert str(infer_columns(table(dict.fromkeys(columns, "x")))) == shown


def test_columns_that_fit_nothing_are_listed_with_what_is_understood() -> None:
    with pytest.raises(DataError, match=r"The columns foo, bar are not recognized.* a prompt and an answer"):
        infer_columns(table({"foo": "1", "bar": "2"}))


def read(*records: dict[str, Any]) -> Any:
    rows = table(*records)
    return read_examples(rows, infer_columns(rows))


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
    with pytest.raises(DataError, match=f"No usable row; row 1: {reason}"):
        read(record)


BAD_TALKS: list[tuple[Any, str]] = [
    ([{"role": "user", "content": "Hi"}], "no assistant turn"),
    ([{"role": "ghost", "content": "Hi"}], "the role 'ghost' is unknown"),
    ([{"role": "assistant", "content": " "}], "an empty assistant turn"),
    (
        [{"role": "assistant", "content": [{"type": "image_url", "image_url": {}}]}],
        "an image_url part, which is not text",
    ),
    (["Hi"], "not an object"),
    ("Hi", "is text, not a list"),
    (3, "not a list of turns"),
]


@pytest.mark.parametrize(("turns", "reason"), BAD_TALKS)
def test_a_damaged_conversation_is_named(turns: Any, reason: str) -> None:
    good = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
    _examples, problems = read({"messages": good}, {"messages": turns})
    assert problems[0].row == 2 and reason in problems[0].reason


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["é", 1], '["é", 1]'), ({"a": [None, True]}, '{"a": [null, true]}'), (np.array([1, 2]), "[1, 2]"),
        (False, "false"), (np.True_, "true"), (7, "7"), (7.0, "7.0"), ({}, "{}"), ([{}], "[{}]"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_text_is_written_as_json(value: Any, text: str) -> None:
    examples, problems = read({"prompt": "a", "answer": "b"}, {"prompt": "a", "answer": value})
    assert [example.messages[1].content for example in examples] == ["b", text] and not problems


def test_lists_of_texts_are_several_answers_unless_other_answers_are_json() -> None:
    said = lambda *answers: [  # noqa: E731
        (each.row, each.messages[1].content) for each in read(*({"prompt": "a", "answer": one} for one in answers))[0]
    ]
    assert said(["b", "c"], "d") == [(1, "b"), (1, "c"), (2, "d")]
    assert said(["b", "c"], ["d", 1], "e", []) == [(1, '["b", "c"]'), (2, '["d", 1]'), (3, "e"), (4, "[]")]
    assert said(["b"], {"c": 1}) == [(1, '["b"]'), (2, '{"c": 1}')]


def test_an_answer_of_no_texts_is_empty() -> None:
    _examples, problems = read({"prompt": "a", "answer": ["b"]}, {"prompt": "a", "answer": []})
    assert problems == [Problem(2, "the answer (answer) is empty")]


def test_a_prompt_that_is_an_object_is_written_as_json_too() -> None:
    rows = table({"instruction": "Sum up", "input": {"é": [1, True]}, "output": "!"})
    examples, _problems = read_examples(rows, Mapping("pairs", "instruction", "output", "input"))
    assert examples[0].messages[0].content == 'Sum up\n\n{"é": [1, true]}'


def test_numbers_are_text_as_they_were_written() -> None:
    examples, problems = read({"prompt": 1, "answer": 5}, {"prompt": "a", "answer": 0.5}, {"prompt": "a"})
    assert [example.messages[1].content for example in examples] == ["5", "0.5"]
    assert problems == [Problem(3, "the answer (answer) is empty")]


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "a\ud83d", "answer": "b"},
        {"prompt": "b", "messages": [{"role": "assistant", "content": "a\ud83d"}]},
    ],
)
def test_half_of_a_character_is_a_problem_of_its_row(record: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"row 1: .* contains an incomplete character \('\\ud83d'\)"):
        read(record)


def test_rows_of_two_spellings_are_all_read_and_one_without_an_answer_is_listed() -> None:
    rows = [{"prompt": "a", "completion": "b"}] + [{"instruction": "c", "output": "d"}] * 2 + [{"instruction": "e"}]
    found = table(*rows)
    mapping = infer_columns(found)
    assert str(mapping) == "instruction → prompt, output → answer; or prompt → prompt, completion → answer"
    examples, problems = read_examples(found, mapping)
    assert [example.messages[0].content for example in examples] == ["a", "c", "c"]
    assert [(problem.row, problem.reason) for problem in problems] == [(4, "the answer (output) is empty")]


def test_a_mapping_of_two_spellings_goes_through_a_runs_settings() -> None:
    mapping = Mapping("pairs", "a", "b", others=(("c", "d"),))
    assert mapping_from(json.loads(json.dumps(asdict(mapping)))) == mapping


def test_the_turns_of_one_conversation_are_told_from_rows() -> None:
    with pytest.raises(DataError, match="the turns of one conversation; use one row per conversation"):
        infer_columns(table({"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ahoy"}))


def test_an_empty_system_turn_is_kept_as_it_is() -> None:
    turns = [("system", ""), ("user", "Hi"), ("assistant", "Ahoy")]
    examples, _ = read({"messages": [{"role": role, "content": content} for role, content in turns]})
    assert examples[0].messages[0] == Message("system", "")


def test_every_row_is_used_or_listed() -> None:
    records = [{"prompt": "a", "answer": ["b", None, "", 3, ["c"]][number % 5]} for number in range(20)]
    examples, problems = read(*records)
    assert sorted([example.row for example in examples] + [problem.row for problem in problems]) == list(range(1, 21))


LABELED = [
    ({"text": ["a", "b"], "category": ["x", "y"]}, "text → text, category → label", ("x",)),
    ({"Query": ["a", "b"], "Label": [1, 2]}, "Query → text, Label → label", ("1",)),
    ({"text": ["a", "b", "c"], "label": [1.0, None, 2.0]}, "text → text, label → label", ("1",)),
    ({"premise": ["a", "b"], "hypothesis": ["c", "d"], "label": ["x", "y"]},
     "premise + hypothesis → text, label → label", ("x",)),
    ({"text": ["a", "b"], "label": [0.25, 1.5]}, "text → text, label → number", ("0.25",)),
    ({"text": ["a", "b"], "topics": [["y", "x"], []]}, "text → text, topics → several labels", ("x", "y")),
    ({"tokens": [["a", "b"], ["c"]], "ner_tags": [["O", "B-X"], ["O"]]},
     "tokens → words, ner_tags → one label per word", ("O", "B-X")),
    ({"premise": ["a"], "choice1": ["p"], "choice2": ["q"], "label": [1]},
     "premise → question, choice1, choice2 → choices, label → correct choice", ("p",)),
    ({"premise": ["a", "a"], "choice1": ["p", "p"], "choice2": ["q", "q"], "label": [1, 0]},
     "premise → question, choice1, choice2 → choices, label → correct choice", ("q",)),
    ({"question": ["a"], "options": [["p", "q", "r"]], "answer": ["C"]},
     "question → question, options → choices, answer → correct choice", ("r",)),
    ({"question": ["a"], "options": [["p", "q"]], "answer": ["q"]},
     "question → question, options → choices, answer → correct choice", ("q",)),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "shown", "labels"), LABELED, ids=lambda value: str(value)[:40])
def test_labels_and_choices_are_understood_by_names_and_values(
    columns: dict[str, list[Any]], shown: str, labels: tuple[str, ...]
) -> None:
    whole = Table(pd.DataFrame(columns), "", "")
    mapping = infer_columns(whole)
    assert str(mapping) == shown
    examples, _problems = read_examples(whole, mapping)
    assert examples[0].labels == labels


def test_a_row_whose_label_or_choice_is_missing_is_listed_with_the_reason() -> None:
    rows = Table(pd.DataFrame({"text": ["a", "b"], "label": ["x", None]}), "", "")
    assert [each.reason for each in read_examples(rows, infer_columns(rows))[1]] == ["the label (label) is empty"]
    words = Table(pd.DataFrame({"tokens": [["a"], ["b", "c"]], "tags": [["O"], ["O"]]}), "", "")
    assert [each.reason for each in read_examples(words, infer_columns(words))[1]] == ["there are 2 words but 1 labels"]
    asked = pd.DataFrame({"question": ["a", "b"], "options": [["p", "q"], ["p", "q"]], "answer": [0, 7]})
    questions = Table(asked, "", "")
    assert [each.reason for each in read_examples(questions, infer_columns(questions))[1]] == [
        "the correct choice (answer) is '7', which is not one of the 2 choices"
    ]


def test_blanks_of_a_choice_are_part_of_it_and_the_right_one_is_told_with_or_without_them(tmp_path: Path) -> None:
    path = tmp_path / "code.jsonl"
    rows = [
        {"question": "q", "choices": ["    x", "y "], "answer": "x"},
        {"question": "r", "choices": ["    x", "y "], "answer": "y "},
        {"question": "s", "choices": [" a", "a"], "answer": " a"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    table = read_table(path)
    examples, _problems = read_examples(table, infer_columns(table))
    assert [example.labels for example in examples] == [("    x",), ("y ",), (" a",)]
    assert examples[0].choices == ("    x", "y ")
