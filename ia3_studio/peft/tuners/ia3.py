"""``peft.tuners.ia3``: the config, the tuner and its layers."""

from __future__ import annotations

from ia3_studio.peft.config import IA3Config
from ia3_studio.peft.layer import Conv2d, Conv3d, IA3Layer, Linear
from ia3_studio.peft.tuner import IA3Model

__all__ = ["Conv2d", "Conv3d", "IA3Config", "IA3Layer", "IA3Model", "Linear"]
