"""Weights in int8: their error is bounded, and the layers of a model multiply by them only while they are chosen."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear

from ia3_studio.chat import ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.method import Serving, attach, discover, serve
from ia3_studio.method.inputs import example_inputs
from ia3_studio.models import few_rows
from ia3_studio.models.chat_weights import int8_copies, int8_in_use
from ia3_studio.models.fast_inference import disable_fast_inference, enable_fast_inference
from ia3_studio.models.int8_weights import Int8Weight, int8_kernel
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.machine import MachineMemory
from tests.families import tiny_model
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer

pytestmark = pytest.mark.skipif(int8_kernel() is None, reason="this build of PyTorch has no product with int8 weights")

EXACT = ChatSettings(temperature=0, max_new_tokens=12)
INT8 = ChatSettings(temperature=0, max_new_tokens=12, weights="int8")
ASKED = (Message("user", "Where is the lamp?"),)


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny weights do not show which kernel is faster; what is tested here is what they compute."""
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)


def logits_of(model: Any) -> Tensor:
    with torch.no_grad():
        return model(**example_inputs(model, tokens=7)).logits  # type: ignore[no-any-return]


def tuned(family: str = "llama") -> tuple[LoadedModel, Serving]:
    """Return a model that is ready for the chat, and an adapter of it that is served."""
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    adapter = attachment.adapter()
    attachment.detach()
    enable_fast_inference(model)
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")
    return loaded, serve(model, {"tuned": adapter})


def answers(loaded: LoadedModel, serving: Serving, settings: ChatSettings) -> tuple[Any, ...]:
    """Return the complete answers of the base and the tuned model."""
    *_, last = reply(loaded, serving, [ASKED, ASKED], [Variant(0, "tuned"), Variant(1, "tuned")], settings)
    return last


@pytest.mark.parametrize(("outputs", "inputs"), [(300, 96), (10, 24), (64, 100), (1, 7), (33, 576)])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("size", [1.0, 1e-9, 1e9])
def test_the_error_of_a_product_is_bounded_by_what_int8_and_bfloat16_round(
    outputs: int, inputs: int, count: int, size: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(outputs, inputs, generator=generator) * size
    bias = torch.randn(outputs, generator=generator) * size
    rows = torch.randn(count, 1, inputs, generator=generator)
    rows[..., 3] *= 50  # as the large channels of language models
    found = Int8Weight(weight, bias)(rows)
    wanted = linear(rows.double(), weight.double(), bias.double())
    weights_off = rows.abs().sum(-1, keepdim=True) * weight.abs().amax(1) / 250
    rounded = 2**-7 * linear(rows.abs(), weight.abs())
    assert ((found - wanted).abs() <= weights_off + rounded + 1e-6 * bias.abs()).all()
    assert found.shape == (count, 1, outputs) and found.dtype == torch.float32


def test_rows_of_zeros_stay_zeros_and_many_rows_are_not_for_int8() -> None:
    copy = Int8Weight(torch.zeros(8, 32))
    assert torch.equal(copy(torch.ones(2, 32)), torch.zeros(2, 8))
    assert copy.suits(1) and copy.suits(4) and not copy.suits(200)


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_model_with_weights_that_are_not_finite_keeps_them_exact(value: float) -> None:
    model = tiny_model("llama")
    enable_fast_inference(model)
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight[3, 3] = value
    path = int8_copies(model)
    assert not path.is_on and "ValueError" in path.reason
    with int8_in_use(model):
        assert not logits_of(model).isfinite().all()


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "opt", "mixtral"])
def test_logits_are_near_those_of_the_exact_weights_and_the_exact_ones_come_back(family: str) -> None:
    model = tiny_model(family)
    enable_fast_inference(model)
    before = logits_of(model)
    assert int8_copies(model).is_on
    assert torch.equal(logits_of(model), before)  # copies alone change nothing
    with int8_in_use(model):
        rounded = logits_of(model)
    assert torch.equal(logits_of(model), before)
    assert not torch.equal(rounded, before)
    assert float((rounded - before).norm() / before.norm()) < 0.03
    disable_fast_inference(model)
    torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)


def test_a_model_whose_layers_have_no_faster_product_has_int8_copies_too() -> None:
    model = tiny_model("llama")
    before = logits_of(model)
    assert int8_copies(model).is_on  # nothing was enabled
    assert torch.equal(logits_of(model), before)
    with int8_in_use(model):
        assert not torch.equal(logits_of(model), before)


def test_an_answer_says_which_weights_it_was_made_with_and_the_next_one_chooses_anew() -> None:
    loaded, serving = tuned()
    exact = answers(loaded, serving, EXACT)
    rounded = answers(loaded, serving, INT8)
    assert not any("int8" in note for answer in exact for note in answer.notes)
    assert all(any(re.search(r"int8.* \d+\.\d times", note) for note in answer.notes) for answer in rounded)
    again = answers(loaded, serving, EXACT)
    assert [answer.text for answer in again] == [answer.text for answer in exact]
    found = [token.probability for answer in again for token in answer.tokens]
    assert found == [token.probability for answer in exact for token in answer.tokens]
    assert found != [token.probability for answer in rounded for token in answer.tokens]


def test_the_exact_weights_are_back_when_an_answer_is_stopped_or_others_answer_in_between() -> None:
    loaded, serving = tuned()
    before = logits_of(loaded.model)
    growing = reply(loaded, serving, [ASKED], [Variant(1, "tuned")], INT8)
    next(growing)
    next(growing)
    assert torch.equal(logits_of(loaded.model), before)
    growing.close()
    assert torch.equal(logits_of(loaded.model), before)


def test_vectors_multiply_the_activations_around_int8_weights_in_float32() -> None:
    model = tiny_model("llama")
    enable_fast_inference(model)
    assert int8_copies(model).is_on
    block, rows = model.model.layers[0], torch.randn(2, 32, generator=torch.Generator().manual_seed(0))
    inner = torch.randn(2, block.mlp.down_proj.in_features, generator=torch.Generator().manual_seed(1))
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    scales = attachment.scales()
    key = scales["model.layers.0.self_attn.k_proj", "output"]
    feed_forward = scales["model.layers.0.mlp.down_proj", "input"]
    with torch.no_grad(), int8_in_use(model):
        tuned_key, tuned_down = block.self_attn.k_proj(rows), block.mlp.down_proj(inner)
        attachment.detach()
        assert torch.equal(tuned_key, block.self_attn.k_proj(rows) * key)
        assert torch.equal(tuned_down, block.mlp.down_proj(inner * feed_forward))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("int8_kernel", lambda: None, "this build of PyTorch has no product with int8 weights"),
        ("_speedup", lambda *given: 0.5, "they are not faster on this machine"),
        ("system_memory", lambda: MachineMemory(10**9, 1000), "and 0 MB are free"),
    ],
)
def test_an_answer_says_why_int8_is_off_and_is_exact(
    name: str, value: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, serving = tuned()
    exact = answers(loaded, serving, EXACT)
    monkeypatch.setattr(few_rows, name, value)
    asked = answers(loaded, serving, INT8)
    assert all(any(note.endswith(reason) for note in answer.notes) for answer in asked)
    assert [answer.tokens for answer in asked] == [answer.tokens for answer in exact]


def test_a_model_that_is_not_in_float32_has_no_int8_copies() -> None:
    path = int8_copies(tiny_model("llama").to(torch.bfloat16))
    assert (path.is_on, path.reason) == (False, "the model has no float32 linear layers on the CPU")
