"""Tool calls are trained as the chat template writes them: the tokens are those of ``apply_chat_template(tools=…)``."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from ia3_studio.data.conversations import Message, messages_of
from ia3_studio.data.example import Example
from ia3_studio.data.targets import tokenize_targets
from ia3_studio.data.tokens import IGNORED, Tokenized, prompt_ids, tokenize
from ia3_studio.data.tool_calls import tool_definitions, tools_of
from tests.data.tool_templates import (
    LLAMA_LIKE,
    MISTRAL_LIKE,
    NO_TOOLS,
    QWEN_LIKE,
    TEXT_ARGUMENTS,
    THINKING_LIKE,
    tokenizer_of,
)

FUNCTION = {
    "name": "timetable",
    "description": "Look up a ferry.",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}, "day": {"type": "integer"}}},
}
TOOLS = [{"type": "function", "function": FUNCTION}]
SYSTEM = {"role": "system", "content": "You tell the timetable."}
ASKED = {"role": "user", "content": "When to Ghent?"}
ANSWER = {"role": "assistant", "content": "At 9:10."}


def called(number: int = 1, content: str | None = None, **arguments: Any) -> dict[str, Any]:
    """Return a turn of a call as OpenAI's data have it: its arguments are JSON text."""
    function = {"name": "timetable", "arguments": json.dumps(arguments or {"town": "Ghent", "day": 3})}
    call = {"id": f"call_{number}", "type": "function", "function": function}
    return {"role": "assistant", "content": content, "tool_calls": [call]}


def result(number: int = 1, content: str = '{"time": "9:10"}') -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": content}


TWO = called()
TWO["tool_calls"] = TWO["tool_calls"] + called(2, town="Turku")["tool_calls"]
TALKS: dict[str, list[dict[str, Any]]] = {
    "one call": [SYSTEM, ASKED, called(), result(), ANSWER],
    "no system turn": [ASKED, called(), result(), ANSWER],
    "text and call": [ASKED, called(content="Let me look."), result(), ANSWER],
    "a call is the last turn": [ASKED, called()],
    "a call after a result": [ASKED, called(), result(), called(2, town="Turku"), result(2, "none"), ANSWER],
    "two questions": [ASKED, called(), result(), ANSWER, ASKED, called(2, town="Turku"), result(2, "none"), ANSWER],
    "two calls in one turn": [ASKED, TWO, result(), result(2, "10:00"), ANSWER],
    "no call": [SYSTEM, ASKED, ANSWER],
}
CALL = '{"name": "timetable", "arguments": {"town": "Ghent", "day": 3}}'
SECOND = '{"name": "timetable", "arguments": {"town": "Turku"}}'


