"""Training on a float16 base, as on a GPU without bfloat16: the loss scale, an overflow, and resuming."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.errors import TrainingError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.training import TrainConfig, loss_scale
from ia3_studio.training.checkpoint import load_checkpoint
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.loss_scale import FIRST, LossScale
from ia3_studio.training.train import train
from tests.families import tiny_model
from tests.training.rows import rows_of

CONFIG = TrainConfig(epochs=2, batch_size=4, learning_rate=1e-2, eval_steps=2)


def attached(dtype: torch.dtype, family: str = "llama") -> tuple[Any, Attachment]:
    """Return a tiny model in a format, with float32 vectors."""
    model = tiny_model(family).to(dtype)
    return model, attach(model, discover(model).select("paper"))


def gradient(dtype: torch.dtype, share: int, scale: float) -> torch.Tensor:
    """Return the gradient of rows that are one part in so many of a batch."""
    model, attachment = attached(dtype)
    rows = rows_of(4)
    CausalLoss(model).backward(rows, rows * share, 10_000, scale)
    assert attachment.parameter.grad is not None
    return attachment.parameter.grad / scale


def losses(dtype: torch.dtype, config: TrainConfig = CONFIG) -> list[float]:
    """Return the losses of a run's steps."""
    model, attachment = attached(dtype)
    return [step.loss for step in train(model, attachment, rows_of(12), rows_of(4, seed=9), config) if step.loss]


def test_small_gradients_vanish_without_a_scale_and_are_right_with_one() -> None:
    exact = gradient(torch.float32, 100_000, 1.0)
    scaled = gradient(torch.float16, 100_000, FIRST)
    unscaled = gradient(torch.float16, 100_000, 1.0)
    assert (scaled - exact).norm() < 0.02 * exact.norm()
    assert (unscaled - exact).norm() > 0.5 * exact.norm()


def test_a_run_in_float16_learns_as_in_float32() -> None:
    for half, exact in zip(losses(torch.float16), losses(torch.float32), strict=True):
        assert half == pytest.approx(exact, rel=2e-3)


def test_in_formats_with_a_wide_range_nothing_is_scaled() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        assert LossScale.of(tiny_model("llama").to(dtype)) == LossScale(1.0, changes=False)


def test_an_overflow_costs_no_step_and_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = losses(torch.float16)
    monkeypatch.setattr(loss_scale, "FIRST", 2.0**40)
    assert losses(torch.float16) == pytest.approx(expected, rel=1e-3)


def test_a_gradient_that_is_infinite_at_every_scale_ends_the_run() -> None:
    model, attachment = attached(torch.float16)

    class Broken(CausalLoss):
        def backward(self, rows: Any, batch: Any, budget: int, scale: float = 1.0) -> float:
            share = super().backward(rows, batch, budget, scale)
            assert attachment.parameter.grad is not None
            attachment.parameter.grad.fill_(torch.inf)
            return share

    with pytest.raises(TrainingError):
        list(train(model, attachment, rows_of(12), [], CONFIG, objective=Broken(model)))
    assert attachment.parameter.equal(torch.ones_like(attachment.parameter))


def test_the_scale_grows_after_many_steps_and_every_value_is_a_power_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_scale, "GROWS_AFTER", 3)
    scale, seen = LossScale(FIRST, changes=True), []
    for _step in range(60):
        scale.count_step()
        seen.append(scale.value)
    assert seen[:4] == [FIRST, FIRST, 2 * FIRST, 2 * FIRST]
    assert max(seen) == loss_scale.LARGEST
    assert all(later in (earlier, 2 * earlier) for earlier, later in pairwise(seen))
    while scale.lower():
        assert scale.value >= loss_scale.SMALLEST


def test_a_resumed_run_goes_on_with_its_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_scale, "GROWS_AFTER", 2)
    config = replace(CONFIG, epochs=3)
    model, attachment = attached(torch.float16)
    whole = list(train(model, attachment, rows_of(12), [], config))
    wanted = attachment.parameter.detach().clone()
    model, attachment = attached(torch.float16)
    first = train(model, attachment, rows_of(12), [], config)
    for step in first:
        if step.step == 5:
            first.checkpoint().save(tmp_path / "kept")
            break
    since = load_checkpoint(tmp_path / "kept")
    assert since.counters.loss_scale == FIRST * 4
    model, attachment = attached(torch.float16)
    rest = list(train(model, attachment, rows_of(12), [], config, since=since))
    assert [step.loss for step in rest] == [step.loss for step in whole[6:]]
    assert attachment.parameter.equal(wanted)
