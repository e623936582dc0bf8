"""How does a tuned model get to llama.cpp? Merged, as one GGUF file, read back by transformers before it is offered.

The file is written by the gguf package: its table of names, its writer, its quantization. This module decides which
models are supported: those with Llama's architecture and a byte-level tokenizer that llama.cpp knows by name.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ia3_studio.errors import ExportError
from ia3_studio.export.merged import (
    bytes_of,
    compared_texts,
    difference_of,
    logits_read_back,
    merge_in,
    require_room,
)
from ia3_studio.models.limits import ADVICE, limits_of
from ia3_studio.models.progress import ProgressCallback

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Format = Literal["f16", "q8_0", "f32"]
FORMATS: tuple[Format, ...] = get_args(Format)
BYTES_EACH = {"f32": 4.0, "f16": 2.0, "q8_0": 34 / 32}
"""Of a number in a matrix: q8_0 keeps 32 numbers in 34 bytes."""
ARCHITECTURES = {"llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3"}
"""transformers' model type, and llama.cpp's name for it."""
PERMUTED = ("llama", "mistral")
"""Models whose queries and keys llama.cpp rotates by neighboring pairs, transformers by the two halves of a head."""
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPLITS = {
    rf"{_SHORT}|{_WORDS}|\p{{N}}|{_REST}": "qwen2",
    rf"{_SHORT}|{_WORDS}|\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
}
"""Pre-tokenizers, and llama.cpp's names for them."""
TOLERANCE: dict[Format, float] = {"f32": 1e-3, "f16": 1e-2, "q8_0": 0.2}
"""Largest difference of a logit, as a share of the largest logit: what the rounding of a format explains."""


@dataclass(frozen=True)
class GgufExport:
    """A merged model as a GGUF file."""

    path: Path
    bytes: int
    largest_difference: float
    """Of any logit, between the file read back by transformers and the tuned model."""
    same_token: float
    """Share of the places at which both find the same next token likeliest."""
    texts: int


def expected_bytes(weights: int, kind: Format) -> int:
    """Return about how many bytes a model of so many weights takes as a GGUF file; tied ones count once."""
    return int(weights * BYTES_EACH[kind])


def write_gguf(
    loaded: Any,
    adapter: Path,
    path: Path,
    kind: Format = "f16",
    texts: Sequence[str] = (),
    say: ProgressCallback = lambda _share, _said: None,
) -> GgufExport:
    """Merge an adapter into a model that is loaded for it, write it as GGUF, read that back and compare.

    **The loaded model is merged afterwards**: load it again to continue with the base model.

    Args:
        loaded: the base model as :func:`~ia3_studio.models.load_model` gives it.
        adapter: an adapter's folder.
        path: the file to write; it must not be there.
        kind: the format of the matrices; what has one axis stays in float32.
        texts: what the two are compared on; some of our own if none.
        say: called with the share done and what is being done.

    Raises:
        ExportError: llama.cpp has no such model or tokenizer, the disk is too small, or the file read back differs;
            partial files are removed.
        AdapterError: the adapter cannot be merged.
    """
    _require(loaded, path, kind)
    weights = bytes_of(loaded.model) // next(loaded.model.parameters()).element_size()
    require_room(path, expected_bytes(weights, kind))
    compared = compared_texts(texts)
    say(0.1, "Running reference texts through the tuned model")
    wanted = merge_in(loaded, adapter, compared)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".gguf-") as work:
        part = Path(work) / "model.gguf"
        say(0.3, f"Writing the merged model in {kind}")
        _write(loaded, part, Path(work), kind)
        say(0.7, "Loading the file to compare outputs")
        largest, same = _compare(loaded, part, compared, wanted, kind)
        part.replace(path)
    say(1.0, "Done")
    return GgufExport(path, path.stat().st_size, largest, same, len(compared))


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


def _require(loaded: Any, path: Path, kind: str) -> None:
    if kind not in FORMATS:
        raise ExportError(f"Unknown format {kind!r}; choose one of {', '.join(FORMATS)}.")
    if path.exists():
        raise ExportError(f"{path} already exists; use another name.")
    reason = why_not(loaded.model, loaded.tokenizer)
    if reason:
        raise ExportError(f"{reason} Export the merged model as safetensors instead.")


