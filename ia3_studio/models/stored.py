"""Where in the files of a model is each of its tensors, and how is one read without the others?

The header of a safetensors file says where the numbers of a tensor are. They are read in blocks of rows, so that no
more of them is in memory than somebody works on: a file that is mapped counts as memory of the process.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.models.folders import weight_files

if TYPE_CHECKING:
    import torch

BLOCK = 2**22
"""Numbers that are read at once; a single row may have more."""
FORMATS = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
"""safetensors' names of number formats, and torch's."""
MOST_HEADER_BYTES = 100_000_000
"""Of a header; the library has the same limit."""
WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile and FSDP put into the names of weights."""
_PARALLEL = "module."
"""What torch's data parallelism puts in front of all names."""


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of one file."""

    path: Path
    format: str
    """As safetensors names it."""
    shape: tuple[int, ...]
    begin: int
    """Where its numbers begin in the file, in bytes."""
    bytes: int

    @property
    def dtype(self) -> torch.dtype:
        """Return its number format.

        Raises:
            KeyError: it is one of packed codes.
        """
        import torch

        found: torch.dtype = getattr(torch, FORMATS[self.format])
        return found

    def equals(self, other: StoredTensor) -> bool:
        """Say whether another tensor has the same numbers."""
        import torch

        if (self.format, self.shape) != (other.format, other.shape):
            return False
        both = zip(self.blocks(), other.blocks(), strict=True)
        return all(torch.equal(mine, theirs) for (_at, mine), (_other, theirs) in both)

    def blocks(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield (first row, rows) of the tensor, in its own format; a single number is one block.

        Raises:
            ValueError: the file has changed since.
        """
        import torch

        rows = self.shape[0] if self.shape else 1
        width = math.prod(self.shape[1:])
        step = max(1, BLOCK // max(1, width))
        with self.path.open("rb") as file:
            file.seek(self.begin)
            for first in range(0, rows, step):
                count = min(step, rows - first)
                read = bytearray(count * width * self.dtype.itemsize)
                if file.readinto(read) != len(read):
                    raise ValueError(f"{self.path.name} was changed while it was read")
                block = torch.frombuffer(read, dtype=self.dtype) if read else torch.empty(0, dtype=self.dtype)
                yield first, block.view((count, *self.shape[1:]) if self.shape else ())


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """Return each tensor in the files of a model by its name without wrappers; only headers are read.

    Raises:
        ValueError: a file is damaged.
    """
    found = {name: tensor for path in weight_files(folder) for name, tensor in _tensors_in(path).items()}
    for pattern, instead in _unwrapping(found).items():
        found = {re.sub(pattern, instead, name): tensor for name, tensor in found.items()}
    return found


def unwrapping(folder: Path) -> dict[str, str]:
    """Return what is to be removed from the names of weights that were saved with a wrapper, as regular expressions.

    Raises:
        ValueError: a file is damaged.
    """
    return _unwrapping([name for path in weight_files(folder) for name in read_header(path)[0]])


def _unwrapping(names: Collection[str]) -> dict[str, str]:
    found = {re.escape(each): "" for each in WRAPPERS if any(each in name for name in names)}
    if names and all(name.startswith(_PARALLEL) for name in names):
        found["^" + re.escape(_PARALLEL)] = ""
    return found


def read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return what the header of a safetensors file says of each tensor, and where the numbers begin.

    Read by hand: opening the file with the library maps all of it, which may fail for want of memory.

    Raises:
        ValueError: it is not a safetensors file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(path.stat().st_size, MOST_HEADER_BYTES):
            raise ValueError(f"{path.name} is not a safetensors file, maybe a Git LFS pointer")
        header = json.loads(file.read(length))
    return {name: each for name, each in header.items() if name != "__metadata__"}, 8 + length


def _tensors_in(path: Path) -> dict[str, StoredTensor]:
    header, start = read_header(path)
    size = path.stat().st_size
    found = {}
    for name, said in header.items():
        begin, end = (int(each) for each in said["data_offsets"])
        tensor = StoredTensor(path, str(said["dtype"]), tuple(map(int, said["shape"])), start + begin, end - begin)
        held = tensor.format not in FORMATS or tensor.bytes == math.prod(tensor.shape) * tensor.dtype.itemsize
        if not (0 <= begin <= end <= size - start and held):
            raise ValueError(f"{path.name} is damaged: its header does not fit {name}")
        found[name] = tensor
    return found
