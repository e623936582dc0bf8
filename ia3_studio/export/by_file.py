"""How is a merged model written that memory does not hold? Tensor by tensor, from the files of its base model.

The outputs of tuned and merged model are compared where memory holds the model, one of the two at a time. Where it does
not, the files are written without that comparison, which is said. What cannot be merged tensor by tensor
(:mod:`ia3_studio.export.tensor_plan`) is loaded whole, and why is said too.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ExportError, ModelError, first_line
from ia3_studio.export.card import merged_card
from ia3_studio.export.merged import (
    HALF,
    SHARD,
    MergedExport,
    compared_texts,
    facts_of_merged,
    largest_difference,
    logits_of,
    require_empty,
    require_room,
    write_end_tokens,
    write_merged,
)
from ia3_studio.export.tensor_files import write_tensors
from ia3_studio.export.tensor_plan import NotByFile, PlannedTensor, plan_tensors
from ia3_studio.folder_size import bytes_in
from ia3_studio.models.fit import COMFORTABLE
from ia3_studio.models.out_of_memory import give_memory_back
from ia3_studio.models.sharding_plan import DESCRIBED, WHOLE, ShardingPlan

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.models.loaded import LoadedModel
    from ia3_studio.models.progress import ProgressCallback

Load = Callable[[ShardingPlan], "LoadedModel"]
"""Loads the base model for an adapter: whole, or described without its weights."""


def export_merged(
    load: Load,
    adapter: Path,
    folder: Path,
    texts: Sequence[str] = (),
    say: ProgressCallback = lambda _share, _said: None,
) -> MergedExport:
    """Merge an adapter into a model and write it, tensor by tensor if it can be.

    Args:
        load: of the base model, fetching it first if need be.
        adapter: an adapter's folder.
        folder: where the model is written: safetensors, config, tokenizer; it must be new or empty.
        texts: what tuned and merged model are compared on; some of our own if none.
        say: called with the share done and what is being done.

    Raises:
        ExportError: the folder is in use, the disk too small, or the model read back differs; partial files are
            removed.
        AdapterError: the adapter cannot be merged.
        ModelError: the base model cannot be fetched or read.
    """
    require_empty(folder)
    say(0.0, "Reading the headers of the base model's files")
    try:
        described, planned = plan_by_file(load, adapter)
    except NotByFile as reason:
        say(0.05, f"Loading the whole model: {reason}")
        return replace(write_merged(load(WHOLE), adapter, folder, texts, say), whole=str(reason))
    require_room(folder, sum(each.bytes for each in planned))
    compared = compared_texts(texts)
    short = short_of_memory(planned)
    wanted = None if short else tuned_logits(load, adapter, compared, say)
    return _written(described, planned, adapter, folder, (compared, wanted, short), say)


def plan_by_file(load: Load, adapter: Path, form: str = "") -> tuple[Any, list[PlannedTensor]]:
    """Return the described model, merged, and the tensors of the merged one.

    Args:
        load: of the base model.
        adapter: an adapter's folder.
        form: number format of the merged model, as torch names it; :func:`format_of` says which if empty.

    Raises:
        NotByFile: it has to be loaded.
    """
    import torch

    from ia3_studio.method.adapter import Adapter
    from ia3_studio.models.fetch import ready_folder
    from ia3_studio.models.sources import parse_source
    from ia3_studio.models.stored import stored_tensors

    try:
        described = load(DESCRIBED)
    except ModelError as error:  # whoever loads it whole hears the same, or manages
        raise NotByFile(first_line(error)) from error
    base = ready_folder(parse_source(described.source))
    if base is None or described.model.device.type != "meta":
        raise NotByFile("its files are not safetensors on this machine")
    dtype = getattr(torch, form or format_of(described))
    planned = plan_tensors(described.model, Adapter.load(adapter), stored_tensors(base), dtype)
    described.model.to(dtype)
    return described, planned


def format_of(loaded: Any) -> str:
    """Return the number format of a model merged tensor by tensor: that of its files, float32 unless it is half."""
    return loaded.stored if loaded.stored in HALF else "float32"


def short_of_memory(planned: Sequence[PlannedTensor]) -> str:
    """Return why the model cannot be loaded to compare; empty where it can."""
    from ia3_studio.models.device import choose_device
    from ia3_studio.models.machine import machine_memory

    device = choose_device()
    needed = sum(each.bytes // each.dtype.itemsize for each in planned) * device.dtype.itemsize
    free = machine_memory(device).free
    if needed <= COMFORTABLE * free:
        return ""
    return f"that needs {needed / 1e9:.3g} GB of memory, and {free / 1e9:.3g} GB are free"


def tuned_logits(load: Load, adapter: Path, texts: Sequence[str], say: ProgressCallback) -> tuple[list[Tensor], Any]:
    """Return what the tuned model says of each text, logits in float32, and the format and device it computed in."""
    from ia3_studio.method.loading import load_adapter

    say(0.1, "Running reference texts through the tuned model")
    loaded = load(WHOLE)
    load_adapter(loaded.model, adapter)
    wanted = [logits_of(loaded, text) for text in texts], (loaded.model.dtype, loaded.model.device)
    del loaded
    give_memory_back()  # the merged model is loaded next
    return wanted


def _written(
    described: Any,
    planned: Sequence[PlannedTensor],
    adapter: Path,
    folder: Path,
    comparison: Any,
    say: ProgressCallback,
) -> MergedExport:
    compared, wanted, short = comparison
    form = format_of(described)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        write_end_tokens(described)
        _write_config(described, folder)
        write_tensors(
            folder,
            planned,
            SHARD,
            lambda share: say(0.3 + 0.4 * share, f"Writing the merged model in {form}, {share:.0%}"),
        )
        _require_loadable(described, folder)
        largest = None
        if wanted is not None:
            say(0.7, "Loading the merged model to compare outputs")
            logits, (computed, device) = wanted
            largest = largest_difference(described, folder, compared, logits, computed, device)
        count = len(compared) if wanted is not None else 0
        facts = facts_of_merged(described, adapter, form, "float32", largest, count)
        (folder / "README.md").write_text(merged_card(folder.name, facts), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    say(1.0, "Done")
    return MergedExport(folder, bytes_in(folder), largest, count, form, uncompared=short)


def _write_config(described: Any, folder: Path) -> None:
    """Write what is no weight: configs and tokenizer."""
    model = described.model
    model.config.dtype = format_of(described)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    if model.can_generate():
        model.generation_config.save_pretrained(folder)
    if described.tokenizer is not None:
        described.tokenizer.save_pretrained(folder)


def _require_loadable(described: Any, folder: Path) -> None:
    """Check that transformers finds every weight of the model in the files that were written."""
    from ia3_studio.models.architecture import read_config
    from ia3_studio.models.described import describe

    _model, report = describe(type(described.model), folder, read_config(folder))
    lost = sorted(report["missing_keys"] | report["unexpected_keys"])
    if lost:
        raise ExportError(
            f"transformers does not find {len(lost)} weights of the merged model, such as {lost[0]}, so it was "
            "discarded; use the adapter without merging."
        )
