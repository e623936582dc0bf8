"""The whole model leaves with the vectors in it, and only when it says what the tuned model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from ia3_studio.errors import ExportError
from ia3_studio.export import merged
from ia3_studio.export.merged import write_merged
from ia3_studio.method import attach, discover, load_adapter
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models import load_model
from ia3_studio.models.classifier import load_classifier
from tests.tiny_chat import save_tiny_chat
from tests.training.test_classify import bare_bert

IDS = torch.tensor([[5, 6, 7, 8]])


def adapter_of(source: str, folder: Path) -> Path:
    model = load_model(source).model
    attachment = attach(model, discover(model, source).select("paper"))
    with torch.no_grad():
        attachment.parameter.uniform_(0, 2, generator=torch.Generator().manual_seed(0))
    attachment.adapter().save(folder)
    return folder


def test_the_card_of_a_merged_model_says_its_number_format_and_its_program_loads_it(
    tmp_path: Path,
) -> None:
    source = str(save_tiny_chat(tmp_path / "base"))
    AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16).save_pretrained(source)
    found = write_merged(load_model(source), adapter_of(source, tmp_path / "adapter"), tmp_path / "out", ["the lamp"])
    card = (tmp_path / "out" / "README.md").read_text()
    assert found.format == "bfloat16" and "bfloat16" in card and str(tmp_path) not in card
    program = card.partition("```python\n")[2].partition("```")[0].replace("path/to/this/folder", str(tmp_path / "out"))
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["model"].dtype == torch.bfloat16


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5"])
def test_what_is_read_back_by_transformers_says_what_the_tuned_model_says(family: str, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "base", family=family))
    adapter = adapter_of(source, tmp_path / "adapter")
    said: list[str] = []
    found = write_merged(
        load_model(source), adapter, tmp_path / "out", ["the lamp", "a fox"], lambda _s, w: said.append(w)
    )
    assert found.texts == 2 and found.largest_difference < 1e-4 and found.bytes > 10_000
    assert said[-1] == "Done"
    tuned = load_model(source)
    load_adapter(tuned.model, adapter)
    again = load_model(str(tmp_path / "out"))
    inputs = {"input_ids": IDS} | ({"decoder_input_ids": IDS} if family == "t5" else {})
    with torch.no_grad():
        torch.testing.assert_close(again.model(**inputs).logits, tuned.model(**inputs).logits, atol=1e-4, rtol=1e-4)
    assert again.tokenizer("a fox")["input_ids"] == tuned.tokenizer("a fox")["input_ids"]
    if family == "llama":
        assert AutoModelForCausalLM.from_pretrained(tmp_path / "out") is not None


def test_a_classifier_leaves_with_its_new_head(tmp_path: Path) -> None:
    source = str(bare_bert(tmp_path / "bert"))
    names = ("lamp", "tide", "fog")
    trained = load_classifier(source, names, "single")
    attachment = HeadedAttachment(
        trained.model, discover(trained.model, source).select("paper"), trained.modules_to_save
    )
    with torch.no_grad():
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    attachment.adapter({"task_type": "SEQ_CLS"}).save(tmp_path / "adapter")
    with torch.no_grad():
        wanted = trained.model(input_ids=IDS).logits
    write_merged(load_classifier(source, names, "single"), tmp_path / "adapter", tmp_path / "out")
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    with torch.no_grad():
        torch.testing.assert_close(model(input_ids=IDS).logits, wanted, atol=1e-5, rtol=1e-5)
    assert model.config.id2label == dict(enumerate(names))


def test_a_folder_in_use_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "base"))
    adapter = adapter_of(source, tmp_path / "adapter")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="is not empty"):
        write_merged(load_model(source), adapter, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_model_that_came_out_wrong_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = str(save_tiny_chat(tmp_path / "base"))
    adapter = adapter_of(source, tmp_path / "adapter")
    logits, calls = merged.logits_of, list[int]()

    def off(loaded: object, text: str) -> torch.Tensor:
        calls.append(1)
        return logits(loaded, text) + (10.0 if len(calls) > 1 else 0.0)

    monkeypatch.setattr(merged, "logits_of", off)
    with pytest.raises(ExportError, match="was discarded"):
        write_merged(load_model(source), adapter, tmp_path / "out", ["a"])
    assert not (tmp_path / "out").exists()


def test_a_disk_without_room_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(save_tiny_chat(tmp_path / "base"))
    adapter = adapter_of(source, tmp_path / "adapter")
    monkeypatch.setattr(merged, "bytes_of", lambda _model: 10**18)
    with pytest.raises(ExportError, match="free some disk space"):
        write_merged(load_model(source), adapter, tmp_path / "out")


@pytest.mark.parametrize("form", ["bfloat16", "float16"])
def test_merged_weights_have_the_format_of_the_base(form: str, tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    stored = AutoModelForCausalLM.from_pretrained(source, dtype=getattr(torch, form))
    stored.save_pretrained(source)
    adapter = adapter_of(str(source), tmp_path / "adapter")
    found = write_merged(load_model(str(source)), adapter, tmp_path / "out", ["the lamp"])
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (source, tmp_path / "out")]
    assert found.format == form and sizes[1] < 1.05 * sizes[0]
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert again.dtype == getattr(torch, form)


def test_merged_weights_too_large_for_the_format_of_the_base_are_refused(tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    AutoModelForCausalLM.from_pretrained(source, dtype=torch.float16).save_pretrained(source)
    model = load_model(str(source)).model
    attachment = attach(model, discover(model, str(source)).select("paper"))
    with torch.no_grad():
        attachment.parameter.fill_(1e8)
    attachment.adapter().save(tmp_path / "adapter")
    with pytest.raises(ExportError, match="float16"):
        write_merged(load_model(str(source)), tmp_path / "adapter", tmp_path / "out", ["the lamp"])
    assert not (tmp_path / "out").exists()
