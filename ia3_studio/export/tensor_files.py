"""How are the tensors of a merged model written one after another? In blocks of rows, few of which are in memory.

A safetensors file is a header that says where each tensor is, and their numbers. Both are known before any number is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import torch
from torch import Tensor

from ia3_studio.errors import AdapterError, ExportError
from ia3_studio.export.tensor_plan import PlannedTensor
from ia3_studio.models.folders import INDEX, WEIGHTS
from ia3_studio.models.stored import FORMATS

if TYPE_CHECKING:
    from ia3_studio.models.stored import StoredTensor

_NAMES = {name: short for short, name in FORMATS.items()}
ALIGNMENT = 8
"""Headers are filled up to a multiple of so many bytes, as the library does."""


def write_tensors(
    folder: Path, planned: Sequence[PlannedTensor], shard: str, done: Callable[[float], None] = lambda _share: None
) -> None:
    """Write the weights of a model: one file, or several with an index.

    Args:
        folder: it exists.
        planned: all tensors of the model.
        shard: size of a file at most, such as "4GB"; a larger tensor has a file of its own.
        done: called with the share of the bytes that are written, after each tensor.

    Raises:
        AdapterError: a scaled weight overflows float32.
        ExportError: a weight overflows the format it is written in.
        ValueError: a file of the base model was changed meanwhile.
    """
    from huggingface_hub import split_state_dict_into_shards_factory

    by_name = {each.name: each for each in planned}
    split: Any = split_state_dict_into_shards_factory(
        by_name,
        get_storage_size=lambda each: each.bytes,
        filename_pattern=WEIGHTS.replace(".safetensors", "{suffix}.safetensors"),
        max_shard_size=shard,
    )
    whole, written = max(1, sum(each.bytes for each in planned)), 0
    for name, names in split.filename_to_tensors.items():
        for size in _write_file(folder / name, [by_name[each] for each in names]):
            written += size
            done(written / whole)
    if split.is_sharded:
        index = {"metadata": split.metadata, "weight_map": split.tensor_to_filename}
        (folder / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def merged_tensor(planned: PlannedTensor) -> Tensor:
    """Return the numbers of one tensor of a merged model.

    Raises:
        AdapterError: a scaled weight overflows float32.
        ExportError: a weight overflows the format of the tensor.
    """
    found = torch.empty(planned.shape, dtype=planned.dtype)
    first = 0
    for block in _merged_blocks(planned):
        found[first : first + len(block)] = block
        first += len(block)
    return found


def _write_file(path: Path, tensors: Sequence[PlannedTensor]) -> Iterator[int]:
    """Write one file; yield the bytes of each tensor once they are written."""
    ordered = sorted(tensors, key=lambda each: (-each.dtype.itemsize, each.name))  # so that all are aligned
    with path.open("wb") as file:
        file.write(_header(ordered))
        for tensor in ordered:
            for block in _merged_blocks(tensor):
                _write(file, block)
            yield tensor.bytes


def _header(tensors: Sequence[PlannedTensor]) -> bytes:
    said: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    reached = 0
    for each in tensors:
        name = _NAMES[str(each.dtype).removeprefix("torch.")]
        said[each.name] = {"dtype": name, "shape": each.shape, "data_offsets": (reached, reached + each.bytes)}
        reached += each.bytes
    text = json.dumps(said, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _write(file: BinaryIO, block: Tensor) -> None:
    file.write(block.contiguous().flatten().view(torch.uint8).numpy().data)


def _merged_blocks(tensor: PlannedTensor) -> Iterator[Tensor]:
    """Yield the rows of a tensor as they are written.

    Each number is computed as merging a loaded model does: in float32, and rounded once.
    """
    for first, block in _blocks(tensor.source):
        if block.dtype == tensor.dtype and not tensor.factors:
            yield block
            continue
        product = base = block.float() if block.is_floating_point() else block
        for factor in tensor.factors:
            whole = factor.dim() == 0 or factor.shape[0] == 1
            product = product * (factor if whole else factor[first : first + len(block)])
        if tensor.factors:
            _require_finite(product, base, tensor)
        rounded = product.to(tensor.dtype)
        if product.isfinite().all() and not rounded.isfinite().all():
            form = str(tensor.dtype).removeprefix("torch.")
            raise ExportError(
                f"The merged weights of {tensor.path} overflow {form}, the format of the base model; use the adapter "
                "without merging, or save the base model in bfloat16 first."
            )
        yield rounded


def _require_finite(product: Tensor, base: Tensor, tensor: PlannedTensor) -> None:
    if not product.isfinite().all() and base.isfinite().all():
        raise AdapterError(f"The scaled weights of {tensor.path} are too large for float32; keep the adapter attached.")


def _blocks(source: StoredTensor | Tensor) -> Iterator[tuple[int, Tensor]]:
    if isinstance(source, Tensor):
        yield 0, source.detach().cpu()
    else:
        yield from source.blocks()
