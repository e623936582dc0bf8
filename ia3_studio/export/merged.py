"""How does the tuned model leave as a whole? Its weights with the vectors in them, compared before they are offered."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ExportError
from ia3_studio.export.card import MergedFacts, merged_card
from ia3_studio.folder_size import bytes_in
from ia3_studio.models.progress import ProgressCallback

if TYPE_CHECKING:
    from torch import Tensor

SHARD = "4GB"
"""Files of a large model have at most this size."""
PROMPTS = ("The lamp is lit.", "What is a web browser?", "def add(a, b):\n    return a + b")
"""Default texts for the comparison."""
TOLERANCE = {"float32": 1e-2, "float64": 1e-2, "float16": 2e-2, "bfloat16": 8e-2}
"""Largest difference of a logit by which a merged model may differ, by its format: sums are taken in another order, and
the scaled weights are rounded once."""
HALF = ("bfloat16", "float16")


@dataclass(frozen=True)
class MergedExport:
    """A merged model on disk."""

    folder: Path
    bytes: int
    largest_difference: float | None
    """Of any logit, between the model read back and the hooked one, over the texts that were compared; None if none
    was."""
    texts: int
    format: str
    """Of its weights, as torch names it; the merge was computed in float32 and rounded to it once."""
    uncompared: str = ""
    """Why no texts were compared, as the end of a sentence; empty where some were."""
    whole: str = ""
    """Why the model was loaded whole instead of merged tensor by tensor, as the end of a sentence."""


def bytes_of(model: Any) -> int:
    """Return how many bytes the weights of a model take in memory; tied ones count once."""
    return sum({parameter.data_ptr(): parameter.nbytes for parameter in model.parameters()}.values())


def compared_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts that are not blank, or the default ones, on which two models are compared."""
    return [text for text in texts if text.strip()] or list(PROMPTS)


def merged_format(loaded: Any) -> str:
    """Return the number format in which a model's merged weights are written, as torch names it.

    That of the base model's files, where it is half of what the model is computed in; else the latter.
    """
    computed = str(loaded.model.dtype).removeprefix("torch.")
    return loaded.stored if computed == "float32" and loaded.stored in HALF else computed


def bytes_each(source: str) -> float:
    """Return the bytes of each weight that a merged model of this source will have.

    Raises:
        ModelError: the source names no model, or its files are damaged.
    """
    from ia3_studio.models.fetch import ready_folder
    from ia3_studio.models.sources import parse_source
    from ia3_studio.models.weights import stored_format

    folder = ready_folder(parse_source(source))
    return 2.0 if folder and stored_format(folder) in HALF else 4.0


def _cast(model: Any, form: str) -> None:
    """Round a model's weights to a format, once. **Changes the model.**"""
    import torch

    dtype: torch.dtype = getattr(torch, form)
    if model.dtype == dtype:
        return
    for name, parameter in model.named_parameters():
        if not parameter.is_floating_point():
            continue
        rounded = parameter.data.to(dtype)
        if bool(parameter.data.isfinite().all()) and not bool(rounded.isfinite().all()):
            raise ExportError(
                f"The merged weights of {name} overflow {form}, the format of the base model; use the adapter "
                "without merging, or save the base model in bfloat16 first."
            )
        parameter.data = rounded
    model.config.dtype = dtype


