"""Preference tuning: TRL's losses, one packed pass, the base model as the reference, and a resume without a trace."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.errors import TrainingError
from ia3_studio.method import attach, discover
from ia3_studio.training import TrainConfig
from ia3_studio.training.batches import label_count
from ia3_studio.training.checkpoint import load_checkpoint
from ia3_studio.training.evaluation import finish
from ia3_studio.training.objectives import objective_for
from ia3_studio.training.preference_evaluation import evaluate_preferences
from ia3_studio.training.preference_loss import PairScores, dpo_losses, ipo_losses, kto_distance, kto_losses
from ia3_studio.training.preference_objective import PairObjective
from ia3_studio.training.train import train
from tests.families import tiny_model
from tests.training.preferences import judged_of, pairs_of

QUICK = TrainConfig(
    learning_rate=3e-2, batch_size=4, epochs=2, eval_steps=3, micro_batch_tokens=64, backward_dtype="float32"
)


def attached(family: str = "llama", sites: str = "paper") -> tuple[Any, Any]:
    model = tiny_model(family)
    tree = discover(model)
    return model, attach(model, tree.select(sites) if sites == "paper" else tree.choose(sites))


def moved(attachment: Any, seed: int = 1) -> None:
    """Move the vectors away from the base model."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        attachment.parameter.add_(0.3 * torch.randn(attachment.parameter.shape, generator=generator))


def alone(model: Any, row: Any) -> torch.Tensor:
    """Return the summed log probability of a row's label tokens, by the model's own forward pass."""
    logits = model(input_ids=torch.tensor([row.input_ids])).logits[0, :-1].float()
    return -F.cross_entropy(logits, torch.tensor(row.labels[1:]), ignore_index=-100, reduction="sum")


# ------------------------------------------------------------------------------------------------ TRL as the oracle
class Accelerator:
    """One process, as TRL asks for it."""

    device = torch.device("cpu")

    @staticmethod
    def gather(values: torch.Tensor) -> torch.Tensor:
        return values

    gather_for_metrics = gather
    unwrap_model = gather


def trl_loss(per_token: torch.Tensor, mask: torch.Tensor, reference: torch.Tensor, **settings: Any) -> float:
    """Return what TRL's DPOTrainer makes of log probabilities per token, (2 · pairs, tokens)."""
    from trl import DPOTrainer

    pairs = len(mask) // 2
    zeros = torch.zeros_like(per_token)
    outputs = SimpleNamespace(
        log_probs=per_token, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool(), log_sum_sq_probs=zeros
    )

    def model(**_inputs: Any) -> Any:
        return outputs

    model.training = True  # type: ignore[attr-defined]
    usual = {"loss_types": ["sigmoid"], "loss_weights": [1.0], "beta": 0.1, "label_smoothing": 0.0}
    trainer = SimpleNamespace(
        accelerator=Accelerator(), model=model, aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=True,
        f_divergence_type="reverse_kl", use_weighting=False, _total_train_tokens=0, _tp_size=1,
        _metrics=defaultdict(lambda: defaultdict(list)), **{**usual, **settings},
    )  # fmt: skip
    inputs = {
        "input_ids": torch.ones_like(mask), "attention_mask": torch.ones_like(mask), "completion_mask": mask,
        "ref_chosen_logps": reference[:pairs], "ref_rejected_logps": reference[pairs:],
    }  # fmt: skip
    return float(DPOTrainer._compute_loss(trainer, model, inputs, False))


