"""What else do programs written for PEFT call? Small things around a model, under PEFT's names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.peft.config import PeftConfig
from ia3_studio.peft.errors import ConfigError, KindError
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.model import PeftModel, shown_like


def update_forward_signature(model: PeftModel) -> None:
    """Let ``model.forward`` show the base model's parameters, where it only shows ``*args`` and ``**kwargs``."""
    if set(inspect.signature(model.forward).parameters) == {"args", "kwargs"}:
        model.forward = shown_like(model, model.forward, type(model.get_base_model()).forward)  # type: ignore[method-assign]


def update_generate_signature(model: PeftModel) -> None:
    """Let ``model.generate`` show the base model's parameters, where it only shows ``*args`` and ``**kwargs``."""
    base = getattr(type(model.get_base_model()), "generate", None)
    if base is not None and set(inspect.signature(model.generate).parameters) <= {"args", "kwargs"}:
        model.generate = shown_like(model, model.generate, base)  # type: ignore[method-assign]


def update_signature(model: PeftModel, method: str = "all") -> None:
    """Let "forward", "generate" or "all" of a wrapper show the base model's parameters.

    Raises:
        ConfigError: another method is named.
    """
    if method not in ("forward", "generate", "all"):
        raise ConfigError(f"method {method} is not supported please choose one of ['forward', 'generate', 'all']")
    if method != "generate":
        update_forward_signature(model)
    if method != "forward":
        update_generate_signature(model)


def check_if_peft_model(model_name_or_path: Path | str) -> bool:
    """Say whether a folder, or a repository on the Hub, holds an (IA)³ adapter."""
    try:
        PeftConfig.from_pretrained(model_name_or_path)
    except (ValueError, OSError):
        return False
    return True


@contextmanager
def rescale_adapter_scale(model: nn.Module, multiplier: float) -> Iterator[None]:
    """Refuse what only LoRA has, a factor on its sum; a strength of (IA)³ is :func:`ia3_studio.method.at_strength`.

    Raises:
        KindError: the factor is no number.
        ConfigError: always else.
    """
    if not isinstance(multiplier, float | int):
        raise KindError(f"Argument multiplier should be of type float, got {type(multiplier)}")
    raise ConfigError(
        "scaling is only supported for models with `LoraLayer`s; for a strength of an (IA)³ adapter use "
        "ia3_studio.method.at_strength(model.adapter(), strength)."
    )
    yield


@contextmanager
def disable_input_dtype_casting(model: nn.Module, active: bool = True) -> Iterator[None]:
    """Say to layers that something else converts their inputs, inside a ``with`` block; (IA)³ never does."""
    layers = [module for module in model.modules() if isinstance(module, IA3Layer)] if active else []
    before = [layer.cast_input_dtype_enabled for layer in layers]
    for layer in layers:
        layer.cast_input_dtype_enabled = False
    try:
        yield
    finally:
        for layer, value in zip(layers, before, strict=True):
            layer.cast_input_dtype_enabled = value


def cast_mixed_precision_params(model: Any, dtype: torch.dtype) -> None:
    """Keep what is trained in float32 and convert the frozen weights to a half-precision type."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.float32 if parameter.requires_grad else dtype)


def prepare_model_for_kbit_training(
    model: Any,
    use_gradient_checkpointing: bool = True,
    gradient_checkpointing_kwargs: Mapping[str, Any] | None = None,
    auto_clear_cache: bool = True,
) -> Any:
    """Freeze a quantized model, keep its norms and head in float32, and checkpoint its blocks.

    Args:
        model: of transformers. **It is changed.**
        use_gradient_checkpointing: whether blocks of a quantized model are computed again in the backward pass.
        gradient_checkpointing_kwargs: for ``gradient_checkpointing_enable``.
        auto_clear_cache: whether memory that the conversion has freed is given back to the device.
    """
    options = dict(gradient_checkpointing_kwargs or {})
    by_library = getattr(model, "quantization_method", None) in ("gptq", "aqlm", "eetq", "torchao", "hqq")
    is_bits = bool(getattr(model, "is_loaded_in_8bit", False) or getattr(model, "is_loaded_in_4bit", False))
    for parameter in model.parameters():
        parameter.requires_grad = False
        is_half = parameter.dtype in (torch.float16, torch.bfloat16) and type(parameter).__name__ != "Params4bit"
        if is_half and not by_library:
            parameter.data = parameter.data.to(torch.float32)
    if auto_clear_cache and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if (by_library or is_bits) and use_gradient_checkpointing:
        if options.get("use_reentrant", True):
            if hasattr(model, "enable_input_require_grads"):
                model.enable_input_require_grads()
            else:
                model.get_input_embeddings().register_forward_hook(_require_grad)
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs=options)
    return model


def shift_tokens_right(input_ids: Tensor, pad_token_id: int | None, decoder_start_token_id: int) -> Tensor:
    """Return tokens moved one place to the right, the first place taken by the decoder's start token.

    Raises:
        ConfigError: there is no padding token to stand for ignored labels.
    """
    if pad_token_id is None:
        raise ConfigError("self.model.config.pad_token_id has to be defined.")
    shifted = input_ids.new_zeros(input_ids.shape)
    shifted[:, 1:] = input_ids[:, :-1]
    shifted[:, 0] = decoder_start_token_id
    return shifted.masked_fill(shifted == -100, pad_token_id)


def _require_grad(_module: nn.Module, _args: Any, output: Tensor) -> None:
    output.requires_grad_(True)
