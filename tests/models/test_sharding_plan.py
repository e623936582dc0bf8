"""Where weights go is decided from sizes alone, and said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ia3_studio.errors import ModelError, RunError
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.placement import plan_for
from ia3_studio.models.sharding import options_for
from ia3_studio.models.sharding_plan import Machine, Sharding, ShardingPlan, plan_sharding
from ia3_studio.runs import RunConfig
from tests.families import tiny_model
from tests.tiny_chat import save_tiny_chat

GB = 10**9
RAM = MachineMemory(64 * GB, 60 * GB)


def machine(processes: int, *gpus: int) -> Machine:
    return Machine(processes, [MachineMemory(size * GB, size * GB, on_gpu=True) for size in gpus], RAM)


@pytest.mark.parametrize(
    ("weights", "setting", "processes", "gpus", "kind", "count"),
    [
        (14, "auto", 1, [24], "whole", 1),
        (14, "auto", 4, [24] * 4, "whole", 1),
        (14, "full", 4, [24] * 4, "sharded", 4),
        (26, "auto", 4, [24] * 4, "sharded", 4),
        (26, "none", 4, [24] * 4, "whole", 1),
        (26, "auto", 1, [24, 24], "spread", 2),
        (26, "auto", 1, [24], "offload", 1),
        (14, "offload", 1, [24], "offload", 1),
        (140, "auto", 1, [24], "offload", 1),
        (14, "auto", 2, [], "whole", 1),
        (14, "full", 2, [], "sharded", 2),
        (14, "offload", 1, [], "offload", 1),
    ],
)
def test_the_fastest_way_that_fits_is_taken_unless_another_is_asked_for(
    weights: int, setting: Sharding, processes: int, gpus: Sequence[int], kind: str, count: int
) -> None:
    plan = plan_sharding(weights * GB, setting, machine(processes, *gpus))
    assert (plan.kind, plan.count) == (kind, count)
    assert f"{weights} GB of weights" in plan.sentence


def test_the_sentence_says_what_was_decided_and_why() -> None:
    sentence = plan_sharding(26 * GB, "auto", machine(4, 24, 24, 24, 24)).sentence
    assert sentence.startswith("Sharded over 4 GPUs: 26 GB of weights, 24 GB each; ")
    assert "are off" in sentence  # what this way cannot do


def test_offloading_names_its_price_and_keeps_within_the_free_memory() -> None:
    plan = plan_sharding(140 * GB, "auto", machine(1, 24))
    assert "wait on the disk" in plan.sentence and "price" in plan.sentence
    assert plan.budgets["0"] < 24 * GB and plan.budgets["cpu"] < 60 * GB
    assert "in the memory of the CPU" in plan_sharding(26 * GB, "auto", machine(1, 24)).sentence


@pytest.mark.parametrize(
    ("weights", "setting", "processes", "gpus", "said"),
    [
        (14, "full", 1, [24], "one process, which has nobody to share the weights with"),
        (140, "auto", 4, [24] * 4, "do not fit 4 GPUs"),
        (140, "full", 2, [], "do not fit 2 processes on the CPU"),
        (14, "offload", 2, [24, 24], "offloaded weights serve one"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(
    weights: int, setting: Sharding, processes: int, gpus: Sequence[int], said: str
) -> None:
    with pytest.raises(RunError, match=said) as error:
        plan_sharding(weights * GB, setting, machine(processes, *gpus))
    assert "set " in str(error.value) or "use " in str(error.value)


def test_processes_on_several_machines_need_the_memory_of_their_machine_only() -> None:
    for here, fits in ((2, True), (4, False), (0, False)):
        machine = Machine(4, (), RAM, here)
        if fits:
            assert plan_sharding(90 * GB, "full", machine).kind == "sharded"
        else:
            with pytest.raises(RunError, match="do not fit 4 processes on the CPU"):
                plan_sharding(90 * GB, "full", machine)


@pytest.mark.parametrize(("sharding", "processes"), [("full", 1), ("offload", 2), ("half", 2), (False, 1)])
def test_settings_that_contradict_each_other_are_refused(sharding: Sharding, processes: int) -> None:
    with pytest.raises(RunError, match="sharding"):
        RunConfig("", "model", "data", sharding=sharding, processes=processes)


def test_settings_are_written_and_read_and_runs_without_the_setting_have_auto() -> None:
    config = RunConfig("", "model", "data", sharding="full", processes=2)
    assert RunConfig.from_json(config.to_json()) == config
    old = config.to_json().replace('"sharding": "full",', "")
    assert RunConfig.from_json(old).sharding == "auto"
    with pytest.raises(RunError, match="sharding"):
        RunConfig.from_settings({"model": "m", "data": "d", "sharding": 3})


def test_a_quantized_model_is_not_divided() -> None:
    model = tiny_model("llama")
    model.config.quantization_config = {"quant_method": "bitsandbytes"}
    with pytest.raises(ModelError, match="quantized model cannot be divided"):
        options_for(ShardingPlan("sharded", "", 2), type(model), model.config)


def test_without_gpus_weights_are_divided_only_when_asked(tmp_path: Path) -> None:
    save_tiny_chat(tmp_path)
    assert plan_for(tmp_path, "auto", 2).kind == "whole"
    assert plan_for(tmp_path, "full", 2).kind == "sharded"
