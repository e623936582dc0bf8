"""What ends an answer, which conversations a template takes, and what of them is told."""

from __future__ import annotations

from typing import Any

import pytest

from ia3_studio.data import rendering
from ia3_studio.data.answer_end import closing_id, endless, ends_of
from ia3_studio.data.choices import ChoiceExample, tokenize_choices
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.examples import read_examples
from ia3_studio.data.labels import Labels, read_texts, tokenize_labels
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import read_table
from ia3_studio.data.targets import tokenize_targets
from ia3_studio.data.tokens import IGNORED, Tokenized, prompt_ids, tokenize
from ia3_studio.errors import DataError, ModelError
from ia3_studio.limited import Limited
from ia3_studio.tasks.causal import TextGeneration
from ia3_studio.tasks.classification import TextClassification
from ia3_studio.tasks.multiple_choice import MultipleChoice, Seq2SeqMultipleChoice
from ia3_studio.tasks.preview import preview_tokens
from ia3_studio.tasks.seq2seq import TextToText
from tests.families import tiny_model
from tests.tiny_chat import TEMPLATE, tiny_tokenizer

GEMMA_LIKE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}{% for m in messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}"
    "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
DROPPING = TEMPLATE.replace(
    "{% for message in messages %}", "{% for message in messages if message.role != 'system' %}"
)
PARTS = TEMPLATE.replace("message['content']", "message['content'][0]['text']")
THOUGHTLESS = TEMPLATE.replace("message['content']", "message['content'].split('</think>')[-1]")


def of(template: str | None) -> Any:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    return tokenizer


def read(tokenizer: Any, *turns: tuple[str, str]) -> Tokenized:
    return tokenize([Example(7, tuple(Message(*turn) for turn in turns))], tokenizer, 512)


def learned(tokenizer: Any, found: Tokenized) -> str:
    return str(tokenizer.decode([label for label in found.rows[0].labels if label != IGNORED]))


def test_the_token_that_closes_a_turn_ends_an_answer_beside_the_end_token() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.eos_token = "<|endoftext|>"
    model = tiny_model("llama", 0)
    model.generation_config.eos_token_id = 5
    assert closing_id(tokenizer) == 2
    assert ends_of(model, tokenizer) == [0, 2, 5]


def test_a_model_that_nothing_ends_is_told() -> None:
    tokenizer = of(None)
    tokenizer.eos_token = None
    assert closing_id(tokenizer) is None and endless(tokenizer)
    assert not endless(tiny_tokenizer())


@pytest.mark.parametrize("template", [GEMMA_LIKE, DROPPING])
def test_a_system_turn_that_a_template_does_not_take_stands_before_the_users_words(template: str) -> None:
    tokenizer = of(template)
    turns = (("system", "Be brief."), ("user", "Calm?"), ("assistant", "Yes."))
    found = read(tokenizer, *turns)
    assert "user\nBe brief.\n\nCalm?" in tokenizer.decode(found.rows[0].input_ids)
    assert [note.row for note in found.notes] == [7] and learned(tokenizer, found) == "Yes.<|im_end|>"
    prompt = prompt_ids([Message(*turn) for turn in turns[:2]], tokenizer)
    assert found.rows[0].input_ids[: len(prompt)] == prompt


@pytest.mark.parametrize("first", ["user", "assistant"])
def test_turns_are_joined_or_begun_as_a_strict_template_wants(first: str) -> None:
    tokenizer = of(GEMMA_LIKE)
    found = read(tokenizer, (first, "Hello."), ("user", "Calm?"), ("assistant", "Yes."))
    assert learned(tokenizer, found).endswith("Yes.<|im_end|>") and found.notes


def test_a_template_that_reads_parts_is_given_parts() -> None:
    tokenizer = of(PARTS)
    assert learned(tokenizer, read(tokenizer, ("user", "Calm?"), ("assistant", "Yes."))) == "Yes.<|im_end|>"


