"""What discovery has seen in a model of the same structure is not watched again in the same session.

Most tests need the sites of the same few tiny models, and a third of their time went into finding them anew. What is
remembered is what the real discovery returned for the same class, config, module tree, shapes and device; a model with
hooks, with layers of another library or with a forward pass of its own is watched each time, and so are all models in
the files about discovery (the fixture ``watched_anew``).
"""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from ia3_studio.method.roles import trace_roles
from ia3_studio.method.tracing import DataFlow

Watched = tuple[DataFlow, str, set[str]]
LIBRARIES = ("torch.nn.modules.", "transformers.")
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")

PLACE = re.compile(r'^ *"_name_or_path": .*\n', re.MULTILINE)
"""What a config says of the folder that its model was loaded from: each test has its own."""

_seen: dict[Any, Watched] = {}


def watch_once(model: nn.Module) -> Watched:
    """Return what :func:`ia3_studio.method.roles.trace_roles` returns, from memory for a structure that was watched."""
    structure = structure_of(model)
    if structure is None:
        return trace_roles(model)
    if structure not in _seen:
        _seen[structure] = trace_roles(model)
    return _seen[structure]


def structure_of(model: nn.Module) -> Any:
    """Return what decides about a model's forward pass but its weights; None where that cannot be told."""
    config = getattr(model, "config", None)
    if config is None or any(map(is_changed, model.modules())):
        return None
    switches = tuple(str(getattr(config, name, "")) for name in ("_attn_implementation", "_experts_implementation"))
    tensors = tuple(
        (n, p.shape, p.dtype, p.device.type) for n, p in (*model.named_parameters(), *model.named_buffers())
    )
    return type(model), PLACE.sub("", config.to_json_string(use_diff=False)), switches, repr(model), tensors


def is_changed(module: nn.Module) -> bool:
    """Say whether a module computes something else than its class in transformers or torch does."""
    return (
        not type(module).__module__.startswith(LIBRARIES)
        or "forward" in vars(module)
        or any(getattr(module, name) for name in HOOKS)
    )
