"""Base beside tuned on one model: the base is the bare model bit for bit, and vectors of ones gain nothing."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.neutral import neutral_texts
from ia3_studio.data.tokens import TokenRow, prompt_ids
from ia3_studio.errors import DataError, TrainingError
from ia3_studio.insight.verdict import verdict
from ia3_studio.method import Attachment, Selection, attach, discover
from ia3_studio.tasks.evaluation import evaluate_chat
from ia3_studio.training import TrainConfig
from ia3_studio.training import loss as loss_module
from ia3_studio.training.batches import label_count
from ia3_studio.training.evaluation import (
    Progress,
    evaluate_choices,
    evaluate_generation,
    evaluate_language,
    finish,
    measure_forgetting,
    neutral_rows,
)
from ia3_studio.training.generation import answer_both, prompts_of
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.metrics import rouge_l
from ia3_studio.training.ranking import compare
from ia3_studio.training.train import train
from tests.families import CAUSAL, tiny_model
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer


def rows_of(count: int, seed: int = 0, prompt: tuple[int, ...] = ()) -> list[TokenRow]:
    generator = random.Random(seed)
    rows = []
    for number in range(count):
        answer = tuple(generator.randint(3, 96) for _ in range(generator.randint(2, 14)))
        rows.append(TokenRow(prompt + answer, (-100,) * len(prompt) + answer, number + 1, False))
    return rows


def prepared(family: str = "llama", changed: bool = True) -> tuple[Any, Attachment]:
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("paper"))
    if changed:
        randomized(attachment)
    return model, attachment


@pytest.mark.parametrize("prompt", [(), (7, 8, 9)], ids=["nothing shared", "a prompt shared"])
@pytest.mark.parametrize("family", CAUSAL)
def test_a_rows_loss_is_what_it_loses_alone(family: str, prompt: tuple[int, ...]) -> None:
    model, _attachment = prepared(family)
    loss, rows = CausalLoss(model), rows_of(6, prompt=prompt)
    assert loss.row_losses(rows) == pytest.approx([loss.group_loss([row]) for row in rows], rel=1e-4)


def test_a_rows_loss_goes_through_what_the_model_does_to_its_logits() -> None:
    model, _attachment = prepared()
    loss, rows = CausalLoss(model), rows_of(3)
    loss._plain = False
    assert loss.row_losses(rows) == pytest.approx([loss.group_loss([row]) for row in rows], rel=1e-5)


def test_the_base_model_is_the_bare_model_bit_for_bit_and_the_tuned_one_is_as_it_trains() -> None:
    rows = rows_of(8)
    bare = CausalLoss(tiny_model("llama")).row_losses(rows)
    model, attachment = prepared()
    tuned = CausalLoss(model).row_losses(rows)
    labels = label_count(rows)
    loss, _perplexity = finish(evaluate_language(model, attachment, rows, budget=10_000)).measures
    assert loss.base == sum(sorted_like(rows, bare)) / labels
    assert loss.tuned == pytest.approx(sum(tuned) / labels, rel=1e-6) and loss.tuned != loss.base
    assert CausalLoss(model).row_losses(rows) == tuned  # left as it was


def sorted_like(rows: list[TokenRow], losses: list[float]) -> list[float]:
    """Return the losses of one pass over the rows in the order in which they are laid out, longest first."""
    model = tiny_model("llama")
    (group,) = CausalLoss(model).micro_batches(rows, 10_000)
    found = dict(zip(group, CausalLoss(model).row_losses(group), strict=True))
    assert [found[row] for row in rows] == pytest.approx(losses, rel=1e-5)
    return [found[row] for row in rows]


def test_vectors_of_ones_have_no_gain_and_forget_nothing() -> None:
    model, attachment = prepared(changed=False)
    held_out = finish(evaluate_language(model, attachment, rows_of(8)))
    forgetting = finish(measure_forgetting(model, tiny_tokenizer(), attachment, budget=4096))
    assert [measure.difference for measure in (*held_out.measures, *forgetting.measures)] == [0, 0, 0, 0]
    assert (verdict(held_out, forgetting).kind, verdict(held_out, forgetting).forgets) == ("no gain", False)


def test_training_on_what_is_measured_is_a_gain_and_the_opposite_is_a_loss() -> None:
    model, attachment = prepared(changed=False)
    rows = rows_of(8)
    list(train(model, attachment, rows, [], TrainConfig(epochs=20, batch_size=8, learning_rate=5e-2)))
    assert verdict(finish(evaluate_language(model, attachment, rows))).kind == "gain"
    with torch.no_grad():
        attachment.parameter.copy_(2 - attachment.parameter)
    assert verdict(finish(evaluate_language(model, attachment, rows))).kind == "loss"


def test_the_program_in_the_docs_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    model, attachment = prepared(changed=False)
    exec(program, {"model": model, "attachment": attachment, "rows": rows_of(8), "tokenizer": tiny_tokenizer()})
    assert capsys.readouterr().out.startswith("No gain. Loss stayed at ")


def test_it_is_told_how_far_the_work_is_and_nothing_is_switched_off_meanwhile() -> None:
    model, attachment = prepared()
    rows = [*rows_of(5), rows_of(5)[0], TokenRow((1, 2), (-100, -100), 7, False)]
    tuned = CausalLoss(model).row_losses(rows[:1])
    steps = []
    for step in evaluate_language(model, attachment, rows, budget=20):
        assert CausalLoss(model).row_losses(rows[:1]) == tuned  # between yields the model is the tuned one
        steps.append(step)
    assert steps[-1] == Progress(12, 12) and len(steps) > 4
    assert [step.done for step in steps] == sorted({step.done for step in steps})


def test_rows_that_cannot_be_measured_are_refused_in_a_sentence() -> None:
    model, attachment = prepared()
    with pytest.raises(TrainingError, match="None of the 1 held-out rows has an answer token"):
        finish(evaluate_language(model, attachment, [TokenRow((1, 2), (-100, -100), 1, False)]))
    with torch.no_grad():
        attachment.parameter.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"The loss of row \d is NaN or infinite .* lower learning rate"):
        finish(evaluate_language(model, attachment, rows_of(3)))


def test_forgetting_is_the_loss_on_the_projects_own_text() -> None:
    model = tiny_model("llama")
    attachment = attach(model, Selection(discover(model).match("lm_head")))
    with torch.no_grad():  # a model that is far too sure of what it says at random
        attachment.parameter.fill_(9.0)
    found = finish(measure_forgetting(model, tiny_tokenizer(), attachment, budget=4096))
    assert (found.task, found.rows) == ("forgetting", 60)
    assert found.measures[0].difference > 0.05
    assert verdict(found, found).forgets


def test_the_end_of_a_neutral_text_is_no_label_for_any_chat_data_changes_how_texts_end() -> None:
    tokenizer = tiny_tokenizer()
    rows = neutral_rows(tokenizer, 10_000)
    assert tokenizer.decode(rows[0].input_ids) == neutral_texts()[0].text
    assert all(tokenizer.eos_token_id not in row.labels and row.labels[1:] == row.input_ids[1:] for row in rows)
    assert all(len(row.input_ids) == 9 and row.truncated for row in neutral_rows(tokenizer, 9))


def examples(count: int) -> list[Example]:
    return [
        Example(number + 1, (Message("user", f"say {'a' * number}"), Message("assistant", "light")))
        for number in range(count)
    ]


def alone(model: Any, tokenizer: Any, ids: tuple[int, ...], tokens: int) -> str:
    found = model.generate(
        input_ids=torch.tensor([ids]), max_new_tokens=tokens, do_sample=False, pad_token_id=2, eos_token_id=2
    )[0]
    return str(
        tokenizer.decode(found if model.config.is_encoder_decoder else found[len(ids) :], skip_special_tokens=True)
    ).rstrip()


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5", "mixtral"])
def test_both_models_answer_in_one_batch_what_each_answers_alone(family: str) -> None:
    model, attachment = prepared(family)
    with torch.no_grad():
        attachment.parameter.mul_(3.0)
    tokenizer = tiny_tokenizer()
    prompts = [prompt.ids for prompt in prompts_of(model, tokenizer, examples(3), 6)]
    with attachment.disabled():
        base = [alone(model, tokenizer, ids, 6) for ids in prompts]
    tuned = [alone(model, tokenizer, ids, 6) for ids in prompts]
    assert base != tuned
    assert answer_both(model, tokenizer, attachment, prompts, 6) == list(zip(base, tuned, strict=True))


def test_generation_is_measured_against_the_answers_given_up_to_a_limit() -> None:
    model, attachment = prepared()
    tokenizer = tiny_tokenizer()
    wanted = examples(5)
    ids = prompt_ids(wanted[1].messages[:-1], tokenizer)
    with attachment.disabled():
        said = alone(model, tokenizer, ids, 6)
    wanted[1] = Example(2, (wanted[1].messages[0], Message("assistant", said)))
    work = evaluate_generation(model, tokenizer, attachment, wanted, max_new_tokens=6, batch_rows=2, limit=3)
    steps = [next(work), next(work)]
    found = finish(work)
    assert steps == [Progress(4, 6), Progress(6, 6)] and found.rows == 3
    rouge, exact = found.measures
    assert exact.base >= 1 / 3 and rouge.base >= rouge_l(said, said) / 3


@pytest.mark.parametrize(
    ("example", "tokens", "sentence"),
    [
        (Example(4, text="plain"), 6, "Row 4 does not end with an answer"),
        (Example(5, (Message("user", "a"), Message("assistant", "b"))), 200, "the model has 128 positions"),
    ],
)
def test_an_example_that_cannot_be_answered_is_named(example: Example, tokens: int, sentence: str) -> None:
    model, attachment = prepared()
    with pytest.raises(DataError, match=sentence):
        finish(evaluate_generation(model, tiny_tokenizer(), attachment, [example], max_new_tokens=tokens))
    with pytest.raises(TrainingError, match="no example"):
        finish(evaluate_generation(model, tiny_tokenizer(), attachment, []))


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_rank_accuracy_is_the_comparisons_and_each_interval_is_wilsons(family: str) -> None:
    _model, attachment = prepared(family)
    generator = random.Random(3)
    rows = [
        ChoiceRow((5, 6, number + 7), ((generator.randint(3, 96),), (generator.randint(3, 96), 4)), number % 2, number)
        for number in range(10)
    ]
    (measure,) = evaluate_choices(attachment, rows).measures
    wanted = compare(attachment, rows)
    assert (measure.base, measure.tuned) == (wanted.base.share, wanted.tuned.share)
    assert (measure.base_interval, measure.tuned_interval) == (wanted.base.interval, wanted.tuned.interval)


def test_what_is_tried_on_a_model_is_tried_once_for_both_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    class Counted(CausalLoss):
        def __init__(self, model: Any) -> None:
            tried.append(model)
            super().__init__(model)

    monkeypatch.setattr(loss_module, "CausalLoss", Counted)
    model, attachment = prepared()
    measured = finish(evaluate_chat(model, tiny_tokenizer(), attachment, rows_of(6), 4096))
    assert tried == [model] and measured.forgetting is not None
