"""Which modules can be scaled, how wide are their sides, and which axis are their channels?

Linear layers and transformers' Conv1D keep channels last, convolutions keep them before the spatial axes, parallel
experts multiply one tensor of shape (experts, out, in). The activation inside experts that are kept as tensors
counts as a module too: scaling it is scaling the input of their down projection (:mod:`ia3_studio.method.experts`).
"""

from __future__ import annotations

from torch import Tensor, nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.experts import activation_width
from ia3_studio.method.sites import Side

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
TransposedConvolution = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d


def widths(module: nn.Module) -> tuple[int, int] | None:
    """Return (input, output) channels of a module that can be scaled, or None.

    A linear layer is detected by ``in_features`` and ``out_features``, which includes quantized layers. transformers'
    Conv1D is detected by its two-axis weight of shape (in, out) and its ``nf`` outputs.
    """
    weight = getattr(module, "weight", None)
    if all(isinstance(getattr(module, name, None), int) for name in ("in_features", "out_features")):
        return int(module.in_features), int(module.out_features)  # type: ignore[arg-type]
    if isinstance(module, Convolution | TransposedConvolution):
        return module.in_channels, module.out_channels
    if isinstance(getattr(module, "nf", None), int) and isinstance(weight, Tensor) and weight.dim() == 2:
        return int(weight.shape[0]), int(weight.shape[1])
    if isinstance(weight, nn.Parameter) and weight.dim() == 3 and hasattr(module, "num_experts"):
        return int(weight.shape[2]), int(weight.shape[1])
    return None


def channel_axis(module: nn.Module) -> int:
    """Return the axis of a module's activations that holds the channels: -1, or before a convolution's space."""
    return -1 - len(module.kernel_size) if isinstance(module, Convolution | TransposedConvolution) else -1


def is_depthwise(module: nn.Module) -> bool:
    """Say whether a convolution keeps channels apart, so that an output channel is its input channel, mixed in time."""
    return isinstance(module, Convolution | TransposedConvolution) and module.groups == module.in_channels > 1


def width_of(model: nn.Module, path: str, side: Side) -> int:
    """Return the channels on one side of a module.

    Raises:
        SelectionError: the model has no such module, or one without channels to scale.
    """
    try:
        module = model.get_submodule(path)
    except AttributeError as error:
        raise SelectionError(f"The model has no module {path!r}; the selection was made for another model.") from error
    size = widths(module)
    inner = activation_width(model, path) if size is None else None
    if inner is not None:
        return inner
    if size is None:
        raise SelectionError(
            f"{path} is a {type(module).__name__}, which has no channels to scale; select a projection."
        )
    return size[0] if side == "input" else size[1]
