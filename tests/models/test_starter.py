"""The real starter: here, loaded in seconds, and making sense."""

from __future__ import annotations

import json
import time

import pytest
import torch

from ia3_studio.models import STARTER, load_model, load_skeleton, prepare

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


def test_the_tree_drawn_before_the_download_is_the_starters() -> None:
    skeleton, loaded = load_skeleton(STARTER), load_model(STARTER)
    assert {name: each.shape for name, each in skeleton.model.named_parameters()} == {
        name: each.shape for name, each in loaded.model.named_parameters()
    }
    assert json.loads((prepare(STARTER) / "config.json").read_text())["model_type"] == "llama"
