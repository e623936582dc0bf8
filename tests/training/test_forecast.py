"""The cost of a run is told from the model's layers, the tokens and the speed of this machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ia3_studio.data.token_preview import Part, Survey, TokenPreview
from ia3_studio.method import discover
from ia3_studio.training import TrainConfig
from ia3_studio.training.forecast import REACHED, ModelSize, Speed, forecast, measure_speed, model_size
from tests.families import tiny_model

SIZE = ModelSize(parameters=10**8, body=8 * 10**7, channels=300_000, head=2 * 10**7)
SPEED = Speed(1e11, 2e11)


def rows(count: int, tokens: int, learned: int) -> Survey:
    part = Part((1,) * tokens, (False,) * (tokens - learned) + (True,) * learned, (True,) * tokens)
    return Survey(tuple(TokenPreview(row, (part,)) for row in range(count)), count, 512)


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5", "bert"])
def test_a_models_size_is_that_of_its_linear_layers(family: str) -> None:
    model = tiny_model(family)
    size = model_size(discover(model))
    layers = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"
    }
    blocks = [module for name, module in layers.items() if any(part.isdigit() for part in name.split("."))]
    assert size.body == sum(weight.numel() for module in blocks for weight in module.parameters())
    assert size.channels == pytest.approx(sum(sum(module.weight.shape) for module in blocks), rel=0.02)


def test_steps_and_tokens_are_those_of_the_schedule() -> None:
    found = forecast(SIZE, rows(20, 50, 10), rows(4, 50, 10), TrainConfig(epochs=2, batch_size=8), SPEED)
    assert found.steps == 6 and found.tokens == 2 * 20 * 50
    capped = forecast(SIZE, rows(20, 50, 10), rows(4, 50, 10), TrainConfig(batch_size=8, max_steps=1), SPEED)
    assert capped.steps == 1


def test_time_is_that_of_the_products_and_grows_with_rows_and_falls_with_speed() -> None:
    config = TrainConfig(epochs=1, batch_size=10, eval_steps=1000)
    learned, none = rows(1000, 100, 100), rows(1, 1, 1)
    found = forecast(SIZE, learned, none, config, SPEED)
    alone = 2 * 10**8 * 10**5 * (1 / 1e11 + 1 / 2e11)  # both passes of 100,000 tokens, all of them learned
    twice = forecast(SIZE, rows(2000, 100, 100), none, config, SPEED)
    assert twice.seconds - found.seconds == pytest.approx(alone / REACHED, rel=0.01)
    fast = forecast(SIZE, learned, none, config, Speed(2e11, 4e11))
    assert fast.seconds < found.seconds


def test_memory_holds_the_weights_and_a_micro_batch_however_many_rows_there_are() -> None:
    config = TrainConfig(micro_batch_tokens=1000)
    few = forecast(SIZE, rows(100, 100, 10), rows(1, 1, 1), config, SPEED)
    many = forecast(SIZE, rows(1000, 100, 10), rows(1, 1, 1), config, SPEED)
    assert few.memory == many.memory > SIZE.parameters * 4
    wide = forecast(SIZE, rows(100, 100, 10), rows(1, 1, 1), replace(config, micro_batch_tokens=4000), SPEED)
    assert wide.memory > few.memory


def test_this_machine_has_a_speed() -> None:
    speed = measure_speed()
    assert speed.forward > 1e8 and speed.backward > 1e8
