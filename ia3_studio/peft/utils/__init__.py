"""``peft.utils``: enumerations, state dicts, file names and errors, for programs that import from there."""

from __future__ import annotations

from ia3_studio.method.peft.layout import CONFIG_FILE as CONFIG_NAME
from ia3_studio.method.peft.layout import PICKLE_FILE as WEIGHTS_NAME
from ia3_studio.method.peft.layout import VECTORS_FILE as SAFETENSORS_WEIGHTS_NAME
from ia3_studio.method.peft.targets import ALL_LINEAR as INCLUDE_LINEAR_LAYERS_SHORTHAND
from ia3_studio.peft.config import PeftType, TaskType
from ia3_studio.peft.errors import NoMatchingPeftModuleError, PeftError, PeftWarning
from ia3_studio.peft.files import infer_device
from ia3_studio.peft.helpers import cast_mixed_precision_params, prepare_model_for_kbit_training, shift_tokens_right
from ia3_studio.peft.modules_to_save import AuxiliaryTrainingWrapper, ModulesToSaveWrapper
from ia3_studio.peft.state import (
    get_base_model_state_dict,
    get_peft_model_state_dict,
    load_peft_weights,
    set_base_model_state_dict,
    set_peft_model_state_dict,
)

__all__ = [
    "CONFIG_NAME",
    "INCLUDE_LINEAR_LAYERS_SHORTHAND",
    "SAFETENSORS_WEIGHTS_NAME",
    "WEIGHTS_NAME",
    "AuxiliaryTrainingWrapper",
    "ModulesToSaveWrapper",
    "NoMatchingPeftModuleError",
    "PeftError",
    "PeftType",
    "PeftWarning",
    "TaskType",
    "cast_mixed_precision_params",
    "get_base_model_state_dict",
    "get_peft_model_state_dict",
    "infer_device",
    "load_peft_weights",
    "prepare_model_for_kbit_training",
    "set_base_model_state_dict",
    "set_peft_model_state_dict",
    "shift_tokens_right",
]
