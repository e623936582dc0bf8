"""Where would this machine put the weights of a model? Its sizes and memory, for :mod:`models.sharding_plan`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from ia3_studio.models.architecture import read_config
from ia3_studio.models.device import choose_device
from ia3_studio.models.fetch import ready_folder
from ia3_studio.models.gpu_process import gpu_memory
from ia3_studio.models.machine import MachineMemory, system_memory
from ia3_studio.models.opening import opening
from ia3_studio.models.sharding import is_sharded
from ia3_studio.models.sharding_plan import WHOLE, Machine, Sharding, ShardingPlan, plan_sharding
from ia3_studio.models.sources import parse_source
from ia3_studio.models.weights import count_weights, empty_model


def plan_for(folder: Path, setting: Sharding, processes: int, here: int = 0) -> ShardingPlan:
    """Return where the weights in a folder go on this machine.

    Args:
        folder: of a model.
        setting: of the run.
        processes: of the run, on all machines.
        here: of them on this machine; 0 for all.

    Raises:
        ModelError: the files cannot be read, or the GPUs do not answer.
        RunError: as :func:`plan_sharding`.
    """
    if setting == "none":
        return WHOLE  # loading it says whether it fits
    devices = gpus()
    if setting == "auto" and not devices:
        return WHOLE
    if setting == "auto" and getattr(read_config(folder), "quantization_config", None) is not None:
        return WHOLE
    with opening(folder):
        count = count_weights(folder)
    machine = Machine(processes, devices, system_memory(), here)
    return plan_sharding(count * choose_device().dtype.itemsize, setting, machine)


def plan_before_start(source: str, setting: Sharding, processes: int) -> str:
    """Return the sentence of the plan; empty for a model that is not on this machine yet.

    Raises:
        RunError: as :func:`plan_sharding`.
    """
    folder = ready_folder(parse_source(source))
    return plan_for(folder, setting, processes).sentence if folder else ""


def traceable(model: Any) -> Any:
    """Return a model of the same structure on which a forward pass can be traced.

    A model with divided or offloaded weights cannot: its weights come and go.
    """
    if not (is_sharded(model) or getattr(model, "hf_device_map", None)):
        return model
    cls = next(each for each in type(model).__mro__ if each.__module__.startswith("transformers.models."))
    return empty_model(copy.deepcopy(model.config), cls)


def gpus() -> tuple[MachineMemory, ...]:
    """Return the memory of each GPU of this machine that models are loaded on.

    Raises:
        ModelError: the GPUs do not answer.
    """
    return gpu_memory() if choose_device().name.startswith("cuda") else ()
