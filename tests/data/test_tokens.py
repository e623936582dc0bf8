"""Tokens: exactly the assistant's words and the end of its turn are trained."""

from __future__ import annotations

import pytest

from ia3_studio.data.examples import Example, Message
from ia3_studio.data.tokens import IGNORED, pieces, prompt_ids, tokenize
from ia3_studio.errors import DataError
from tests.tiny_chat import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def chat(*contents: str, row: int = 1) -> Example:
    roles = ("user", "assistant")
    return Example(row, tuple(Message(roles[number % 2], content) for number, content in enumerate(contents)))


def test_only_the_answer_and_the_end_of_its_turn_are_trained() -> None:
    (row,) = tokenize([chat("Hi?", "Ahoy!")], TOKENIZER, 512).rows
    assert [(piece.text, piece.trained) for piece in pieces(row, TOKENIZER)] == [
        ("<|im_start|>user\nHi?<|im_end|>\n<|im_start|>assistant\n", False),
        ("Ahoy!<|im_end|>", True),
    ]


def test_every_answer_of_a_conversation_is_trained() -> None:
    (row,) = tokenize([chat("a", "one", "b", "two")], TOKENIZER, 512).rows
    trained = [piece.text for piece in pieces(row, TOKENIZER) if piece.trained]
    assert trained == ["one<|im_end|>", "two<|im_end|>"]


def test_labels_are_the_tokens_themselves_or_ignored() -> None:
    (row,) = tokenize([chat("Hi?", "Ahoy!")], TOKENIZER, 512).rows
    assert len(row.labels) == len(row.input_ids)
    assert all(label in (IGNORED, token) for token, label in zip(row.input_ids, row.labels, strict=True))


def test_a_conversation_begins_with_the_prompt_the_model_is_asked_with() -> None:
    example = chat("Hi?", "Ahoy!")
    (row,) = tokenize([example], TOKENIZER, 512).rows
    prompt = prompt_ids(example.messages[:1], TOKENIZER)
    assert row.input_ids[: len(prompt)] == prompt
    assert row.labels[: len(prompt)] == (IGNORED,) * len(prompt)


def test_a_long_row_is_cut_at_its_end_and_counted() -> None:
    result = tokenize([chat("Hi?", "Ahoy " * 40, row=7), chat("Hi?", "Ahoy", row=8)], TOKENIZER, 60)
    assert [len(row.input_ids) <= 60 for row in result.rows] == [True, True]
    assert result.cut == (7,) and result.rows[0].cut and not result.rows[1].cut


def test_a_row_whose_answer_is_cut_off_is_left_out_and_listed() -> None:
    result = tokenize([chat("long " * 40, "Ahoy", row=3), chat("Hi?", "Ahoy", row=4)], TOKENIZER, 60)
    assert [row.row for row in result.rows] == [4] and result.unlabelled == (3,)


def test_data_whose_answers_are_all_cut_off_is_refused() -> None:
    with pytest.raises(DataError, match="None of the 1 rows has an answer within 20 tokens"):
        tokenize([chat("long " * 40, "Ahoy")], TOKENIZER, 20)


def test_plain_text_is_trained_behind_its_first_token_and_ended() -> None:
    (row,) = tokenize([Example(1, text="Lamp")], TOKENIZER, 512).rows
    assert [piece.text for piece in pieces(row, TOKENIZER)] == ["L", "amp<|im_end|>"]


def test_a_tokenizer_without_a_template_gets_prompt_line_break_answer() -> None:
    plain = tiny_tokenizer()
    plain.chat_template = None
    (row,) = tokenize([chat("Hi?", "Ahoy!")], plain, 512).rows
    assert [(piece.text, piece.trained) for piece in pieces(row, plain)] == [
        ("Hi?\n", False),
        ("Ahoy!<|im_end|>", True),
    ]
    assert row.input_ids[: len(prompt_ids(chat("Hi?").messages, plain))] == prompt_ids(chat("Hi?").messages, plain)


def test_a_template_that_rewrites_earlier_turns_is_refused() -> None:
    rewriting = tiny_tokenizer()
    rewriting.chat_template = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(DataError, match="rewrites earlier turns"):
        tokenize([chat("a", "b")], rewriting, 512)
