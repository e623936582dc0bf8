"""Questions with choices: T-Few's losses, its optimizer, its ranking, and how a few rows are drawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers.optimization import Adafactor

from ia3_studio.data.choices import ChoiceExample, ChoiceRow, tokenize_choices
from ia3_studio.data.few_shot import draw, draw_per_class
from ia3_studio.errors import DataError, TrainingError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.training.choice_model import Pair, choice_model
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.objectives import objective_for
from ia3_studio.training.optimizers import make_optimizer, take_step
from ia3_studio.training.presets import PRESETS, preset
from ia3_studio.training.ranking import Accuracy, accuracy, choice_scores, compare
from ia3_studio.training.schedule import total_steps
from ia3_studio.training.tfew_loss import ChoiceObjective, LossWeights
from ia3_studio.training.train import train
from ia3_studio.training.train_choices import train_choices
from ia3_studio.training.trainable_parameters import TrainableParameters
from tests.families import tiny_model
from tests.tiny_chat import tiny_tokenizer

FAMILIES = ("llama", "gpt2", "t5", "t5_gated")


def questions(count: int, seed: int = 0) -> list[ChoiceRow]:
    """Return questions of 2 to 9 tokens with 2 to 4 choices of 1 to 5 tokens."""
    generator = random.Random(seed)

    def tokens(least: int, most: int) -> tuple[int, ...]:
        return tuple(generator.randint(3, 96) for _ in range(generator.randint(least, most)))

    rows = []
    for number in range(count):
        choices = tuple(tokens(1, 5) for _ in range(generator.randint(2, 4)))
        rows.append(ChoiceRow(tokens(2, 9), choices, generator.randrange(len(choices)), number + 1))
    return rows


def prepared(family: str, double: bool = False) -> tuple[Any, Attachment]:
    model = tiny_model(family)
    if double:
        model = model.double()
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():  # away from ones, so that every vector matters
        attachment.parameter.mul_(1 + 0.2 * torch.randn(attachment.parameter.shape, generator=seeded(1)))
    return model, attachment


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def log_p(model: Any, row: ChoiceRow, choice: tuple[int, ...]) -> Tensor:
    """Return log p of each token of one choice, by the model's plain forward pass on it alone."""
    prompt = torch.tensor([row.prompt])
    if model.config.is_encoder_decoder:
        start = torch.tensor([[model.config.decoder_start_token_id, *choice[:-1]]])
        logits = model(input_ids=prompt, decoder_input_ids=start).logits[0]
    else:
        logits = model(torch.tensor([row.prompt + choice])).logits[0, len(row.prompt) - 1 : -1]
    return logits.log_softmax(-1)[range(len(choice)), list(choice)]


def reference(model: Any, rows: list[ChoiceRow], weights: LossWeights) -> Tensor:
    """Return T-Few's loss as the paper writes it, one choice after the other."""
    right, wrong, ranked = [], [], []
    for row in rows:
        each = [log_p(model, row, choice) for choice in row.choices]
        right.append(each[row.answer])
        wrong += [tokens for place, tokens in enumerate(each) if place != row.answer]
        beta = torch.stack([tokens.sum() / len(tokens) ** weights.length_power for tokens in each])
        ranked.append(-torch.log(torch.exp(beta[row.answer]) / torch.exp(beta).sum()))
    l_lm = -torch.cat(right).mean()
    l_ul = -torch.log(1 - torch.exp(torch.cat(wrong)) + 1e-2).mean()
    l_ln = torch.stack(ranked).mean()
    return weights.lm * l_lm + weights.unlikelihood * l_ul + weights.length_normalized * l_ln


