"""How is an adapter loaded together with its base model? By what its config says of the model."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, ClassVar

from ia3_studio.peft.config import PeftConfig, TaskType
from ia3_studio.peft.errors import ConfigError
from ia3_studio.peft.files import fetched, hub_arguments
from ia3_studio.peft.model import PeftModel, wrapper_class
from ia3_studio.peft.tasks import (
    PeftModelForCausalLM,
    PeftModelForFeatureExtraction,
    PeftModelForQuestionAnswering,
    PeftModelForSeq2SeqLM,
    PeftModelForSequenceClassification,
    PeftModelForTokenClassification,
)

IMPORTABLE = ("diffusers", "lerobot", "megatron-core", "transformers")
"""Packages that an adapter's config may name for its base model: importing runs code."""


class AutoPeftModel:
    """An adapter of no task in particular, with its base model."""

    _target_class: ClassVar[str | None] = None
    _target_peft_class: ClassVar[type[PeftModel]] = PeftModel

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise OSError(
            f"{type(self).__name__} is designed to be instantiated using the "
            f"`{type(self).__name__}.from_pretrained(pretrained_model_name_or_path)` method."
        )

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: Path | str,
        adapter_name: str = "default",
        is_trainable: bool = False,
        config: PeftConfig | None = None,
        revision: str | None = None,
        import_allowlist: list[str] | None = None,
        **kwargs: Any,
    ) -> PeftModel:
        """Load the base model that an adapter names, and the adapter on it.

        Args:
            pretrained_model_name_or_path: the adapter's folder, or a repository on the Hub.
            adapter_name: the name it gets.
            is_trainable: whether it is trained further.
            config: used in place of the folder's own.
            revision: of the adapter.
            import_allowlist: packages that the base model's class may come from.
            kwargs: for loading the base model and for :meth:`PeftModel.from_pretrained`.

        Raises:
            ConfigError: the adapter is for another task, or its base model's class is unknown or not to be imported.
        """
        found = PeftConfig.from_pretrained(pretrained_model_name_or_path, revision=revision, **kwargs)
        target = cls._class_of(found, tuple(import_allowlist or IMPORTABLE))
        base = target.from_pretrained(found.base_model_name_or_path, revision=found.revision, **kwargs)
        cls._fit_vocabulary(base, pretrained_model_name_or_path, revision, kwargs)
        return cls._target_peft_class.from_pretrained(
            base, pretrained_model_name_or_path, adapter_name=adapter_name, is_trainable=is_trainable, config=config,
            revision=revision, **kwargs,
        )  # fmt: skip

    @classmethod
    def _class_of(cls, config: PeftConfig, importable: tuple[str, ...]) -> Any:
        import transformers

        if config.task_type is not None:
            if cls._target_class is None:
                raise ConfigError(
                    "Cannot use `AutoPeftModel` with a task type, please use a specific class for your task type. "
                    "(e.g. `AutoPeftModelForCausalLM` for `task_type='CAUSAL_LM'`)"
                )
            expected = wrapper_class(TaskType(config.task_type).value)
            if expected is not cls._target_peft_class:
                raise ConfigError(
                    f"Expected target PEFT class: {expected.__name__}, but you have asked for: "
                    f"{cls._target_peft_class.__name__} make sure that you are loading the correct model for your task "
                    "type."
                )
            return getattr(transformers, cls._target_class)
        if config.auto_mapping is None:
            raise ConfigError(
                "Cannot infer the auto class from the config, please make sure that you are loading the correct model "
                "for your task type."
            )
        library = str(config.auto_mapping["parent_library"])
        if library not in importable and not library.startswith(tuple(f"{name}." for name in importable)):
            raise ConfigError(
                f"The auto mapping wants to import '{library}' which is not in the import allowlist. If you are sure "
                f"that importing this library is safe, specify `import_allowlist=['{library}']` in `from_pretrained()`."
            )
        return getattr(importlib.import_module(library), config.auto_mapping["base_model_class"])

    @classmethod
    def _fit_vocabulary(cls, base: Any, place: Path | str, revision: str | None, kwargs: dict[str, Any]) -> None:
        """Make room for tokens that the adapter's own tokenizer has in addition."""
        from transformers import AutoTokenizer

        hub = {**hub_arguments(kwargs), **({"revision": revision} if revision else {})}
        if fetched(place, "tokenizer_config.json", **hub) is None or not hasattr(base, "get_input_embeddings"):
            return
        tokenizer = AutoTokenizer.from_pretrained(place, revision=revision, token=kwargs.get("token"))
        if len(tokenizer) > base.get_input_embeddings().weight.shape[0]:
            base.resize_token_embeddings(len(tokenizer))


class AutoPeftModelForCausalLM(AutoPeftModel):
    """An adapter that continues text, with its base model."""

    _target_class = "AutoModelForCausalLM"
    _target_peft_class = PeftModelForCausalLM


class AutoPeftModelForSeq2SeqLM(AutoPeftModel):
    """An adapter that turns one text into another, with its base model."""

    _target_class = "AutoModelForSeq2SeqLM"
    _target_peft_class = PeftModelForSeq2SeqLM


class AutoPeftModelForSequenceClassification(AutoPeftModel):
    """An adapter that classifies texts, with its base model."""

    _target_class = "AutoModelForSequenceClassification"
    _target_peft_class = PeftModelForSequenceClassification


class AutoPeftModelForTokenClassification(AutoPeftModel):
    """An adapter that classifies tokens, with its base model."""

    _target_class = "AutoModelForTokenClassification"
    _target_peft_class = PeftModelForTokenClassification


class AutoPeftModelForQuestionAnswering(AutoPeftModel):
    """An adapter that finds answers in a text, with its base model."""

    _target_class = "AutoModelForQuestionAnswering"
    _target_peft_class = PeftModelForQuestionAnswering


class AutoPeftModelForFeatureExtraction(AutoPeftModel):
    """An adapter of a model that returns its hidden states, with that model."""

    _target_class = "AutoModel"
    _target_peft_class = PeftModelForFeatureExtraction
