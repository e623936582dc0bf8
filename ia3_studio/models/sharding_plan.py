"""Where do the weights of a model go that may be larger than one device? Decided from sizes alone, and said.

- whole: every process has all weights;
- spread: one process has layers on several GPUs (accelerate's device map);
- sharded: each of several processes keeps a part of every layer (FSDP2) and gathers a layer when it computes it;
- offload: what does not fit waits in the memory of the CPU, or on the disk, until it is computed;
- described: no weights at all, for whoever works on the files of a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from ia3_studio.errors import RunError
from ia3_studio.models.fit import COMFORTABLE
from ia3_studio.models.machine import MachineMemory

Sharding = Literal["auto", "none", "full", "offload"]
Kind = Literal["whole", "spread", "sharded", "offload", "described"]
SHARDINGS: tuple[Sharding, ...] = get_args(Sharding)
OFF_SHARDED = "caching of the lower layers and bfloat16 backward products are off"
OFF_OFFLOADED = "packed rows, caching of the lower layers and bfloat16 backward products are off"


@dataclass(frozen=True)
class ShardingPlan:
    """Where the weights go."""

    kind: Kind
    sentence: str
    """What was decided, and why, for the user."""
    count: int = 1
    """GPUs or processes that have parts of the weights."""
    budgets: dict[str, int] = field(default_factory=dict)
    """Bytes of weights at most, by device as accelerate names them ("0", "cpu"); where one process has parts."""


WHOLE = ShardingPlan("whole", "")
"""For whoever loads a model without a plan."""
DESCRIBED = ShardingPlan("described", "")
"""For whoever wants a model as it would be loaded, on the meta device: nothing computes with it."""


@dataclass(frozen=True)
class Machine:
    """What a run may use."""

    processes: int
    gpus: Sequence[MachineMemory]
    """The GPUs of this machine; empty where models run on the CPU."""
    memory: MachineMemory
    """Of the CPU."""
    here: int = 0
    """Processes on this machine, which share the memory of its CPU; 0 for all of them."""


def plan_sharding(weights: int, setting: Sharding, machine: Machine) -> ShardingPlan:
    """Return where the weights go.

    Args:
        weights: bytes, in the number format that they are loaded in.
        setting: "auto" takes the fastest way that fits, the others one way.
        machine: what the run may use.

    Raises:
        RunError: the setting does not go with the number of processes, or the weights fit nowhere.
    """
    if setting == "full" or (setting == "auto" and machine.processes > 1 and not _fits_each(weights, machine)):
        return _sharded(weights, machine)
    if setting == "offload":
        return _offloaded(weights, machine)
    if setting == "none" or not machine.gpus or _fits_each(weights, machine):
        return _whole(weights, machine)
    if weights <= sum(map(_room, machine.gpus)):
        return _spread(weights, machine)
    return _offloaded(weights, machine)


def _fits_each(weights: int, machine: Machine) -> bool:
    """Say whether each device that a process computes on has room for all weights; on a CPU loading them decides."""
    return all(weights <= _room(gpu) for gpu in machine.gpus[: machine.processes])


def _whole(weights: int, machine: Machine) -> ShardingPlan:
    free = min(machine.gpus, key=_room) if machine.gpus else machine.memory
    who = "one process" if machine.processes == 1 else f"each of {machine.processes} processes"
    place = "on its GPU" if machine.gpus else "in memory"
    return ShardingPlan("whole", f"The whole model in {who}: {_gb(weights)} of weights, {_gb(free.free)} free {place}.")


def _sharded(weights: int, machine: Machine) -> ShardingPlan:
    count = machine.processes
    if count < 2:
        raise RunError(
            "sharding is 'full' and the run has one process, which has nobody to share the weights with; set "
            "processes to 2 or more, or sharding to 'auto'."
        )
    part = weights / count
    devices = machine.gpus[:count]
    smallest = min(devices, key=_room) if devices else machine.memory
    if (part if devices else part * (machine.here or count)) > _room(smallest):
        raise RunError(
            f"{_gb(weights)} of weights do not fit {_devices(machine)} ({_gb(smallest.free)} free"
            f"{' each' if devices else ''}); use more GPUs, a smaller or a 4-bit model, or sharding 'offload' with one "
            "process."
        )
    each = f"{_gb(smallest.total)} each" if devices else f"{_gb(round(part))} in each process"
    return ShardingPlan(
        "sharded", f"Sharded over {_devices(machine)}: {_gb(weights)} of weights, {each}; {OFF_SHARDED}.", count
    )


def _spread(weights: int, machine: Machine) -> ShardingPlan:
    budgets = {str(number): _room(gpu) for number, gpu in enumerate(machine.gpus)}
    smallest = min(gpu.total for gpu in machine.gpus)
    return ShardingPlan(
        "spread",
        f"Layers spread over {len(machine.gpus)} GPUs in one process: {_gb(weights)} of weights, {_gb(smallest)} each; "
        "the GPUs take turns, so that several processes are faster.",
        len(machine.gpus),
        budgets,
    )


def _offloaded(weights: int, machine: Machine) -> ShardingPlan:
    """Return a plan that keeps as much as possible on the fastest devices; the price is what moves in each pass."""
    if machine.processes > 1:
        raise RunError(
            f"sharding is 'offload' and the run has {machine.processes} processes, but offloaded weights serve one; "
            "set processes to 1."
        )
    budgets = {str(number): _room(gpu) for number, gpu in enumerate(machine.gpus)}
    budgets["cpu"] = _room(machine.memory)
    fast = sum(budgets.values()) - (budgets["cpu"] if machine.gpus else 0)
    waiting = max(0, weights - fast)
    where = "in the memory of the CPU" if machine.gpus and weights <= sum(budgets.values()) else "on the disk"
    fastest = "the GPUs" if machine.gpus else "memory"
    return ShardingPlan(
        "offload",
        f"Offloaded: of {_gb(weights)} of weights, {_gb(waiting)} wait {where}, as {_gb(fast)} fit into {fastest}. The "
        "price: they are moved three times in each training pass, and layers are computed twice; expect several times "
        f"the time of a model that fits; {OFF_OFFLOADED}.",
        1,
        budgets,
    )


def _room(memory: MachineMemory) -> int:
    """Return the bytes that weights may take: activations and other programs need the rest."""
    return int(COMFORTABLE * memory.free)


def _devices(machine: Machine) -> str:
    return f"{machine.processes} GPUs" if machine.gpus else f"{machine.processes} processes on the CPU"


def _gb(size: int) -> str:
    return f"{size / 1e9:.0f} GB" if size >= 10e9 else f"{size / 1e9:.2g} GB" if size >= 1e8 else f"{size / 1e6:.0f} MB"
