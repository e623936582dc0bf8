"""A conversation goes on from its kept keys and values, and says what it would say if all were computed again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

import pytest
import torch

from ia3_studio.chat import Answer, ChatSettings, Variant, reply
from ia3_studio.data.conversations import Message
from ia3_studio.method import Adapter, Attachment, Serving, attach, discover, serve
from ia3_studio.models import few_rows, kept_prefixes
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.int8_weights import int8_kernel
from ia3_studio.models.kept_prefixes import KeptPrefixes, Prefix, key_of, reads_on
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.memory import ModelMemory
from tests.families import tiny_model
from tests.method.test_scaling import randomized
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer

GREEDY = ChatSettings(temperature=0, max_new_tokens=8)
QUESTIONS = ("Where?", "And the sea?", "Why?")
BASE, TUNED = Variant(0, "tuned"), Variant(1, "tuned")
FAMILIES = ["llama", "gpt2", "gpt_neox", "mixtral"]


def adapter_of(model: Any) -> Adapter:
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    found = attachment.adapter()
    attachment.detach()
    return found


def served(family: str = "llama") -> tuple[LoadedModel, Serving]:
    """Return a model as the chat uses it, and an adapter of it that is served."""
    model = tiny_model(family)
    adapter = adapter_of(model)
    enable_fast_inference(model)
    loaded = LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")
    return loaded, serve(model, {"tuned": adapter})


class Talk:
    """A conversation in several panes; counts the tokens that the model is given for each question."""

    def __init__(self, loaded: LoadedModel, handle: Serving | Attachment | None, kept: KeptPrefixes | None) -> None:
        self._loaded, self._handle, self.kept = loaded, handle, kept
        self.conversations: dict[int, list[Message]] = {}

    def ask(self, question: str, *variants: Variant, settings: ChatSettings = GREEDY) -> tuple[Answer, ...]:
        """Ask in every pane; return the complete answers."""
        for pane in range(len(variants)):
            self.conversations.setdefault(pane, []).append(Message("user", question))
        asked = [tuple(self.conversations[pane]) for pane in range(len(variants))]
        *_, answers = reply(self._loaded, self._handle, asked, variants, settings, kept=self.kept)
        for pane, answer in enumerate(answers):
            self.conversations[pane].append(Message("assistant", answer.text))
        return answers


def computed(model: Any) -> list[int]:
    """Return a list that the number of tokens of every prompt (or its part) that the model reads is added to."""
    reads_on(model)  # tried once, and not counted
    found: list[int] = []

    def note(_module: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        if (count := named["input_ids"].shape[1]) > 1:
            found.append(count)

    model.register_forward_pre_hook(note, with_kwargs=True)
    return found


def assert_same(found: Sequence[Answer], wanted: Sequence[Answer]) -> None:
    for one, other in zip(found, wanted, strict=True):
        assert one.text == other.text
        odds = [token.probability for token in other.tokens]
        assert [token.probability for token in one.tokens] == pytest.approx(odds, rel=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("variants", [(BASE, TUNED), (Variant(0.5, "tuned"),)])
def test_a_conversation_says_the_same_and_reads_only_what_is_new(family: str, variants: tuple[Variant, ...]) -> None:
    loaded, serving = served(family)
    anew, going_on = Talk(loaded, serving, None), Talk(loaded, serving, KeptPrefixes())
    wanted = [anew.ask(question, *variants) for question in QUESTIONS]
    assert reads_on(loaded.model)
    read = computed(loaded.model)
    for question, expected in zip(QUESTIONS, wanted, strict=True):
        read.clear()
        assert_same(going_on.ask(question, *variants), expected)
        assert max(read) == expected[0].prompt_tokens if question == QUESTIONS[0] else max(read) < len(question) + 30


def test_panes_whose_prompts_differ_in_length_go_on_together() -> None:
    loaded, serving = served()
    for kept in (None, KeptPrefixes()):
        talk = Talk(loaded, serving, kept)
        talk.conversations = {0: [Message("system", "Be brief.")], 1: []}
        answers = [talk.ask(question, BASE, TUNED) for question in QUESTIONS]
        if kept is None:
            wanted = answers
    for one, other in zip(answers, wanted, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("change", ["strength", "adapter", "weights", "muted", "first message"])
def test_all_is_computed_again_where_anything_changed(change: str) -> None:
    loaded, serving = served()
    kept = KeptPrefixes()
    talk = Talk(loaded, serving, kept)
    talk.ask(QUESTIONS[0], TUNED)
    variant = TUNED
    if change == "strength":
        variant = Variant(0.9, "tuned")
    elif change == "first message":
        talk.conversations[0].insert(0, Message("system", "Be brief."))
    elif change == "weights":
        with torch.no_grad():
            loaded.model.model.layers[0].mlp.down_proj.weight.mul_(1.5)
    else:
        serving.detach()
        adapter = adapter_of(loaded.model)
        half = len(adapter.vector) // 2
        adapter.vector[half:] = 1 if change == "muted" else 1.3
        talk._handle = serve(loaded.model, {"tuned": adapter})
    read = computed(loaded.model)
    anew = Talk(loaded, talk._handle, None)
    anew.conversations = {0: list(talk.conversations[0])}
    assert_same(talk.ask(QUESTIONS[1], variant), anew.ask(QUESTIONS[1], variant))
    begun = 3 if change == "first message" else 0  # all prompts start with the same special token and role
    assert read[1] - begun <= read[0] <= read[1]


def test_an_answer_that_is_stopped_is_gone_on_from_and_sampling_is_not_touched() -> None:
    loaded, serving = served()
    kept = KeptPrefixes()
    asked = (Message("user", QUESTIONS[0]),)
    growing = reply(loaded, serving, [asked], [TUNED], GREEDY, kept=kept)
    next(growing)
    (stopped,) = next(growing)
    growing.close()
    assert kept.nbytes
    drawn = ChatSettings(1.5, 1.0, 12, seed=3)
    *_, (wanted,) = reply(loaded, serving, [asked], [TUNED], drawn)
    read = computed(loaded.model)
    *_, (found,) = reply(loaded, serving, [asked], [TUNED], drawn, kept=kept)
    assert found.text == wanted.text and not read  # the last token alone was computed
    assert len(stopped.tokens) == 2


@pytest.mark.skipif(int8_kernel() is None, reason="this build of PyTorch has no product with int8 weights")
def test_what_int8_weights_computed_is_not_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    loaded, serving = served()
    int8 = ChatSettings(temperature=0, max_new_tokens=8, weights="int8")
    going_on, anew = Talk(loaded, serving, KeptPrefixes()), Talk(loaded, serving, None)
    for question, settings in zip(QUESTIONS, (int8, GREEDY, int8), strict=True):
        found = going_on.ask(question, BASE, TUNED, settings=settings)
        assert_same(found, anew.ask(question, BASE, TUNED, settings=settings))
    assert going_on.kept and going_on.kept.nbytes


def test_a_model_whose_earlier_keys_change_with_the_length_goes_on_from_nothing() -> None:
    loaded, serving = served()
    loaded.model.config.rope_parameters = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    kept = KeptPrefixes()
    Talk(loaded, serving, kept).ask(QUESTIONS[0], BASE)
    assert not reads_on(loaded.model) and kept.nbytes == 0


def test_a_model_that_looks_ahead_goes_on_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, serving = served()
    forward = type(loaded.model).forward

    @wraps(forward)  # how the cache is handed over is asked of its parameters
    def looking_ahead(self: Any, **given: Any) -> Any:
        result = forward(self, **given)
        result.logits = result.logits + given["input_ids"].sum()
        return result

    monkeypatch.setattr(type(loaded.model), "forward", looking_ahead)
    kept = KeptPrefixes()
    talk = Talk(loaded, serving, kept)
    talk.ask(QUESTIONS[0], BASE)
    assert kept.nbytes  # tried once there is something to go on from
    read = computed(loaded.model)
    expected = talk.ask(QUESTIONS[1], BASE)[0].prompt_tokens
    assert kept.nbytes == 0 and read[-1] == expected


def prefix(tokens: Sequence[int], key: str = "a") -> Prefix:
    states = torch.zeros(1, len(tokens), 1)
    return Prefix(key, tuple(tokens), ((states, states),))


def test_memory_is_bounded_and_the_conversation_used_last_stays() -> None:
    kept = KeptPrefixes(most_bytes=8 * 10)  # ten tokens
    kept.keep(prefix([1, 2, 3, 4]))
    kept.keep(prefix([5, 6, 7]))
    assert kept.longest("a", [1, 2, 3])[1] == 3  # used last
    kept.keep(prefix([8, 9, 10, 11]))
    assert kept.nbytes <= 80
    assert [kept.longest("a", [token])[1] for token in (1, 5, 8)] == [1, 0, 1]
    kept.keep(prefix(range(50)))
    assert kept.nbytes == 0  # too large to be kept at all


def test_nothing_is_kept_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_prefixes, "system_memory", lambda: MachineMemory(10**9, 8 * 79))
    kept = KeptPrefixes()
    kept.keep(prefix(range(9)))
    kept.keep(prefix(range(20, 22)))
    assert [kept.longest("a", [token])[1] for token in (0, 20)] == [0, 1]


def test_a_conversation_takes_the_place_of_its_start() -> None:
    kept = KeptPrefixes()
    for length in (2, 4, 6):
        kept.keep(prefix(range(length)))
    kept.keep(prefix(range(3), key="b"))
    assert kept.nbytes == 8 * (6 + 3)
    assert kept.longest("b", [7]) == (None, 0)


def test_the_scales_of_a_conversation_and_the_weights_are_its_key() -> None:
    model = tiny_model("llama")
    one, other = torch.ones(3), torch.tensor([1.0, 1.0, 1.5])
    keys = {
        key_of(model, {("a", "output"): one}), key_of(model, {("a", "output"): other}),
        key_of(model, {("b", "output"): one}), key_of(model, {}),
    }  # fmt: skip
    assert len(keys) == 4
    assert key_of(model, {("a", "output"): None}) == key_of(model, {})


def test_what_is_kept_goes_with_its_model(tmp_path: Any) -> None:
    memory = ModelMemory()
    sources = [str(save_tiny_chat(tmp_path / name)) for name in ("one", "two")]
    with memory.acquire(sources[0]) as loaded:
        Talk(loaded, None, memory.kept).ask(QUESTIONS[0], Variant(0))
        first = memory.kept
        assert first is not None and first.nbytes
    with memory.acquire(sources[0]):
        assert memory.kept is first
    with memory.acquire(sources[1]):
        assert memory.kept is not None and memory.kept.nbytes == 0
