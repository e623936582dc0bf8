"""Training: the loss is the mean over label tokens, the gradients are the reference's, the runs repeat."""

from __future__ import annotations

import copy
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import peft
import pytest
import torch
import transformers as hf

from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import TrainingError
from ia3_studio.method import Attachment, Selection, attach, discover, scaling
from ia3_studio.method.product import rescale
from ia3_studio.training import Step, TrainConfig
from ia3_studio.training.batches import batches, batches_by_length, micro_batches, pad
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.schedule import learning_rate, total_steps
from ia3_studio.training.train import train
from tests.families import CAUSAL, SMALL, tiny_model
from tests.training.rows import rows_of


def prepared(family: str = "llama", preset: str = "paper") -> tuple[Any, Attachment]:
    model = tiny_model(family)
    return model, attach(model, discover(model).select(preset))


def one_by_one(model: Any, rows: list[TokenRow]) -> torch.Tensor:
    """Return the reference: transformers' own loss of each row alone, weighted by its label tokens."""
    summed, count = torch.zeros(()), 0
    for row in rows:
        ids, labels = pad([row], torch.device("cpu"))
        here = int((labels[:, 1:] != -100).sum())
        summed = summed + model(input_ids=ids, labels=labels).loss * here
        count += here
    return summed / count


def gradient(model: Any, attachment: Attachment, rows: list[TokenRow], budget: int) -> tuple[float, torch.Tensor]:
    attachment.parameter.grad = None
    loss = CausalLoss(model)
    total = sum(label != -100 for row in rows for label in row.labels[1:])
    summed = sum(loss.group_backward(group, total) for group in loss.micro_batches(rows, budget))
    assert attachment.parameter.grad is not None
    return summed / total, attachment.parameter.grad


@pytest.mark.parametrize("prompt", [(), (7, 8, 9, 10)], ids=["nothing shared", "a prompt shared"])
@pytest.mark.parametrize("budget", [1, 60, 10_000])
@pytest.mark.parametrize("family", CAUSAL)
def test_any_micro_batch_gives_the_gradient_of_one_row_at_a_time(
    family: str, budget: int, prompt: tuple[int, ...]
) -> None:
    model, attachment = prepared(family)
    untrained = (-100,) * len(prompt)
    rows = [TokenRow(prompt + row.input_ids, untrained + row.labels, row.row, False) for row in rows_of(8)]
    reference = one_by_one(model, rows)
    reference.backward()
    expected = attachment.parameter.grad.clone()  # type: ignore[union-attr]
    loss, found = gradient(model, attachment, rows, budget)
    assert loss == pytest.approx(reference.item(), rel=1e-5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_a_soft_cap_on_the_logits_is_part_of_the_loss() -> None:
    config = hf.Gemma2Config(
        **SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8, final_logit_softcapping=0.5
    )
    torch.manual_seed(0)
    model = hf.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    attachment = attach(model, discover(model).select("paper"))
    rows = rows_of(4)
    reference = one_by_one(model, rows)
    reference.backward()
    expected = attachment.parameter.grad.clone()
    loss, found = gradient(model, attachment, rows, 60)
    assert loss == pytest.approx(reference.item(), rel=1e-5)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("side_by_side", ["lm_head", "lm_head and k_proj"])
def test_a_site_on_the_head_is_trained_too(side_by_side: str) -> None:
    model = tiny_model("llama")
    tree = discover(model)
    attachment = attach(model, Selection(tree.match(*side_by_side.split(" and "))))
    rows = rows_of(4)
    one_by_one(model, rows).backward()
    expected = attachment.parameter.grad.clone()  # type: ignore[union-attr]
    _loss, found = gradient(model, attachment, rows, 10_000)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def test_a_run_equals_peft_trained_by_a_plain_loop() -> None:
    model, attachment = prepared()
    config = TrainConfig(epochs=3, batch_size=4, learning_rate=1e-2, seed=3, backward_dtype="float32")
    rows = rows_of(12)
    ours = [step.loss for step in train(model, attachment, rows, [], config)][1:]

    twin = peft.get_peft_model(tiny_model("llama"), peft.IA3Config(
        target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]))  # fmt: skip
    parameters = [parameter for parameter in twin.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.0)
    order = [batch for epoch in range(3) for batch in batches(len(rows), 4, 3, epoch)]
    theirs = []
    for number, batch in enumerate(order, start=1):
        loss = one_by_one(twin, [rows[row] for row in batch])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, config.max_grad_norm)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(number, len(order), config)
        optimizer.step()
        optimizer.zero_grad()
        theirs.append(loss.item())

    assert ours == pytest.approx(theirs, rel=1e-4)
    assert ours[-1] < ours[0]  # type: ignore[operator]


