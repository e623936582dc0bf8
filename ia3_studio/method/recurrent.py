"""What are keys, values and the inner activation of a layer that keeps a state instead of attending?

State space layers read a sequence x through gates B and write it out through C, as attention reads values through
keys and queries: the state is Σ B ⊗ x. So the channels of x are the values and those of B the keys; the input of the
output projection is the inner activation. Gated delta layers name their queries, keys and values. Both send them
through a depthwise convolution, whose input channels give their position in a fused projection.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn

from ia3_studio.method.layers import widths

Roles = dict[str, dict[str, set[int]]]
"""path → role ("query", "key", "value") → output channels that play it."""


@dataclass
class Recurrent:
    """The roles inside the recurrent layers of a model."""

    channels: Roles = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)
    """Projections whose input is the inner activation of a recurrent layer."""


def recurrent_roles(model: nn.Module, convolved: list[list[tuple[str, int]]]) -> Recurrent:
    """Return the roles in every module that owns a decay (``A_log``).

    Args:
        model: the model.
        convolved: for each depthwise convolution, the (path, channel) that its input channels come from.
    """
    found = Recurrent()
    for path, module in model.named_modules():
        if not isinstance(module._parameters.get("A_log"), Tensor):
            continue
        out_path, out = _out_projection(path, module)
        size = widths(out) if out is not None else None
        if size is None:
            continue
        found.outputs.add(out_path)
        into = [channels for channels in convolved if channels and channels[0][0].startswith(f"{path}.")]
        roles = _state_space(path, module, into, size[0]) if "D" in module._parameters else _delta(module, into, size)
        for source, role, channel in roles:
            found.channels.setdefault(source, {}).setdefault(role, set()).add(channel)
    return found


def _out_projection(path: str, module: nn.Module) -> tuple[str, nn.Module | None]:
    for name in ("out_proj", "o_proj", "dense"):
        if isinstance(getattr(module, name, None), nn.Module):
            return f"{path}.{name}", getattr(module, name)
    return path, None


def _state_space(
    path: str, module: nn.Module, into: list[list[tuple[str, int]]], inner: int
) -> list[tuple[str, str, int]]:
    """Return (path, role, channel): x, then B and C of equal size, enter the convolution together or x alone."""
    roles: list[tuple[str, str, int]] = []
    for channels in into:
        gate = (len(channels) - inner) // 2
        roles += [(source, "value", channel) for source, channel in channels[:inner]]
        roles += [(source, "key", channel) for source, channel in channels[inner : inner + gate]]
    selector = getattr(module, "x_proj", None)
    decay = module._parameters["A_log"]
    if isinstance(selector, nn.Linear) and decay is not None:  # its output is dt | B | C
        state = int(decay.shape[-1])
        start = selector.out_features - 2 * state
        roles += [(f"{path}.x_proj", "key", channel) for channel in range(start, start + state)]
    return roles


def _delta(module: nn.Module, into: list[list[tuple[str, int]]], size: tuple[int, int]) -> list[tuple[str, str, int]]:
    """Return (path, role, channel): queries, keys and values enter one convolution in this order, or one each."""
    if len(into) == 1:
        keys = (len(into[0]) - size[0]) // 2
        parts = [into[0][:keys], into[0][keys : 2 * keys], into[0][2 * keys :]]
    elif len(into) == 3:
        parts = into
    else:
        return []
    named = zip(("query", "key", "value"), parts, strict=True)
    return [(source, role, channel) for role, part in named for source, channel in part]
