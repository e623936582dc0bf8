"""What is shown of an example is what is trained: the same tokens, the same labels, the same cut."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers.processors import TemplateProcessing

from ia3_studio.data.choices import choice_examples, tokenize_choices
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.labels import labels_of, tokenize_labels
from ia3_studio.data.load import load_data
from ia3_studio.data.targets import tokenize_targets
from ia3_studio.data.token_preview import TokenPreview, longest_place, survey
from ia3_studio.data.tokens import IGNORED, tokenize
from ia3_studio.tasks.causal import TextGeneration
from ia3_studio.tasks.classification import TextClassification
from ia3_studio.tasks.multiple_choice import MultipleChoice, Seq2SeqMultipleChoice
from ia3_studio.tasks.preview import preview_tokens
from ia3_studio.tasks.seq2seq import TextToText
from ia3_studio.tasks.task import task_class
from ia3_studio.tasks.token_classification import TokenClassification
from tests.tiny_chat import tiny_tokenizer
from tests.training.test_targets import ending_tokenizer

TOKENIZER = tiny_tokenizer()


def pairing_tokenizer() -> Any:
    """Return the tiny tokenizer with marks around one text or two, as BERT's has."""
    tokenizer = tiny_tokenizer()
    marks = [("<|im_start|>", 1), ("<|im_end|>", 2)]
    tokenizer._tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A <|im_end|>",
        pair="<|im_start|> $A <|im_end|> $B:1 <|im_end|>:1",
        special_tokens=marks,
    )
    return tokenizer


ASKED = Example(3, (Message("user", "What is a lamp for?"), Message("assistant", "Light, and company.")))
PAIR = Example(4, text="a long first text of words", second="the other one", labels=("same",))
CHOICE = Example(5, text="Which burns?", labels=("oil",), choices=("water", "oil", "sand"))


def kept(seen: TokenPreview) -> list[int]:
    """Return the tokens of all parts that are within the limit."""
    return [token for part in seen.parts for token, within in zip(part.ids, part.kept, strict=True) if within]


@pytest.mark.parametrize("limit", [512, 70, 50])
def test_a_conversation_is_shown_as_it_is_trained(limit: int) -> None:
    (row,) = tokenize([ASKED], TOKENIZER, limit).rows
    seen = preview_tokens(ASKED, TOKENIZER, TextGeneration, limit)
    assert kept(seen) == list(row.input_ids)
    assert seen.trained == sum(label != IGNORED for label in row.labels)
    assert seen.is_truncated == row.truncated


@pytest.mark.parametrize("limit", [512, 12])
def test_what_an_encoder_decoder_reads_and_writes_is_shown_as_it_is_trained(limit: int) -> None:
    tokenizer = ending_tokenizer()
    (row,) = tokenize_targets([ASKED], tokenizer, limit).rows
    seen = preview_tokens(ASKED, tokenizer, TextToText, limit)
    assert kept(seen) == [*row.input_ids, *row.labels]
    assert seen.trained == len(row.labels) and seen.is_truncated == row.truncated


@pytest.mark.parametrize("way", [MultipleChoice, Seq2SeqMultipleChoice])
@pytest.mark.parametrize("limit", [512, 30])
def test_choices_are_shown_as_they_are_ranked_the_right_one_first(way: type[MultipleChoice], limit: int) -> None:
    (row,) = tokenize_choices(choice_examples([CHOICE]), TOKENIZER, limit, way.encoder_decoder).rows
    seen = preview_tokens(CHOICE, TOKENIZER, way, limit)
    water, oil, sand = row.choices
    assert kept(seen) == [*row.prompt, *oil, *water, *sand]
    assert seen.trained == len(oil) and seen.is_truncated == row.truncated


@pytest.mark.parametrize("example", [PAIR, Example(4, text="one text that is long", labels=("same",))])
@pytest.mark.parametrize("limit", [512, 8, 6])
def test_texts_to_sort_are_shown_as_the_classifier_reads_them(example: Example, limit: int) -> None:
    labels = labels_of([example, Example(1, text="x", labels=("other",))], "single")
    tokenizer = pairing_tokenizer()
    (row,) = tokenize_labels([example], labels, tokenizer, limit).rows
    seen = preview_tokens(example, tokenizer, TextClassification, limit)
    assert kept(seen) == list(row.input_ids)
    assert seen.labels == ("same",) and seen.is_truncated == row.truncated


def test_words_to_label_are_shown_with_the_tokens_that_answer() -> None:
    example = Example(1, words=("the", "old", "lamp"), labels=("O", "O", "B"))
    (row,) = tokenize_labels([example], labels_of([example], "single"), pairing_tokenizer(), 512).rows
    seen = preview_tokens(example, pairing_tokenizer(), TokenClassification, 512)
    assert seen.trained == sum(label != IGNORED for label in row.labels) == 3


def test_what_the_limit_cuts_is_marked_and_the_whole_text_is_there() -> None:
    pieces = list(preview_tokens(ASKED, TOKENIZER, TextGeneration, 50).pieces(TOKENIZER))
    whole = "".join(text for text, _mark in preview_tokens(ASKED, TOKENIZER, TextGeneration, 512).pieces(TOKENIZER))
    assert "".join(text for text, _mark in pieces) == whole
    assert [mark for _text, mark in pieces][-1] == "truncated"


def test_a_survey_of_all_rows_counts_what_training_counts() -> None:
    split = load_data("lighthouse")
    found = survey(split.train, lambda example: preview_tokens(example, TOKENIZER, TextGeneration, 200), 200)
    rows = tokenize(split.train, TOKENIZER, 200)
    assert found.is_whole and not found.refused
    assert found.truncated == rows.truncated
    assert found.tokens == sum(len(row.input_ids) for row in rows.rows) + _unlabeled(split.train, rows)


def _unlabeled(examples: Any, rows: Any) -> int:
    """Return the tokens of rows that training leaves out, which a survey still counts."""
    gone = [example for example in examples if example.row in rows.unlabeled]
    return sum(preview_tokens(example, TOKENIZER, TextGeneration, 200).kept for example in gone)


def test_a_survey_of_some_rows_speaks_for_all_and_finds_the_longest() -> None:
    train = load_data("lighthouse").train
    found = survey(train, lambda example: preview_tokens(example, TOKENIZER, TextGeneration, 512), 512, most=40)
    whole = survey(train, lambda example: preview_tokens(example, TOKENIZER, TextGeneration, 512), 512)
    assert len(found.seen) <= 40 and not found.is_whole and found.of == 200
    assert max(found.lengths) == max(whole.lengths)
    assert abs(found.tokens / whole.tokens - 1) < 0.1


def test_rows_a_template_refuses_are_counted() -> None:
    strict = tiny_tokenizer()
    strict.chat_template = "{{ raise_exception('no') if messages|length > 2 }}" + strict.chat_template
    long = Example(9, (*ASKED.messages, *ASKED.messages))
    found = survey([ASKED, long], lambda example: preview_tokens(example, strict, TextGeneration, 512), 512)
    assert [row for row, _why in found.refused] == [9] and found.is_whole


def test_the_longest_row_is_found_by_its_characters() -> None:
    train = load_data("lighthouse").train
    assert len(train[longest_place(train)].messages[1].content) > 200


def test_the_way_of_seeing_follows_data_and_model() -> None:
    assert task_class("pairs", "causal-lm") is TextGeneration and task_class("pairs", "seq2seq") is TextToText
    assert task_class("labels", "encoder") is TextClassification
    assert task_class("labels", "causal-lm") is TextGeneration
    assert task_class("choices", "seq2seq") is Seq2SeqMultipleChoice
