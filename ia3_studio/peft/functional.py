"""``peft.functional``: what other libraries call on models that have layers but no wrapper."""

from __future__ import annotations

from ia3_studio.peft.state import get_peft_model_state_dict, set_peft_model_state_dict
from ia3_studio.peft.tuner import (
    cast_adapter_dtype,
    delete_adapter,
    inject_adapter_in_model,
    set_adapter,
    set_requires_grad,
)

__all__ = [
    "cast_adapter_dtype",
    "delete_adapter",
    "get_peft_model_state_dict",
    "inject_adapter_in_model",
    "set_adapter",
    "set_peft_model_state_dict",
    "set_requires_grad",
]
