"""Conversations in the dialects of data sets: parts, roles, marks, and the columns that belong to them."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ia3_studio.data.arrow_rows import revive_example
from ia3_studio.data.chosen_columns import mapping_of
from ia3_studio.data.column_use import require_columns
from ia3_studio.data.conversations import Message, messages_of
from ia3_studio.data.example import Example
from ia3_studio.data.examples import read_examples
from ia3_studio.data.export_rows import export_rows
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.table import Table, read_table
from ia3_studio.data.targets import tokenize_targets
from ia3_studio.data.tokens import IGNORED, tokenize
from ia3_studio.data.turns import unused_keys
from ia3_studio.errors import DataError
from ia3_studio.tasks.causal import TextGeneration
from ia3_studio.tasks.preview import preview_tokens
from tests.tiny_chat import TEMPLATE, tiny_tokenizer

PAIR = (Message("user", "Hi"), Message("assistant", "Ahoy"))
GOOD = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
TOOLS = [{"type": "function", "function": {"name": "tide", "parameters": {"properties": {"port": {}}}}}]


def table(*records: dict[str, Any]) -> Table:
    return Table(pd.DataFrame(list(records), dtype=object, index=range(1, len(records) + 1)), "", "")


def read(*records: dict[str, Any]) -> Any:
    rows = table(*records)
    return read_examples(rows, infer_columns(rows))


def said(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in messages]


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "Hi\nthere"}],
        [{"type": "input_text", "text": "Hi"}, {"type": "output_text", "text": "there"}],
        ["Hi", "there"],
        ["Hi", {"text": "there"}],
        {"type": "text", "text": "Hi\nthere"},
        [{"type": "text", "text": {"value": "Hi\nthere", "annotations": []}}],
    ],
)
def test_content_in_parts_is_one_text(content: Any) -> None:
    assert messages_of([{"role": "user", "content": content}, GOOD[1]])[0] == Message("user", "Hi\nthere")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"type": "image_url", "image_url": {"url": "x.png"}}, "an image_url part"),
        ({"type": "image"}, "an image part"),
        ({"type": "input_audio", "input_audio": {}}, "an input_audio part"),
        ({"type": "document", "source": {}}, "a document part"),
    ],
)
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_a_part_that_is_no_text_makes_its_row_unusable_by_name(part: Any, name: str, role: str) -> None:
    turns = [{**turn, "content": [{"type": "text", "text": "a"}, part]} if turn["role"] == role else turn
             for turn in GOOD]  # fmt: skip
    _examples, problems = read({"messages": GOOD}, {"messages": turns})
    assert [problem.row for problem in problems] == [2]
    assert problems[0].reason == f"the content of the {role} turn has {name}, which is not text"


@pytest.mark.parametrize(("role", "kind"), [("user", "tool_use"), ("assistant", "tool_result")])
def test_a_call_by_the_user_and_a_result_of_the_assistant_are_unusable(role: str, kind: str) -> None:
    part = {"type": kind, "name": "x", "input": {}, "content": "9:10"}
    turns = [{**turn, "content": [part]} if turn["role"] == role else turn for turn in GOOD]
    _examples, problems = read({"messages": GOOD}, {"messages": turns})
    assert problems[0].reason == f"the content of the {role} turn has a {kind} part, which is not text"


@pytest.mark.parametrize(
    ("content", "text"),
    [({"ship": "Gull"}, '{"ship": "Gull"}'), ([1, 2], "[1, 2]"), (True, "true"), (5, "5"), ([{"a": 1}], '[{"a": 1}]')],
)
def test_content_that_is_other_json_is_written_as_json(content: Any, text: str) -> None:
    assert messages_of([GOOD[0], {"role": "assistant", "content": content}])[1].content == text


@pytest.mark.parametrize(
    ("system", "user", "assistant"),
    [
        ("developer", "human", "ai"), ("SYSTEM", "USER", " Assistant "), ("system", "User ", "Chatbot"),
        ("System Prompt", "prompter", "Model"), ("system-message", "customer", "agent"),
        ("instruction", "Human", "GPT"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("role", "content"),
    [("role", "content"), ("from", "value"), ("speaker", "text"), ("author", "message"), ("Sender", "Text")],
)
def test_roles_and_keys_are_read_in_every_dialect(
    system: str, user: str, assistant: str, role: str, content: str
) -> None:
    names = ((system, "s"), (user, "u"), (assistant, "a"))
    messages = messages_of([{role: name, content: text} for name, text in names])
    assert messages == (Message("system", "s"), Message("user", "u"), Message("assistant", "a"))


def test_the_role_of_an_author_that_is_an_object_is_its_role() -> None:
    turns = [
        {"author": {"role": "user", "name": "Ann"}, "content": "Hi"},
        {"author": {"role": "assistant"}, "content": "Ahoy"},
    ]
    assert messages_of(turns) == PAIR


@pytest.mark.parametrize("role", ["Ann", "A", "narrator"])
def test_a_role_that_could_be_anybody_is_refused_by_name(role: str) -> None:
    with pytest.raises(UnusableError, match=f"the role {role!r} is unknown"):
        messages_of([{"role": role, "content": "Hi"}, GOOD[1]])


@pytest.mark.parametrize(
    "turns",
    [
        [{"user": "Hi", "assistant": "Ahoy"}],
        [{"user": "Hi"}, {"assistant": "Ahoy"}],
        [{"human": "Hi", "gpt": "Ahoy", "id": 3}],
        [{"input": "Hi", "output": "Ahoy", "system": ""}],
        [["Hi", "Ahoy"]],
    ],
)
def test_exchanges_are_a_conversation(turns: Any) -> None:
    assert messages_of(turns) == PAIR


WEIGHED = [*GOOD, {"role": "user", "content": "Again"}, {"role": "assistant", "content": "Bye"}]


@pytest.mark.parametrize(
    ("key", "no", "yes"),
    [("weight", 0, 1), ("weight", 0.0, 1.0), ("train", False, True), ("trainable", 0, 1), ("loss", False, True),
     ("Weight", "0", "1")],
)  # fmt: skip
def test_a_turn_with_a_weight_of_0_is_read_and_not_trained(key: str, no: Any, yes: Any) -> None:
    turns = [GOOD[0], {**GOOD[1], key: no}, WEIGHED[2], {**WEIGHED[3], key: yes}]
    example = Example(1, messages_of(turns))
    tokenizer = tiny_tokenizer()
    (row,) = tokenize([example], tokenizer, 512).rows
    assert tokenizer.decode([label for label in row.labels if label != IGNORED]) == "Bye<|im_end|>"
    assert "Ahoy<|im_end|>" in tokenizer.decode(row.input_ids)
    pieces = list(preview_tokens(example, tokenizer, TextGeneration, 512).pieces(tokenizer))
    assert [text for text, mark in pieces if mark == "trained"] == ["Bye<|im_end|>"]
    assert "Ahoy" in "".join(text for text, mark in pieces if mark == "read")


@pytest.mark.parametrize("template", [None, TEMPLATE])
def test_a_row_ends_with_its_last_trained_answer(template: str | None) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    (row,) = tokenize([Example(1, messages_of([*WEIGHED[:3], {**WEIGHED[3], "weight": 0}]))], tokenizer, 512).rows
    assert "Bye" not in tokenizer.decode(row.input_ids) and tokenizer.decode(row.input_ids).endswith("Ahoy<|im_end|>")


def test_an_encoder_decoder_learns_the_last_trained_answer() -> None:
    tokenizer = tiny_tokenizer()
    (row,) = tokenize_targets(
        [Example(1, messages_of([*WEIGHED[:3], {**WEIGHED[3], "weight": 0}]))], tokenizer, 512
    ).rows
    assert tokenizer.decode(row.input_ids) == "Hi" and tokenizer.decode(row.labels) == "Ahoy"


def test_a_conversation_with_no_trained_turn_is_listed() -> None:
    _examples, problems = read({"messages": GOOD}, {"messages": [GOOD[0], {**GOOD[1], "weight": 0}]})
    assert [problem.row for problem in problems] == [2] and "weight of 0" in problems[0].reason


def test_a_mark_that_is_no_0_or_1_is_a_key_that_is_not_read() -> None:
    turns = [GOOD[0], {**GOOD[1], "loss": 2.31, "weight": 0.5}]
    assert messages_of(turns) == PAIR
    assert dict(unused_keys([turns])) == {"loss": 1, "weight": 1}


def test_answers_of_which_one_is_not_trained_are_not_joined_by_a_strict_template() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('alternate') }}{% endif %}{% endfor %}" + TEMPLATE
    )
    turns = [GOOD[0], {**GOOD[1], "weight": 0}, {"role": "assistant", "content": "Again"}]
    found = tokenize([Example(1, messages_of(turns))], tokenizer, 512)
    assert tokenizer.decode([label for label in found.rows[0].labels if label != IGNORED]) == "Again<|im_end|>"
    assert len(found.notes) == 1 and "only one is trained" in found.notes[0].reason


def test_keys_that_are_not_read_are_counted_and_those_that_are_read_are_not() -> None:
    talk = [
        {"role": "user", "content": "Hi", "name": "Ann", "timestamp": 3},
        {"role": "assistant", "content": None, "timestamp": 4, "id": None, "reasoning_content": "Hm",
         "tool_calls": [{"function": {"name": "tide", "arguments": "{}"}}]},
        {"role": "tool", "content": "9:30", "tool_call_id": "c1", "name": "tide"},
        {"role": "assistant", "content": "At 9:30.", "weight": 1, "refusal": None, "tool_calls": []},
    ]  # fmt: skip
    assert unused_keys([talk, "no conversation", json.dumps(talk)]) == (("timestamp", 4), ("name", 2))


SYSTEM = "You are a pilot."
BEFORE = [
    ([["Hello", "Who calls?"]], [("user", "Hello"), ("assistant", "Who calls?")]),
    ([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Who calls?"}],
     [("user", "Hello"), ("assistant", "Who calls?")]),
    ([{"instruction": "Hello", "output": "Who calls?"}], [("user", "Hello"), ("assistant", "Who calls?")]),
    ('[["Hello", "Who calls?"]]', [("user", "Hello"), ("assistant", "Who calls?")]),
    ([], []), (None, []), ("", []),
]  # fmt: skip


@pytest.mark.parametrize(("history", "turns"), BEFORE, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("beside", [{"instruction": "Hi", "input": "", "output": "Ahoy"}, {"messages": GOOD}])
def test_system_and_history_columns_are_turns(beside: dict[str, Any], history: Any, turns: Any) -> None:
    full = {**beside, "system": SYSTEM, "history": [["a", "b"]]}
    examples, problems = read(full, {**beside, "system": SYSTEM, "history": history}, {**beside, "system": None})
    assert not problems
    assert said(examples[1].messages) == [("system", SYSTEM), *turns, ("user", "Hi"), ("assistant", "Ahoy")]
    assert said(examples[2].messages) == [("user", "Hi"), ("assistant", "Ahoy")]


def test_the_columns_of_a_conversation_are_part_of_its_mapping() -> None:
    rows = table({"prompt": "a", "answer": "b", "system": "s", "history": [], "tools": "[]"})
    assert str(infer_columns(rows)) == (
        "prompt → prompt, answer → answer, system → system prompt, history → history, tools → tools"
    )
    with pytest.raises(DataError, match="Column 'before' not found"):
        require_columns(rows, Mapping("pairs", "prompt", "answer", history="before"))


def test_chosen_columns_keep_those_of_the_conversation() -> None:
    rows = table({"a": "x", "b": "y", "system": "s", "tools": "[]"}, {"a": "z", "b": "w", "system": "s"})
    assert mapping_of(rows, "pairs", "a", "b") == Mapping("pairs", "a", "b", system="system", tools="tools")
    assert mapping_of(rows, "pairs", answer="b", template="{system}: {a}").system == ""


def test_a_conversation_that_lies_on_disk_is_made_again_with_its_calls_and_marks() -> None:
    call = {"function": {"name": "tide", "arguments": "{}"}}
    turns = [
        GOOD[0],
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": ""},
        {**GOOD[1], "weight": 0},
    ]
    example = Example(3, messages_of(turns, tools=json.dumps(TOOLS), system="s"))
    assert revive_example(json.loads(json.dumps(astuple(example)))) == example and example.tools


def test_a_history_that_is_running_text_is_not_taken_for_turns() -> None:
    assert infer_columns(table({"prompt": "a", "answer": "b", "history": "He said hello."})).history == ""


def test_a_damaged_history_is_a_problem_of_its_row() -> None:
    good = {"prompt": "a", "answer": "b", "history": [["c", "d"]]}
    _examples, problems = read(good, {**good, "history": [["c", ""]]}, {**good, "history": ["c"]})
    assert [problem.row for problem in problems] == [2, 3]


def test_a_system_column_stands_before_the_system_turn_that_a_conversation_has() -> None:
    own = [{"role": "system", "content": "Be brief."}, *GOOD]
    examples, _problems = read({"messages": own, "system": SYSTEM}, {"messages": own, "system": "Be brief."})
    assert [example.messages[0].content for example in examples] == [f"{SYSTEM}\n\nBe brief.", "Be brief."]


@pytest.mark.parametrize("name", ["tools", "functions", "Tools"])
@pytest.mark.parametrize("tools", [TOOLS, json.dumps(TOOLS), TOOLS[0]["function"]])
def test_tools_are_kept_with_the_system_turn_that_a_conversation_has(name: str, tools: Any) -> None:
    own = [{"role": "system", "content": "Be brief."}, *GOOD]
    (example, bare), _problems = read({"messages": own, name: tools}, {"messages": GOOD, name: tools})
    assert example.messages[0].content.startswith("Be brief.\n\n") and "tide" in example.messages[0].content
    assert "tide" in bare.messages[0].content and json.loads(example.tools) == json.loads(bare.tools)


def test_tools_stand_beside_pairs_too() -> None:
    (example,), _problems = read({"prompt": "Hi", "answer": "Ahoy", "tools": TOOLS})
    assert example.tools and [turn.role for turn in example.messages] == ["system", "user", "assistant"]


@pytest.mark.parametrize("tools", [None, "", "[]", [], "null", {}])
def test_no_tools_are_no_system_turn(tools: Any) -> None:
    examples, _problems = read({"messages": GOOD, "tools": TOOLS}, {"messages": GOOD, "tools": tools})
    assert examples[1].messages == PAIR


def test_absent_fields_of_a_parquet_file_are_absent(tmp_path: Path) -> None:
    calls = [[{"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}]
             for name, arguments in (("tide", {"port": "Cork"}), ("wind", {"hour": "3"}))]  # fmt: skip
    result = {"role": "tool", "content": "x", "tool_call_id": "c1"}
    talks = [[GOOD[0], {"role": "assistant", "tool_calls": call}, result, GOOD[1]] for call in calls]
    tools = [{"function": {"name": "tide", "parameters": {"port": "text"}}},
             {"function": {"name": "wind", "parameters": {"hour": "number"}}}]  # fmt: skip
    path = tmp_path / "talks.parquet"
    pd.DataFrame({"messages": talks, "tools": [tools, tools]}).to_parquet(path)
    rows = read_table(path)
    examples, problems = read_examples(rows, infer_columns(rows))
    assert not problems and json.loads(examples[0].tools) == tools
    assert [example.messages[2].content for example in examples] == [
        '{"name": "tide", "arguments": {"port": "Cork"}}',
        '{"name": "wind", "arguments": {"hour": "3"}}',
    ]


def test_what_is_exported_is_read_back_with_its_calls_tools_and_marks(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"port": "Cork"}'}}
    talks = [
        [{"role": "system", "content": "Be brief."}, GOOD[0],
         {"role": "assistant", "content": None, "tool_calls": [call]},
         {"role": "tool", "content": "9:30", "tool_call_id": "c1"}, {**GOOD[1], "reasoning_content": "Hm"}],
        [GOOD[0], {**GOOD[1], "weight": 0}, WEIGHED[2], WEIGHED[3]],
        [{"from": "human", "value": "Tide?"}, {"from": "function_call", "value": '{"name":"tide","arguments":{}}'},
         {"from": "observation", "value": ""}, {"from": "gpt", "value": "None."}],
    ]  # fmt: skip
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(json.dumps({"messages": talk, "tools": TOOLS if n % 2 else None, "system": "Ahoy"})
                              for n, talk in enumerate(talks * 3)))  # fmt: skip
    split = load_data(path)
    export_rows(split, tmp_path / "again.jsonl")
    again = load_data(tmp_path / "again.jsonl")
    for one, other in ((split.train, again.train), (split.held_out, again.held_out)):
        assert [example.messages for example in one] == [example.messages for example in other]


def test_keys_of_turns_that_are_not_read_are_named_with_the_columns(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Is it calm?", "timestamp": 3}, {"role": "assistant", "content": "Aye."}]
    path = tmp_path / "talks.jsonl"
    rows = ({"messages": [{**turns[0], "content": f"Is it calm, {n}?"}, turns[1]], "id": n} for n in range(8))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load_data(path).unused == ("id", "messages[].timestamp")
