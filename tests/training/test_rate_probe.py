"""The learning-rate probe: a table of rates, one suggestion, and vectors as they were."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from ia3_studio.errors import RowMemoryError, TrainingError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.objective import MeanLoss
from ia3_studio.training.rate_probe import Trainer, Trial, rate_trials, suggest_rate
from ia3_studio.training.train import train
from tests.families import tiny_model
from tests.training.rows import rows_of

RATES = (1e-4, 3e-2, 1e30)
_OVERFLOW = 1e20


def prepared() -> tuple[Attachment, Trainer]:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():
        attachment.parameter.mul_(1.1)

    def overflowing(_module: object, _given: object, hidden: torch.Tensor) -> torch.Tensor:
        """Make NaN of what some processors' kernels overflow at, and others normalize to 0."""
        return hidden * torch.nan if float(attachment.parameter.detach().abs().max()) > _OVERFLOW else hidden

    model.model.norm.register_forward_hook(overflowing)
    return attachment, partial(train, model, attachment, rows_of(8), rows_of(8))


def test_the_probe_restores_the_vectors_bit_for_bit_after_every_rate() -> None:
    attachment, trainer = prepared()
    before = attachment.parameter.detach().clone()
    for _trial in rate_trials(attachment, trainer, TrainConfig(), RATES, steps=3):
        assert torch.equal(attachment.parameter, before) and attachment.parameter.grad is None


def test_the_probe_says_the_same_twice_and_each_rate_starts_from_the_same_loss() -> None:
    attachment, trainer = prepared()
    first, second = (list(rate_trials(attachment, trainer, TrainConfig(), RATES, steps=3)) for _ in range(2))
    assert first == second
    assert len({trial.before for trial in first}) == 1
    assert first[1].fall > first[0].fall > 0 and first[2].after is None
    assert suggest_rate(first) == 3e-2


def test_a_trial_is_a_run_of_so_many_steps() -> None:
    attachment, trainer = prepared()
    (trial,) = rate_trials(attachment, trainer, TrainConfig(batch_size=4), (1e-2,), steps=5)
    steps = list(trainer(TrainConfig(batch_size=4, learning_rate=1e-2, epochs=2.5)))
    assert (steps[-1].step, steps[-1].held_out) == (5, trial.after)


def test_the_smallest_rate_that_is_nearly_as_good_is_suggested() -> None:
    trials = [Trial(1e-3, 2.0, 1.9), Trial(1e-2, 2.0, 1.54), Trial(3e-2, 2.0, 1.5), Trial(1e-1, 2.0, None)]
    assert suggest_rate(trials) == 1e-2
    with pytest.raises(TrainingError, match=r"not decrease at any of the rates tried \(0\.1\)"):
        suggest_rate(trials[3:])


def test_a_row_that_does_not_fit_is_not_taken_for_a_bad_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    attachment, trainer = prepared()

    def full(*_given: object, **_named: object) -> float:
        raise MemoryError

    monkeypatch.setattr(MeanLoss, "backward", full)
    with pytest.raises(RowMemoryError, match="even with one row at a time"):
        list(rate_trials(attachment, trainer, TrainConfig(), RATES, steps=3))


def test_without_held_out_rows_there_is_nothing_to_compare() -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    with pytest.raises(TrainingError, match="there are none; hold out some rows"):
        list(rate_trials(attachment, partial(train, model, attachment, rows_of(4), []), TrainConfig()))
