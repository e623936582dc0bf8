"""The token that closes an assistant's turn ends answers everywhere: in chat, in evaluation and in what leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.tokens import IGNORED, tokenize
from ia3_studio.export.card import card, facts_of
from ia3_studio.export.gguf_file import write_gguf
from ia3_studio.export.merged import write_merged
from ia3_studio.method import attach, discover
from ia3_studio.models import load_model
from ia3_studio.tasks.causal import ENDS_ANSWER
from ia3_studio.training.generation import answer_both
from tests.export.test_gguf_file import SHAPE

END_OF_TEXT = "<|endoftext|>"
ASKED = (Message("user", "Is it calm?"),)


@dataclass(frozen=True)
class Dialect:
    """How a family of models writes a conversation: each turn between a header and what closes it."""

    header: str
    closing: str
    """Empty where a turn ends with a line alone."""

    @property
    def template(self) -> str:
        head = self.header.replace("ROLE", "{{ m['role'] }}")
        asked = self.header.replace("ROLE", "assistant")
        return (
            f"{{% for m in messages %}}{head}{{{{ m['content'] }}}}{self.closing}\n{{% endfor %}}"
            f"{{% if add_generation_prompt %}}{asked}{{% endif %}}"
        )


DIALECTS = {
    "ChatML": Dialect("<|im_start|>ROLE\n", "<|im_end|>"),
    "Llama 3": Dialect("<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|eot_id|>"),
    "Gemma": Dialect("<start_of_turn>ROLE\n", "<end_of_turn>"),
    "Phi-3": Dialect("<|ROLE|>\n", "<|end|>"),
    "no token": Dialect("### ROLE:\n", ""),
}


def tokenizer_of(dialect: Dialect) -> Any:
    """Return a byte tokenizer whose end token is that of a base model, with the dialect's own tokens and template."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    own = [word for word in ("<|im_start|>", "<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>") if word in
           dialect.header]  # fmt: skip
    special = [END_OF_TEXT, *own, *filter(None, [dialect.closing])]
    vocabulary = {token: number for number, token in enumerate([*special, *letters, "he"])}
    inner = Tokenizer(models.BPE(vocabulary, [("h", "e")]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=END_OF_TEXT, pad_token=END_OF_TEXT)
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    tokenizer.chat_template = dialect.template
    return tokenizer


@pytest.fixture(params=DIALECTS, ids=lambda name: name.replace(" ", "-"))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return DIALECTS[request.param]


@pytest.fixture
def folder(tmp_path: Path, dialect: Dialect) -> Path:
    """A base model that was never told how its template closes a turn."""
    tokenizer = tokenizer_of(dialect)
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), bos_token_id=None, eos_token_id=0, pad_token_id=None, **SHAPE)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


class Always(nn.Module):
    """A head that has learned one thing: to write a token."""

    def __init__(self, inner: nn.Module, token: int) -> None:
        super().__init__()
        self.inner, self.token, self.weight = inner, token, inner.weight

    def forward(self, hidden: Tensor) -> Tensor:
        logits = self.inner(hidden)
        logits[..., self.token] = logits.max() + 50
        return logits  # type: ignore[no-any-return]


def closing_of(loaded: Any, dialect: Dialect) -> int:
    return int(loaded.tokenizer.convert_tokens_to_ids(dialect.closing or END_OF_TEXT))


def test_it_is_learned_and_ends_answers_in_chat_and_evaluation(folder: Path, dialect: Dialect) -> None:
    loaded = load_model(str(folder))
    closing = closing_of(loaded, dialect)
    (row,) = tokenize([Example(1, (*ASKED, Message("assistant", "Yes.")))], loaded.tokenizer, 128).rows
    assert [label for label in row.labels if label != IGNORED][-1] == closing
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    loaded.model.lm_head = Always(loaded.model.lm_head, closing)
    (answer,) = list(reply(loaded, attachment, [ASKED], [1.0], ChatSettings(temperature=0, max_new_tokens=12)))[-1]
    assert answer.ended == "end" and answer.text == "" and len(answer.tokens) == 1
    prompt = row.input_ids[: next(place for place, label in enumerate(row.labels) if label != IGNORED)]
    assert answer_both(loaded.model, loaded.tokenizer, attachment, [prompt], 12) == [("", "")]


def test_what_leaves_ends_there_too(folder: Path, dialect: Dialect, tmp_path: Path) -> None:
    loaded = load_model(str(folder))
    closing = closing_of(loaded, dialect)
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    attachment.adapter({"task_type": "CAUSAL_LM"}).save(tmp_path / "adapter")
    attachment.detach()
    write_merged(loaded, tmp_path / "adapter", tmp_path / "merged")
    ends = json.loads((tmp_path / "merged" / "generation_config.json").read_text())["eos_token_id"]
    assert closing in (ends if isinstance(ends, list) else [ends])
    write_gguf(load_model(str(folder)), tmp_path / "adapter", tmp_path / "model.gguf", "f32")
    fields = gguf.GGUFReader(tmp_path / "model.gguf").fields
    assert int(fields["tokenizer.ggml.eos_token_id"].contents()) == closing


def test_the_card_says_where_generation_stops() -> None:
    model = AutoModelForCausalLM.from_config(LlamaConfig(vocab_size=300, **SHAPE))
    attachment = attach(model, discover(model).select("paper"))
    said = card(facts_of(attachment.adapter({ENDS_ANSWER: "<|im_end|>"}), "Keeper", "org/base"))
    assert 'eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>")' in said
    assert "eos_token_id" not in card(facts_of(attachment.adapter({}), "Keeper", "org/base"))
