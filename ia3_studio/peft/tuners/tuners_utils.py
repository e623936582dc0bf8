"""``peft.tuners.tuners_utils``: the bases of layers and tuners, and what works on any model with layers."""

from __future__ import annotations

from ia3_studio.peft.layer import BaseTunerLayer, check_adapters_to_merge
from ia3_studio.peft.tuner import (
    BaseTuner,
    cast_adapter_dtype,
    delete_adapter,
    inspect_matched_modules,
    set_adapter,
    set_requires_grad,
)

__all__ = [
    "BaseTuner",
    "BaseTunerLayer",
    "cast_adapter_dtype",
    "check_adapters_to_merge",
    "delete_adapter",
    "inspect_matched_modules",
    "set_adapter",
    "set_requires_grad",
]
