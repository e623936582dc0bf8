"""PEFT's places for layers and tuners, for programs that import from there."""

from __future__ import annotations

from ia3_studio.peft.config import IA3Config
from ia3_studio.peft.tuner import IA3Model

__all__ = ["IA3Config", "IA3Model"]