def as_documented(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return turns as transformers documents them: the arguments of a call are an object."""
    turns = copy.deepcopy(turns)
    for turn in turns:
        for call in turn.get("tool_calls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return turns


def read(turns: Any, tokenizer: Any, tools: Any = TOOLS) -> Tokenized:
    return tokenize([Example(7, messages_of(turns, tools=tool_definitions(tools)))], tokenizer, 10**6)


def learned(found: Tokenized, tokenizer: Any) -> str:
    return str(tokenizer.decode([label for label in found.rows[0].labels if label != IGNORED]))


def text(found: Tokenized, tokenizer: Any) -> str:
    return str(tokenizer.decode(found.rows[0].input_ids))


def assert_as_written(found: Tokenized, turns: list[dict[str, Any]], tokenizer: Any, tools: Any = TOOLS) -> None:
    """Assert that a row is what transformers writes, up to the end of the last answer."""
    whole = tokenizer.apply_chat_template(turns, tools=tools)["input_ids"]
    length = len(found.rows[0].input_ids)
    assert list(found.rows[0].input_ids) == whole[:length]
    assert not tokenizer.decode(whole[length:]).strip()


@pytest.mark.parametrize("name", TALKS)
def test_tools_are_written_as_transformers_writes_them_and_calls_are_trained(name: str) -> None:
    tokenizer = tokenizer_of(QWEN_LIKE)
    found = read(TALKS[name], tokenizer)
    assert_as_written(found, as_documented(TALKS[name]), tokenizer)
    written = learned(found, tokenizer)
    turns = [f"\n<tool_call>\n{CALL}\n</tool_call><|im_end|>", "\nAt 9:10.<|im_end|>"]
    expected = {
        "text and call": f"\nLet me look.{turns[0]}{turns[1]}",
        "a call is the last turn": turns[0],
        "a call after a result": f"{turns[0]}\n<tool_call>\n{SECOND}\n</tool_call><|im_end|>{turns[1]}",
        "two questions": f"{''.join(turns)}\n<tool_call>\n{SECOND}\n</tool_call><|im_end|>{turns[1]}",
        "two calls in one turn": f"\n<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{SECOND}\n</tool_call><|im_end|>"
        + turns[1],
        "no call": turns[1],
    }
    assert written.replace("\n", "") == expected.get(name, "".join(turns)).replace("\n", "")
    assert not found.notes


@pytest.mark.parametrize("content", [None, "", "Let me look."])
@pytest.mark.parametrize("template", [QWEN_LIKE, LLAMA_LIKE])
def test_a_call_is_learned_whatever_the_content_of_its_turn_is(content: str | None, template: str) -> None:
    tokenizer = tokenizer_of(template)
    turns = [ASKED, called(content=content), result(), ANSWER]
    found = read(turns, tokenizer)
    assert_as_written(found, as_documented(turns), tokenizer)
    assert '"town": "Ghent"' in learned(found, tokenizer) and "9:10" in learned(found, tokenizer)


@pytest.mark.parametrize("name", sorted(TALKS.keys() - {"two calls in one turn"}))
def test_a_template_with_calls_for_parameters_and_definitions_in_the_users_turn(name: str) -> None:
    tokenizer = tokenizer_of(LLAMA_LIKE)
    found = read(TALKS[name], tokenizer)
    assert_as_written(found, as_documented(TALKS[name]), tokenizer)
    calls = sum(bool(turn.get("tool_calls")) for turn in TALKS[name])
    assert learned(found, tokenizer).count('{"name": "timetable", "parameters": ') == calls
    assert [note.row for note in found.notes] == ([7] if name == "text and call" else [])  # the text is not written


def test_calls_that_a_template_refuses_are_plain_text_and_told() -> None:
    tokenizer = tokenizer_of(LLAMA_LIKE)
    found = read(TALKS["two calls in one turn"], tokenizer)
    assert learned(found, tokenizer) == f"{CALL}\n{SECOND}<|im_end|>At 9:10.<|im_end|>"
    assert [note.row for note in found.notes] == [7]
    assert "plain text" in found.notes[0].reason and "Only single tool calls" in found.notes[0].reason
    assert json.dumps(TOOLS) in text(found, tokenizer) and '{"time": "9:10"}' in text(found, tokenizer)


@pytest.mark.parametrize("name", sorted(TALKS.keys() - {"one call", "no call"}))
def test_a_template_that_wants_ids_of_nine_letters_gets_them(name: str) -> None:
    tokenizer = tokenizer_of(MISTRAL_LIKE)
    found = read(TALKS[name], tokenizer)
    turns = as_documented(TALKS[name])
    given = [call["id"] for turn in turns for call in turn.get("tool_calls", ())]
    short = dict(zip(given, re.findall(r"\}\} (\w{9})", text(found, tokenizer)), strict=True))
    for turn in turns:
        for call in turn.get("tool_calls", ()):
            call["id"] = short[call["id"]]
        if "tool_call_id" in turn:
            turn["tool_call_id"] = short[turn["tool_call_id"]]
    assert_as_written(found, turns, tokenizer)
    assert learned(found, tokenizer).count("[CALLS]") == sum(bool(turn.get("tool_calls")) for turn in TALKS[name])
    assert learned(found, tokenizer).count("<|im_end|>") == sum(turn["role"] == "assistant" for turn in turns)


def test_ids_that_a_template_takes_stay_and_calls_without_one_get_one() -> None:
    tokenizer = tokenizer_of(MISTRAL_LIKE)
    turns = copy.deepcopy(TALKS["no system turn"])
    turns[1]["tool_calls"][0]["id"] = turns[2]["tool_call_id"] = "abcdef123"
    assert_as_written(read(turns, tokenizer), as_documented(turns), tokenizer)
    older = [ASKED, {"role": "assistant", "function_call": called()["tool_calls"][0]["function"]},
             {"role": "function", "name": "timetable", "content": "9:10"}, ANSWER]  # fmt: skip
    written = text(read(older, tokenizer), tokenizer)
    number = written.partition("]<|im_end|>")[0][-9:]
    assert number.isalnum() and f"9:10 {number}[/RESULTS]" in written


def test_a_template_that_thinks_learns_its_calls_and_what_it_writes_before_them() -> None:
    tokenizer = tokenizer_of(THINKING_LIKE)
    for name, turns in TALKS.items():
        found = read(turns, tokenizer)
        documented = [{**turn, "content": turn["content"] or ""} for turn in as_documented(turns)]
        assert_as_written(found, documented, tokenizer)
        calls = sum(len(turn.get("tool_calls", ())) for turn in turns)
        ends = sum(turn["role"] == "assistant" for turn in turns)
        written = learned(found, tokenizer)
        assert written.count("<tool_call>") == written.count("</tool_call>") == calls, name
        assert written.count("<|im_end|>") == ends and "assistant" not in written and "Ghent?" not in written


def test_a_template_that_reads_arguments_as_text_and_knows_no_definitions() -> None:
    tokenizer = tokenizer_of(TEXT_ARGUMENTS)
    found = read(TALKS["one call"], tokenizer)
    assert learned(found, tokenizer) == 'timetable({"town": "Ghent", "day": 3})<|im_end|>At 9:10.<|im_end|>'
    assert f"You tell the timetable.\n\n{json.dumps(TOOLS)}<|im_end|>" in text(found, tokenizer)
    assert [note.reason for note in found.notes] == [
        "the chat template has no place for tool definitions, so they are part of the system turn"
    ]
    assert not read(TALKS["one call"], tokenizer, None).notes


def test_a_template_without_tools_gets_definitions_calls_and_results_as_text_and_that_is_told() -> None:
    tokenizer = tokenizer_of(NO_TOOLS)
    found = read(TALKS["text and call"], tokenizer)
    assert learned(found, tokenizer) == f"Let me look.\n{CALL}<|im_end|>At 9:10.<|im_end|>"
    assert text(found, tokenizer).startswith(f"<|im_start|>system\n{json.dumps(TOOLS)}<|im_end|>")
    assert '<|im_start|>user\n{"time": "9:10"}<|im_end|>' in text(found, tokenizer)
    assert len(found.notes) == 2 and all("the chat template has no" in note.reason for note in found.notes)


def test_a_model_without_a_template_and_an_encoder_decoder_read_the_same_words() -> None:
    plain = tokenizer_of(None)
    found = read(TALKS["one call"], plain)
    assert learned(found, plain) == f"{CALL}<|im_end|>At 9:10.<|im_end|>"
    definitions = json.dumps(TOOLS)
    assert text(found, plain).startswith(f"You tell the timetable.\n\n{definitions}\nWhen to Ghent?\n{CALL}")
    messages = messages_of(TALKS["one call"][:3], tools=definitions)
    (row,) = tokenize_targets([Example(1, messages)], plain, 10**6).rows
    assert plain.decode(row.input_ids) == f"You tell the timetable.\n\n{definitions}\nWhen to Ghent?"
    assert plain.decode(row.labels).startswith(CALL)


@pytest.mark.parametrize("template", [QWEN_LIKE, LLAMA_LIKE, MISTRAL_LIKE, NO_TOOLS])
def test_the_prompt_of_a_sample_generation_is_the_beginning_of_its_row(template: str) -> None:
    tokenizer = tokenizer_of(template)
    messages = messages_of(TALKS["no system turn"], tools=tool_definitions(TOOLS))
    (row,) = tokenize([Example(1, messages)], tokenizer, 10**6).rows
    for before in (messages[:-1], messages[:-3]):
        prompt = prompt_ids(before, tokenizer)
        assert row.input_ids[: len(prompt)] == prompt
        assert row.labels[len(prompt)] == row.input_ids[len(prompt)]


def test_a_tokenizer_with_a_template_for_tools_uses_it_for_conversations_with_tools_alone() -> None:
    tokenizer = tokenizer_of({"default": NO_TOOLS, "tool_use": QWEN_LIKE})
    examples = [Example(1, messages_of(TALKS["one call"], tools=tool_definitions(TOOLS))),
                Example(2, messages_of([ASKED, ANSWER]))]  # fmt: skip
    with_tools, without = tokenize(examples, tokenizer, 10**6).rows
    for row, turns, tools in ((with_tools, TALKS["one call"], TOOLS), (without, [ASKED, ANSWER], None)):
        whole = tokenizer.apply_chat_template(as_documented(turns), tools=tools)["input_ids"]
        assert list(row.input_ids) == whole[: len(row.input_ids)]


def test_older_calls_and_those_of_sharegpt_are_the_same_calls() -> None:
    tokenizer = tokenizer_of(QWEN_LIKE)
    older = [ASKED, {"role": "assistant", "content": None, "function_call": called()["tool_calls"][0]["function"]},
             {"role": "function", "name": "timetable", "content": "9:10"}, ANSWER]  # fmt: skip
    shared = [{"from": "human", "value": "When to Ghent?"}, {"from": "function_call", "value": CALL},
              {"from": "observation", "value": "9:10"}, {"from": "gpt", "value": "At 9:10."}]  # fmt: skip
    new = [ASKED, called(), result(content="9:10"), ANSWER]
    ids = {read(turns, tokenizer, tools).rows[0].input_ids
           for turns, tools in ((older, [FUNCTION]), (shared, json.dumps([FUNCTION])), (new, TOOLS))}  # fmt: skip
    assert len(ids) == 1


def blocks(name: str) -> list[dict[str, Any]]:
    """A call, its thought and its result as blocks of Anthropic's or of Bedrock's API."""
    given = {"town": "Ghent", "day": 3}
    if name == "Anthropic":
        said = [{"type": "thinking", "thinking": "A ferry?"}, {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "call_1", "name": "timetable", "input": given}]  # fmt: skip
        got = [{"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "9:10"}]},
               {"type": "text", "text": "And back?"}]  # fmt: skip
    else:
        said = [{"reasoningContent": {"reasoningText": {"text": "A ferry?"}}}, {"text": "Let me look."},
                {"toolUse": {"toolUseId": "call_1", "name": "timetable", "input": given}}]  # fmt: skip
        got = [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "9:10"}]}}, {"text": "And back?"}]
    return [ASKED, {"role": "assistant", "content": said}, {"role": "user", "content": got}, ANSWER]


@pytest.mark.parametrize("name", ["Anthropic", "Bedrock"])
def test_calls_and_results_in_blocks_are_those_of_openai(name: str) -> None:
    thought = {**called(content="Let me look."), "thinking": "A ferry?"}
    same = [ASKED, thought, result(content="9:10"), {"role": "user", "content": "And back?"}, ANSWER]
    assert messages_of(blocks(name)) == messages_of(same)


def test_a_tool_of_anthropic_has_its_parameters_under_another_name() -> None:
    named = {"input_schema" if key == "parameters" else key: value for key, value in FUNCTION.items()}
    assert tools_of(json.dumps([named])) == TOOLS


def test_a_text_that_is_no_call_stays_the_text_of_its_turn() -> None:
    turns = [{"from": "human", "value": "When?"}, {"from": "function_call", "value": "look it up"},
             {"from": "observation", "value": "9:10"}, {"from": "gpt", "value": "At 9:10."}]  # fmt: skip
    tokenizer = tokenizer_of(QWEN_LIKE)
    assert "look it up<|im_end|>" in learned(read(turns, tokenizer, None), tokenizer)


def test_special_tokens_within_calls_results_and_definitions_are_plain_text_and_told() -> None:
    slip = "x<|im_end|>y"
    tools = [{"type": "function", "function": {**FUNCTION, "description": slip}}]
    turns = [ASKED, called(town=slip), result(content=slip), ANSWER]
    tokenizer = tokenizer_of(QWEN_LIKE)
    found = read(turns, tokenizer, tools)
    assert list(found.rows[0].input_ids).count(2) == 5  # the ends of five turns, the system's among them
    assert f'"town": "{slip}"' in learned(found, tokenizer)
    assert text(found, tokenizer).count(slip) == 3 and len(found.notes) == 1


def test_a_long_run_of_calls_is_learned_whole_in_a_few_writings() -> None:
    turns = [ASKED]
    for number in range(60):
        turns += [called(number, town=f"Town {number}"), result(number, f"result {number}")]
    for template in (QWEN_LIKE, THINKING_LIKE):
        tokenizer = tokenizer_of(template)
        found = read([*turns, ANSWER], tokenizer)
        written = learned(found, tokenizer)
        assert written.count("<tool_call>") == written.count("</tool_call>") == 60
        assert written.count("<|im_end|>") == 61 and "result" not in written
        assert "plain text" not in "".join(note.reason for note in found.notes)


def test_a_call_that_the_template_leaves_out_of_some_rows_is_not_lost() -> None:
    dropping = QWEN_LIKE.replace("message.tool_calls %}", "message.tool_calls if call.function.name != 'hidden' %}")
    tokenizer = tokenizer_of(dropping)
    turns = [ASKED, called(content="Let me look."), result(), ANSWER]
    turns[1]["tool_calls"][0]["function"]["name"] = "hidden"
    found = read(turns, tokenizer)
    assert '{"name": "hidden", "arguments"' in learned(found, tokenizer)
    assert "omits 'hidden' of the tool call in turn 2" in found.notes[0].reason


def test_a_text_that_the_template_writes_apart_from_the_calls_of_its_turn_is_told() -> None:
    first, last = (
        "{%- if message.content %}{{ '\\n' + message.content }}{% endif %}\n",
        "{{- '<|im_end|>\\n' }}\n{%- elif",
    )
    apart = "{{- '<|im_end|>\\n<|im_start|>assistant\\n' + (message.content or '') + '<|im_end|>\\n' }}\n{%- elif"
    assert first in QWEN_LIKE and last in QWEN_LIKE
    written = QWEN_LIKE.replace(first, "").replace(last, apart)
    turns = [ASKED, called(content="Let me look."), result(), ANSWER]
    whole = tokenizer_of(written)
    assert "Let me look." in learned(read(turns, whole), whole)
    asking = tokenizer_of(written.replace("assistant\\n' }}{% endif %}", "assistant\\n<think>' }}{% endif %}"))
    found = read(turns, asking)
    assert CALL in learned(found, asking) and "Let me look." in text(found, asking)
    assert "Let me look." not in learned(found, asking) and "is not trained" in found.notes[0].reason


def test_reasoning_is_learned_where_the_template_reads_it_and_named_where_it_does_not() -> None:
    thought = {**ANSWER, "reasoning_content": "Look at the table."}
    parsing, other = tokenizer_of(THINKING_LIKE), tokenizer_of(NO_TOOLS)
    found = read([ASKED, thought], parsing, None)
    assert_as_written(found, [ASKED, thought], parsing, None)
    assert "Look at the table.\n</think>\n\nAt 9:10.<|im_end|>" in learned(found, parsing) and not found.notes
    dropped = read([ASKED, thought], other, None)
    assert learned(dropped, other) == "At 9:10.<|im_end|>"
    assert [note.reason for note in dropped.notes] == ["the chat template omits the reasoning of turn 2 (assistant)"]
    assert "reasoning_content" in read([ASKED, thought], tokenizer_of(None), None).notes[0].reason


def test_a_system_turn_that_holds_the_definitions_word_for_word_gets_them_once() -> None:
    definitions = json.dumps(TOOLS, indent=2)
    messages = messages_of([{"role": "system", "content": f"Tools: {definitions}"}, ASKED, ANSWER],
                           tools=tool_definitions(TOOLS))  # fmt: skip
    assert messages[0] == Message("system", f"Tools: {definitions}")


def test_definitions_that_are_no_json_are_text_of_the_system_turn() -> None:
    tokenizer = tokenizer_of(QWEN_LIKE)
    messages = messages_of([ASKED, ANSWER], tools="timetable(town): look up a ferry")
    assert messages[0] == Message("system", "timetable(town): look up a ferry")
    (row,) = tokenize([Example(1, messages)], tokenizer, 512).rows
    assert tokenizer.decode(row.input_ids).startswith("<|im_start|>system\ntimetable(town)")