def write_merged(
    loaded: Any,
    adapter: Path,
    folder: Path,
    texts: Sequence[str] = (),
    say: ProgressCallback = lambda _share, _said: None,
) -> MergedExport:
    """Merge an adapter into a model that is loaded for it, save it, read it back and compare.

    **The loaded model is merged afterwards**: load it again to continue with the base model.

    Args:
        loaded: the base model as :func:`~ia3_studio.models.load_model` gives it, or a classifier with its head.
        adapter: an adapter's folder.
        folder: where the model is written: safetensors, config, tokenizer; it must be new or empty.
        texts: what the two are compared on; some of our own if none.
        say: called with the share done and what is being done.

    Raises:
        ExportError: the folder is in use, the disk too small, or the model read back differs; partial files are
            removed.
        AdapterError: the adapter cannot be merged.
    """
    require_empty(folder)
    form, computed = merged_format(loaded), loaded.model.dtype
    require_room(folder, bytes_of(loaded.model) // (2 if form in HALF and computed.itemsize == 4 else 1))
    compared = compared_texts(texts)
    say(0.1, "Running reference texts through the tuned model")
    wanted = merge_in(loaded, adapter, compared)
    try:
        say(0.3, f"Writing the merged model in {form}")
        _cast(loaded.model, form)
        write_end_tokens(loaded)
        loaded.model.save_pretrained(folder, max_shard_size=SHARD)
        if loaded.tokenizer is not None:
            loaded.tokenizer.save_pretrained(folder)
        say(0.7, "Loading the merged model to compare outputs")
        largest = largest_difference(loaded, folder, compared, wanted, computed, loaded.model.device)
        facts = facts_of_merged(loaded, adapter, form, str(computed).removeprefix("torch."), largest, len(compared))
        (folder / "README.md").write_text(merged_card(folder.name, facts), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    say(1.0, "Done")
    return MergedExport(folder, bytes_in(folder), largest, len(compared), form)


def facts_of_merged(
    loaded: Any, adapter: Path, form: str, computed: str, largest: float | None, texts: int
) -> MergedFacts:
    """Return what the card says of a merged model."""
    from ia3_studio.method.adapter import Adapter

    merged = Adapter.load(adapter)
    return MergedFacts(
        loaded.base_model, len(merged.selection), form, computed, largest, texts, type(loaded.model).__name__,
        merged.metadata.get("ends_answer", ""),
    )  # fmt: skip


def write_end_tokens(loaded: Any) -> None:
    """Write the tokens that end an answer into the generation config of a model that writes. **It is changed.**

    Raises:
        ModelError: the chat template takes too long.
    """
    from ia3_studio.data.answer_end import ends_of

    if loaded.head not in ("causal-lm", "seq2seq") or loaded.tokenizer is None:
        return
    ends = ends_of(loaded.model, loaded.tokenizer)
    if ends:
        loaded.model.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends


def merge_in(loaded: Any, adapter: Path, texts: Sequence[str]) -> list[Tensor]:
    """Merge an adapter into a model for good; return what the hooked model said of each text, logits in float32."""
    from ia3_studio.method.loading import load_adapter
    from ia3_studio.method.merging import merge

    attachment = load_adapter(loaded.model, adapter)
    wanted = [logits_of(loaded, text) for text in texts]
    merge(loaded.model, attachment).keep()
    return wanted


def largest_difference(
    loaded: Any, folder: Path, texts: Sequence[str], wanted: Sequence[Tensor], computed: Any, device: Any
) -> float:
    """Return by how much a logit differs of the model read back, computed where and as the base model was.

    Args:
        loaded: the model, merged and rounded, or its description.
        folder: that it was written to.
        texts: that are compared.
        wanted: the logits of the tuned model.
        computed: the number format in which they were computed.
        device: on which.

    Raises:
        ExportError: they differ by more than rounding explains.
    """
    forms = {str(each).removeprefix("torch.") for each in (loaded.model.dtype, computed)}
    model = type(loaded.model).from_pretrained(folder, dtype=computed, local_files_only=True)
    largest = difference_of(wanted, logits_read_back(loaded, model.to(device), folder, texts))
    tolerance = max(TOLERANCE[form] for form in forms)
    if not largest <= tolerance * max(1.0, max(float(each.abs().max()) for each in wanted)):
        raise ExportError(
            f"The logits of the merged model differ from the tuned model by {largest:.3g}, so it was "
            "discarded; use the adapter without merging."
        )
    return largest


def logits_read_back(loaded: Any, model: Any, place: Path, texts: Sequence[str]) -> list[Tensor]:
    """Return what a model that was read back from a place says of each text, logits in float32."""
    read = type(loaded)(model.eval(), loaded.tokenizer, loaded.head, str(place), str(place), loaded.device_reason)
    return [logits_of(read, text) for text in texts]


def difference_of(wanted: Sequence[Tensor], found: Sequence[Tensor]) -> float:
    """Return the largest difference of any logit."""
    return max(float((one - other).abs().max()) for one, other in zip(wanted, found, strict=True))


def logits_of(loaded: Any, text: str) -> Tensor:
    """Return a model's logits for a text, float32 on the CPU."""
    import torch

    limits = loaded.limits
    ids = loaded.tokenizer(text, return_tensors="pt", verbose=False)["input_ids"].to(loaded.model.device)
    ids = ids[:, : limits.row]  # compared as far as the model reads
    limits.require_known(ids.flatten().tolist(), loaded.tokenizer)
    extra = {"decoder_input_ids": ids} if loaded.head == "seq2seq" else {}
    with torch.no_grad():
        logits: Tensor = loaded.model(input_ids=ids, **extra).logits
    return logits.float().cpu()


def require_empty(folder: Path) -> None:
    """Check that a folder is new or empty.

    Raises:
        ExportError: it is not.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is not empty; give a new or empty folder.")


def require_room(place: Path, needed: int) -> None:
    """Check that the disk has room for so many bytes.

    Raises:
        ExportError: it has not.
    """
    free = shutil.disk_usage(next(each for each in (place, *place.absolute().parents) if each.exists())).free
    if needed > 0.95 * free:
        raise ExportError(
            f"The merged model needs {needed / 1e9:.1f} GB and the disk has {free / 1e9:.1f} GB free; free "
            "some disk space, or choose another disk."
        )
