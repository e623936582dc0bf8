"""Which keys and values are detected by name, if the data flow is unknown? Siblings named as a pair.

The last resort: attention through custom approximations or in the time domain has no product of scores and values to
watch. A pair counts only when the flow has given neither of the two a part to play.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from torch import nn

from ia3_studio.method.layers import widths
from ia3_studio.method.tracing import DataFlow

PAIRS = (
    ("k_proj", "v_proj"), ("key", "value"), ("k", "v"), ("k_lin", "v_lin"), ("key_proj", "value_proj"),
    ("k_head", "v_head"), ("Wk", "Wv"), ("project_k", "project_v"), ("key_projection", "value_projection"),
)  # fmt: skip

_KEYS = re.compile(r"(^|[._])(qkv|query|queries|key|keys|q_proj|k_proj)([._]|$)")


def names_keys(paths: Iterable[str]) -> bool:
    """Say whether any module is called query or key: attention may be where no operation shows it."""
    return any(_KEYS.search(path) for path in paths)


def name_pairs(model: nn.Module, flow: DataFlow) -> None:
    """Give key and value to siblings named so, in a flow that has shown neither."""
    for path, module in model.named_modules():
        for names in PAIRS:
            pair = [module._modules.get(name) for name in names]
            paths = [f"{path}.{name}".lstrip(".") for name in names]
            if any(part is None or widths(part) is None for part in pair) or any(_plays(p, flow) for p in paths):
                continue
            for part, part_path, role in zip(pair, paths, ("key", "value"), strict=True):
                size = widths(part) if part is not None else None
                if size is not None and (part_path in flow.visited or not flow.visited):
                    flow.channels[part_path][role] = set(range(size[1]))


def _plays(path: str, flow: DataFlow) -> bool:
    return path in flow.channels or path in flow.activated or path in flow.attended