def test_a_special_token_in_a_message_is_plain_text_and_told() -> None:
    tokenizer = tiny_tokenizer()
    found = read(tokenizer, ("user", "x<|im_end|>y"), ("assistant", "a<|im_start|>b"))
    assert list(found.rows[0].input_ids).count(2) == 2  # the ends of the two turns
    assert list(found.rows[0].input_ids).count(1) == 2
    assert "x<|im_end|>y" in tokenizer.decode(found.rows[0].input_ids) and found.notes
    assert list(prompt_ids([Message("user", "x<|im_end|>y")], tokenizer)).count(2) == 1
    assert 2 not in prompt_ids([Message("user", "x<|im_end|>y")], of(None))


def test_a_thought_that_the_template_drops_is_told_by_row() -> None:
    found = read(of(THOUGHTLESS), ("user", "Calm?"), ("assistant", "<think>hm</think>Yes."))
    assert [note.row for note in found.notes] == [7] and "turn 2" in found.notes[0].reason
    assert not read(of(THOUGHTLESS), ("user", "Calm?"), ("assistant", "Yes.")).notes


def test_a_template_without_an_end_ends_as_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_limited", lambda: Limited("ia3_studio.data.rendering:write", seconds=0.5))
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    for template in (loops, "{{ 'a' * 10**11 }}"):
        with pytest.raises(ModelError, match="chat template"):
            read(of(template), ("user", "Calm?"), ("assistant", "Yes."))
        with pytest.raises(ModelError, match="chat template"):
            prompt_ids([Message("user", "Calm?")], of(template))


def test_a_prompt_template_is_filled_once_and_blanks_of_an_answer_stay(tmp_path: Any) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('code,answer\n{answer},"    return 1"\n', encoding="utf-8")
    mapping = Mapping("pairs", answer="answer", template="Explain: {code}")
    (example,), _ = read_examples(read_table(path), mapping)
    assert [turn.content for turn in example.turns] == ["Explain: {answer}", "    return 1"]


TURNS = (("user", "a\nb"), ("assistant", "  c\nd"), ("user", "e"), ("assistant", "f"))
SPOKEN = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def test_every_answer_of_a_template_without_an_end_learns_one_and_the_model_reads_what_the_template_writes() -> None:
    tokenizer = of(SPOKEN)
    found = read(tokenizer, *TURNS)
    (row,) = found.rows
    assert learned(tokenizer, found) == "  c\nd\n<|im_end|>f\n<|im_end|>"
    assert tokenizer.decode(row.input_ids) == "user: a\nb\nassistant:   c\nd\nuser: e\nassistant: f\n<|im_end|>"
    assert [note.row for note in found.notes] == [7]


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("message['content'] | replace('\\n', ' ')", {"turn 1", "turn 2"}),
        ("message['content'] | tojson", {"turn 1", "turn 2", "adds"}),
        ("message['content'] | trim", {"whitespace before turn 2"}),
        ("message['content'] + (' (final)' if loop.last else '')", {"adds '(final)'"}),
        ("message['content'][:2]", {"turn 1", "turn 2"}),
        ("message['content'] if message.role != 'user' else ''", {"turn 1", "turn 3"}),
        ("message['content']", set()),
    ],
)
def test_whatever_a_template_writes_otherwise_is_told_of_its_turn(words: str, changed: set[str]) -> None:
    reasons = [note.reason for note in read(of(TEMPLATE.replace("message['content']", words)), *TURNS).notes]
    assert len(reasons) == len(changed) and all(any(each in reason for reason in reasons) for each in changed)


def test_a_template_that_keeps_the_last_turns_alone_says_which_answer_is_missing() -> None:
    with pytest.raises(DataError, match=r"omits turn 2 \(assistant\)"):
        read(of(TEMPLATE.replace("in messages", "in messages[-2:]")), *TURNS)


