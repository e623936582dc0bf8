"""How does a tuned model get to llama.cpp? Merged, as one GGUF file, read back by transformers before it is offered.

The file is written by the gguf package: its table of names, its writer, its quantization. As other merged models
(:mod:`ia3_studio.export.by_file`), it is written tensor by tensor, so that memory need not hold the model; the outputs
are compared if it does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ExportError
from ia3_studio.export.by_file import Load, plan_by_file, short_of_memory, tuned_logits
from ia3_studio.export.gguf_parts import ARCHITECTURES, why_not, write_config, write_tokenizer
from ia3_studio.export.gguf_tensors import BYTES_EACH, FORMATS, Format, Source, gguf_tensors, write_gguf_tensors
from ia3_studio.export.merged import (
    bytes_of,
    compared_texts,
    difference_of,
    logits_read_back,
    merge_in,
    require_room,
)
from ia3_studio.export.tensor_files import merged_tensor
from ia3_studio.export.tensor_plan import NotByFile
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.models.sharding_plan import WHOLE

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE: dict[Format, float] = {"f32": 1e-3, "f16": 1e-2, "q8_0": 0.2}
"""Largest difference of a logit, as a share of the largest logit: what the rounding of a format explains."""


@dataclass(frozen=True)
class GgufExport:
    """A merged model as a GGUF file."""

    path: Path
    bytes: int
    largest_difference: float | None
    """Of any logit, between the file read back by transformers and the tuned model; None if none was compared."""
    same_token: float | None
    """Share of the places at which both find the same next token likeliest; None if none was compared."""
    texts: int
    uncompared: str = ""
    """Why no texts were compared, as the end of a sentence; empty where some were."""
    whole: str = ""
    """Why the model was loaded whole instead of written tensor by tensor, as the end of a sentence."""


def expected_bytes(weights: int, kind: Format) -> int:
    """Return about how many bytes a model of so many weights takes as a GGUF file; tied ones count once."""
    return int(weights * BYTES_EACH[kind])


def export_gguf(
    load: Load,
    adapter: Path,
    path: Path,
    kind: Format = "f16",
    texts: Sequence[str] = (),
    say: ProgressCallback = lambda _share, _said: None,
) -> GgufExport:
    """Merge an adapter into a model and write it as GGUF, tensor by tensor if it can be, then read that back.

    Args:
        load: of the base model, fetching it first if need be.
        adapter: an adapter's folder.
        path: the file to write; it must not be there.
        kind: the format of the matrices; what has one axis stays in float32.
        texts: what the two are compared on; some of our own if none.
        say: called with the share done and what is being done.

    Raises:
        ExportError: llama.cpp has no such model or tokenizer, the disk is too small, or the file read back differs;
            partial files are removed.
        AdapterError: the adapter cannot be merged.
        ModelError: the base model cannot be fetched or read.
    """
    _require_format(path, kind)
    say(0.0, "Reading the headers of the base model's files")
    try:
        described, planned = plan_by_file(load, adapter, "float32")
    except NotByFile as reason:
        say(0.05, f"Loading the whole model: {reason}")
        return replace(write_gguf(load(WHOLE), adapter, path, kind, texts, say), whole=str(reason))
    _require_supported(described)
    compared, short = compared_texts(texts), short_of_memory(planned)
    require_room(path, expected_bytes(sum(each.bytes for each in planned) // 4, kind))
    wanted = None if short else tuned_logits(load, adapter, compared, say)[0]
    sources = [Source(each.name, each.shape, partial(merged_tensor, each)) for each in planned]
    return replace(_written(described, sources, path, kind, (compared, wanted), say), uncompared=short)


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
    _require_format(path, kind)
    _require_supported(loaded)
    weights = bytes_of(loaded.model) // next(loaded.model.parameters()).element_size()
    require_room(path, expected_bytes(weights, kind))
    compared = compared_texts(texts)
    say(0.1, "Running reference texts through the tuned model")
    wanted = merge_in(loaded, adapter, compared)
    return _written(loaded, _sources(loaded.model), path, kind, (compared, wanted), say)


def _require_format(path: Path, kind: str) -> None:
    if kind not in FORMATS:
        raise ExportError(f"Unknown format {kind!r}; choose one of {', '.join(FORMATS)}.")
    if path.exists():
        raise ExportError(f"{path} already exists; use another name.")


def _require_supported(loaded: Any) -> None:
    reason = why_not(loaded.model, loaded.tokenizer)
    if reason:
        raise ExportError(f"{reason} Export the merged model as safetensors instead.")


def _sources(model: Any) -> list[Source]:
    """Return the weights of a loaded model; a tied output is the embedding, and is not written."""
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    return [
        Source(path, tuple(tensor.shape), partial(_numbers, tensor))
        for path, tensor in model.state_dict().items()
        if not (tied and path == "lm_head.weight")
    ]


def _numbers(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu()


def _written(
    loaded: Any,
    sources: Iterable[Source],
    path: Path,
    kind: Format,
    comparison: tuple[Sequence[str], Sequence[Tensor] | None],
    say: ProgressCallback,
) -> GgufExport:
    """Write the file, compare it with the tuned model if there is something to compare, and move it to its place.

    Args:
        loaded: the model, or its description.
        sources: its merged weights.
        path: where the file goes.
        kind: the format of its matrices.
        comparison: the texts, and the tuned model's logits of each.
        say: called with the share done and what is being done.
    """
    compared, wanted = comparison
    path.parent.mkdir(parents=True, exist_ok=True)
    largest = same = None
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".gguf-") as work:
        part = Path(work) / "model.gguf"
        _write(loaded, sources, part, kind,
               lambda share: say(0.3 + 0.4 * share, f"Writing the merged model in {kind}, {share:.0%}"))  # fmt: skip
        if wanted is not None:
            say(0.7, "Loading the file to compare outputs")
            largest, same = _compare(loaded, part, compared, wanted, kind)
        part.replace(path)
    say(1.0, "Done")
    return GgufExport(path, path.stat().st_size, largest, same, len(compared) if wanted is not None else 0)


def _write(loaded: Any, sources: Iterable[Source], path: Path, kind: Format, done: Callable[[float], None]) -> None:
    import gguf

    config = loaded.model.config
    architecture = ARCHITECTURES[config.model_type]
    writer = gguf.GGUFWriter(path, architecture)
    write_config(writer, config, kind, loaded.limits.positions or config.max_position_embeddings)
    loaded.tokenizer.save_pretrained(path.parent)
    write_tokenizer(writer, loaded.tokenizer, config.vocab_size, path.parent)
    write_gguf_tensors(writer, gguf_tensors(config, architecture, sources, kind), done)
    writer.close()


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
