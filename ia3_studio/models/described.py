"""What would a model be once its files are read? Its modules, names and tied weights, without any of its numbers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError
from ia3_studio.models.device import Device
from ia3_studio.models.no_progress_bars import quiet_transformers
from ia3_studio.models.sizes import bounded_building
from ia3_studio.models.stored import FORMATS, stored_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


def device_of_descriptions() -> Device:
    """Return what a described model says it is computed on: what is done with its files is done in float32."""
    import torch

    return Device("cpu", torch.float32, "On the CPU in float32, tensor by tensor.")


def describe(
    cls: type[PreTrainedModel], folder: Path, config: PreTrainedConfig, **options: Any
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Return (model on the meta device, transformers' report) as if the files had been loaded; only headers are read.

    Args:
        cls: of the model.
        folder: holds config.json and safetensors.
        config: of the model.
        options: for transformers.

    Raises:
        ModelError: the weights are codes of a quantized model.
    """
    import torch

    if getattr(config, "quantization_config", None) is not None:
        raise ModelError("The weights of a quantized model are codes, which have to be loaded.")
    stored = stored_tensors(folder)
    packed = next((name for name, tensor in stored.items() if tensor.format not in FORMATS), None)
    if packed is not None:
        raise ModelError(f"{packed} is in the format {stored[packed].format}, which has to be loaded.")
    empty = {
        name: torch.empty(tensor.shape, dtype=tensor.dtype, device="meta") for name, tensor in stored.items()
    }  # fmt: skip
    opened: Any = cls
    with quiet_transformers(), bounded_building(str(folder)):
        model, report = opened.from_pretrained(
            None,
            config=copy.deepcopy(config),
            state_dict=empty,
            device_map="meta",
            dtype=torch.float32,
            output_loading_info=True,
            **options,
        )
        _read_generation_config(model, folder)
    return model, report


def _read_generation_config(model: Any, folder: Path) -> None:
    """Give a model the generation config of its folder, as loading it from there does. **Changes the model.**"""
    from transformers import GenerationConfig

    if not model.can_generate():
        return
    if (folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(folder, local_files_only=True)
    else:
        model.generation_config = GenerationConfig.from_pretrained(
            folder, config_file_name="config.json", _from_model_config=True, local_files_only=True
        )