def _write(loaded: Any, path: Path, work: Path, kind: Format) -> None:
    import gguf

    config = loaded.model.config
    architecture = ARCHITECTURES[config.model_type]
    writer = gguf.GGUFWriter(path, architecture)
    _write_config(writer, config, kind, loaded.limits.positions or config.max_position_embeddings)
    loaded.tokenizer.save_pretrained(work)
    _write_tokenizer(writer, loaded.tokenizer, config.vocab_size, work)
    for name, array, form in _tensors(loaded.model, architecture, kind):
        writer.add_tensor(name, array, raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_config(writer: Any, config: Any, kind: Format, positions: int) -> None:
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


def _write_tokenizer(writer: Any, tokenizer: Any, rows: int, folder: Path) -> None:
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


def _tensors(model: Any, architecture: str, kind: Format) -> Iterator[tuple[str, np.ndarray, Any]]:
    """Yield (llama.cpp's name, numbers, format) of every weight; a tied output is the embedding, and is not written."""
    import gguf
    import numpy as np

    config = model.config
    known = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(known[architecture], config.num_hidden_layers)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    for path, tensor in model.state_dict().items():
        if tied and path == "lm_head.weight":
            continue
        name = names.get_name(path, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise ExportError(f"llama.cpp has no tensor for {path}, so the model cannot be exported as a GGUF file.")
        array = tensor.detach().float().cpu().numpy()
        if config.model_type in PERMUTED and path.rpartition(".")[0].endswith(("q_proj", "k_proj")):
            heads = config.num_attention_heads if "q_proj" in path else config.num_key_value_heads
            array = _permuted(array, heads)
        yield name, *_formatted(np.ascontiguousarray(array), kind)


def _formatted(array: np.ndarray, kind: Format) -> tuple[np.ndarray, Any]:
    import gguf
    import numpy as np

    forms = gguf.GGMLQuantizationType
    if array.ndim == 1 or kind == "f32":
        return array.astype(np.float32), forms.F32
    if kind == "q8_0" and array.shape[-1] % 32 == 0:
        return gguf.quants.quantize(array, forms.Q8_0), forms.Q8_0
    return array.astype(np.float16), forms.F16


def _permuted(array: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of each head for llama.cpp: row i of the first half next to row i of the second.

    Args:
        array: weights, shape (heads · width, in), or biases, shape (heads · width,).
    """
    halves = array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:])
    order: np.ndarray = halves.swapaxes(1, 2).reshape(array.shape)
    return order


def _head_width(config: Any) -> int:
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _compare(
    loaded: Any, path: Path, texts: Sequence[str], wanted: Sequence[Tensor], kind: Format
) -> tuple[float, float]:
    """Read the file back; return the largest difference of a logit and the share of places with the same next token."""
    import torch

    try:
        tokenizer, found = _read_back(loaded, path, texts)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        raise ExportError(
            f"transformers cannot load the GGUF file ({type(error).__name__}), so it was discarded; export "
            "the merged model as safetensors instead."
        ) from error
    for text in texts:
        if tokenizer(text)["input_ids"] != loaded.tokenizer(text)["input_ids"]:
            raise ExportError(
                "The tokenizer in the GGUF file tokenizes text differently from the model's tokenizer, so "
                "the file was discarded; export the merged model as safetensors instead."
            )
    largest = difference_of(wanted, found)
    same = torch.cat([(one.argmax(-1) == other.argmax(-1)).flatten() for one, other in zip(wanted, found, strict=True)])
    if not largest <= TOLERANCE[kind] * max(float(each.abs().max()) for each in wanted):
        raise ExportError(
            f"The logits of the GGUF file differ from the tuned model by {largest:.3g}, so the file was "
            "discarded; export the merged model as safetensors instead."
        )
    return largest, float(same.float().mean())


def _read_back(loaded: Any, path: Path, texts: Sequence[str]) -> tuple[Any, list[Tensor]]:
    """Return the file's tokenizer and what its model says of each text; weights of a wrong size may fail only there."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from ia3_studio.models.gguf import alone
    from ia3_studio.models.gguf_reader import reading_once
    from ia3_studio.models.no_progress_bars import quiet_gguf

    with alone(path) as lonely, quiet_gguf(), reading_once():
        model = AutoModelForCausalLM.from_pretrained(lonely.parent, gguf_file=lonely.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(lonely.parent, gguf_file=lonely.name)
    return tokenizer, logits_read_back(loaded, model, path, texts)
