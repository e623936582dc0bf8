"""Guessed tokens: a response with them is the one without, in fewer steps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.chat.answers import Row
from ia3_studio.chat.drafts import Draft, Drafts, PromptLookup
from ia3_studio.data.conversations import Message
from ia3_studio.method import attach, discover, serve
from ia3_studio.method.serving import Serving
from ia3_studio.models import chat_weights, fast_inference
from ia3_studio.models.fast_decode import FastDecodeStep
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.kept_prefixes import KeptPrefixes
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.row_costs import COUNTS, PlainWeight, RowCosts, timed_rows
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer

FREE, NONE = RowCosts({1: 1.0, 16: 1.0}), RowCosts()
ASKED = [(Message("user", "the lamp and the fox"),), (Message("user", "write of the fox and the lamp, the fox"),)]


def test_what_followed_the_longest_known_end_is_guessed() -> None:
    lookup = PromptLookup([1, 2, 3, 4, 9, 2, 3, 5, 9, 1, 2, 3])
    assert lookup.draft(5) == Draft([4, 9, 2, 3, 5], 3)  # after 1 2 3, and not the later one after 2 3
    assert lookup.draft(2) == Draft([4, 9], 3)
    lookup.extend([7])
    assert lookup.draft(9) == Draft()  # a token that is new


def test_a_repetition_that_reaches_the_end_goes_on() -> None:
    assert PromptLookup([5, 1, 2, 1, 2, 1, 2]).draft(5) == Draft([1, 2, 1, 2, 1], 4)
    assert PromptLookup([3, 3]).draft(3) == Draft([3, 3, 3], 1)
    assert PromptLookup([]).draft(9) == PromptLookup([3]).draft(9) == Draft()


def drafted(costs: RowCosts, *texts: list[int], most: int = 100) -> list[list[int]]:
    """Return the guesses after texts that were answered with nothing yet."""
    rows = [Row(Variant(0.0), torch.Generator(), text, most=most) for text in texts]
    return Drafts(rows, costs).of(rows)


def test_guesses_are_read_where_they_are_expected_to_pay() -> None:
    sure, unsure = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4], [9, 1, 2, 9]
    flat, steep = RowCosts({1: 1.0, 8: 1.0}), RowCosts({1: 1.0, 2: 1.5, 4: 3.0})
    assert drafted(flat, sure) == [[5, 6, 1, 2, 3, 4, 5]] and drafted(flat, unsure) == [[1, 2, 9, 1, 2, 9, 1]]
    assert drafted(steep, sure) == [[5]] and drafted(steep, unsure) == [[]]
    assert drafted(flat, sure, unsure) == [[5, 6, 1], [1, 2, 9]]  # as many rows as were timed, for both
    assert drafted(flat, *[sure] * 5) == [[]] * 5 and drafted(RowCosts(), sure) == [[]]
    assert drafted(flat, sure, most=3) == [[5, 6]]  # and no further than the response may go


def test_the_time_of_more_rows_than_were_timed_is_not_known() -> None:
    costs = RowCosts({1: 2.0, 4: 3.0})
    assert costs.of(2) == costs.of(4) > costs.of(1) and costs.of(5) == float("inf")
    assert costs.most == 4 and RowCosts().most == 0 and RowCosts().of(1) == float("inf")


def test_products_are_timed_for_each_count_of_rows() -> None:
    assert list(timed_rows([PlainWeight(torch.ones(8, 4))]).seconds) == list(COUNTS)
    assert timed_rows([]) == RowCosts()


class Repeats:
    """A model that often repeats itself, and may write the same text with and without guesses."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.tokenizer = tiny_tokenizer()
        config = hf.LlamaConfig(
            vocab_size=len(self.tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=160,
        )  # fmt: skip
        self.model: Any = hf.LlamaForCausalLM(config).eval()
        with torch.no_grad():
            for weight in self.model.parameters():
                if weight.dim() == 2:
                    weight.mul_(4)
        self.loaded = LoadedModel(self.model, self.tokenizer, "causal-lm", "tiny", "tiny/model", "CPU, float32")
        attachment = attach(self.model, discover(self.model).select("all"))
        randomized(attachment)
        self.adapter = attachment.adapter()
        attachment.detach()
        enable_fast_inference(self.model)
        self.steps = 0

    def serve(self) -> Serving:
        return serve(self.model, {"tuned": self.adapter})


@pytest.fixture
def repeats(monkeypatch: pytest.MonkeyPatch) -> Repeats:
    found = Repeats()
    several = FastDecodeStep.several

    def counted(*given: Any) -> Any:
        found.steps += 1
        return several(*given)

    monkeypatch.setattr(FastDecodeStep, "several", counted)
    return found


def answers_of(
    model: Repeats, costs: RowCosts, settings: ChatSettings, asked: Any = ASKED, kept: KeptPrefixes | None = None
) -> tuple[tuple[Answer, ...], int]:
    """Return the answers of base and tuned model, and in how many steps they were written."""
    step = fast_inference.step_of(model.model)
    assert step is not None
    step.row_costs, model.steps = costs, 0
    serving = model.serve()
    variants = [Variant(0.0, ""), Variant(1.0, "tuned")][: len(asked)]
    *_, last = reply(model.loaded, serving, asked, variants, settings, kept=kept)
    serving.detach()
    return last, model.steps


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "settings",
    [
        ChatSettings(temperature=0, top_p=1.0, max_new_tokens=60),
        ChatSettings(temperature=0.2, seed=3, max_new_tokens=60),
        ChatSettings(temperature=0.4, top_p=1.0, top_k=5, seed=5, repetition_penalty=1.05, max_new_tokens=60),
    ],
    ids=["greedy", "nucleus", "penalty"],
)
def test_a_response_with_guesses_is_the_one_without_in_fewer_steps(
    repeats: Repeats, settings: ChatSettings, count: int
) -> None:
    with_guesses, steps = answers_of(repeats, FREE, settings, ASKED[:count])
    without, all_steps = answers_of(repeats, NONE, settings, ASKED[:count])
    assert [each.text for each in with_guesses] == [each.text for each in without]
    assert [each.ended for each in with_guesses] == [each.ended for each in without]
    for one, other in zip(with_guesses, without, strict=True):
        assert [t.probability for t in one.tokens] == pytest.approx([t.probability for t in other.tokens], abs=1e-4)
    longest = max(len(each.tokens) for each in without)
    assert all_steps == longest - 1 and longest > 20
    assert steps < all_steps


