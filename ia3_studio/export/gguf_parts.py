"""What does a GGUF file say of a model besides its weights, and which models can become one?

Those with Llama's architecture and a byte-level tokenizer that llama.cpp knows by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ia3_studio.models.limits import ADVICE, limits_of

ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""transformers' model type, and llama.cpp's name for it."""
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPLITS = {
    rf"{_SHORT}|{_WORDS}|\p{{N}}|{_REST}": "qwen2",
    rf"{_SHORT}|{_WORDS}|\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
}
"""Pre-tokenizers, and llama.cpp's names for them."""


def why_not(model: Any, tokenizer: Any) -> str:
    """Return why a model cannot become a GGUF file; empty where it can."""
    kind = str(model.config.model_type)
    if kind not in ARCHITECTURES or not type(model).__name__.endswith("ForCausalLM"):
        return f"GGUF export supports chat models of the types {', '.join(ARCHITECTURES)}; this model is {kind}."
    scaling = (getattr(model.config, "rope_parameters", None) or {}).get("rope_type", "default")
    if scaling != "default":
        return f"This model uses RoPE scaling ({scaling}), which GGUF export does not support yet."
    if getattr(model.config, "sliding_window", None) and getattr(model.config, "use_sliding_window", True):
        return "This model uses sliding window attention, which llama.cpp does not support for its type."
    limits = limits_of(model)
    if unknown := limits.beyond(tokenizer.get_vocab().values()):
        return f"{limits.unknown(unknown, tokenizer)}; {ADVICE}."
    if not splitting(tokenizer):
        return "llama.cpp does not support the pre-tokenizer of this model."
    return ""


def write_config(writer: Any, config: Any, kind: str, positions: int) -> None:
    """Write the sizes of a model.

    Args:
        writer: of the gguf package.
        config: of the model.
        kind: the format of the matrices.
        positions: tokens that the model can read.
    """
    import gguf

    head = _head_width(config)
    writer.add_name("merged (IA)3 model")
    writer.add_context_length(positions)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    writer.add_rope_dimension_count(head)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_vocab_size(config.vocab_size)
    kinds = gguf.LlamaFileType
    writer.add_file_type({"f32": kinds.ALL_F32, "f16": kinds.MOSTLY_F16, "q8_0": kinds.MOSTLY_Q8_0}[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def write_tokenizer(writer: Any, tokenizer: Any, rows: int, folder: Path) -> None:
    """Write a byte-level tokenizer: its tokens by number, their kinds, its merges and special tokens.

    Args:
        rows: of the embedding; numbers without a token get a name of no use.
        folder: where the tokenizer was saved.
    """
    import gguf

    from ia3_studio.data.answer_end import closing_id

    by_number = {number: token for token, number in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    kinds = gguf.TokenType
    tokens, types = [], []
    for number in range(rows):
        tokens.append(by_number.get(number, f"[PAD{number}]"))
        if number not in by_number:
            types.append(kinds.UNUSED)
        elif number in added:
            types.append(kinds.CONTROL if added[number].special else kinds.USER_DEFINED)
        else:
            types.append(kinds.NORMAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(splitting(tokenizer))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    vocabulary = gguf.SpecialVocab(folder, load_merges=True, n_vocab=rows)
    closing = closing_id(tokenizer)
    if closing is not None:  # llama.cpp stops at either; others know the first alone
        vocabulary.special_token_ids |= {"eos": closing, "eot": closing}
    vocabulary.add_to_gguf(writer, quiet=True)
    begins = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    if "tokenizer.ggml.add_bos_token" not in writer.kv_data[0]:
        writer.add_add_bos_token(begins)


def splitting(tokenizer: Any) -> str:
    """Return llama.cpp's name of a tokenizer's pre-tokenizer; empty if unknown."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return ""
    document = json.loads(backend.to_str())
    if document["model"].get("type") != "BPE" or document["model"].get("byte_fallback"):
        return ""
    said = document.get("pre_tokenizer") or {}
    steps = said.get("pretokenizers", [said])
    *before, last = steps
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
        return ""
    names = [step.get("type") for step in before]
    if not names and last.get("use_regex", True):
        return "gpt-2"
    if names == ["Digits"] and before[0].get("individual_digits") and last.get("use_regex", True):
        return "smollm"
    if names == ["Split"] and not last.get("use_regex", True):
        return SPLITS.get(before[0]["pattern"].get("Regex", ""), "")
    return ""


def _head_width(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
