"""The zip: PEFT loads it, its card tells the facts, and the same adapter gives the same bytes."""

from __future__ import annotations

import ast
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import yaml

from ia3_studio.errors import AdapterError
from ia3_studio.export.archive import zip_adapter
from ia3_studio.export.card import CardFacts, Figure, card, without_folders
from ia3_studio.method import attach, discover
from ia3_studio.training import TrainConfig
from ia3_studio.ui.text import adapter_facts
from tests.families import batch_of, logits_of, tiny_model
from tests.method.test_scaling import randomized

FACTS = CardFacts("First light", "tiny/model", 192, 6, 50, 0.01, "lighthouse", 3.2, 2.1, "0.1.0")


def front_matter(text: str) -> Any:
    empty, matter, _body = text.split("---\n", 2)
    assert empty == ""
    return yaml.safe_load(matter)


def test_peft_loads_the_unpacked_zip_and_gives_identical_logits(tmp_path: Path) -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    attachment.adapter().save(tmp_path / "adapter")
    path = zip_adapter(tmp_path / "adapter", tmp_path / "out" / "adapter.zip", FACTS)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    theirs = peft.PeftModel.from_pretrained(tiny_model("llama"), tmp_path / "unpacked")
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))
    again = zip_adapter(tmp_path / "adapter", tmp_path / "again.zip", FACTS)
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("/home/ada/models/llama", "llama"), (r"C:\Users\ada\llama.gguf", "llama.gguf"), ("~/llama", "llama"),
        ("../llama", "llama"), ("keeper/llama", "keeper/llama"), ("gpt2", "gpt2"), ("", ""),
    ],
)  # fmt: skip
def test_others_are_told_the_last_part_of_a_path_and_all_of_a_name_on_the_hub(source: str, told: str) -> None:
    assert without_folders(source) == told


def test_the_card_tells_the_facts_and_how_to_load() -> None:
    text = card(FACTS)
    assert front_matter(text) == {"base_model": "tiny/model", "library_name": "peft", "tags": ["ia3"]}
    assert "| held-out loss, nats per token | 3.200 (base model) → 2.100 |" in text
    assert 'PeftModel.from_pretrained(base, "path/to/this/folder")' in text


@pytest.mark.parametrize("number", range(3))
def test_each_program_on_the_card_loads_the_adapter_from_the_unpacked_zip(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tiny_model("llama")
    model.save_pretrained("base")
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    attachment.adapter().save(Path("adapter"))
    path = zip_adapter(Path("adapter"), Path("adapter.zip"), replace(FACTS, base_model="base", address="unpacked"))
    with zipfile.ZipFile(path) as archive:
        archive.extractall("unpacked")
    programs = Path("unpacked/README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    assert [name in program for name, program in zip(("peft", "transformers", "ia3_studio"), programs, strict=True)]
    names: dict[str, Any] = {}
    exec(programs[number].partition("```")[0], names)
    batch = batch_of(model)
    assert torch.equal(logits_of(names["model"], batch), logits_of(model, batch))


def test_pictures_lie_beside_the_card_that_shows_them_and_say_what_they_are(tmp_path: Path) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes(b"{}")
    drawn = Figure("scales.svg", "All | scales", "<svg/>")
    facts = replace(FACTS, figures=(drawn,), most_changed="Keys changed most.", verdict="It helped.")
    with zipfile.ZipFile(zip_adapter(tmp_path, tmp_path / "a.zip", facts)) as archive:
        text = archive.read("README.md").decode()
        assert archive.read("scales.svg") == b"<svg/>"
    assert "![All \\| scales](scales.svg)" in text and "Keys changed most." in text and "\nIt helped.\n" in text


def test_what_is_not_known_is_not_on_the_card() -> None:
    text = card(CardFacts("x", "m", 1, 1, 1))
    assert not [name for name in ("learning rate", "held-out", "seed", "trained on") if name in text]


def test_a_loss_that_was_not_taken_behind_the_last_step_tells_its_step() -> None:
    assert "| 3.200 (base model) → 2.100 at step 40 |" in card(replace(FACTS, held_out_step=40))
    assert "| 3.200 (base model) → 2.100 |" in card(replace(FACTS, held_out_step=50))
    assert ("Held-out loss", "3.200 → 2.100 at step 40") in adapter_facts(replace(FACTS, held_out_step=40), 1000)


def test_the_settings_of_the_training_are_on_the_card() -> None:
    text = card(replace(FACTS, settings=TrainConfig(epochs=1.5, seed=7), date="2026-11-24"))
    assert "| epochs | 1.5 |" in text and "| seed | 7 |" in text and "| trained on | 2026-11-24 |" in text


@pytest.mark.parametrize("base", ["/home/somebody/model", "C:\\models\\x: y", "a/b/c", ""])
def test_a_base_model_that_is_no_hub_id_stays_out_of_the_front_matter(base: str) -> None:
    assert front_matter(card(replace(FACTS, base_model=base))) == {"library_name": "peft", "tags": ["ia3"]}


def test_no_fact_breaks_out_of_its_place() -> None:
    text = card(replace(FACTS, name="a\n---\nlicense: x", base_model='x"\n---\n|', data="two\nlines | one cell"))
    assert front_matter(text) == {"library_name": "peft", "tags": ["ia3"]}
    assert "\n# a --- license: x\n" in text and "| data | two lines \\| one cell |" in text


def test_the_program_on_the_card_is_python_and_names_the_class_of_the_task() -> None:
    text = card(replace(FACTS, base_model='odd "name"\\', task_type="SEQ_2_SEQ_LM"))
    program = text.partition("```python\n")[2].partition("```")[0]
    assert "AutoModelForSeq2SeqLM" in program
    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    assert ast.literal_eval(calls[0].args[0]) == 'odd "name"\\'


def test_writing_again_replaces_the_zip_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).write_bytes(b"{}")
    target = tmp_path / "out" / "adapter.zip"
    zip_adapter(tmp_path, target, FACTS)
    zip_adapter(tmp_path, target, replace(FACTS, name="Second light"))
    assert list(target.parent.iterdir()) == [target]
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist() == ["adapter_config.json", "adapter_model.safetensors", "README.md"]
        assert b"# Second light" in archive.read("README.md")


def test_an_incomplete_folder_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(AdapterError, match=r"has no adapter_model\.safetensors"):
        zip_adapter(tmp_path, tmp_path / "out.zip", FACTS)


def test_the_card_of_a_classifier_loads_its_base_with_as_many_outputs_and_names_them() -> None:
    text = card(replace(FACTS, task_type="SEQ_CLS", labels=("no", "yes", "perhaps")))
    assert "AutoModelForSequenceClassification.from_pretrained(" in text and ", num_labels=3)" in text
    assert "| labels, in output order | no, yes, perhaps |" in text
    assert "num_labels" not in card(FACTS)
