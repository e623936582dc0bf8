"""How do the weights of a model get into a GGUF file? One after another, each in llama.cpp's order and format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from ia3_studio.errors import ExportError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

Format = Literal["f16", "q8_0", "f32"]
FORMATS: tuple[Format, ...] = get_args(Format)
BYTES_EACH = {"f32": 4.0, "f16": 2.0, "q8_0": 34 / 32}
"""Of a number in a matrix: q8_0 keeps 32 numbers in 34 bytes."""
PERMUTED = ("llama", "mistral")
"""Models whose queries and keys llama.cpp rotates by neighboring pairs, transformers by the two halves of a head."""


@dataclass(frozen=True, eq=False)
class Source:
    """A weight of the merged model."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[], Tensor]
    """Returns its numbers, float32 on the CPU."""


@dataclass(frozen=True, eq=False)
class GgufTensor:
    """A weight as it is written."""

    name: str
    """llama.cpp's."""
    source: Source
    form: Any
    """gguf's number of its format."""
    heads: int
    """Whose rows change places; 0 where they stay."""

    @property
    def bytes(self) -> int:
        """Return its size in the file."""
        import gguf

        block, size = gguf.GGML_QUANT_SIZES[self.form]
        return math.prod(self.source.shape) // int(block) * int(size)


def gguf_tensors(config: Any, architecture: str, sources: Iterable[Source], kind: Format) -> list[GgufTensor]:
    """Return the tensors of a file.

    Args:
        config: of the model.
        architecture: llama.cpp's name for its type.
        sources: its weights by their names in transformers.
        kind: the format of the matrices; what has one axis stays in float32.

    Raises:
        ExportError: llama.cpp has no tensor of a name.
    """
    import gguf

    known = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(known[architecture], config.num_hidden_layers)
    found = []
    for source in sources:
        name = names.get_name(source.name, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise ExportError(
                f"llama.cpp has no tensor for {source.name}, so the model cannot be exported as a GGUF file."
            )
        heads = _permuted_heads(config, source.name)
        found.append(GgufTensor(name, source, _form(source.shape, kind), heads))
    return found


def write_gguf_tensors(writer: Any, tensors: Sequence[GgufTensor], done: Callable[[float], None]) -> None:
    """Write what a writer was told and then the tensors, one of which is in memory at a time.

    Args:
        writer: of the gguf package, with all that is no tensor.
        tensors: all of the file.
        done: called with the share of the bytes that are written.
    """
    import numpy as np

    for tensor in tensors:
        writer.add_tensor_info(
            tensor.name, tensor.source.shape, np.dtype(np.float32), tensor.bytes, raw_dtype=tensor.form
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    whole, written = max(1, sum(each.bytes for each in tensors)), 0
    for tensor in tensors:
        writer.write_tensor_data(_numbers(tensor))
        written += tensor.bytes
        done(written / whole)


def _numbers(tensor: GgufTensor) -> np.ndarray:
    import gguf
    import numpy as np

    array: np.ndarray = tensor.source.read().numpy()
    if tensor.heads:
        array = _permuted(array, tensor.heads)
    forms = gguf.GGMLQuantizationType
    if tensor.form == forms.Q8_0:
        quantized: np.ndarray = gguf.quants.quantize(np.ascontiguousarray(array), forms.Q8_0)
        return quantized
    return np.ascontiguousarray(array, np.float32 if tensor.form == forms.F32 else np.float16)


def _form(shape: tuple[int, ...], kind: Format) -> Any:
    import gguf

    forms = gguf.GGMLQuantizationType
    if len(shape) == 1 or kind == "f32":
        return forms.F32
    return forms.Q8_0 if kind == "q8_0" and shape[-1] % 32 == 0 else forms.F16


def _permuted_heads(config: Any, name: str) -> int:
    layer = name.rpartition(".")[0]
    if config.model_type not in PERMUTED or not layer.endswith(("q_proj", "k_proj")):
        return 0
    return int(config.num_attention_heads if layer.endswith("q_proj") else config.num_key_value_heads)


def _permuted(array: np.ndarray, heads: int) -> np.ndarray:
    """Reorder the rows of each head for llama.cpp: row i of the first half next to row i of the second.

    Args:
        array: weights, shape (heads · width, in), or biases, shape (heads · width,).
    """
    halves = array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:])
    order: np.ndarray = halves.swapaxes(1, 2).reshape(array.shape)
    return order
