"""Classifying one text, a file or an image, what cannot be classified, and ranking answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas
import pytest
import torch
import transformers as hf

from ia3_studio.data.example import Example
from ia3_studio.data.labels import Labels, labeled_in, labels_in, tokenize_labels
from ia3_studio.errors import DataError
from ia3_studio.method import attach, discover, load_adapter
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.classifier import load_classifier
from ia3_studio.tasks.classification import Prediction, classify_text, classify_texts
from ia3_studio.tasks.multiple_choice import rank_choices
from ia3_studio.tasks.token_classification import TaggedWord, tag_text
from ia3_studio.training.class_loss import TagLoss
from ia3_studio.ui import classify_words
from ia3_studio.ui.classify_file import results_html, rows_of
from ia3_studio.ui.classify_panel import classify_file, classify_one, classify_one_image, describe
from ia3_studio.ui.current_run import find, import_key
from ia3_studio.ui.predictions import bars, entities
from ia3_studio.ui.rank_panel import rank
from ia3_studio.ui.session import Studio
from tests.tiny_chat import save_tiny_chat
from tests.training.test_classify import bare_bert
from tests.training.test_images import EDGE, paint, vit
from tests.ui.conftest import says

NAMES = ("lamp", "tide", "fog")


@pytest.fixture
def classifier(bench: Studio, tmp_path: Path) -> str:
    """An adapter that sorts texts into three labels, brought in from elsewhere; its key."""
    source = str(bare_bert(tmp_path / "bert"))
    loaded = load_classifier(source, NAMES, "single")
    attachment = HeadedAttachment(loaded.model, discover(loaded.model, source).select("paper"), loaded.modules_to_save)
    with torch.no_grad():
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.uniform_(-2, 2, generator=torch.Generator().manual_seed(0))
    labels = Labels("single", NAMES)
    folder = bench.home / "adapters" / "0123456789abcdef"
    attachment.adapter({"task_type": "SEQ_CLS", "labels": labels.to_json()}).save(folder)
    return import_key(folder)


def test_a_text_is_sorted_by_both_models(bench: Studio, classifier: str) -> None:
    *_, (said, found) = classify_one(bench, classifier, "the tide comes in")
    assert said == "" and found.count("<section") == 2 and "lamp" in found
    *_, (said, _found) = classify_one(bench, classifier, "  ")
    assert classify_words.EMPTY in said


def test_what_is_shown_must_sort_texts(bench: Studio) -> None:
    *_, (said, _found) = classify_one(bench, "", "a text")
    assert classify_words.NO_CLASSIFIER in said


def test_a_batch_of_texts_is_sorted_as_each_alone(bench: Studio, classifier: str) -> None:
    current = find(bench, classifier)
    assert current and current.adapter
    labels = labels_in(current.adapter)
    assert labels
    texts = ["a lamp", "the tide comes in and goes out again", "fog"]
    with bench.memory.acquire_classifier(current.model, NAMES, "single") as loaded:
        attachment = load_adapter(loaded.model, current.adapter)
        together = classify_texts(loaded, attachment, labels, texts, batch=3)
        for place, text in enumerate(texts):
            for strength, rows in zip((0, 1), together, strict=True):
                alone = classify_text(loaded, attachment, labels, text, (strength,))[0]
                assert [guess.label for guess in alone] == [guess.label for guess in rows[place]]
                assert [guess.share for guess in alone] == pytest.approx(
                    [guess.share for guess in rows[place]], abs=1e-5
                )
        attachment.detach()


def test_a_file_with_labels_is_judged_and_can_be_taken_away(bench: Studio, classifier: str, tmp_path: Path) -> None:
    path = tmp_path / "letters.csv"
    path.write_text("text,label\n" + "".join(f"a {name} here,{name}\n" for name in NAMES) + "odd,storm\n,fog\n")
    *_, (said, found, file) = classify_file(bench, classifier, str(path))
    assert said == ""
    assert classify_words.classified_rows(4, 4) in found and classify_words.unknown(["storm"]) in found
    table = pandas.read_csv(file["value"])
    assert table["label"].tolist() == [*NAMES, "storm"]
    right = int((table["tuned"] == table["label"]).sum())
    assert f"{right} of 4" in found or f"{right / 4:.1%}" in found


def test_texts_alone_are_sorted_too(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("id,words\n1,a long text about the sea\n2,another one\n")
    texts, given = rows_of(str(path), Labels("single", NAMES))
    assert texts == ["a long text about the sea", "another one"] and given == [(), ()]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, classify_words.NO_FILE),
        ("text,label\n,a\n,b\n", classify_words.NO_TEXTS),
        ("sentence1,sentence2,label\na,b,c\n", classify_words.PAIRS),
    ],
)
def test_a_file_that_cannot_be_sorted_is_refused(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(content or "")
    with pytest.raises(DataError, match=said):
        rows_of(str(path) if content else None, Labels("single", NAMES))


def test_a_number_is_judged_by_its_error() -> None:
    labels = Labels("number", ("score",))
    found = results_html(labels, ["a"], [("2.0",)], [(Prediction("score", 1.0),)], [(Prediction("score", 1.5),)])
    assert says(found, classify_words.errors(1, 0.5))
    assert "<strong>1.5</strong>" in bars("Tuned", (Prediction("score", 1.5),), "number")


def speaking(bench: Studio, tmp_path: Path) -> tuple[str, Any]:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    folder = bench.home / "adapters" / "fedcba9876543210"
    with bench.memory.acquire(source) as loaded:
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


@pytest.mark.parametrize(
    ("question", "choices", "said"), [("a", "one", classify_words.rank_count(1, 50)), ("", "a\nb", "question")]
)
def test_what_cannot_be_ranked_is_told(question: str, choices: str, said: str, bench: Studio, tmp_path: Path) -> None:
    key, _loaded = speaking(bench, tmp_path)
    *_, (told, _found) = rank(bench, key, question, choices)
    assert said in told


WORDS = Labels("single", ("O", "B-PLACE", "I-PLACE", "B-TIME"), of_words=True)


def tuned(bench: Studio, loaded: Any, source: str, facts: dict[str, str]) -> str:
    """Bring in an adapter of random numbers for a classifier; return its key."""
    attachment = HeadedAttachment(loaded.model, discover(loaded.model, source).select("paper"), loaded.modules_to_save)
    with torch.no_grad():
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.uniform_(-2, 2, generator=torch.Generator().manual_seed(0))
    folder = bench.home / "adapters" / "0123456789abcdef"
    adapter = attachment.adapter(facts)
    adapter.save_native(folder) if adapter.why_not_peft else adapter.save(folder)
    attachment.detach()
    return import_key(folder)


@pytest.fixture
def tagger(bench: Studio, tmp_path: Path) -> str:
    source = str(bare_bert(tmp_path / "bert"))
    loaded = load_classifier(source, WORDS.names, "single", head="token-classification")
    return tuned(bench, loaded, source, {"task_type": "TOKEN_CLS", "labels": WORDS.to_json()})


def test_the_words_of_a_text_are_labeled_as_evaluation_labels_them(bench: Studio, tagger: str, tmp_path: Path) -> None:
    current = find(bench, tagger)
    assert current and current.adapter
    text = "Fog at the north pier, 9 am."
    example = Example(1, words=("Fog", "at", "the", "north", "pier", ",", "9", "am", "."), labels=("O",) * 9)
    loaded = load_classifier(current.model, WORDS.names, "single", head="token-classification")
    attachment = load_adapter(loaded.model, current.adapter)
    (row,) = tokenize_labels([example], WORDS, loaded.tokenizer, 512).rows
    base, found = tag_text(loaded, attachment, WORDS, text)
    assert [each.word for each in found] == list(example.words)
    assert all(text[each.start :].startswith(each.word) for each in found)
    with attachment.strengths(1):
        wanted = TagLoss(loaded.model).scores([row], 64).argmax(-1).tolist()  # type: ignore[list-item]
    assert [each.prediction.label for each in found if each.prediction] == [WORDS.names[place] for place in wanted]
    assert [each.prediction for each in base] != [each.prediction for each in found]
    cut = tag_text(loaded, attachment, WORDS, text, [1], max_length=6)[0]
    assert cut[0].prediction and cut[-1].prediction is None


def test_entities_are_marked_beside_those_of_the_base_model(bench: Studio, tagger: str) -> None:
    *_, (said, found) = classify_one(bench, tagger, "Fog at <b>the</b> pier")
    assert found.count("<section class='guesses'>") == 2 and "&lt;" in found and "<b>the" not in found
    *_, (said, _found) = classify_one(bench, tagger, "  ")
    assert classify_words.EMPTY in said
    *_, (said, _results, _file) = classify_file(bench, tagger, "rows.csv")
    assert classify_words.wrong_input("texts") in said
    *_, (said, _found) = classify_one_image(bench, tagger, "a.png")
    assert classify_words.wrong_input("images") in said


def test_the_words_of_one_entity_are_one_mark() -> None:
    said = ["O", "B-PLACE", "I-PLACE", "B-PLACE", "O", "B-TIME"]
    words = ["Fog", "north", "pier", "quay", "at", "nine"]
    text = " ".join(words)
    tagged = [
        TaggedWord(word, text.index(word), Prediction(label, 0.9)) for word, label in zip(words, said, strict=True)
    ]
    marked = entities("Tuned", text, [*tagged, TaggedWord("x", len(text), None)], WORDS.names)
    assert re.findall(r"<mark class='(\w+)'[^>]*>([^<]*)", marked) == [
        ("entity", "north pier"), ("entity", "quay"), ("entity", "nine"), ("beyond", ""),
    ]  # fmt: skip
    hues = re.findall(r"--hue:(\d+)", marked)
    assert hues[0] == hues[1] != hues[2]


def test_an_image_is_classified_by_both_models(bench: Studio, tmp_path: Path) -> None:
    model = tmp_path / "model"
    vit().vit.save_pretrained(model)
    hf.ViTImageProcessorPil(size={"height": EDGE, "width": EDGE}).save_pretrained(model)
    labels = Labels("single", ("day", "night"))
    loaded = load_classifier(str(model), labels.names, head="image-classification")
    key = tuned(bench, loaded, str(model), {"labels": labels.to_json(), "labels_of": "images"})
    picture = paint(tmp_path / "pictures") / "day" / "0.png"
    *_, (said, found) = classify_one_image(bench, key, str(picture))
    assert not said and found.count("<section class='guesses'>") == 2 and found.count("<meter") == 4
    *_, (said, _found) = classify_one_image(bench, key, None)
    assert classify_words.NO_IMAGE in said
    *_, (said, _found) = classify_one_image(bench, key, str(tmp_path / "pictures" / "night" / "broken.png"))
    assert "broken.png" in said and "Traceback" not in said
    *_, (said, _found) = classify_one(bench, key, "a text")
    assert classify_words.wrong_input("texts") in said
    current = find(bench, key)
    panel, _lead, texts, images, file = describe(current.adapter if current else None)
    assert [each["visible"] for each in (panel, texts, images, file)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("facts", "of"),
    [
        ({"task_type": "SEQ_CLS", "labels": Labels("single", NAMES).to_json()}, "texts"),
        ({"task_type": "TOKEN_CLS", "labels": WORDS.to_json()}, "words"),
        ({"labels": Labels("single", NAMES).to_json()}, "images"),
    ],
)
def test_what_an_adapter_made_by_an_earlier_version_labels_is_known(
    facts: dict[str, str], of: str, tmp_path: Path
) -> None:
    (tmp_path / "studio.json").write_text(json.dumps({"metadata": facts}))
    assert labeled_in(tmp_path) == of
