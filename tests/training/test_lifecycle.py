"""A job's life: kept and gone on with, ended early, short of memory, asked to stop, in several processes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import RowMemoryError, TrainingError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.training import Step, TrainConfig
from ia3_studio.training.checkpoint import load_checkpoint
from ia3_studio.training.job import Training
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import MeanLoss
from ia3_studio.training.train import train
from tests.families import tiny_model
from tests.training.rows import rows_of
from tests.training.test_train import same

CONFIG = TrainConfig(epochs=3, batch_size=4, eval_steps=2, learning_rate=3e-2, seed=5)


def attached(heads: Sequence[str] = ()) -> tuple[Any, Attachment]:
    model = tiny_model("llama")
    selection = discover(model).select("paper")
    return model, HeadedAttachment(model, selection, heads) if heads else attach(model, selection)


def trainable_parameters(attachment: Attachment) -> list[torch.Tensor]:
    heads = list(attachment.heads.parameters()) if isinstance(attachment, HeadedAttachment) else []
    return [parameter.detach().clone() for parameter in (attachment.parameter, *heads)]


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
@pytest.mark.parametrize("heads", [(), ("lm_head",)], ids=["vectors", "vectors and a head"])
def test_a_job_that_goes_on_gives_the_steps_of_one_never_interrupted(
    tmp_path: Path, heads: Sequence[str], optimizer: Any
) -> None:
    config, rows, held_out = replace(CONFIG, optimizer=optimizer), rows_of(12), rows_of(4, seed=9)
    model, attachment = attached(heads)
    whole = list(train(model, attachment, rows, held_out, config))
    expected = trainable_parameters(attachment)

    for kept_at in (1, 4):
        model, attachment = attached(heads)
        first = train(model, attachment, rows, held_out, config)
        begun = [next(first) for _ in range(kept_at + 1)]
        first.checkpoint().save(tmp_path / "checkpoint")

        model, attachment = attached(heads)  # as a new process finds it
        since = load_checkpoint(tmp_path / "checkpoint")
        rest = list(train(model, attachment, rows, held_out, config, since=since))
        assert [same(step) for step in begun + rest] == [same(step) for step in whole]
        assert all(map(torch.equal, trainable_parameters(attachment), expected))
        assert rest[0].seconds > begun[-1].seconds


def test_a_checkpoint_of_another_job_is_refused_with_what_differs(tmp_path: Path) -> None:
    model, attachment = attached()
    job = train(model, attachment, rows_of(12), [], CONFIG)
    next(job)
    since = job.checkpoint()
    with pytest.raises(TrainingError, match=r"different settings \(learning_rate, seed\)"):
        train(model, attachment, rows_of(12), [], replace(CONFIG, learning_rate=1.0, seed=1), since=since)
    with pytest.raises(TrainingError, match=r"started with 12 rows of .* now there are 11"):
        train(model, attachment, rows_of(11), [], CONFIG, since=since)
    damaged = tmp_path / "checkpoint"
    since.save(damaged)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"checkpoint cannot be read .* start a new run"):
        load_checkpoint(damaged)


def measures(monkeypatch: pytest.MonkeyPatch, *losses: float) -> None:
    told = iter(losses)
    monkeypatch.setattr(Training, "_measure", lambda _self: next(told))


def test_training_ends_early_when_the_held_out_loss_stays_above_its_lowest(monkeypatch: pytest.MonkeyPatch) -> None:
    measures(monkeypatch, 3.0, 2.0, 2.1, 1.9, 2.0, 1.9)
    model, attachment = attached()
    at_best: list[torch.Tensor] = []
    steps: list[Step] = []
    for step in train(
        model, attachment, rows_of(12), rows_of(2), replace(CONFIG, eval_steps=1, early_stopping_patience=2)
    ):
        steps.append(step)
        if step.step == 3:
            at_best = trainable_parameters(attachment)
    assert [step.step for step in steps] == [0, 1, 2, 3, 4, 5]
    assert steps[-1].note == (
        "Early stopping: 2 held-out losses in a row were not lower than the 1.900 of step 3. The vectors of "
        "step 3 are kept, which had the lowest held-out loss."
    )
    assert torch.equal(attachment.parameter, at_best[0])


def test_a_job_kept_behind_its_early_end_takes_no_further_step(monkeypatch: pytest.MonkeyPatch) -> None:
    measures(monkeypatch, 3.0, 2.0, 2.1)
    model, attachment = attached()
    config = replace(CONFIG, eval_steps=1, early_stopping_patience=1)
    job = train(model, attachment, rows_of(12), rows_of(2), config)
    assert [step.step for step in job] == [0, 1, 2]
    kept = trainable_parameters(attachment)[0]
    model, attachment = attached()
    assert list(train(model, attachment, rows_of(12), rows_of(2), config, since=job.checkpoint())) == []
    assert torch.equal(attachment.parameter, kept)


@pytest.mark.parametrize("keep_best", [True, False])
def test_the_numbers_of_the_lowest_held_out_loss_are_kept_at_the_end(
    monkeypatch: pytest.MonkeyPatch, keep_best: bool
) -> None:
    measures(monkeypatch, 3.0, 2.0, 2.5, 2.5)
    model, attachment = attached()
    numbers = {}
    for step in train(model, attachment, rows_of(12), rows_of(2), replace(CONFIG, max_steps=6, keep_best=keep_best)):
        numbers[step.step] = trainable_parameters(attachment)[0]
    assert torch.equal(attachment.parameter, numbers[2]) == keep_best
    assert (step.note is not None) == keep_best


class ShortOfMemory(CausalLoss):
    """A loss that has no room for more than so many tokens in a forward pass."""

    def __init__(self, model: Any, room: int) -> None:
        super().__init__(model)
        self.room = room
        self.largest = 0

    def backward(self, rows: Sequence[TokenRow], batch: Sequence[TokenRow], budget: int, scale: float = 1.0) -> float:
        share = super().backward(rows, batch, budget, scale)  # leaves a gradient behind, as a failure half-way does
        self._require_room(rows, budget)
        return share

    def measure(self, rows: Sequence[TokenRow], batch: Sequence[TokenRow], budget: int) -> Iterator[float]:
        self._require_room(rows, budget)
        yield from super().measure(rows, batch, budget)

    def _require_room(self, rows: Sequence[TokenRow], budget: int) -> None:
        largest = max(sum(map(self.size, group)) for group in self.micro_batches(rows, budget))
        if largest > self.room:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
        self.largest = max(self.largest, largest)


def test_when_memory_runs_out_forward_passes_become_smaller_and_nothing_else_changes() -> None:
    rows, held_out = rows_of(12), rows_of(4, seed=9)
    config = replace(CONFIG, epochs=1, backward_dtype="float32")
    model, attachment = attached()
    plain = list(train(model, attachment, rows, held_out, config))
    expected = attachment.parameter.detach().clone()

    model, attachment = attached()
    objective = ShortOfMemory(model, 24)
    steps = list(train(model, attachment, rows, held_out, config, objective=objective))
    assert [step.loss for step in steps[1:]] == pytest.approx([step.loss for step in plain[1:]], rel=1e-5)
    torch.testing.assert_close(attachment.parameter, torch.nn.Parameter(expected), rtol=1e-4, atol=1e-5)
    assert 0 < objective.largest <= 24
    assert re.fullmatch(r"Out of memory; forward passes are limited to \d+ tokens from here on.", steps[0].note or "")


def test_a_row_that_is_too_large_alone_ends_the_job_with_a_way_out() -> None:
    model, attachment = attached()
    with pytest.raises(
        RowMemoryError, match=r"Out of memory at step .* even with one row at a time .* lower the max length"
    ):
        list(train(model, attachment, rows_of(4), [], CONFIG, objective=ShortOfMemory(model, 3)))


def test_another_error_of_the_device_is_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    model, attachment = attached()
    job = train(model, attachment, rows_of(4), [], CONFIG)
    monkeypatch.setattr(MeanLoss, "backward", lambda *_asked, **_options: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        list(job)


def test_a_job_asked_to_stop_does_not_measure_on() -> None:
    model, attachment = attached()
    passes = 0

    class Counted(CausalLoss):
        def measure(self, rows: Sequence[TokenRow], batch: Sequence[TokenRow], budget: int) -> Iterator[float]:
            nonlocal passes
            for share in super().measure(rows, batch, budget):
                passes += 1
                yield share

    config = replace(CONFIG, micro_batch_tokens=1)
    job = train(model, attachment, rows_of(4), rows_of(9), config, objective=Counted(model),
                is_stopping=lambda: passes >= 3)  # fmt: skip
    assert next(job).held_out is None
    assert passes == 3


@pytest.mark.parametrize(
    ("config", "held_out", "sentence"),
    [(TrainConfig(learning_rate=10, max_steps=1), 1, "learning rate 10 moves every scale"),
     (TrainConfig(learning_rate=1e-4, max_steps=1), 1, "0.0001 suits LoRA"),
     (TrainConfig(batch_size=64, max_steps=1), 1, "batch size 64 is larger than the 6 training rows"),
     (TrainConfig(early_stopping_patience=1, max_steps=1), 0, "early stopping has no effect")],
)  # fmt: skip
def test_a_setting_that_is_most_likely_wrong_is_said_before_the_first_step(
    config: TrainConfig, held_out: int, sentence: str
) -> None:
    model, attachment = attached()
    first = next(train(model, attachment, rows_of(6), rows_of(held_out), config))
    assert sentence in (first.note or "") and first.step == 0


def test_settings_in_the_usual_range_raise_no_eyebrow() -> None:
    assert TrainConfig().warnings(200, 20) == ()
    assert math.isclose(TrainConfig().learning_rate, 1e-2)


def test_held_out_rows_without_a_label_are_measured_as_nothing() -> None:
    """Nor does the first pass over none but such rows say what the loss is so far."""
    model, attachment = attached()
    held_out = rows_of(3, seed=9)
    empty = [replace(row, labels=(-100,) * len(row.labels)) for row in rows_of(2, seed=3)]
    told: list[float | None] = []

    def look() -> bool:
        told.append(job.measuring.loss if job.measuring else None)
        return False

    job = train(model, attachment, rows_of(4), [*empty, *held_out], replace(CONFIG, micro_batch_tokens=1),
                is_stopping=look)  # fmt: skip
    measured = next(job).held_out
    model, attachment = attached()
    assert measured == pytest.approx(next(train(model, attachment, rows_of(4), held_out, CONFIG)).held_out, rel=1e-5)
    assert None in told and told[-1] == pytest.approx(measured, rel=1e-5)