def drawn(pairs: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, PairScores]:
    """Return log probabilities per token, their mask, the reference's sums, and all of it as scores of pairs."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.ones(2 * pairs, 9, dtype=torch.long)
    mask[:, :3] = 0
    for row in range(2 * pairs):
        mask[row, 9 - row % 4 :] = 0
    per_token = -3 * torch.rand(2 * pairs, 8, generator=generator) * mask[:, 1:]
    reference = per_token.sum(1) + torch.randn(2 * pairs, generator=generator)
    tokens = mask.sum(1)
    sums = per_token.sum(1)
    scores = PairScores(*sums.split(pairs), *reference.split(pairs), *tokens.split(pairs))
    return per_token, mask, reference, scores


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.0])
def test_dpo_is_the_loss_of_trl(beta: float) -> None:
    per_token, mask, reference, scores = drawn()
    expected = trl_loss(per_token, mask, reference, beta=beta)
    assert float(dpo_losses(scores, beta).mean()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.4])
def test_label_smoothing_is_that_of_trl_pair_by_pair(label_smoothing: float) -> None:
    """TRL smooths labels so in its loss "aot", which is DPO's where a batch is one pair."""
    for seed in range(4):
        per_token, mask, reference, scores = drawn(pairs=1, seed=seed)
        expected = trl_loss(per_token, mask, reference, loss_types=["aot"], label_smoothing=label_smoothing)
        assert float(dpo_losses(scores, 0.1, label_smoothing)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_ipo_is_the_loss_of_trl(beta: float) -> None:
    per_token, mask, reference, scores = drawn()
    expected = trl_loss(per_token, mask, reference, loss_types=["ipo"], beta=beta)
    assert float(ipo_losses(scores, beta).mean()) == pytest.approx(expected, abs=1e-6)


def test_the_sft_share_is_that_of_trl() -> None:
    per_token, mask, reference, scores = drawn()
    expected = trl_loss(per_token, mask, reference, loss_types=["sigmoid", "sft"], loss_weights=[1.0, 0.3])
    sft = -scores.chosen.sum() / scores.chosen_tokens.sum()
    assert float(dpo_losses(scores, 0.1).mean() + 0.3 * sft) == pytest.approx(expected, abs=1e-6)


def trl_kto(ratios: torch.Tensor, desirable: torch.Tensor, others: torch.Tensor, **settings: Any) -> float:
    """Return what TRL's KTOTrainer makes of log ratios of answers, and of answers to other prompts."""
    from trl import KTOTrainer

    count = len(ratios)
    outputs = SimpleNamespace(
        log_probs=ratios[:, None], entropy=torch.zeros(count, 1), mean_logits=torch.zeros(count, 1),
        is_top1=torch.zeros(count, 1).bool(),
    )  # fmt: skip

    def model(**_inputs: Any) -> Any:
        return outputs

    model.training = True  # type: ignore[attr-defined]
    trainer = SimpleNamespace(
        accelerator=Accelerator(), model=model, aux_loss_enabled=False, precompute_ref_logps=True, calculate_KL=True,
        loss_type="kto", _total_train_tokens=0, _tp_size=1, _metrics=defaultdict(lambda: defaultdict(list)),
        _compute_kl_logps=lambda _model, _batch: others, **settings,
    )  # fmt: skip
    mask = torch.tensor([[0, 1]] * count)
    inputs = {
        "input_ids": torch.ones_like(mask), "attention_mask": torch.ones_like(mask), "completion_mask": mask,
        "label": desirable, "ref_logps": torch.zeros(count), "ref_KL_logps": torch.zeros(count),
    }  # fmt: skip
    return float(KTOTrainer._compute_loss(trainer, model, inputs, False))


@pytest.mark.parametrize("shift", [-2.0, 2.0])
def test_kto_is_the_loss_of_trl(shift: float) -> None:
    generator = torch.Generator().manual_seed(3)
    ratios, others = (torch.randn(7, generator=generator) + shift for _ in range(2))
    desirable = torch.tensor([True, False, True, True, False, True, False])
    settings = {"beta": 0.2, "desirable_weight": 1.0, "undesirable_weight": 1.3}
    found = kto_losses(ratios, desirable, kto_distance(others), **settings).mean()
    assert float(found) == pytest.approx(trl_kto(ratios, desirable, others, **settings), abs=1e-6)


# ------------------------------------------------------------------------------------------------------- one pass
def expected_gradient(model: Any, attachment: Any, rows: list[Any], config: TrainConfig) -> tuple[float, torch.Tensor]:
    """Return loss and gradient by separate passes over each answer, without packing or a split head."""
    pairs = [row for row in rows if isinstance(row, PairRow)]
    with torch.no_grad(), attachment.strengths(0):
        reference = {id(row): [alone(model, each) for each in _answers(row)] for row in rows}
    scores = {id(row): [alone(model, each) for each in _answers(row)] for row in rows}
    ratios = torch.stack([torch.stack(scores[id(row)]) - torch.stack(reference[id(row)]) for row in rows])
    if pairs:
        tokens = torch.tensor([[label_count([side]) for side in row.sides] for row in pairs])
        zero = torch.zeros(len(rows))
        each = PairScores(ratios[:, 0], ratios[:, 1], zero, zero, tokens[:, 0], tokens[:, 1])
        losses = (
            ipo_losses(each, config.beta) if config.loss_type == "ipo"
            else dpo_losses(each, config.beta, config.label_smoothing)
        )  # fmt: skip
        chosen = torch.stack([scores[id(row)][0] for row in rows])
        loss = losses.mean() - config.sft_weight * chosen.sum() / tokens[:, 0].sum()
    else:
        desirable = torch.tensor([row.desirable for row in rows])
        weights = config.desirable_weight, config.undesirable_weight
        loss = kto_losses(ratios[:, 0], desirable, kto_distance(ratios[:, 1]), config.beta, *weights).mean()
    (gradient,) = torch.autograd.grad(loss, attachment.parameter)
    return loss.item(), gradient


def _answers(row: PairRow | JudgedRow) -> tuple[Any, Any]:
    return row.sides if isinstance(row, PairRow) else (row.answer, row.mismatched)


SETTINGS = {
    "dpo": replace(QUICK, beta=0.4),
    "smoothed, with an SFT share": replace(QUICK, beta=0.4, label_smoothing=0.2, sft_weight=0.5),
    "ipo": replace(QUICK, loss_type="ipo", beta=0.4),
    "kto": replace(QUICK, beta=0.4, undesirable_weight=0.7),
}


@pytest.mark.parametrize("family", ["llama", "gpt2", "opt"])
@pytest.mark.parametrize("name", SETTINGS)
def test_one_packed_pass_is_separate_passes(name: str, family: str) -> None:
    config = SETTINGS[name]
    rows: list[Any] = list(judged_of(6) if name == "kto" else pairs_of(6))
    model, attachment = attached(family)
    moved(attachment)
    expected, gradient = expected_gradient(model, attachment, rows, config)
    objective = objective_for(model, attachment, rows, config)
    for budget in (16, 10_000):
        attachment.parameter.grad = None
        assert objective.backward(rows, rows, budget) == pytest.approx(expected, abs=1e-5)
        torch.testing.assert_close(attachment.parameter.grad, gradient, rtol=1e-3, atol=1e-6)
        assert sum(objective.measure(rows, rows, budget)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["dpo", "kto"])
def test_shares_of_several_processes_are_the_whole(name: str) -> None:
    rows: list[Any] = list(judged_of(7) if name == "kto" else pairs_of(7))
    model, attachment = attached()
    moved(attachment)
    objective = objective_for(model, attachment, rows, SETTINGS[name])
    whole = objective.backward(rows, rows, 500)
    gradient = attachment.parameter.grad.clone()
    attachment.parameter.grad = None
    shares = [objective.backward(rows[rank::2], rows, 500) for rank in range(2)]
    assert sum(shares) == pytest.approx(whole, abs=1e-6)
    torch.testing.assert_close(attachment.parameter.grad, gradient, rtol=1e-4, atol=1e-7)


def test_a_pair_runs_its_prompt_once() -> None:
    rows = pairs_of(4)
    model, attachment = attached()
    objective = objective_for(model, attachment, rows, QUICK)
    list(objective.measure(rows, rows, 1000))  # the base model's numbers are known
    lengths: list[int] = []
    handle = model.get_input_embeddings().register_forward_hook(lambda _m, args, _out: lengths.append(args[0].numel()))
    list(objective.measure(rows, rows, 1000))
    handle.remove()
    prompts = [next(place for place, label in enumerate(row.labels) if label != -100) - 1 for row in rows]
    both = sum(objective.size(row) for row in rows)
    assert lengths == [both - sum(prompts)]


# ------------------------------------------------------------------------------------- the base model as the reference
@pytest.mark.parametrize(("name", "loss"), [("dpo", math.log(2)), ("ipo", 1.25**2), ("kto", 0.5 * (4 + 0.7 * 2) / 6)])
def test_before_the_first_step_rewards_are_0_and_the_loss_is_known(name: str, loss: float) -> None:
    config = replace(SETTINGS[name], max_steps=1)
    rows: list[Any] = list(judged_of(6) if name == "kto" else pairs_of(6))
    model, attachment = attached()
    first, second = train(model, attachment, rows, rows, config)
    assert first.held_out == pytest.approx(loss, abs=1e-6) and first.chosen_reward is None
    assert (first.held_out_chosen_reward, first.held_out_rejected_reward) == (0, 0)
    assert second.chosen_reward == pytest.approx(0, abs=1e-5)


def test_training_prefers_the_chosen_answers() -> None:
    rows = pairs_of(12)
    model, attachment = attached()
    steps = list(train(model, attachment, rows, rows, replace(QUICK, epochs=20, learning_rate=0.2, beta=0.5)))
    assert steps[-1].held_out is not None and steps[-1].held_out < 0.6
    assert steps[-1].held_out_reward_accuracy == 1
    assert (steps[-1].held_out_chosen_reward or 0) > (steps[-1].held_out_rejected_reward or 0) + 0.25
    found = finish(evaluate_preferences(model, attachment, rows, beta=0.5))
    accuracy, margin, reward, bias = found.measures
    assert accuracy.tuned > accuracy.base and margin.tuned > margin.base and reward.base == 0
    assert reward.tuned == pytest.approx(
        (steps[-1].held_out_chosen_reward or 0) - (steps[-1].held_out_rejected_reward or 0), abs=1e-3
    )
    assert bias.name == "Length bias" and found.changes[0].tuned > found.changes[0].base


def test_training_separates_labeled_answers() -> None:
    rows = judged_of(12)
    model, attachment = attached()
    list(train(model, attachment, rows, rows, replace(QUICK, epochs=20, learning_rate=0.2, beta=0.5)))
    accuracy, reward, *others = finish(evaluate_preferences(model, attachment, rows, beta=0.5)).measures
    assert accuracy.tuned > accuracy.base and reward.tuned > 0.3
    assert [(each.better, each.tuned > each.base) for each in others] == [("higher", True), ("lower", False)]


def test_the_base_model_is_asked_once_for_each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, held_out = pairs_of(8), pairs_of(2, seed=9)
    model, attachment = attached()
    objective = PairObjective(model, attachment, QUICK)
    asked: list[Any] = []

    def noted(given: Any) -> Any:
        asked.extend(given)
        return objective.loss.row_losses(given)

    monkeypatch.setattr(objective.reference, "_loss", SimpleNamespace(row_losses=noted, model=model))
    list(train(model, attachment, rows, held_out, replace(QUICK, epochs=3), objective=objective))
    assert len(asked) == len({row.input_ids for row in asked}) == 2 * (8 + 2)


# -------------------------------------------------------------------------------------------------------- resume
@pytest.mark.parametrize("name", ["dpo", "kto"])
def test_a_resumed_job_continues_as_if_it_had_not_been_interrupted(name: str, tmp_path: Path) -> None:
    config = replace(SETTINGS[name], epochs=3)
    rows: list[Any] = list(judged_of(10) if name == "kto" else pairs_of(10))
    held_out: list[Any] = list(judged_of(3, seed=5) if name == "kto" else pairs_of(3, seed=5))
    whole = list(train(*attached(), rows, held_out, config))
    job = train(*attached(), rows, held_out, config)
    before = [next(job) for _step in range(3)]  # in the first epoch: not all answers are known
    job.checkpoint().save(tmp_path / "state.safetensors")
    job.close()
    since = load_checkpoint(tmp_path / "state.safetensors")
    after = list(train(*attached(), rows, held_out, config, since=since))

    def plain(step: Any) -> Any:
        return replace(step, seconds=0.0, tokens_per_second=None)

    assert list(map(plain, (*before, *after))) == list(map(plain, whole))
    assert len(since.objective["reference_rows"]) >= 2 * 3 + 4


def test_settings_out_of_range_are_named() -> None:
    for settings, named in (({"beta": 0.0}, "beta"), ({"label_smoothing": 0.5}, "label_smoothing"),
                            ({"sft_weight": -1.0}, "sft_weight"), ({"loss_type": "hinge"}, "loss_type")):  # fmt: skip
        with pytest.raises(TrainingError, match=named):
            TrainConfig(**settings)  # type: ignore[arg-type]
