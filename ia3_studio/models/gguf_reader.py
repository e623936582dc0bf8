"""How does transformers read a GGUF file once, rather than at each step of its conversion?

For most architectures transformers parses the whole file for its config, again for the tokenizer and again for the
weights, one value of the vocabulary at a time through a memory map, and builds the table of tensor names once per
module. For a model of 135 million parameters that is 25 of 40 seconds. Here the same functions of transformers run on
one parsed file; what they return is the same.
"""

from __future__ import annotations

import copy
import functools
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gguf import GGUFReader

_ONE_AT_A_TIME = threading.Lock()
"""The functions are replaced for the whole process, so two threads must not do it at once."""


@contextmanager
def reading_once() -> Iterator[None]:
    """Let transformers parse each GGUF file at most once inside the block, in this thread.

    **Replaces three functions of gguf and transformers**, for this thread only, and puts them back. Blocks must not be
    nested.
    """
    import gguf
    import transformers.modeling_gguf_pytorch_utils as legacy

    with _ONE_AT_A_TIME:
        replaced: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
            (gguf, "GGUFReader", functools.cache(reader_class())),
            (gguf, "get_tensor_name_map", functools.cache(gguf.get_tensor_name_map)),
            (legacy, "load_gguf_checkpoint", _metadata_once(legacy.load_gguf_checkpoint)),
        )
        kept = [getattr(module, name) for module, name, _ in replaced]
        for module, name, quick in replaced:
            setattr(module, name, _in_this_thread(quick, getattr(module, name)))
        try:
            yield
        finally:
            for (module, name, _), original in zip(replaced, kept, strict=True):
                setattr(module, name, original)


def _in_this_thread(quick: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    mine = threading.get_ident()

    def choose(*arguments: Any, **options: Any) -> Any:
        return (quick if threading.get_ident() == mine else original)(*arguments, **options)

    return choose


def _metadata_once(load: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return the loader of a GGUF file, which remembers what it returned for the metadata alone."""
    known: dict[str, dict[str, Any]] = {}

    def load_once(path: str, return_tensors: bool = False, **options: Any) -> dict[str, Any]:
        if return_tensors:
            return load(path, return_tensors=True, **options)
        if path not in known:
            known[path] = load(path, **options)
        return copy.deepcopy(known[path])  # callers change it

    return load_once


def reader_class() -> type[GGUFReader]:
    """Return gguf's reader with a faster way through arrays, such as a vocabulary and its merges.

    The values of an array are bytes or one-element tuples instead of views of the memory map, which is all that
    transformers asks of them.
    """
    import numpy as np
    from gguf import GGUFReader, GGUFValueType

    class QuickReader(GGUFReader):
        def _get_field_parts(
            self, orig_offs: int, raw_type: int
        ) -> tuple[int, list[Any], list[int], list[GGUFValueType]]:
            if raw_type != GGUFValueType.ARRAY or self.byte_order != "I":
                return super()._get_field_parts(orig_offs, raw_type)
            data = self.data.data
            item, count = struct.unpack_from("<IQ", data, orig_offs)
            kind, begin = GGUFValueType(item), orig_offs + _ARRAY_HEADER
            values: list[Any]
            if kind == GGUFValueType.STRING:
                values, end = _strings(data, begin, count)
            elif kind in self.gguf_scalar_to_np:
                array = np.frombuffer(data, self.gguf_scalar_to_np[kind], count, begin)
                values, end = [(value,) for value in array.tolist()], begin + array.nbytes
            else:
                return super()._get_field_parts(orig_offs, raw_type)
            kinds = [GGUFValueType.ARRAY, kind] if values else [GGUFValueType.ARRAY]
            return end - orig_offs, values, list(range(len(values))), kinds

    return QuickReader


_ARRAY_HEADER = 12
"""Bytes before the values of an array: their type and their number."""


def _strings(data: memoryview, offset: int, count: int) -> tuple[list[bytes], int]:
    """Return the strings of an array and the offset after them.

    Raises:
        ValueError: a string is longer than the file.
    """
    values = []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, offset)
        offset += 8
        if length > len(data) - offset:
            raise ValueError(f"the file ends within a string of {length:,} bytes")
        values.append(bytes(data[offset : offset + length]))
        offset += length
    return values, offset
