"""Tokens: exactly the assistant's words and the end of its turn are trained."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.token_preview import Part, TokenPreview
from ia3_studio.data.tokens import IGNORED, prompt_ids, tokenize
from ia3_studio.errors import DataError
from ia3_studio.tasks.causal import TextGeneration
from ia3_studio.tasks.preview import preview_tokens
from tests.tiny_chat import TEMPLATE, tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def chat(*contents: str, row: int = 1) -> Example:
    roles = ("user", "assistant")
    return Example(row, tuple(Message(roles[number % 2], content) for number, content in enumerate(contents)))


def shown(example: Example, tokenizer: Any) -> list[tuple[str, bool]]:
    return [
        (text, mark == "trained")
        for text, mark in preview_tokens(example, tokenizer, TextGeneration, 512).pieces(tokenizer)
    ]


def trained(example: Example, tokenizer: Any) -> list[str]:
    return [text for text, learned in shown(example, tokenizer) if learned]


def test_only_the_answer_and_the_end_of_its_turn_are_trained() -> None:
    assert shown(chat("Hi?", "Ahoy!"), TOKENIZER) == [
        ("<|im_start|>user\nHi?<|im_end|>\n<|im_start|>assistant\n", False),
        ("Ahoy!<|im_end|>", True),
    ]


def test_every_answer_of_a_conversation_is_trained() -> None:
    assert trained(chat("a", "one", "b", "two"), TOKENIZER) == ["one<|im_end|>", "two<|im_end|>"]


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
    assert result.truncated == (7,) and result.rows[0].truncated and not result.rows[1].truncated


def test_a_row_whose_answer_is_cut_off_is_left_out_and_listed() -> None:
    result = tokenize([chat("long " * 40, "Ahoy", row=3), chat("Hi?", "Ahoy", row=4)], TOKENIZER, 60)
    assert [row.row for row in result.rows] == [4] and result.unlabeled == (3,)


def test_data_whose_answers_are_all_cut_off_is_refused() -> None:
    with pytest.raises(DataError, match="None of the 1 rows has an answer within 20 tokens"):
        tokenize([chat("long " * 40, "Ahoy")], TOKENIZER, 20)


def test_plain_text_is_trained_behind_its_first_token_and_ended() -> None:
    assert shown(Example(1, text="Lamp"), TOKENIZER) == [("L", False), ("amp<|im_end|>", True)]


def test_a_tokenizer_without_a_template_gets_prompt_line_break_answer() -> None:
    plain = tiny_tokenizer()
    plain.chat_template = None
    (row,) = tokenize([chat("Hi?", "Ahoy!")], plain, 512).rows
    assert shown(chat("Hi?", "Ahoy!"), plain) == [
        ("Hi?\n", False),
        ("Ahoy!<|im_end|>", True),
    ]
    assert row.input_ids[: len(prompt_ids(chat("Hi?").messages, plain))] == prompt_ids(chat("Hi?").messages, plain)


def test_a_begin_token_stands_before_plain_text_and_prompts_as_the_tokenizer_puts_it() -> None:
    beginning = tiny_tokenizer()
    beginning.chat_template = None
    begin = ("<|im_start|>", beginning.bos_token_id)
    beginning.backend_tokenizer.post_processor = TemplateProcessing("<|im_start|> $A", None, [begin])
    assert shown(Example(1, text="Lamp"), beginning) == [("<|im_start|>", False), ("Lamp<|im_end|>", True)]
    assert shown(chat("Hi?", "Ahoy!"), beginning) == [("<|im_start|>Hi?\n", False), ("Ahoy!<|im_end|>", True)]


def test_a_tokenizer_without_an_end_token_trains_the_answer_alone() -> None:
    endless = tiny_tokenizer()
    endless.chat_template, endless.eos_token = None, None
    assert shown(chat("Hi?", "Ahoy!"), endless) == [("Hi?\n", False), ("Ahoy!", True)]


def test_a_row_of_one_token_has_nothing_to_learn() -> None:
    assert tokenize([Example(1, text="Lamp"), chat("a", "b", row=2)], TOKENIZER, 2).unlabeled == (2,)
    with pytest.raises(DataError, match="None of the 1 rows has an answer within 1 tokens"):
        tokenize([Example(1, text="Lamp")], TOKENIZER, 1)
    endless = tiny_tokenizer()
    endless.chat_template, endless.eos_token = None, None
    unasked = Example(1, (Message("assistant", "a"),))  # its only token has nothing to be predicted from
    assert tokenize([unasked, chat("a", "b", row=2)], endless, 512).unlabeled == (1,)


QWEN_LIKE = (  # writes an empty thought before the last answer only, as thinking models do
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if loop.last and m['role'] == 'assistant' %}"
    "<think>\n\n</think>\n\n{% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PHI_LIKE = TEMPLATE[: -len("{% endif %}")] + "{% else %}<|endoftext|>{% endif %}"  # one more end token after the whole
TRIMMING = TEMPLATE.replace("message['content']", "message['content'] | trim")
NO_SPECIAL = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }};\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@pytest.mark.parametrize(
    ("template", "thought"), [(QWEN_LIKE, "<think>\n\n</think>\n\n"), (PHI_LIKE, ""), (TRIMMING, "")]
)
def test_a_template_that_writes_a_beginning_otherwise_keeps_exact_labels(template: str, thought: str) -> None:
    rewriting = tiny_tokenizer()
    rewriting.chat_template = template
    example = chat("a", "user", "b", "assistant")  # words that the template itself writes, too
    assert trained(example, rewriting) == ["user<|im_end|>", f"{thought}assistant<|im_end|>"]


LEADING = (  # writes words before each answer that it is not asked with, and ends the last turn otherwise
    "{% for m in messages %}<|im_start|>{{ m['role'] }}{% if m['role'] == 'assistant' %} final{% endif %}: "
    "{{ m['content'] }}{{ '<|endoftext|>' if loop.last and m['role'] == 'assistant' else '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant{% endif %}"
)


def test_what_a_template_writes_before_an_answer_is_trained_with_each_answer() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = LEADING
    assert trained(chat("a", "one", "b", "two"), tokenizer) == [" final: one<|im_end|>", " final: two<|endoftext|>"]


def test_only_the_first_token_behind_an_answer_is_trained() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = PHI_LIKE
    assert trained(chat("a", "b"), tokenizer) == ["b<|im_end|>"]


def test_an_answer_that_the_template_rewrites_is_trained_as_the_model_sees_it() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TEMPLATE.replace("message['content']", "message['content'] | upper")
    assert trained(chat("a", "b"), tokenizer) == ["B<|im_end|>"]


def test_an_end_token_needs_no_named_role() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.chat_template = TEMPLATE.replace("<|im_end|>", "<|end|>")
    assert trained(chat("a", "b"), tokenizer) == ["b<|end|>"]


def test_an_answer_that_holds_a_special_token_is_trained_to_its_own_end() -> None:
    for template in (TEMPLATE, PHI_LIKE):
        tokenizer = tiny_tokenizer()
        tokenizer.chat_template = template
        assert trained(chat("a", "b<|im_end|>c", "d", "e"), tokenizer) == ["b<|im_end|>c<|im_end|>", "e<|im_end|>"]


def test_an_answer_that_is_part_of_the_end_token_is_found() -> None:
    assert trained(chat("a", "i", "b", "im_end"), TOKENIZER) == ["i<|im_end|>", "im_end<|im_end|>"]


def test_a_template_that_ends_no_turn_by_a_token_trains_its_closing_words_and_an_end() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = NO_SPECIAL
    assert trained(chat("a", "b"), tokenizer) == ["b;\n<|im_end|>"]


def test_an_answer_may_come_first() -> None:
    talk = Example(1, (Message("assistant", "Ahoy"), Message("user", "Hi"), Message("assistant", "Again")))
    assert trained(talk, TOKENIZER) == ["Ahoy<|im_end|>", "Again<|im_end|>"]


def test_a_question_without_an_answer_is_not_part_of_the_row() -> None:
    assert shown(chat("a", "b", "c"), TOKENIZER)[-1] == ("b<|im_end|>", True)


def test_a_token_that_joins_template_and_answer_is_trained() -> None:
    inner = Tokenizer(models.BPE({letter: n for n, letter in enumerate([*"?:abAQĠ", "Ġb"])}, [("Ġ", "b")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    joining = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="<end>")
    joining.chat_template = (
        "{% for m in messages %}{{ 'Q: ' if m['role'] == 'user' else 'A: ' }}{{ m['content'] }}"
        "{% if m['role'] == 'assistant' %}<end>{% endif %}{% endfor %}{% if add_generation_prompt %}A: {% endif %}"
    )
    (row,) = tokenize([chat("a?", "bb")], joining, 512).rows
    assert joining.convert_ids_to_tokens(list(row.input_ids)) == ["Q", ":", "Ġ", "a", "?", "A", ":", "Ġb", "b", "<end>"]
    assert [label != IGNORED for label in row.labels] == [False] * 7 + [True] * 3


def test_labels_are_right_token_by_token_in_a_tokenizer_of_words() -> None:
    words = ["[user]", "[bot]", "[end]", "hi", "ahoy", "there", "again", "[unk]"]
    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[unk]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="[end]")
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '[user]' if m['role'] == 'user' else '[bot]' }} {{ m['content'] }} [end] "
        "{% endfor %}"
        "{% if add_generation_prompt %}[bot] {% endif %}"
    )
    (row,) = tokenize([chat("hi", "ahoy there", "again", "ahoy")], tokenizer, 512).rows
    assert row.input_ids == (0, 3, 2, 1, 4, 5, 2, 0, 6, 2, 1, 4, 2)
    no = IGNORED
    assert row.labels == (no, no, no, no, 4, 5, 2, no, no, no, no, 4, 2)


def test_a_template_whose_turns_cannot_be_told_apart_is_refused() -> None:
    mixing = tiny_tokenizer()
    mixing.chat_template = "{{ messages | length }}{% for m in messages | reverse %}{{ m['content'] }}{% endfor %}"
    with pytest.raises(DataError, match=r"row 1: .*rewrites the turns, so the answers cannot be located\.$"):
        tokenize([chat("a", "b")], mixing, 512)


def test_a_row_the_template_refuses_is_listed_with_its_reason() -> None:
    strict = tiny_tokenizer()
    strict.chat_template = (
        "{% if messages[0]['content'] == 's' %}{{ raise_exception('No word of one letter') }}{% endif %}" + TEMPLATE
    )
    refused = Example(5, (Message("system", "s"), *chat("a", "b").messages))
    result = tokenize([chat("a", "b"), refused], strict, 512)
    assert [row.row for row in result.rows] == [1] and result.problems[0].row == 5
    assert result.problems[0].reason.endswith("rejects the conversation: No word of one letter")
    with pytest.raises(DataError, match=r"No usable row; row 5: .*No word of one letter"):
        tokenize([refused], strict, 512)
    with pytest.raises(DataError, match="No word of one letter"):
        prompt_ids(refused.messages[:1], strict)


def test_what_is_shown_keeps_the_space_a_run_begins_with() -> None:
    words = ["▁a", "▁.", "[end]"]
    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="▁a"))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="[end]", clean_up_tokenization_spaces=True)
    seen = TokenPreview(1, (Part((0, 1), (False, True), (True, True)),))
    assert [text for text, _mark in seen.pieces(tokenizer)] == ["a", " ."]
