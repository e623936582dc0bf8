"""Which wrapper does a task get, and how is a model wrapped? PEFT's typed wrappers and ``get_peft_model``."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from torch import Tensor, nn

from ia3_studio.peft.config import IA3Config, PeftConfig, TaskType
from ia3_studio.peft.errors import ConfigError
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.model import WRAPPERS, PeftModel, warn_of_prefix, wrapper_class


class _TokensModel(PeftModel):
    """A wrapper whose ``forward`` names what models that read tokens take."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        task_ids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the base model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        given = {
            "input_ids": input_ids, "attention_mask": attention_mask, "inputs_embeds": inputs_embeds, "labels": labels,
            "output_attentions": output_attentions, "output_hidden_states": output_hidden_states,
            "return_dict": return_dict,
        }  # fmt: skip
        return super().forward(**_given(given), **kwargs)


class PeftModelForCausalLM(_TokensModel):
    """A wrapped model that continues text."""

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> Any:
        """Prepare the next step as the base model does."""
        return self.get_base_model().prepare_inputs_for_generation(*args, **kwargs)  # type: ignore[operator]


class PeftModelForSequenceClassification(_TokensModel):
    """A wrapped model that classifies texts; its head is trained whole."""

    heads: ClassVar[tuple[str, ...]] = ("classifier", "score")


class PeftModelForTokenClassification(_TokensModel):
    """A wrapped model that classifies tokens; its head is trained whole."""

    heads: ClassVar[tuple[str, ...]] = ("classifier", "score")


class PeftModelForQuestionAnswering(PeftModel):
    """A wrapped model that finds answers in a text; its head is trained whole."""

    heads: ClassVar[tuple[str, ...]] = ("qa_outputs",)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        task_ids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the base model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        given = {
            "input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids,
            "position_ids": position_ids, "inputs_embeds": inputs_embeds, "start_positions": start_positions,
            "end_positions": end_positions, "output_attentions": output_attentions,
            "output_hidden_states": output_hidden_states, "return_dict": return_dict,
        }  # fmt: skip
        return super().forward(**_given(given), **kwargs)


class PeftModelForFeatureExtraction(PeftModel):
    """A wrapped model that returns its hidden states."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        task_ids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the base model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        given = {
            "input_ids": input_ids, "attention_mask": attention_mask, "inputs_embeds": inputs_embeds,
            "output_attentions": output_attentions, "output_hidden_states": output_hidden_states,
            "return_dict": return_dict,
        }  # fmt: skip
        return super().forward(**_given(given), **kwargs)


class PeftModelForSeq2SeqLM(PeftModel):
    """A wrapped model that turns one text into another."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        decoder_inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        task_ids: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run the base model; ``adapter_names`` gives each row its own adapter, or "__base__"."""
        given = {
            "input_ids": input_ids, "attention_mask": attention_mask, "inputs_embeds": inputs_embeds,
            "decoder_input_ids": decoder_input_ids, "decoder_attention_mask": decoder_attention_mask,
            "decoder_inputs_embeds": decoder_inputs_embeds, "labels": labels, "output_attentions": output_attentions,
            "output_hidden_states": output_hidden_states, "return_dict": return_dict,
        }  # fmt: skip
        return super().forward(**_given(given), **kwargs)

    def prepare_inputs_for_generation(self, *args: Any, **kwargs: Any) -> Any:
        """Prepare the next step as the base model does."""
        return self.get_base_model().prepare_inputs_for_generation(*args, **kwargs)  # type: ignore[operator]


MODEL_TYPE_TO_PEFT_MODEL_MAPPING: dict[str, type[PeftModel]] = {
    "SEQ_CLS": PeftModelForSequenceClassification,
    "SEQ_2_SEQ_LM": PeftModelForSeq2SeqLM,
    "CAUSAL_LM": PeftModelForCausalLM,
    "TOKEN_CLS": PeftModelForTokenClassification,
    "QUESTION_ANS": PeftModelForQuestionAnswering,
    "FEATURE_EXTRACTION": PeftModelForFeatureExtraction,
}
"""The wrapper of each task."""

WRAPPERS.update(MODEL_TYPE_TO_PEFT_MODEL_MAPPING)


def get_peft_model(
    model: nn.Module,
    peft_config: PeftConfig,
    adapter_name: str = "default",
    mixed: bool = False,
    autocast_adapter_dtype: bool = True,
    revision: str | None = None,
    low_cpu_mem_usage: bool = False,
) -> PeftModel:
    """Wrap a model with a fresh adapter. **Changes the base model**: layers are put in, and its weights are frozen.

    Args:
        model: the base model.
        peft_config: which modules are scaled; it is copied.
        adapter_name: the adapter's name.
        mixed: must stay False: there are no other methods to mix.
        autocast_adapter_dtype: whether vectors on a half-precision base are kept in float32.
        revision: of the base model, written into the config.
        low_cpu_mem_usage: whether vectors are made without memory, for a file to fill.

    Raises:
        ConfigError: the config hits nothing in this model, or what cannot be scaled; the model is left alone.

    Example:
        >>> model = get_peft_model(model, IA3Config(task_type="CAUSAL_LM"))          # doctest: +SKIP
        >>> model.print_trainable_parameters()                                       # doctest: +SKIP
        trainable params: 57,600 || all params: 134,572,608 || trainable%: 0.0428
    """
    if mixed:
        raise ConfigError(
            f"The provided `peft_type` '{peft_config.peft_type}' is not compatible with the `PeftMixedModel`; (IA)³ "
            "adapters need no mixed model, so leave `mixed` out."
        )
    old, new = peft_config.base_model_name_or_path, model.__dict__.get("name_or_path") or None
    if any(isinstance(module, IA3Layer) for module in model.modules()):
        warnings.warn(
            "You are trying to modify a model with PEFT for a second time. If you want to reload the model with a "
            "different config, make sure to call `.unload()` before.",
            stacklevel=2,
        )
    if isinstance(model, PeftModel):
        model = model.get_base_model()
    if old is not None and old != new:
        warnings.warn(
            f"The PEFT config's `base_model_name_or_path` was renamed from '{old}' to '{new}'. Please ensure that the "
            "correct base model is loaded when loading this checkpoint.",
            stacklevel=2,
        )
    if revision is not None and peft_config.revision not in (None, revision):
        warnings.warn(
            f"peft config has already set base model revision to {peft_config.revision}, overwriting with revision "
            f"{revision}",
            stacklevel=2,
        )
    warn_of_prefix(adapter_name)
    if isinstance(peft_config, IA3Config):
        peft_config = peft_config.copied(base_model_name_or_path=new, revision=revision or peft_config.revision)
    return wrapper_class(_task(peft_config))(
        model, peft_config, adapter_name, autocast_adapter_dtype=autocast_adapter_dtype,
        low_cpu_mem_usage=low_cpu_mem_usage,
    )  # fmt: skip


def _task(config: PeftConfig) -> str | None:
    return TaskType(config.task_type).value if config.task_type else None


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}