def steps_of(config: TrainConfig, held_out: int = 4, family: str = "llama") -> list[Step]:
    model, attachment = prepared(family)
    return list(train(model, attachment, rows_of(12), rows_of(held_out, seed=9), config))


def same(step: Step) -> tuple[Any, ...]:
    return step.step, step.loss, step.held_out, step.learning_rate, step.grad_norm, step.tokens


def test_a_seed_gives_the_same_run_again() -> None:
    config = TrainConfig(epochs=2, batch_size=4, seed=7)
    assert [same(step) for step in steps_of(config)] == [same(step) for step in steps_of(config)]


def test_another_seed_gives_another_order() -> None:
    first, second = (steps_of(TrainConfig(epochs=1, batch_size=4, seed=seed)) for seed in (1, 2))
    assert [step.loss for step in first] != [step.loss for step in second]


def test_step_0_is_the_base_model_and_the_last_step_is_measured() -> None:
    model, attachment = prepared()
    rows, held_out = rows_of(12), rows_of(4, seed=9)
    base = one_by_one(model, held_out).item()
    steps = list(train(model, attachment, rows, held_out, TrainConfig(epochs=2, batch_size=4, eval_steps=4)))
    assert (steps[0].step, steps[0].loss, steps[0].held_out) == (0, None, pytest.approx(base, rel=1e-5))
    assert [step.step for step in steps if step.held_out is not None] == [0, 4, 6]
    assert steps[-1].held_out == pytest.approx(one_by_one(model, held_out).item(), rel=1e-5)
    assert (steps[-1].epoch, steps[-1].total_steps) == (2.0, 6)
    assert steps[-1].tokens == 2 * sum(len(row.input_ids) for row in rows)


def test_training_on_what_is_measured_lowers_the_measure() -> None:
    model, attachment = prepared()
    rows = rows_of(4)
    steps = list(train(model, attachment, rows, rows, TrainConfig(epochs=20, batch_size=4, learning_rate=5e-2)))
    assert steps[-1].held_out < steps[0].held_out - 0.01  # type: ignore[operator]


def test_training_changes_no_weight_of_the_model() -> None:
    model, attachment = prepared()
    weights = {name: value.clone() for name, value in model.state_dict().items() if name != "ia3_scales"}
    list(train(model, attachment, rows_of(8), [], TrainConfig(epochs=1)))
    assert all(torch.equal(model.state_dict()[name], value) for name, value in weights.items())


def test_closing_the_generator_keeps_what_was_learned() -> None:
    model, attachment = prepared()
    steps = train(model, attachment, rows_of(12), [], TrainConfig(epochs=5, batch_size=4))
    for _ in range(3):
        next(steps)
    learned = attachment.adapter().vector
    steps.close()  # type: ignore[attr-defined]
    assert torch.equal(attachment.parameter, learned) and not torch.equal(learned, torch.ones_like(learned))


def test_a_loss_that_is_no_number_stops_with_the_last_good_vectors() -> None:
    model, attachment = prepared()
    steps = train(model, attachment, rows_of(12), [], TrainConfig(epochs=5))
    learned = [(next(steps), attachment.adapter().vector)[1] for _ in range(4)][-2]  # the last that gave a number
    model.model.norm.register_forward_hook(lambda _module, _given, hidden: hidden * float("nan"))
    with pytest.raises(TrainingError, match=r"The loss at step \d+ is NaN or infinite.*Lower the learning rate"):
        list(steps)
    assert torch.equal(attachment.parameter, learned) and not torch.equal(learned, torch.ones_like(learned))


def test_the_pull_goes_towards_one_and_never_towards_zero() -> None:
    def distance(decay_to_one: float) -> float:
        model, attachment = prepared()
        list(train(model, attachment, rows_of(12), [], TrainConfig(epochs=5, decay_to_one=decay_to_one)))
        return float((attachment.adapter().vector - 1).abs().mean())

    assert distance(60.0) < 0.5 * distance(0.0)


def masked() -> Any:
    return tiny_model("bert")


def two_sided() -> Any:
    config = copy.deepcopy(tiny_model("bert").config)
    return hf.BertLMHeadModel(config).eval()


@pytest.mark.parametrize(
    ("build", "sentence"),
    [(lambda: tiny_model("t5"), "not a causal language model"), (masked, "attend to later tokens"),
     (two_sided, "attend to later tokens")],
)  # fmt: skip
def test_a_model_that_is_not_causal_is_refused_before_the_first_step(build: Callable[[], Any], sentence: str) -> None:
    model = build()
    attachment = attach(model, discover(model).select("paper"))
    with pytest.raises(TrainingError, match=sentence):
        train(model, attachment, rows_of(4), [], TrainConfig())