ALL = LossWeights()
UNEVEN = LossWeights(0.5, 2.0, 3.0, 0.7)
RIGHT_ONLY = LossWeights(1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("family", "double"), [*((family, True) for family in FAMILIES), ("llama", False), ("t5", False)]
)
def test_the_losses_and_their_gradient_are_those_of_the_formula(family: str, double: bool) -> None:
    model, attachment = prepared(family, double)
    rows = questions(3)
    for weights in (ALL, UNEVEN, RIGHT_ONLY):
        expected = reference(model, rows, weights)
        (gradient,) = torch.autograd.grad(expected, attachment.parameter)
        loss = ChoiceObjective(choice_model(model), weights)
        found = loss.backward(rows, rows, 1024)
        assert found == pytest.approx(expected.item(), rel=0 if double else 1e-6, abs=1e-6)
        assert sum(loss.measure(rows, rows, 1024)) == pytest.approx(
            expected.item(), rel=0 if double else 1e-6, abs=1e-6
        )
        torch.testing.assert_close(attachment.parameter.grad, gradient, rtol=1e-4, atol=1e-6)
        attachment.parameter.grad = None


class Watched:
    """A model of choices that notes the tokens of each forward pass of more than one pair."""

    def __init__(self, model: Any) -> None:
        self.inner = choice_model(model)
        self.device = self.inner.device
        self.tokens = self.inner.tokens
        self.passes: list[int] = []

    def nll(self, pairs: Sequence[Pair], width: int) -> Tensor:
        self.passes.append(self.tokens(pairs) if len(pairs) > 1 else 0)
        return self.inner.nll(pairs, width)


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_any_budget_gives_the_gradient_of_the_whole_batch(family: str) -> None:
    model, attachment = prepared(family)
    rows = questions(4)
    (expected,) = torch.autograd.grad(reference(model, rows, ALL), attachment.parameter)
    for budget in (1, 25, 60):  # one choice at a time, some of a question's choices, some questions
        watched = Watched(model)
        ChoiceObjective(watched, ALL).backward(rows, rows, budget)
        assert max(watched.passes) <= budget
        torch.testing.assert_close(attachment.parameter.grad, expected, rtol=1e-4, atol=1e-6)
        attachment.parameter.grad = None


def test_the_encoder_reads_a_question_once_for_all_its_choices() -> None:
    model, _attachment = prepared("t5")
    rows = questions(3)
    read: list[int] = []
    handle = model.get_encoder().register_forward_hook(lambda _m, _a, result: read.append(len(result[0])))
    ChoiceObjective(choice_model(model), ALL).backward(rows, rows, 10_000)
    handle.remove()
    assert read == [3]


def test_backward_products_are_rounded_where_that_is_asked_for_and_the_loss_is_exact() -> None:
    model, attachment = prepared("llama")
    rows, found = questions(4), {}
    for backward in ("float32", "bfloat16"):
        objective = objective_for(model, attachment, rows, TrainConfig(backward_dtype=backward))  # type: ignore[arg-type]
        loss = objective.backward(rows, rows, 1024)
        found[backward] = loss, attachment.parameter.grad.clone()
        attachment.parameter.grad = None
    (loss, gradient), (same, rounded) = found.values()
    assert loss == same and not torch.equal(gradient, rounded)
    assert (gradient - rounded).norm() < 1e-2 * gradient.norm()


