"""Tiny random models of the families people use; each is built in milliseconds from its config."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import torch
import transformers as hf

SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 97}

FAMILIES: dict[str, Callable[[], tuple[type, Any]]] = {
    "llama": lambda: (
        hf.AutoModelForCausalLM,
        hf.LlamaConfig(**SMALL, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=128),
    ),
    "gpt2": lambda: (hf.AutoModelForCausalLM, hf.GPT2Config(vocab_size=97, n_layer=2, n_embd=32, n_head=4)),
    "gpt_neox": lambda: (hf.AutoModelForCausalLM, hf.GPTNeoXConfig(**SMALL, intermediate_size=48)),
    "opt": lambda: (hf.AutoModelForCausalLM, hf.OPTConfig(**SMALL, ffn_dim=48, word_embed_proj_dim=32)),
    "bert": lambda: (hf.AutoModelForMaskedLM, hf.BertConfig(**SMALL, intermediate_size=48)),
    "roberta": lambda: (hf.AutoModelForMaskedLM, hf.RobertaConfig(**SMALL, intermediate_size=48)),
    "t5": lambda: (
        hf.AutoModelForSeq2SeqLM,
        hf.T5Config(vocab_size=97, num_layers=2, d_model=32, d_ff=48, num_heads=4, d_kv=8, decoder_start_token_id=0),
    ),
    "t5_gated": lambda: (
        hf.AutoModelForSeq2SeqLM,
        hf.T5Config(
            vocab_size=97,
            num_layers=2,
            d_model=32,
            d_ff=48,
            num_heads=4,
            d_kv=8,
            decoder_start_token_id=0,
            feed_forward_proj="gated-gelu",
        ),
    ),
}

EXPERTS: dict[str, Callable[[], tuple[type, Any]]] = {
    "mixtral": lambda: (
        hf.AutoModelForCausalLM,
        hf.MixtralConfig(
            **SMALL, intermediate_size=48, num_key_value_heads=2, num_local_experts=2, max_position_embeddings=128
        ),
    ),
}
"""Families whose experts are kept as tensors, which PEFT's (IA)³ cannot scale."""

CAUSAL = ("llama", "gpt2", "gpt_neox", "opt")


def tiny_model(family: str, seed: int = 0) -> Any:
    """Return a tiny random model, frozen and without dropout, as a base model is used."""
    where = torch.get_default_device(), torch.get_default_dtype(), torch.is_inference_mode_enabled()
    model, random_state = _made(family, seed, *where)
    torch.set_rng_state(random_state)
    return deepcopy(model)


@cache
def _made(family: str, seed: int, *_where: object) -> tuple[Any, torch.Tensor]:
    """Return a model that nobody changes, and the state of the random numbers behind it: a copy takes half the time."""
    auto, config = (FAMILIES | EXPERTS)[family]()
    for name in ("attention_dropout", "hidden_dropout", "dropout", "dropout_rate", "resid_pdrop", "embd_pdrop",
                 "attn_pdrop", "hidden_dropout_prob", "attention_probs_dropout_prob"):  # fmt: skip
        if hasattr(config, name):
            setattr(config, name, 0.0)
    torch.manual_seed(seed)
    model = auto.from_config(config).eval().requires_grad_(False)
    return model, torch.get_rng_state()


def batch_of(model: Any, rows: int = 2, length: int = 7, seed: int = 1) -> dict[str, torch.Tensor]:
    """Return a batch of random tokens with labels."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(3, 97, (rows, length), generator=generator)
    return {"input_ids": tokens, "labels": tokens.clone()}


def logits_of(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return logits without building a graph: attention kernels are chosen by whether one is built."""
    with torch.no_grad():
        return model(**batch).logits  # type: ignore[no-any-return]