def test_a_row_whose_context_is_full_guesses_no_further(repeats: Repeats) -> None:
    settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=400)
    with_guesses, without = (answers_of(repeats, costs, settings)[0] for costs in (FREE, NONE))
    assert [(each.text, each.ended) for each in with_guesses] == [(each.text, each.ended) for each in without]
    assert "context" in {each.ended for each in without}


def test_what_is_kept_of_an_answer_with_guesses_is_what_a_second_message_goes_on_from(repeats: Repeats) -> None:
    settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=30)
    kept = KeptPrefixes()
    first = answers_of(repeats, FREE, settings, kept=kept)[0]
    assert kept.nbytes
    again = [
        (*asked, Message("assistant", answer.text), Message("user", "and the lamp"))
        for asked, answer in zip(ASKED, first, strict=True)
    ]
    resumed = answers_of(repeats, FREE, settings, again, kept)[0]
    fresh = answers_of(repeats, NONE, settings, again)[0]
    assert [each.text for each in resumed] == [each.text for each in fresh]


def test_a_reader_that_leaves_in_the_middle_of_guesses_leaves_what_was_read(repeats: Repeats) -> None:
    step = fast_inference.step_of(repeats.model)
    assert step is not None
    step.row_costs, kept, serving = FREE, KeptPrefixes(), repeats.serve()
    settings = ChatSettings(temperature=0, top_p=1.0, max_new_tokens=60)
    variants = [Variant(0.0, ""), Variant(1.0, "tuned")]
    for left_after in range(2, 24, 3):
        stream = reply(repeats.loaded, serving, ASKED, variants, settings, kept=kept)
        for _token in range(left_after):
            next(stream)
        stream.close()
    serving.detach()
    ended = answers_of(repeats, FREE, settings, kept=kept)[0]
    fresh = answers_of(repeats, NONE, settings)[0]
    assert [each.text for each in ended] == [each.text for each in fresh]


def test_rows_of_int8_copies_have_costs_of_their_own(repeats: Repeats, monkeypatch: pytest.MonkeyPatch) -> None:
    step = fast_inference.step_of(repeats.model)
    assert step is not None
    step.row_costs = NONE
    assert chat_weights.row_costs_of(repeats.model, int8=False) is NONE
    monkeypatch.setattr("ia3_studio.models.few_rows._speedup", lambda *given: 2.0)
    monkeypatch.setattr(chat_weights, "timed_rows", lambda stacks: FREE)
    if chat_weights.int8_copies(repeats.model).is_on:
        assert chat_weights.row_costs_of(repeats.model, int8=True) is FREE
    assert chat_weights.row_costs_of(repeats.model, int8=False) is NONE
