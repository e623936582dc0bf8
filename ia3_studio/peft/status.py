"""What is in a model with adapters, and what of it works? Reports in PEFT's fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from ia3_studio.peft.config import PeftType
from ia3_studio.peft.errors import StateError
from ia3_studio.peft.layer import IA3Layer
from ia3_studio.peft.modules_to_save import ModulesToSaveWrapper
from ia3_studio.peft.tuner import IA3Model

Irregular = Literal["irregular"]


@dataclass
class TunerLayerStatus:
    """One layer, or one module that is trained whole."""

    name: str
    module_type: str
    enabled: bool
    active_adapters: list[str]
    merged_adapters: list[str]
    requires_grad: dict[str, bool | Irregular]
    available_adapters: list[str]
    devices: dict[str, list[str]]
    quantization_backend: str | None


@dataclass
class TunerModelStatus:
    """All layers of a model together; "irregular" where they differ."""

    base_model_type: str
    adapter_model_type: str
    peft_types: dict[str, str]
    trainable_params: int
    total_params: int
    num_adapter_layers: int
    enabled: bool | Irregular
    active_adapters: list[str] | Irregular
    merged_adapters: list[str] | Irregular
    requires_grad: dict[str, bool | Irregular]
    available_adapters: list[str]
    devices: dict[str, list[str]]
    quantization_backend: str | Irregular | None


def get_layer_status(model: nn.Module) -> list[TunerLayerStatus]:
    """Return the status of each layer, and of each module that is trained whole.

    Raises:
        StateError: the model has none.
    """
    tuner = getattr(model, "base_model", None)
    root = tuner if isinstance(tuner, IA3Model) else model
    found = [
        _status(name, module)
        for name, module in root.named_modules()
        if isinstance(module, IA3Layer | ModulesToSaveWrapper)
    ]
    if not found:
        raise StateError(
            "No adapter layers found in the model, please ensure that it's a PEFT model or that you have PEFT adapters "
            "injected in the model."
        )
    return found


def get_model_status(model: nn.Module) -> TunerModelStatus:
    """Return the status of a model with adapters as a whole.

    Raises:
        StateError: the model has no adapters.
    """
    layers = get_layer_status(model)
    tuner = getattr(model, "base_model", None)
    is_wrapped = isinstance(tuner, IA3Model)
    trained, every = count_parameters(model)
    merged = sorted({name for layer in layers for name in layer.merged_adapters})
    apart = [set(layer.available_adapters) - set(layer.merged_adapters) for layer in layers]
    is_partly = any(names & set(merged) for names in apart)
    return TunerModelStatus(
        base_model_type=_base_type(model, tuner),
        adapter_model_type=type(tuner).__name__ if is_wrapped else "None",
        peft_types=dict.fromkeys(tuner.peft_config, PeftType.IA3.value) if isinstance(tuner, IA3Model) else {},
        trainable_params=trained,
        total_params=every,
        num_adapter_layers=len(layers),
        enabled=_same(layer.enabled for layer in layers),
        active_adapters=_same(layer.active_adapters for layer in layers),
        merged_adapters="irregular" if is_partly else merged,
        requires_grad=_by_adapter(layers),
        available_adapters=sorted({name for layer in layers for name in layer.available_adapters}),
        devices={
            name: sorted({device for layer in layers for device in layer.devices.get(name, ())})
            for name in dict.fromkeys(name for layer in layers for name in layer.devices)
        },
        quantization_backend=None,
    )


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return the number of trainable parameters and of all parameters; of 4-bit codes, of what they stand for."""
    counts = [(_numbers(parameter), parameter.requires_grad) for parameter in model.parameters()]
    return sum(count for count, trained in counts if trained), sum(count for count, _trained in counts)


def _numbers(parameter: Any) -> int:
    count = parameter.numel() or int(getattr(parameter, "ds_numel", 0))  # DeepSpeed keeps empty ones
    return count * 2 * parameter.element_size() if type(parameter).__name__ == "Params4bit" else count


def _status(name: str, module: IA3Layer | ModulesToSaveWrapper) -> TunerLayerStatus:
    own: dict[str, list[Tensor]] = {}
    if isinstance(module, IA3Layer):
        own = {adapter: [vector] for adapter, vector in module.ia3_l.items()}
    else:
        own = {adapter: list(copy.parameters()) for adapter, copy in module.modules_to_save.items()}
    return TunerLayerStatus(
        name=name,
        module_type=type(module).__name__,
        enabled=not module.disable_adapters,
        active_adapters=list(module.active_adapters),
        merged_adapters=list(module.merged_adapters),
        requires_grad={adapter: _same(each.requires_grad for each in tensors) for adapter, tensors in own.items()},
        available_adapters=sorted(own),
        devices={adapter: sorted({each.device.type for each in tensors}) for adapter, tensors in own.items()},
        quantization_backend=None,
    )


def _by_adapter(layers: Iterable[TunerLayerStatus]) -> dict[str, bool | Irregular]:
    values: dict[str, list[bool | Irregular]] = {}
    for layer in layers:
        for name, value in layer.requires_grad.items():
            values.setdefault(name, []).append(value)
    return {name: _same(each) for name, each in values.items()}


def _same(values: Iterable[Any]) -> Any:
    """Return the value that all share, or "irregular"."""
    found = list(values)
    return found[0] if found and all(value == found[0] for value in found) else "irregular"


def _base_type(model: nn.Module, tuner: object) -> str:
    if isinstance(tuner, IA3Model):
        return type(tuner.model).__name__
    return type(model).__name__ if hasattr(model, "config") and hasattr(model, "from_pretrained") else "other"
