"""Rounded weights write ahead: a response is the one that the exact weights write alone, in fewer of their steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
import transformers as hf
from torch import Tensor

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.models import chat_weights, fast_inference, few_rows
from ia3_studio.models.fast_decode import FastDecodeStep
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.half_weights import HalfWeight, half_kernel
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.row_costs import RowCosts
from tests.tiny_chat import tiny_tokenizer

pytestmark = pytest.mark.skipif(half_kernel() is None, reason="this build of PyTorch has no FBGEMM")
FLAT, CHEAP, NONE = RowCosts({1: 1.0, 16: 1.0}), RowCosts({1: 0.01, 16: 0.01}), RowCosts()
ASKED = [(Message("user", "the lamp"),), (Message("user", "of the fox, and of the sea"),)]
GREEDY = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=40)
SAMPLINGS = {
    "greedy": GREEDY,
    "nucleus": ChatSettings(temperature=0.8, seed=3, max_new_tokens=40),
    "penalty": ChatSettings(temperature=1.1, top_k=7, seed=5, repetition_penalty=1.2, max_new_tokens=40),
}


@dataclass
class Model:
    """A model whose weights are no float16 numbers, and how many steps were taken with which of them."""

    loaded: LoadedModel
    step: FastDecodeStep
    taken: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """Steps, by whether the rounded weights were in use."""

    def answer(self, settings: ChatSettings, asked: Any = ASKED, *, rounded: bool = True) -> tuple[Answer, ...]:
        """Return the responses; without guesses of any kind if nothing is rounded."""
        assert self.step.rounded is not None
        self.step.row_costs = FLAT if rounded else NONE
        self.taken.update({True: 0, False: 0})
        *_, last = reply(self.loaded, None, asked, [Variant(0.0)] * len(asked), settings)
        return last


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    torch.manual_seed(0)
    tokenizer = tiny_tokenizer()
    config = hf.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=160,
    )  # fmt: skip
    net: Any = hf.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(4 if weight.dim() == 2 else 1)
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    enable_fast_inference(net)
    step = fast_inference.step_of(net)
    assert step is not None and step.rounded is not None
    step.rounded = type(step.rounded)(step.rounded.choice, CHEAP)
    found = Model(LoadedModel(net, tokenizer, "causal-lm", "tiny", "tiny/model", "CPU, float32"), step)
    several = FastDecodeStep.several

    def counted(mine: FastDecodeStep, *given: Any) -> Tensor:
        assert mine.rounded is not None
        found.taken[mine.rounded.choice.rounded] += 1
        return several(mine, *given)

    monkeypatch.setattr(FastDecodeStep, "several", counted)
    return found


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("settings", SAMPLINGS.values(), ids=SAMPLINGS)
def test_a_response_is_that_of_the_exact_weights_alone_in_fewer_of_their_steps(
    model: Model, settings: ChatSettings, count: int
) -> None:
    drafted = model.answer(settings, ASKED[:count])
    ahead, checks = model.taken[True], model.taken[False]
    alone = model.answer(settings, ASKED[:count], rounded=False)
    assert model.taken[True] == 0 < ahead
    assert [(each.text, each.ended) for each in drafted] == [(each.text, each.ended) for each in alone]
    for one, other in zip(drafted, alone, strict=True):
        assert [t.probability for t in one.tokens] == pytest.approx([t.probability for t in other.tokens], abs=1e-6)
    assert 2 * checks < model.taken[False]


def test_weights_that_write_otherwise_cost_few_steps_and_no_token(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = model.answer(GREEDY, rounded=False)
    monkeypatch.setattr(HalfWeight, "rounded", lambda half, rows: torch.randn_like(half(rows)))
    drafted = model.answer(GREEDY)
    longest = max(len(each.tokens) for each in alone)
    assert [each.text for each in drafted] == [each.text for each in alone]
    assert model.taken[True] < 4 * longest, "what is wrong every time is written on and on"


def test_nothing_is_written_after_the_end(model: Model) -> None:
    free = model.answer(GREEDY, ASKED[:1], rounded=False)[0]
    config = model.loaded.model.generation_config
    config.eos_token_id = int(model.loaded.tokenizer(free.tokens[3].text, add_special_tokens=False).input_ids[0])
    ended = model.answer(GREEDY, ASKED[:1])[0]
    assert ended.ended == "end" and model.taken[True] <= len(ended.tokens)


def test_a_full_context_is_not_written_over(model: Model) -> None:
    settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=400)
    drafted, alone = (model.answer(settings, ASKED, rounded=rounded) for rounded in (True, False))
    assert [(each.text, each.ended) for each in drafted] == [(each.text, each.ended) for each in alone]
    assert "context" in {each.ended for each in alone}


def test_int8_weights_write_alone_and_leave_the_exact_ones_their_draft(model: Model) -> None:
    int8 = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=20, weights="int8")
    model.answer(int8)
    if not chat_weights.int8_copies(model.loaded.model).is_on:
        pytest.skip("this build of PyTorch has no product with int8 weights")
    assert model.taken[True] == 0
    assert model.answer(GREEDY)[0].text == model.answer(GREEDY, rounded=False)[0].text
    model.answer(GREEDY)
    assert model.taken[True] > 0


def test_weights_that_float16_holds_have_nothing_to_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    net: Any = hf.LlamaForCausalLM(
        hf.LlamaConfig(vocab_size=64, hidden_size=64, intermediate_size=96, num_hidden_layers=1, num_attention_heads=4)
    ).eval()
    net.bfloat16().float()
    enable_fast_inference(net)
    step = fast_inference.step_of(net)
    assert step is not None and step.row_costs.seconds and step.rounded is None
