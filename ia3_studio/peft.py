"""How is a program written for PEFT migrated? By changing its import: ``from ia3_studio.peft import …``."""

from __future__ import annotations

from ia3_studio.method.peft.config import IA3Config, TaskType
from ia3_studio.method.peft.model import PeftModel, get_peft_model

PeftConfig = IA3Config
"""(IA)³ is the only method here, so its config is every config."""

__all__ = ["IA3Config", "PeftConfig", "PeftModel", "TaskType", "get_peft_model"]
