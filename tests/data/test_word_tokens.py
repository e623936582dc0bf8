"""Words given apart become the tokens of running text, each label at the first token of its word."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from ia3_studio.data.example import Example
from ia3_studio.data.labels import Labels, tokenize_labels
from ia3_studio.data.tokens import IGNORED
from ia3_studio.data.word_tokens import loses_spaces, word_tokens
from ia3_studio.tasks.classification import TextClassification
from ia3_studio.tasks.preview import preview_tokens
from ia3_studio.tasks.token_classification import TokenClassification

TEXTS = ["the heron waits by the grey pier at nine", "who keeps the key of the north shed", "北京大学在北京"] * 4
WORDS = ("the", "heron", "waits", "by", "the", "pier")
LABELS = Labels("single", ("O", "B"), of_words=True)


def trained(before: Any, after: Any = None) -> Any:
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = before
    backend.decoder = after or decoders.ByteLevel()
    special = ["<s>", "</s>", "<unk>", "<pad>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=420, special_tokens=special,
                                                           initial_alphabet=alphabet, show_progress=False))  # fmt: skip
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return hf.PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>")


def split_first() -> Any:
    """Return how Llama 3 and Qwen begin: a pattern, then bytes."""
    from tokenizers import Regex

    parts = pre_tokenizers.Split(Regex(r" ?\p{L}+| ?[^\s\p{L}]+|\s+"), "isolated")
    return pre_tokenizers.Sequence([parts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


TOKENIZERS: dict[str, Any] = {
    "roberta": lambda: trained(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "roberta with prefix": lambda: trained(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "llama 3": lambda: trained(split_first()),
    "sentencepiece": lambda: trained(pre_tokenizers.Metaspace(prepend_scheme="always"), decoders.Metaspace()),
    "whitespace": lambda: trained(pre_tokenizers.Whitespace(), decoders.Fuse()),
    "canine": hf.CanineTokenizer,
    "byt5": hf.ByT5Tokenizer,
}


@cache
def tokenizer_of(kind: str) -> Any:
    return TOKENIZERS[kind]()


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_words_are_the_tokens_of_running_text_and_each_has_one_label(kind: str) -> None:
    tokenizer = tokenizer_of(kind)
    found = word_tokens(WORDS, tokenizer, 512)
    running = " ".join(WORDS)
    byte_level = tokenizer.is_fast and loses_spaces(tokenizer)
    assert list(found.ids) == tokenizer(f" {running}" if byte_level else running)["input_ids"]
    assert sum(found.starts) == len(WORDS)
    first = [found.words[place] for place, begins in enumerate(found.starts) if begins]
    assert first == list(range(len(WORDS)))
    texts = [tokenizer.decode([found.ids[place]]).strip() for place, begins in enumerate(found.starts) if begins]
    assert all(text and word.startswith(text) for text, word in zip(texts, WORDS, strict=True))


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("limit", [5, 9])
def test_the_limit_cuts_words_from_the_end_and_the_preview_shows_what_is_trained(kind: str, limit: int) -> None:
    tokenizer = tokenizer_of(kind)
    example = Example(1, words=WORDS, labels=("O", "B", "O", "O", "O", "B"))
    (row,) = tokenize_labels([example], LABELS, tokenizer, limit).rows
    seen = preview_tokens(example, tokenizer, TokenClassification, limit)
    (part,) = seen.parts
    kept = [token for token, is_kept in zip(part.ids, part.kept, strict=True) if is_kept]
    assert tuple(kept) == row.input_ids and row.truncated == seen.is_truncated and len(row.input_ids) <= limit
    assert seen.trained == sum(label != IGNORED for label in row.labels)


def test_words_of_a_script_without_spaces_are_joined_as_it_is_written() -> None:
    tokenizer = tokenizer_of("roberta")
    found = word_tokens(("北京", "大学", "在", "北京"), tokenizer, 512)
    assert tokenizer.decode(found.ids, skip_special_tokens=True) == "北京大学在北京"


def test_a_word_without_a_token_is_told_and_is_not_called_cut() -> None:
    tokenizer = tokenizer_of("whitespace")
    rows = [Example(1, words=("the", " ", "pier"), labels=("O", "B", "O")), Example(2, words=("",), labels=("O",))]
    found = tokenize_labels(rows, LABELS, tokenizer, 64)
    assert found.unread == (1, 2) and found.truncated == ()
    assert [row.row for row in found.rows] == [1] and [problem.row for problem in found.problems] == [2]


def test_a_text_of_a_slow_tokenizer_can_be_previewed() -> None:
    seen = preview_tokens(
        Example(1, text="a long text of many letters", labels=("x",)), hf.ByT5Tokenizer(), TextClassification, 8
    )
    assert seen.kept == 8 and seen.is_truncated
