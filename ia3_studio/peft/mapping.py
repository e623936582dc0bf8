"""``peft.mapping``: what stands for each method."""

from __future__ import annotations

from ia3_studio.peft.config import PEFT_TYPE_TO_CONFIG_MAPPING, get_peft_config
from ia3_studio.peft.tuner import PEFT_TYPE_TO_PREFIX_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING, inject_adapter_in_model

__all__ = [
    "PEFT_TYPE_TO_CONFIG_MAPPING",
    "PEFT_TYPE_TO_PREFIX_MAPPING",
    "PEFT_TYPE_TO_TUNER_MAPPING",
    "get_peft_config",
    "inject_adapter_in_model",
]
