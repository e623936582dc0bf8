"""The real starter: here, loaded in seconds, and making sense."""

from __future__ import annotations

import json
import time

import pytest
import torch

from ia3_studio.models import STARTER, TEXT_STARTER, load_model, load_skeleton, prepare

pytestmark = pytest.mark.starter


def test_the_starter_answers_a_question() -> None:
    loaded = load_model(STARTER)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = loaded.tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        tokens = loaded.model.generate(**prompt, max_new_tokens=24, do_sample=False)
    answer = loaded.tokenizer.decode(tokens[0, prompt["input_ids"].shape[1] :])
    assert "Paris" in answer
    assert answer.endswith("<|im_end|>")


def test_the_starter_loads_in_seconds_once_it_is_here() -> None:
    prepare(STARTER)
    begin = time.monotonic()
    load_model(STARTER)
    assert time.monotonic() - begin < 5


def test_the_starter_for_texts_puts_sentences_of_one_meaning_together() -> None:
    loaded = load_model(TEXT_STARTER)
    texts = ["My card was stolen.", "Somebody took my bank card.", "The soup is too salty."]
    with torch.no_grad():
        hidden = loaded.model(**(batch := loaded.tokenizer(texts, padding=True, return_tensors="pt")))[0]
    mask = batch["attention_mask"][:, :, None]
    means = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1))  # (texts, channels)
    alike = means @ means.T
    assert loaded.head == "encoder" and alike[0, 1] > 0.6 > 0.3 > alike[0, 2]


@pytest.mark.parametrize(("name", "kind"), [(STARTER, "llama"), (TEXT_STARTER, "bert")])
def test_the_tree_drawn_before_the_download_is_the_starters(name: str, kind: str) -> None:
    skeleton, loaded = load_skeleton(name), load_model(name)
    assert {name: each.shape for name, each in skeleton.model.named_parameters()} == {
        name: each.shape for name, each in loaded.model.named_parameters()
    }
    assert json.loads((prepare(name) / "config.json").read_text())["model_type"] == kind
