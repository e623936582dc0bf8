"""A tiny chat model with a tokenizer and a chat template, in memory or as a folder on disk."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.families import tiny_model

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def tiny_tokenizer() -> Any:
    """Return a byte tokenizer of 97 tokens (ASCII without control characters) with a chat template."""
    letters = [
        letter for letter in sorted(pre_tokenizers.ByteLevel.alphabet()) if letter.isascii() and letter not in "`~"
    ]
    vocabulary = {token: number for number, token in enumerate([*SPECIAL, "Ġ", "Ċ", *letters])}  # Ġ space, Ċ line end
    inner = Tokenizer(models.BPE(vocabulary, [], unk_token="<|endoftext|>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL[1:]),
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def save_tiny_chat(folder: Path, seed: int = 0, family: str = "llama") -> Path:
    """Write a tiny random chat model into a folder, as a person would have one on disk."""
    tiny_model(family, seed)  # the random numbers go on as after a model that is made
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _files(seed, family).items():
        (folder / name).write_bytes(content)
    return folder


@cache
def _files(seed: int, family: str) -> dict[str, bytes]:
    """Return what a folder of a model and its tokenizer holds."""
    with TemporaryDirectory() as folder:
        model = tiny_model(family, seed)
        model.generation_config.eos_token_id = 2
        model.save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}
