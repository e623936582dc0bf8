"""Sorting texts and labeling words: losses and gradients are transformers' own, new heads are trained and saved."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf

from ia3_studio.data.example import Example
from ia3_studio.data.labels import LabelRow, Labels, TagRow, labels_of, tokenize_labels
from ia3_studio.errors import DataError, ModelError, TrainingError
from ia3_studio.method import Adapter, discover, load_adapter
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.classifier import load_classifier
from ia3_studio.training import TrainConfig
from ia3_studio.training.class_loss import ClassLoss, TagLoss, padded
from ia3_studio.training.train import train
from tests.families import FAMILIES, SMALL
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer

ENCODERS: dict[str, Any] = {
    "bert": (hf.BertForSequenceClassification, hf.BertConfig),
    "roberta": (hf.RobertaForSequenceClassification, hf.RobertaConfig),
    "llama": (hf.LlamaForSequenceClassification, hf.LlamaConfig),
}
PROBLEMS = {"single": "single_label_classification", "multi": "multi_label_classification", "number": "regression"}


def classifier(family: str, kind: str) -> tuple[Any, HeadedAttachment]:
    cls, config = ENCODERS[family]
    torch.manual_seed(0)
    model = cls(config(**SMALL, intermediate_size=48, pad_token_id=0, num_labels=1 if kind == "number" else 3,
                       problem_type=PROBLEMS[kind])).eval().requires_grad_(False)  # fmt: skip
    head = "score" if family == "llama" else "classifier"
    return model, HeadedAttachment(model, discover(model).select("paper"), [head])


def label_rows(kind: str, count: int = 6) -> list[LabelRow]:
    draw = random.Random(3)
    rows = []
    for number in range(count):
        ids = tuple(draw.randint(3, 96) for _ in range(draw.randint(3, 12)))
        targets = {"single": (float(draw.randrange(3)),), "multi": tuple(float(draw.randrange(2)) for _ in range(3)),
                   "number": (draw.random(),)}[kind]  # fmt: skip
        rows.append(LabelRow(ids, (), targets, number + 1))
    return rows


def learned(attachment: HeadedAttachment) -> list[torch.Tensor]:
    found = [attachment.parameter, *attachment.heads.parameters()]
    return [parameter.grad.clone() for parameter in found if parameter.grad is not None]


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("family", ENCODERS)
def test_any_micro_batch_gives_the_loss_and_gradient_of_transformers_on_the_whole_batch(family: str, kind: str) -> None:
    rows = label_rows(kind)
    model, attachment = classifier(family, kind)
    for parameter in attachment.heads.parameters():
        parameter.requires_grad_()
    labels = torch.tensor([row.targets for row in rows])
    whole = model(**padded(rows, model), labels=labels[:, 0].long() if kind == "single" else labels)
    whole.loss.backward()
    expected = learned(attachment)
    for budget in (1, 30, 10_000):
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.grad = None
        objective = ClassLoss(model)
        assert objective.backward(rows, rows, budget) == pytest.approx(whole.loss.item(), rel=1e-5)
        for found, wanted in zip(learned(attachment), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)
        assert sum(objective.measure(rows, rows, budget)) == pytest.approx(whole.loss.item(), rel=1e-5)
    torch.testing.assert_close(ClassLoss(model).scores(rows, 30), whole.logits.detach(), rtol=1e-4, atol=1e-5)


def test_words_are_learned_at_their_first_token_as_transformers_does() -> None:
    torch.manual_seed(0)
    config = hf.BertConfig(**SMALL, intermediate_size=48, num_labels=4)
    model = hf.BertForTokenClassification(config).eval().requires_grad_(False)
    attachment = HeadedAttachment(model, discover(model).select("paper"), ["classifier"])
    rows = [TagRow((5, 6, 7, 8, 9), (-100, 1, -100, 3, -100), 1), TagRow((5, 9, 4), (-100, 2, -100), 2)]
    labels = torch.tensor([[-100, 1, -100, 3, -100], [-100, 2, -100, -100, -100]])
    whole = model(**padded(rows, model), labels=labels)
    whole.loss.backward()
    expected = attachment.parameter.grad.clone()  # type: ignore[union-attr]
    attachment.parameter.grad = None
    objective = TagLoss(model)
    assert objective.backward(rows, rows, 4) == pytest.approx(whole.loss.item(), rel=1e-5)
    torch.testing.assert_close(attachment.parameter.grad, expected, rtol=1e-4, atol=1e-6)
    assert TagLoss(model).scores(rows, 4).shape == (3, 4)


LETTERS = (
    Example(1, text="a lamp", labels=("light",)), Example(2, text="a tide", labels=("water",)),
    Example(3, text="the beam", labels=("light",)), Example(4, text="the ebb", labels=("water",)),
)  # fmt: skip


def bare_bert(folder: Path) -> Path:
    torch.manual_seed(0)
    hf.BertModel(FAMILIES["bert"]()[1]).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_trained_classifier_is_the_same_in_peft(family: str, tmp_path: Path) -> None:
    folder = bare_bert(tmp_path / "base") if family == "bert" else save_tiny_chat(tmp_path / "base")
    labels = labels_of(LETTERS, "single")
    loaded = load_classifier(str(folder), labels.names)
    rows = tokenize_labels(LETTERS, labels, loaded.tokenizer, 16).rows
    attachment = HeadedAttachment(loaded.model, discover(loaded.model).select("paper"), loaded.modules_to_save)
    steps = list(train(loaded.model, attachment, rows, rows, TrainConfig(epochs=30, batch_size=4, learning_rate=3e-2)))
    assert steps[-1].held_out < steps[0].held_out - 5e-4  # type: ignore[operator]
    scores = ClassLoss(loaded.model).scores(rows)
    attachment.adapter({"task_type": "SEQ_CLS", "labels": labels.to_json()}).save(tmp_path / "adapter")

    theirs = peft.PeftModel.from_pretrained(load_classifier(str(folder), labels.names).model, tmp_path / "adapter")
    torch.testing.assert_close(theirs(**padded(rows, theirs)).logits, ClassLoss(loaded.model).scores(rows))
    again = load_classifier(str(folder), labels.names, seed=9)
    load_adapter(again.model, tmp_path / "adapter")
    torch.testing.assert_close(ClassLoss(again.model).scores(rows), scores)
    kept = Labels.from_json(Adapter.load(tmp_path / "adapter").metadata["labels"])
    assert kept == labels and kept.names == ("light", "water")


def test_a_new_head_is_drawn_by_the_seed_and_one_for_the_same_labels_is_kept(tmp_path: Path) -> None:
    folder, labels = bare_bert(tmp_path / "base"), labels_of(LETTERS, "single")
    first, same, other = (load_classifier(str(folder), labels.names, seed=seed).model for seed in (1, 1, 2))
    assert torch.equal(first.classifier.weight, same.classifier.weight)
    assert not torch.equal(first.classifier.weight, other.classifier.weight)
    first.save_pretrained(tmp_path / "trained")
    tiny_tokenizer().save_pretrained(tmp_path / "trained")
    kept = load_classifier(str(tmp_path / "trained"), labels.names, seed=5)
    assert torch.equal(kept.model.classifier.weight, first.classifier.weight) and kept.modules_to_save == (
        "classifier",
    )
    renamed = load_classifier(str(tmp_path / "trained"), ["yes", "no"], seed=5)
    assert not torch.equal(renamed.model.classifier.weight, first.classifier.weight)
    larger = load_classifier(str(tmp_path / "trained"), ["a", "b", "c"])
    assert larger.model.classifier.weight.shape == (3, 32)


def test_what_cannot_be_a_classifier_says_so(tmp_path: Path) -> None:
    torch.manual_seed(0)
    hf.MambaForCausalLM(
        hf.MambaConfig(hidden_size=16, num_hidden_layers=1, state_size=4, vocab_size=97)
    ).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="has no class to classify texts with a model of the type 'mamba'"):
        load_classifier(str(tmp_path), ["a", "b"])
    with pytest.raises(TrainingError, match="does not define its problem type"):
        ClassLoss(hf.BertForSequenceClassification(FAMILIES["bert"]()[1]))


def test_labels_never_learned_are_left_out_and_labels_of_one_kind_are_refused() -> None:
    labels = labels_of(LETTERS, "single")
    found = tokenize_labels([*LETTERS, Example(9, text="x", labels=("fog",))], labels, tiny_tokenizer(), 16)
    assert len(found.rows) == 4
    assert [(each.row, each.reason) for each in found.problems] == [(9, "no training row has its label 'fog'")]
    with pytest.raises(DataError, match="needs at least two different labels, but the only label is 'light'"):
        labels_of(LETTERS[:1], "single")
    many = [Example(number, text="x", labels=(f"text {number}",)) for number in range(1001)]
    with pytest.raises(DataError, match="1,001 different labels, too many for classes"):
        labels_of(many, "single")
    with pytest.raises(DataError, match="label of row 2 is 'high', but the others are numbers"):
        labels_of([Example(1, text="x", labels=("0.5",)), Example(2, text="x", labels=("high",))], "number")


def test_a_pair_of_texts_and_the_words_of_a_text_become_tokens() -> None:
    tokenizer = tiny_tokenizer()
    pair = Example(1, text="ab", second="cd", labels=("yes",))
    labels = Labels("multi", ("no", "yes"))
    (row,) = tokenize_labels([pair], labels, tokenizer, 16).rows
    assert isinstance(row, LabelRow) and tokenizer.decode(row.input_ids) == "abcd" and row.targets == (0.0, 1.0)
    words = Example(2, words=("ab", "c"), labels=("N", "V"))
    (tagged,) = tokenize_labels([words], Labels("single", ("N", "V"), of_words=True), tokenizer, 16).rows
    assert isinstance(tagged, TagRow) and [label for label in tagged.labels if label != -100] == [0, 1]
    (short,) = tokenize_labels([words], Labels("single", ("N", "V"), of_words=True), tokenizer, 2).rows
    assert short.truncated
