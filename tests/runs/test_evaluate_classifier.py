"""A classifier's run: outputs of base and tuned model become the measures of their kind of labels."""

from __future__ import annotations

import random

import pytest
import torch
import transformers as hf

from ia3_studio.data.labels import Labels, TagRow
from ia3_studio.errors import DataError
from ia3_studio.insight.verdict import verdict
from ia3_studio.method import discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.tasks.evaluation import evaluate_classifier
from ia3_studio.training import TrainConfig
from ia3_studio.training.class_loss import ClassLoss, TagLoss
from ia3_studio.training.evaluation import Progress, finish
from ia3_studio.training.metrics import accuracy_of, mean_absolute_error, multi_label_f1, token_macro_f1
from ia3_studio.training.train import train
from tests.families import SMALL
from tests.training.test_classify import classifier, label_rows

NAMES = ("sea", "land", "sky")


def test_a_classifier_is_judged_by_its_base_models_outputs_and_its_own() -> None:
    model, attachment = classifier("bert", "single")
    rows = label_rows("single", 12)
    bare, _attachment = classifier("bert", "single")
    bare_said = ClassLoss(bare).scores(rows).argmax(1).tolist()
    list(train(model, attachment, rows, [], TrainConfig(epochs=20, batch_size=12, learning_rate=6e-2)))
    tuned = ClassLoss(model).scores(rows).argmax(1).tolist()
    work = evaluate_classifier(ClassLoss(model), attachment, rows, Labels("single", NAMES), 1024)
    assert next(work) == Progress(12, 24)
    found = finish(work).held_out
    wanted = [int(row.targets[0]) for row in rows]
    right = found.measures[0]
    assert (right.base, right.tuned) == (accuracy_of(wanted, bare_said).share, accuracy_of(wanted, tuned).share)
    assert right.tuned > right.base and verdict(found).kind == "gain"
    assert ClassLoss(model).scores(rows).argmax(1).tolist() == tuned  # left as it was


def test_several_labels_and_numbers_have_measures_of_their_own() -> None:
    model, attachment = classifier("bert", "multi")
    rows = label_rows("multi", 8)
    found = finish(evaluate_classifier(ClassLoss(model), attachment, rows, Labels("multi", NAMES), 1024)).held_out
    said = (ClassLoss(model).scores(rows).sigmoid() > 0.5).int().tolist()
    wanted = [[int(target) for target in row.targets] for row in rows]
    assert (found.measures[0].tuned, found.measures[1].tuned) == pytest.approx(multi_label_f1(wanted, said))
    model, attachment = classifier("bert", "number")
    rows = label_rows("number", 8)
    found = finish(evaluate_classifier(ClassLoss(model), attachment, rows, Labels("number", ("value",)), 1024)).held_out
    guessed = ClassLoss(model).scores(rows)[:, 0].tolist()
    assert found.measures[0].tuned == pytest.approx(mean_absolute_error([row.targets[0] for row in rows], guessed))


def test_words_are_judged_row_by_row_and_a_row_without_a_labeled_word_is_passed_over() -> None:
    torch.manual_seed(0)
    config = hf.BertConfig(**SMALL, intermediate_size=48, num_labels=3)
    model = hf.BertForTokenClassification(config).eval().requires_grad_(False)
    attachment = HeadedAttachment(model, discover(model).select("paper"), ["classifier"])
    labels = Labels("single", ("O", "B-SEA", "I-SEA"), of_words=True)
    draw = random.Random(1)
    rows = [
        TagRow(tuple(draw.randint(3, 96) for _ in range(4)), (-100, draw.randrange(3), draw.randrange(3), -100), number)
        for number in range(6)
    ]
    rows.insert(2, TagRow((5, 6), (-100, -100), 9))
    found = finish(evaluate_classifier(TagLoss(model), attachment, rows, labels, budget=8)).held_out
    assert found.rows == 6 and found.measures[0].name == "Entity F1"
    wanted, said = [], []
    for row in rows:
        scores = model(torch.tensor([row.input_ids])).logits[0].argmax(-1).tolist()
        places = [place for place, label in enumerate(row.labels) if label != -100]
        if places:
            wanted.append([labels.names[row.labels[place]] for place in places])
            said.append([labels.names[scores[place]] for place in places])
    assert found.measures[1].tuned == pytest.approx(token_macro_f1(wanted, said))


def test_a_ruined_classifier_is_refused_in_a_sentence() -> None:
    model, attachment = classifier("bert", "single")
    with torch.no_grad():
        attachment.parameter.fill_(float("nan"))
    with pytest.raises(DataError, match="NaN or infinite"):
        finish(evaluate_classifier(ClassLoss(model), attachment, label_rows("single", 3), Labels("single", NAMES), 64))
