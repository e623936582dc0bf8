"""How is a program written for PEFT migrated? By changing its import: ``from ia3_studio.peft import …``.

A wrapper stands around the base model and a layer around every scaled module, under PEFT's names, so that attribute
paths, parameters and state dicts are PEFT's. Underneath, everything is the method's: which modules a config means, the
product, merging with an exact undo, files (:mod:`ia3_studio.method`). PEFT itself is never imported.
"""

from __future__ import annotations

from ia3_studio.peft.auto import (
    AutoPeftModel,
    AutoPeftModelForCausalLM,
    AutoPeftModelForFeatureExtraction,
    AutoPeftModelForQuestionAnswering,
    AutoPeftModelForSeq2SeqLM,
    AutoPeftModelForSequenceClassification,
    AutoPeftModelForTokenClassification,
)
from ia3_studio.peft.config import (
    PEFT_TYPE_TO_CONFIG_MAPPING,
    IA3Config,
    PeftConfig,
    PeftType,
    TaskType,
    get_peft_config,
)
from ia3_studio.peft.errors import NoMatchingPeftModuleError, PeftError, PeftWarning
from ia3_studio.peft.helpers import (
    cast_mixed_precision_params,
    check_if_peft_model,
    disable_input_dtype_casting,
    prepare_model_for_kbit_training,
    rescale_adapter_scale,
    shift_tokens_right,
    update_forward_signature,
    update_generate_signature,
    update_signature,
)
from ia3_studio.peft.layer import BaseTunerLayer, Conv2d, Conv3d, IA3Layer, Linear, check_adapters_to_merge
from ia3_studio.peft.model import PeftModel
from ia3_studio.peft.modules_to_save import AuxiliaryTrainingWrapper, ModulesToSaveWrapper
from ia3_studio.peft.state import (
    get_base_model_state_dict,
    get_peft_model_state_dict,
    load_peft_weights,
    set_base_model_state_dict,
    set_peft_model_state_dict,
)
from ia3_studio.peft.status import TunerLayerStatus, TunerModelStatus, get_layer_status, get_model_status
from ia3_studio.peft.tasks import (
    MODEL_TYPE_TO_PEFT_MODEL_MAPPING,
    PeftModelForCausalLM,
    PeftModelForFeatureExtraction,
    PeftModelForQuestionAnswering,
    PeftModelForSeq2SeqLM,
    PeftModelForSequenceClassification,
    PeftModelForTokenClassification,
    get_peft_model,
)
from ia3_studio.peft.tuner import (
    PEFT_TYPE_TO_TUNER_MAPPING,
    BaseTuner,
    IA3Model,
    cast_adapter_dtype,
    delete_adapter,
    inject_adapter_in_model,
    inspect_matched_modules,
    set_adapter,
    set_requires_grad,
)

__all__ = [
    "MODEL_TYPE_TO_PEFT_MODEL_MAPPING",
    "PEFT_TYPE_TO_CONFIG_MAPPING",
    "PEFT_TYPE_TO_TUNER_MAPPING",
    "AutoPeftModel",
    "AutoPeftModelForCausalLM",
    "AutoPeftModelForFeatureExtraction",
    "AutoPeftModelForQuestionAnswering",
    "AutoPeftModelForSeq2SeqLM",
    "AutoPeftModelForSequenceClassification",
    "AutoPeftModelForTokenClassification",
    "AuxiliaryTrainingWrapper",
    "BaseTuner",
    "BaseTunerLayer",
    "Conv2d",
    "Conv3d",
    "IA3Config",
    "IA3Layer",
    "IA3Model",
    "Linear",
    "ModulesToSaveWrapper",
    "NoMatchingPeftModuleError",
    "PeftConfig",
    "PeftError",
    "PeftModel",
    "PeftModelForCausalLM",
    "PeftModelForFeatureExtraction",
    "PeftModelForQuestionAnswering",
    "PeftModelForSeq2SeqLM",
    "PeftModelForSequenceClassification",
    "PeftModelForTokenClassification",
    "PeftType",
    "PeftWarning",
    "TaskType",
    "TunerLayerStatus",
    "TunerModelStatus",
    "cast_adapter_dtype",
    "cast_mixed_precision_params",
    "check_adapters_to_merge",
    "check_if_peft_model",
    "delete_adapter",
    "disable_input_dtype_casting",
    "get_base_model_state_dict",
    "get_layer_status",
    "get_model_status",
    "get_peft_config",
    "get_peft_model",
    "get_peft_model_state_dict",
    "inject_adapter_in_model",
    "inspect_matched_modules",
    "load_peft_weights",
    "prepare_model_for_kbit_training",
    "rescale_adapter_scale",
    "set_adapter",
    "set_base_model_state_dict",
    "set_peft_model_state_dict",
    "set_requires_grad",
    "shift_tokens_right",
    "update_forward_signature",
    "update_generate_signature",
    "update_signature",
]