def test_data_without_labels_is_refused_with_its_row() -> None:
    model, attachment = prepared()
    rows = [*rows_of(2), TokenRow((1, 2, 3), (-100, -100, -100), 17, False)]
    with pytest.raises(TrainingError, match="Row 17 has no trained token"):
        train(model, attachment, rows, [], TrainConfig())
    with pytest.raises(TrainingError, match="no training rows"):
        train(model, attachment, [], [], TrainConfig())


def test_every_row_stands_in_exactly_one_batch_of_an_epoch() -> None:
    lengths = [len(row.input_ids) for row in rows_of(300)]
    for deal in (lambda epoch: batches(300, 8, 1, epoch), lambda epoch: batches_by_length(lengths, 8, 1, epoch)):
        assert sorted(row for batch in deal(0) for row in batch) == list(range(300))
        assert deal(0) == deal(0) != deal(1)


def test_batches_of_similar_length_waste_less_padding_than_random_ones() -> None:
    lengths = [len(row.input_ids) for row in rows_of(300)]

    def padded(epoch: list[list[int]]) -> int:
        return sum(max(lengths[row] for row in batch) * len(batch) for batch in epoch)

    in_order = [list(range(start, min(start + 8, 300))) for start in range(0, 300, 8)]
    assert padded(batches_by_length(lengths, 8, seed=1, epoch=0)) < 0.8 * padded(in_order)


def test_a_micro_batch_stays_within_its_budget_of_tokens() -> None:
    padded, packed = (list(micro_batches(rows_of(50), 64, padded=padded)) for padded in (True, False))
    assert all(max(len(row.input_ids) for row in group) * len(group) <= 64 for group in padded)
    assert all(sum(len(row.input_ids) for row in group) <= 64 for group in packed)
    assert sum(map(len, padded)) == sum(map(len, packed)) == 50 and len(packed) <= len(padded)


def test_the_rate_rises_to_its_peak_and_falls_to_the_last_step() -> None:
    config = TrainConfig(learning_rate=1.0, warmup_ratio=0.2)
    rates = [learning_rate(step, 10, config) for step in range(1, 11)]
    assert rates[:3] == [0.5, 1.0, 1.0] and rates[-1] == pytest.approx(1 / 8)
    assert all(earlier > later for earlier, later in itertools.pairwise(rates[2:]))


@pytest.mark.parametrize(("epochs", "most", "steps"), [(2, None, 50), (0.5, None, 12), (2, 7, 7), (0.001, None, 1)])
def test_epochs_and_the_step_limit_give_the_number_of_steps(epochs: float, most: int | None, steps: int) -> None:
    assert total_steps(200, TrainConfig(epochs=epochs, max_steps=most)) == steps


@pytest.mark.parametrize("field", ["learning_rate", "epochs", "batch_size", "max_grad_norm", "max_length"])
def test_a_setting_that_makes_no_sense_is_named(field: str) -> None:
    with pytest.raises(TrainingError, match=f"{field} is 0; it must be greater than 0"):
        TrainConfig(**{field: 0})  # type: ignore[arg-type]


def test_a_model_with_damaged_weights_is_named_before_the_first_step() -> None:
    model, attachment = prepared()
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[0, 0] = float("nan")
    with pytest.raises(TrainingError, match="NaN or infinite logits for a plain row: its weights are damaged"):
        train(model, attachment, rows_of(4), rows_of(2), TrainConfig(max_steps=2))


def test_a_last_step_that_ruins_the_vectors_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    model, attachment = prepared()
    measured = iter([2.0, 1.9, float("nan")])
    monkeypatch.setattr("ia3_studio.training.job.Training._measure", lambda _self: next(measured))
    seen: list[torch.Tensor] = []
    with pytest.raises(TrainingError, match=r"The loss at step 2 is NaN or infinite \(held-out loss nan"):
        for _step in train(model, attachment, rows_of(8), rows_of(2), TrainConfig(max_steps=2, eval_steps=1)):
            seen.append(attachment.parameter.detach().clone())
    assert attachment.parameter.equal(seen[-1])


def test_the_page_on_the_architecture_lists_the_calls_that_a_real_batch_goes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []

    def watched(*given: Any) -> torch.Tensor:
        frame: FrameType | None = sys._getframe(1)
        found = ["method.product:rescale"]
        while frame:
            module, name = frame.f_globals["__name__"], frame.f_code.co_qualname
            if module.startswith("ia3_studio."):
                found.append(f"{module.removeprefix('ia3_studio.')}:{name}")
            frame = frame.f_back
        calls.extend([] if calls else reversed(found))
        return rescale(*given)

    model, attachment = prepared()
    steps = train(model, attachment, rows_of(8), [], TrainConfig(batch_size=8, max_steps=1))
    next(steps)
    monkeypatch.setattr(scaling, "rescale", watched)
    next(steps)
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = next(part for part in page.split("\n\n") if part.startswith("`training.job:Training.__next__` →"))
    assert re.findall(r"`(.+?)`", listed) == calls
