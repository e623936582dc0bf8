"""Whether a model fits is known from its size, near enough to what a process needs."""

from __future__ import annotations

import pytest

from ia3_studio.method import discover
from ia3_studio.models import load_skeleton, starters
from ia3_studio.models.fit import channels_of, cost, epoch_seconds, judge, likely_channels
from ia3_studio.models.machine import MachineMemory
from ia3_studio.training.forecast import model_size

GB = 10**9
SHAPES = {  # parameters, layers, width, as their configs on the Hub say
    "GPT-2": (124_439_808, 12, 768),
    "TinyLlama 1.1B": (1_100_048_384, 22, 2048),
    "Qwen2.5-0.5B": (494_032_768, 24, 896),
    "Llama-2-7B": (6_738_415_616, 32, 4096),
    "Llama-3.1-70B": (70_553_706_496, 80, 8192),
}


def test_what_fits_now_what_fits_at_all_and_what_does_not_are_told_apart() -> None:
    memory = MachineMemory(16 * GB, 10 * GB)
    assert [judge(each * GB, memory) for each in (1, 7.9, 8.1, 15, 15.5, 100)] == [  # type: ignore[arg-type]
        "fits", "fits", "tight", "tight", "too large", "too large",
    ]  # fmt: skip


def test_needs_grow_with_every_part() -> None:
    small = cost(10**8, 300_000, 1024, 4)
    assert cost(10**9, 300_000, 1024, 4).training - small.training == 6 * 9 * 10**8
    assert cost(10**8, 300_000, 2048, 4).training > small.training > small.chat
    assert cost(10**8, 300_000, 1024, 2).chat < small.chat


@pytest.mark.parametrize("starter", starters(), ids=lambda each: each.name)
def test_the_channels_of_a_config_are_those_of_the_layers(starter: object) -> None:
    name, config = starter.name, starter.config  # type: ignore[attr-defined]
    counted = model_size(discover(load_skeleton(name).model, name)).channels
    assert channels_of(config) == pytest.approx(counted, rel=0.1)


@pytest.mark.parametrize("name", SHAPES)
def test_the_channels_of_a_number_of_parameters_are_those_of_models_of_that_size(name: str) -> None:
    parameters, layers, width = SHAPES[name]
    real = channels_of({"num_hidden_layers": layers, "hidden_size": width})
    assert real and 0.7 < likely_channels(parameters) / real < 1.8


def test_a_config_without_sizes_has_no_channels() -> None:
    for config in ({}, {"hidden_size": 10}, {"hidden_size": "9", "num_hidden_layers": True}, {"text_config": 3}):
        assert channels_of(config) is None
    assert channels_of({"text_config": {"hidden_size": 8, "num_hidden_layers": 2}}) == channels_of(
        {"n_embd": 8, "n_layer": 2}
    )


def test_an_epoch_takes_longer_with_more_parameters_and_tokens() -> None:
    assert epoch_seconds(10**8, 10_000, 1e11) == pytest.approx(40)
    assert epoch_seconds(2 * 10**8, 30_000, 1e11) == pytest.approx(240)
