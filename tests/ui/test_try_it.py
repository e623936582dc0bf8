"""Trying a classifier: one text, a file of them, and what cannot be sorted; and ranking answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest
import torch

from ia3_studio.data.labels import Labels
from ia3_studio.errors import DataError
from ia3_studio.method import attach, discover, load_adapter
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.classifier import load_classifier
from ia3_studio.tasks.classification import Guess, sort_text, sort_texts
from ia3_studio.tasks.multiple_choice import rank_choices
from ia3_studio.ui import try_it
from ia3_studio.ui.rank_panel import rank
from ia3_studio.ui.session import Studio
from ia3_studio.ui.shown import import_key
from ia3_studio.ui.try_it import bars, results, rows_of, sort_file, sort_one
from tests.tiny_chat import save_tiny_chat
from tests.training.test_classify import bare_bert

NAMES = ("lamp", "tide", "fog")


@pytest.fixture
def classifier(bench: Studio, tmp_path: Path) -> str:
    """An adapter that sorts texts into three labels, brought in from elsewhere; its key."""
    source = str(bare_bert(tmp_path / "bert"))
    loaded = load_classifier(source, NAMES, "single")
    attachment = HeadedAttachment(loaded.model, discover(loaded.model, source).select("paper"), loaded.heads)
    with torch.no_grad():
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.uniform_(-2, 2, generator=torch.Generator().manual_seed(0))
    labels = Labels("single", NAMES)
    folder = bench.home / "adapters" / "0123456789abcdef"
    attachment.adapter({"task_type": "SEQ_CLS", "labels": labels.to_json()}).save(folder)
    return import_key(folder)


def test_a_text_is_sorted_by_both_models(bench: Studio, classifier: str) -> None:
    *_, (said, found) = sort_one(bench, classifier, "the tide comes in")
    assert said == "" and found.count("<section") == 2 and "lamp" in found
    *_, (said, _found) = sort_one(bench, classifier, "  ")
    assert "no text to sort" in said


def test_what_is_shown_must_sort_texts(bench: Studio) -> None:
    *_, (said, _found) = sort_one(bench, "", "a text")
    assert "sorts no texts" in said


def test_a_batch_of_texts_is_sorted_as_each_alone(bench: Studio, classifier: str) -> None:
    shown, labels, _most = try_it._classifier(bench, classifier)
    texts = ["a lamp", "the tide comes in and goes out again", "fog"]
    with bench.memory.lend_classifier(shown.model, NAMES, "single") as loaded:
        attachment = load_adapter(loaded.model, shown.adapter or "")
        together = sort_texts(loaded, attachment, labels, texts, batch=3)
        for place, text in enumerate(texts):
            for strength, rows in zip((0, 1), together, strict=True):
                alone = sort_text(loaded, attachment, labels, text, (strength,))[0]
                assert [guess.label for guess in alone] == [guess.label for guess in rows[place]]
                assert [guess.share for guess in alone] == pytest.approx(
                    [guess.share for guess in rows[place]], abs=1e-5
                )
        attachment.detach()


def test_a_file_with_labels_is_judged_and_can_be_taken_away(bench: Studio, classifier: str, tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text("text,label\n" + "".join(f"a {name} here,{name}\n" for name in NAMES) + "odd,storm\n,fog\n")
    *_, (said, found, file) = sort_file(bench, classifier, str(path))
    assert said == ""
    assert "4 texts sorted; 4 of them have a label" in found and "never learned storm" in found
    table = pandas.read_csv(file["value"])
    assert table["label"].tolist() == [*NAMES, "storm"]
    right = int((table["tuned"] == table["label"]).sum())
    assert f"tuned {right} of 4" in found or f"{right / 4:.1%}" in found


def test_texts_alone_are_sorted_too(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("id,words\n1,a long text about the sea\n2,another one\n")
    texts, given = rows_of(str(path), Labels("single", NAMES))
    assert texts == ["a long text about the sea", "another one"] and given == [(), ()]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No file was chosen"),
        ("text,label\n,a\n,b\n", "no text"),
        ("sentence1,sentence2,label\na,b,c\n", "pairs"),
    ],
)
def test_a_file_that_cannot_be_sorted_is_refused(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(content or "")
    with pytest.raises(DataError, match=said):
        rows_of(str(path) if content else None, Labels("single", NAMES))


def test_a_number_is_judged_by_its_error() -> None:
    labels = Labels("number", ("score",))
    found = results(labels, ["a"], [("2.0",)], [(Guess("score", 1.0),)], [(Guess("score", 1.5),)])
    assert "base 1, tuned 0.5" in found
    assert "<strong>1.5</strong>" in bars("Tuned", (Guess("score", 1.5),), "number")


def speaking(bench: Studio, tmp_path: Path) -> tuple[str, Any]:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    folder = bench.home / "adapters" / "fedcba9876543210"
    with bench.memory.lend(source) as loaded:
        attachment = attach(loaded.model, discover(loaded.model, source).select("paper"))
        with torch.no_grad():
            attachment.parameter.uniform_(-3, 3, generator=torch.Generator().manual_seed(0))
        attachment.adapter().save(folder)
        attachment.detach()
        return import_key(folder), loaded


def test_answers_are_ranked_by_their_mean_log_probability(bench: Studio, tmp_path: Path) -> None:
    key, loaded = speaking(bench, tmp_path)
    attachment = load_adapter(loaded.model, bench.home / "adapters" / key.partition(":")[2])
    choices = ["yes", "no", "maybe so"]
    base, tuned = rank_choices(loaded, attachment, "is it so", choices)
    attachment.detach()
    assert sum(guess.share for guess in base) == pytest.approx(1) == sum(guess.share for guess in tuned)
    assert base != tuned
    *_, (said, found) = rank(bench, key, "is it so", "yes\nno\nmaybe so\nno")
    assert said == "" and found.index(base[0].label) < found.index(base[1].label)


@pytest.mark.parametrize(("question", "choices", "said"), [("a", "one", "give 2 to 50"), ("", "a\nb", "no question")])
def test_what_cannot_be_ranked_is_told(question: str, choices: str, said: str, bench: Studio, tmp_path: Path) -> None:
    key, _loaded = speaking(bench, tmp_path)
    *_, (told, _found) = rank(bench, key, question, choices)
    assert said in told
