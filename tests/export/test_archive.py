"""The zip: PEFT loads it, its card tells the facts, and the same adapter gives the same bytes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import peft
import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.export.archive import CardFacts, card, zip_adapter
from ia3_studio.method import attach, discover
from tests.families import batch_of, logits_of, tiny_model
from tests.method.test_scaling import randomised

FACTS = CardFacts("First light", "tiny/model", 192, 6, 50, 0.01, "lighthouse", 3.2, 2.1, "0.1.0")


def test_peft_loads_the_unpacked_zip_and_gives_identical_logits(tmp_path: Path) -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    randomised(attachment)
    attachment.adapter().save(tmp_path / "adapter")
    path = zip_adapter(tmp_path / "adapter", tmp_path / "out" / "adapter.zip", FACTS)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    theirs = peft.PeftModel.from_pretrained(tiny_model("llama"), tmp_path / "unpacked")
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))
    again = zip_adapter(tmp_path / "adapter", tmp_path / "again.zip", FACTS)
    assert path.read_bytes() == again.read_bytes()


def test_the_card_tells_the_facts_and_how_to_load() -> None:
    text = card(FACTS)
    assert text.startswith("---\nbase_model: tiny/model\nlibrary_name: peft\n")
    assert "| held-out loss, nats per token | 3.200 (base model) → 2.100 |" in text
    assert 'PeftModel.from_pretrained(base, "path/to/this/folder")' in text


def test_what_is_not_known_is_not_on_the_card() -> None:
    assert "learning rate" not in card(CardFacts("x", "m", 1, 1, 1))


def test_an_incomplete_folder_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(AdapterError, match=r"lacks adapter_model\.safetensors"):
        zip_adapter(tmp_path, tmp_path / "out.zip", FACTS)
