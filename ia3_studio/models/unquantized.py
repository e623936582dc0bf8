"""How is an adapter trained on a quantized base model merged, and how much do the logits change?

Codes cannot be scaled. The base is loaded once more without quantization, the adapter is merged there, and the
logits of both are compared on the same tokens: what differs is what quantizing the base had changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.models.load import load_model
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.progress import ProgressCallback

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ia3_studio.method.scaling import Attachment

TOKENS = (2, 16)
"""Rows and length of the batch on which two models are compared when none is given."""


@dataclass(frozen=True)
class Difference:
    """Difference between the logits of the merged model and of the quantized base model with hooks."""

    largest: float
    """The largest absolute difference of any logit."""
    relative: float
    """Length of all differences over the length of all logits."""
    logits: int
    """How many were compared."""


@dataclass(frozen=True)
class Unquantized:
    """A merged model in plain weights, and its difference to the quantized one."""

    loaded: LoadedModel
    difference: Difference


def merge_into_unquantized(
    tuned: Attachment, source: str, *, tokens: Tensor | None = None, progress: ProgressCallback | None = None
) -> Unquantized:
    """Merge an adapter trained on a quantized base model into the same model without quantization.

    The quantized model and its attachment are unchanged; both models are in memory at the end.

    Args:
        tuned: the vectors, attached to the quantized model.
        source: the base model without quantization: a starter's name, a Hub id, a folder or a GGUF file.
        tokens: ids to compare the two on, shape (batch, seq); fixed random ones if None.
        progress: called with the share done (or None) and what is being done.

    Raises:
        ModelError: the base cannot be loaded.
        AdapterError: the source is another model, or is quantized itself.

    Example:
        >>> merged = merge_into_unquantized(attachment, "org/model")  # doctest: +SKIP
        >>> merged.loaded.model.save_pretrained("merged")             # doctest: +SKIP
    """
    from ia3_studio.method.loading import attach_adapter
    from ia3_studio.method.merging import merge

    before = _logits(tuned.model, tokens)
    loaded = load_model(source, progress=progress)
    merge(loaded.model, attach_adapter(loaded.model, tuned.adapter(), source="given")).keep()
    return Unquantized(loaded, _difference(before, _logits(loaded.model, tokens)))


def _logits(model: nn.Module, tokens: Tensor | None) -> Tensor:
    """Return a model's logits in evaluation mode, float32 on the CPU."""
    import torch

    from ia3_studio.method.deterministic import evaluating
    from ia3_studio.method.inputs import example_inputs

    inputs = example_inputs(model)
    if "input_ids" in inputs:
        ids = _some_tokens(model) if tokens is None else tokens
        given = ids.to(inputs["input_ids"].device)
        inputs |= {name: given for name in ("input_ids", "decoder_input_ids") if name in inputs}
    with torch.no_grad(), evaluating(model):
        output: Any = model(**inputs)
    logits: Tensor = output[0] if getattr(output, "logits", None) is None else output.logits
    return logits.float().cpu()


def _some_tokens(model: nn.Module) -> Tensor:
    import torch

    embeddings: Any = model.get_input_embeddings()  # type: ignore[operator]
    return torch.randint(int(embeddings.num_embeddings), TOKENS, generator=torch.Generator().manual_seed(0))


def _difference(quantized: Tensor, merged: Tensor) -> Difference:
    apart = merged - quantized
    return Difference(
        largest=float(apart.abs().max()), relative=float(apart.norm() / quantized.norm()), logits=apart.numel()
    )