def test_turns_that_are_joined_are_told_where_a_system_turn_is_folded_too() -> None:
    found = read(of(GEMMA_LIKE), ("system", "s"), ("user", "a"), ("user", "b"), ("assistant", "c"))
    assert len(found.notes) == 2


def test_a_long_conversation_is_written_a_few_times_and_learned_like_a_short_one(monkeypatch: Any) -> None:
    asked: list[int] = []
    written = rendering.rendered

    def counted(requests: Any, tokenizer: Any) -> Any:
        asked.append(len(requests))
        return written(requests, tokenizer)

    monkeypatch.setattr("ia3_studio.data.forms.rendered", counted)
    tokenizer = tiny_tokenizer()
    turns = [("user" if place % 2 == 0 else "assistant", f"word {place}") for place in range(200)]
    found = tokenize([Example(7, tuple(Message(*turn) for turn in turns))], tokenizer, 10**6)
    assert learned(tokenizer, found) == "".join(f"word {place}<|im_end|>" for place in range(1, 200, 2))
    assert sum(asked) < 20


def test_many_rows_are_written_in_few_calls(monkeypatch: Any) -> None:
    calls: list[int] = []
    written = rendering.rendered
    monkeypatch.setattr(
        "ia3_studio.data.forms.rendered", lambda requests, tokenizer: calls.append(1) or written(requests, tokenizer)
    )
    rows = [Example(row, (Message("user", "a"), Message("assistant", "b"))) for row in range(1, 301)]
    assert len(tokenize(rows, tiny_tokenizer(), 512).rows) == 300
    assert len(calls) < 10


SLIP = "go<|im_end|>on"


@pytest.mark.parametrize("apart", [True, False])
def test_special_tokens_in_a_question_or_a_choice_are_plain_text_and_told(apart: bool) -> None:
    tokenizer = tiny_tokenizer()
    asked = [ChoiceExample(7, SLIP, (SLIP, "b"), 0)]
    found = tokenize_choices(asked, tokenizer, 512, encoder_decoder=apart)
    assert [note.row for note in found.notes] == [7]
    (row,) = found.rows
    assert tokenizer.decode(row.choices[0]).startswith(SLIP)
    assert row.prompt.count(2) == (0 if apart else 1) and row.choices[0].count(2) == (0 if apart else 1)


def test_special_tokens_in_what_an_encoder_decoder_reads_and_writes_are_plain_text_and_told() -> None:
    tokenizer = tiny_tokenizer()
    found = tokenize_targets([Example(7, (Message("user", SLIP), Message("assistant", SLIP)))], tokenizer, 512)
    assert 2 not in found.rows[0].input_ids + found.rows[0].labels
    assert [note.row for note in found.notes] == [7]


@pytest.mark.parametrize("words", [(), ("go", SLIP)])
def test_special_tokens_in_texts_and_words_to_label_are_plain_text_and_told(words: tuple[str, ...]) -> None:
    tokenizer = tiny_tokenizer()
    example = Example(7, text="" if words else SLIP, labels=("a", "b")[: len(words) or 1], words=words)
    found = tokenize_labels([example], Labels("single", ("a", "b"), bool(words)), tokenizer, 512)
    assert 2 not in found.rows[0].input_ids
    assert [note.row for note in found.notes] == [7]
    assert 2 not in read_texts([SLIP], tokenizer, 512)[0].input_ids


@pytest.mark.parametrize("use", [TextGeneration, TextToText, MultipleChoice, Seq2SeqMultipleChoice, TextClassification])
def test_the_preview_tells_what_the_run_tells(use: Any) -> None:
    said = {"text": SLIP, "labels": ("b",), "choices": ("a", "b")}
    assert preview_tokens(Example(7, **said), tiny_tokenizer(), use, 512).notes


def test_a_special_token_in_plain_text_stays_one_and_is_told() -> None:
    found = tokenize([Example(7, text=SLIP)], tiny_tokenizer(), 512)
    assert 2 in found.rows[0].input_ids and [note.row for note in found.notes] == [7]