def test_a_causal_model_reads_a_question_once_for_all_its_choices() -> None:
    model, _attachment = prepared("llama")
    rows = questions(3)
    read: list[tuple[int, ...]] = []
    handle = model.get_input_embeddings().register_forward_hook(lambda _m, _a, result: read.append(tuple(result.shape)))
    objective = ChoiceObjective(choice_model(model), ALL)
    read.clear()  # of the model's trials
    objective.backward(rows, rows, 10_000)
    handle.remove()
    once = sum(len(row.prompt) + sum(map(len, row.choices)) for row in rows)
    assert [shape[:2] for shape in read] == [(1, once)]


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_ranking_equals_scoring_one_choice_at_a_time(family: str) -> None:
    model, attachment = prepared(family)
    rows = questions(6)
    with torch.no_grad():
        expected = [[-float(log_p(model, row, choice).mean()) for choice in row.choices] for row in rows]
    for budget in (1, 50, 10_000):
        found = choice_scores(model, rows, budget)
        assert [list(each) for each in found] == [pytest.approx(each, rel=1e-5) for each in expected]
    right = sum(each.index(min(each)) == row.answer for each, row in zip(expected, rows, strict=True))
    assert accuracy(choice_scores(model, rows), rows) == Accuracy(right, 6)
    attachment.detach()
    base = accuracy(choice_scores(model, rows), rows)
    again = attach(model, attachment.selection)
    again.load(attachment.adapter())
    both = compare(again, rows)
    assert (both.base, both.tuned) == (base, Accuracy(right, 6))


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert Accuracy(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert Accuracy(0, 20).interval == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert str(Accuracy(3, 4)).startswith("75.0% (3 of 4; 95 % interval 30.1% to")


def test_adafactor_takes_the_steps_of_t_few() -> None:
    _model, attachment = prepared("llama")
    config = TrainConfig(optimizer="adafactor", learning_rate=0.3)
    start = attachment.parameter.detach().clone()
    sizes = [site.size for site in attachment.selection]
    # T-Few keeps each vector as a (size, 1) matrix of its own.
    columns = [torch.nn.Parameter(part[:, None].clone()) for part in start.split(sizes)]
    theirs = Adafactor(columns, lr=0.3, scale_parameter=True, relative_step=False, warmup_init=False)
    ours = make_optimizer(TrainableParameters(attachment), config)
    plain, second = start.double(), torch.zeros_like(start, dtype=torch.float64)
    for step in range(1, 15):  # past the 1/√step at which another implementation lowers the rate
        gradient = torch.randn(start.shape, generator=seeded(step)) * 10.0 ** -(step % 5)
        attachment.parameter.grad = gradient.clone()
        take_step(ours, attachment.parameter, 0.3, 0.0)
        for column, part in zip(columns, gradient.split(sizes), strict=True):
            column.grad = part[:, None].clone()
        theirs.step()
        second += (gradient.double() ** 2 + 1e-30 - second) * step**-0.8
        updates = (gradient.double() / second.sqrt()).split(sizes)
        plain = torch.cat(
            [
                vector - 0.3 * max(1e-3, float(rms(vector))) * update / max(1.0, float(rms(update)))
                for vector, update in zip(plain.split(sizes), updates, strict=True)
            ]
        )
    assert attachment.parameter.grad is None
    torch.testing.assert_close(attachment.parameter.detach(), plain.float(), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(attachment.parameter.detach(), torch.cat(columns)[:, 0].detach(), rtol=1e-5, atol=1e-6)


def rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()


def test_training_on_whole_answers_follows_the_chosen_optimizer() -> None:
    from tests.training.rows import rows_of

    learned = []
    for optimizer in ("adamw", "adafactor"):
        model, attachment = prepared("llama")
        config = TrainConfig(epochs=1, optimizer=optimizer, learning_rate=3e-2)  # type: ignore[arg-type]
        steps = list(train(model, attachment, rows_of(8), rows_of(8), config))
        assert steps[-1].held_out < steps[0].held_out  # type: ignore[operator]
        learned.append(attachment.parameter.detach().clone())
    assert not torch.allclose(learned[0], learned[1], atol=1e-4)
    with pytest.raises(TrainingError, match=r"optimizer is 'sgd'.*adamw.*adafactor"):
        TrainConfig(optimizer="sgd")  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
def test_decay_goes_towards_one_with_both_optimizers(optimizer: str) -> None:
    _model, attachment = prepared("llama")
    start = attachment.parameter.detach().clone()
    config = TrainConfig(optimizer=optimizer, learning_rate=0.1)  # type: ignore[arg-type]
    attachment.parameter.grad = torch.zeros_like(start)
    take_step(make_optimizer(TrainableParameters(attachment), config), attachment.parameter, 0.1, 2.0)
    torch.testing.assert_close(attachment.parameter.detach(), start - 0.1 * 2.0 * (start - 1))


def test_training_on_choices_is_pulled_towards_one() -> None:
    far = []
    for decay_to_one in (0.0, 60.0):
        model, attachment = prepared("llama")
        list(
            train_choices(
                model, attachment, questions(4), [], TrainConfig(epochs=5, batch_size=4, decay_to_one=decay_to_one)
            )
        )
        far.append(float((attachment.parameter.detach() - 1).abs().mean()))
    assert far[1] < 0.5 * far[0]


def toy(count: int, seed: int) -> list[ChoiceRow]:
    """Return questions whose mark, token 5 or 6, says which of two choices is right."""
    generator = random.Random(seed)
    rows = []
    for number in range(count):
        answer = generator.randrange(2)
        prompt = (*(generator.randint(20, 90) for _ in range(3)), 5 + answer)
        rows.append(ChoiceRow(prompt, ((7, 2), (8, 9, 2)), answer, number + 1))
    return rows


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_tiny_model_learns_to_rank(family: str) -> None:
    model = tiny_model(family)
    attachment = attach(model, discover(model).choose("key,value,feed-forward,query,output"))
    config = TrainConfig(learning_rate=0.2, epochs=15, batch_size=16, optimizer="adafactor", eval_steps=30)
    steps = list(train_choices(model, attachment, toy(32, 1), toy(40, 2), config))
    result = compare(attachment, toy(40, 2))
    assert steps[-1].held_out < steps[0].held_out  # type: ignore[operator]
    assert result.tuned.right >= 36 and result.base.right < 30


def test_training_on_choices_repeats_by_its_seed_and_changes_no_weight() -> None:
    config = TrainConfig(epochs=2, batch_size=4, seed=7)
    runs = []
    for _ in range(2):
        model, attachment = prepared("t5")
        before = {name: value.clone() for name, value in model.state_dict().items() if name != "ia3_scales"}
        steps = list(train_choices(model, attachment, questions(10), questions(3, 5), config))
        assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
        runs.append([(step.loss, step.held_out, step.grad_norm, step.tokens) for step in steps])
    assert runs[0] == runs[1]
    assert [values[1] is None for values in runs[0]] == [False, *[True] * 5, False]
    assert runs[0][-1][3] == 2 * sum(len(row.prompt) + sum(map(len, row.choices)) for row in questions(10))


def test_a_loss_on_choices_that_is_no_number_gives_back_the_last_good_vectors() -> None:
    model, attachment = prepared("gpt2")
    before = attachment.parameter.detach().clone()
    config = TrainConfig(learning_rate=1e30, warmup_ratio=0.0, epochs=3, batch_size=2)
    with pytest.raises(TrainingError, match=r"The loss at step \d+ is NaN or infinite.*Lower the learning rate"):
        list(train_choices(model, attachment, questions(4), [], config))
    assert torch.equal(attachment.parameter, before)
    with pytest.raises(TrainingError, match="no training rows with choices"):
        train_choices(model, attachment, [], [], config)


@pytest.mark.parametrize("weights", [(0.0, 0.0, 0.0), (1.0, -1.0, 1.0)])
def test_loss_weights_that_make_no_sense_are_refused(weights: tuple[float, float, float]) -> None:
    with pytest.raises(TrainingError, match="all must be 0 or more, and at least one above 0"):
        LossWeights(*weights)


def test_a_model_that_cannot_rank_is_refused() -> None:
    with pytest.raises(TrainingError, match="attend to later tokens"):
        choice_scores(tiny_model("bert"), questions(2))
    headless = tiny_model("t5")
    headless.config.decoder_start_token_id = None
    with pytest.raises(TrainingError, match="no decoder start token"):
        choice_scores(headless, questions(2))


def test_a_few_rows_are_drawn_the_same_way_by_the_same_seed() -> None:
    rows = toy(60, 3)
    split = draw(rows, 32, 42)
    assert split == draw(rows, 32, 42) and split.drawn != draw(rows, 32, 1024).drawn
    assert (split.seed, len(set(split.drawn)), len(split.others)) == (42, 32, 28)
    assert {row.row for row in split.rows + split.others} == {row.row for row in rows}
    even = draw_per_class(rows, 5, 0)
    assert even == draw_per_class(rows, 5, 0) and even.drawn != draw_per_class(rows, 5, 1).drawn
    assert sorted(row.answer for row in even.rows) == [0] * 5 + [1] * 5
    with pytest.raises(DataError, match="61 rows were requested but there are 60"):
        draw(rows, 61, 0)
    with pytest.raises(DataError, match=r"55 rows of class 0 were requested"):
        draw_per_class(rows, 55, 0)


def test_a_copy_of_a_drawn_row_is_not_measured() -> None:
    (row, *others) = toy(12, 3)
    rows = [*others, *(replace(row, row=100 + place) for place in range(30))]
    split = draw(rows, 8, 42)
    assert any(each.row >= 100 for each in split.rows) and not any(each.row >= 100 for each in split.others)


SEA = ChoiceExample(3, "Where is the fog?", ("On the sea.", "At home, in bed."), 1)


def test_a_causal_model_reads_question_and_choice_as_its_chat_template_writes_them() -> None:
    tokenizer = tiny_tokenizer()
    (row,) = tokenize_choices([SEA], tokenizer, 200).rows
    for tokens, choice in zip(row.choices, SEA.choices, strict=True):
        turns = [{"role": "user", "content": SEA.prompt}, {"role": "assistant", "content": choice}]
        whole = tokenizer.apply_chat_template(turns, tokenize=False).rstrip("\n")
        assert tokenizer.decode(row.prompt + tokens) == whole
        assert tokenizer.decode(tokens) == f"{choice}<|im_end|>"
    assert (row.answer, row.row, row.truncated) == (1, 3, False)


def test_a_question_that_is_too_long_loses_its_beginning_or_for_an_encoder_its_end() -> None:
    tokenizer = tiny_tokenizer()
    whole = tokenize_choices([SEA], tokenizer, 200).rows[0]
    found = tokenize_choices([SEA], tokenizer, 40)
    (row,) = found.rows
    longest = max(len(choice) for choice in row.choices)
    assert (row.prompt, row.choices, found.truncated) == (whole.prompt[longest - 40 :], whole.choices, (3,))
    read = tokenize_choices([SEA], tokenizer, 200, encoder_decoder=True).rows[0]
    short = tokenize_choices([SEA], tokenizer, 22, encoder_decoder=True).rows[0]
    assert tokenizer.decode(read.prompt) == SEA.prompt
    room = 22 - len(SEA.choices[1])
    assert short.prompt == (*read.prompt[: room - 1], read.prompt[-1]) and short.truncated


def test_questions_that_cannot_be_used_are_named_with_their_rows() -> None:
    bad = [
        ChoiceExample(4, "Q", ("a", "a"), 0),
        ChoiceExample(5, "Q", ("a", "b"), 2),
        ChoiceExample(6, "Q", ("a", " "), 0),
        ChoiceExample(7, "Q", ("a", "b" * 90), 0),
    ]
    found = tokenize_choices([SEA, *bad], tiny_tokenizer(), 80)
    assert [problem.row for problem in found.problems] == [4, 5, 6, 7]
    reasons = " | ".join(problem.reason for problem in found.problems)
    for words in ("two different choices", "answer 2 is not one of the 2 choices", "is empty", "leaves no room"):
        assert words in reasons
    with pytest.raises(DataError, match="None of the 1 questions is usable; row 4"):
        tokenize_choices(bad[:1], tiny_tokenizer(), 80)


def test_every_preset_says_what_it_rests_on() -> None:
    assert all(each.evidence.endswith(".") and preset(each.name) is each for each in PRESETS)
    paper = preset("paper").config
    assert (paper.learning_rate, paper.optimizer, paper.max_length) == (3e-3, "adafactor", 256)
    assert (paper.warmup_ratio, paper.max_grad_norm, paper.decay_to_one) == (0.06, 1.0, 0.0)
    assert total_steps(32, paper) == total_steps(5000, paper) == 1000
    classifier = preset("small-classifier").config  # what benchmarks/quality.py found for MiniLM
    assert (classifier.learning_rate, classifier.batch_size, classifier.epochs) == (3e-2, 16, 2.0)
    with pytest.raises(TrainingError, match="Unknown preset 'papers'; did you mean paper"):
        preset("papers")


def test_a_trainer_of_choices_can_be_probed() -> None:
    from ia3_studio.training.rate_probe import rate_trials

    model, attachment = prepared("t5")
    trainer = partial(train_choices, model, attachment, questions(8), questions(8))
    assert len(list(rate_trials(attachment, trainer, TrainConfig(), rates=(1e-2, 3e-2), steps=2))) == 2
