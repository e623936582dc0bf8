"""Rows with different adapters share passes, enter and leave, and each says what it says alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from ia3_studio.chat import ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.errors import StudioError
from ia3_studio.method import Adapter, attach, discover
from ia3_studio.method.algebra import add
from ia3_studio.models.fast_inference import enable_fast_inference
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.serving import batching as module
from ia3_studio.serving import next_token
from ia3_studio.serving.batching import Batching
from ia3_studio.serving.generation import Delta, Event, Failed, Finished, Generation, ServedAdapter, TimedOutError
from tests.families import CAUSAL, tiny_model
from tests.tiny_chat import tiny_tokenizer

GREEDY = ChatSettings(temperature=0, top_p=1, max_new_tokens=12)
QUESTIONS = ("Hi", "Where is the lamp?", "Tell me about the sea and the wind of today, sailor", "x", "And then what?")


def loaded_model(family: str = "llama", *, fast: bool = False) -> LoadedModel:
    model = tiny_model(family)
    if fast:
        enable_fast_inference(model)
    return LoadedModel(model, tiny_tokenizer(), "causal-lm", "tiny", "tiny/model", "CPU, float32")


def adapter_for(loaded: LoadedModel, seed: int) -> Adapter:
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        attachment.parameter.copy_(1 + 0.8 * torch.randn(attachment.parameter.shape, generator=generator))
    adapter = attachment.adapter()
    attachment.detach()
    return adapter


def asked(question: str) -> tuple[int, ...]:
    return tuple(prompt_ids((Message("user", question),), tiny_tokenizer()))


class Told:
    """A generation with what was told of it."""

    def __init__(self, prompt: Sequence[int], settings: ChatSettings = GREEDY, **options: Any) -> None:
        self.events: list[Event] = []
        self.generation = Generation(tuple(prompt), settings, self.events.append, **options)

    def text(self, choice: int = 0) -> str:
        return "".join(e.text for e in self.events if isinstance(e, Delta) and e.choice == choice)

    def logprobs(self) -> list[float]:
        return [token.logprob for event in self.events if isinstance(event, Delta) for token in event.tokens]

    def end(self, choice: int = 0) -> tuple[str, int]:
        (end,) = [e for e in self.events if isinstance(e, Finished) and e.choice == choice]
        return end.reason, end.completion_tokens


def run(loaded: LoadedModel, *asked_for: Told, rows: int = 8) -> None:
    batching = Batching(loaded, rows)
    waiting = deque(each.generation for each in asked_for)
    while batching.advance(waiting) or waiting:
        pass
    assert batching.rows == 0
    batching.close()


def mixed(loaded: LoadedModel) -> list[ServedAdapter | None]:
    one, two = adapter_for(loaded, 1), adapter_for(loaded, 2)
    return [
        None,
        ServedAdapter("one", one),
        ServedAdapter("two", two, 0.4),
        ServedAdapter("one", one, 1.5),
        ServedAdapter("one+two", add([one, two], [0.5, 0.5])),
    ]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("family", [*CAUSAL, "mixtral"])
def test_every_row_of_a_mixed_batch_says_what_it_says_alone(family: str, fast: bool) -> None:
    loaded = loaded_model(family, fast=fast)
    adapters = mixed(loaded)
    together = [Told(asked(q), adapter=a, logprobs=0) for q, a in zip(QUESTIONS, adapters, strict=True)]
    run(loaded, *together)
    for question, adapter, each in zip(QUESTIONS, adapters, together, strict=True):
        alone = Told(asked(question), adapter=adapter, logprobs=0)
        run(loaded, alone)
        assert alone.text() == each.text()
        assert alone.end() == each.end()
        assert alone.logprobs() == pytest.approx(each.logprobs(), abs=1e-4)
    assert len({round(sum(each.logprobs()), 4) for each in together}) == len(together)


def test_a_row_says_what_transformers_own_generation_says() -> None:
    loaded = loaded_model(fast=True)
    told = [Told(asked(question)) for question in QUESTIONS]
    run(loaded, *told)
    for question, each in zip(QUESTIONS, told, strict=True):
        ids = torch.tensor([asked(question)])
        output = loaded.model.generate(
            input_ids=ids, max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=2
        )  # type: ignore[operator]
        assert each.text() == loaded.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True)


def test_a_strength_of_zero_is_the_base_model() -> None:
    loaded = loaded_model()
    base, zero = Told(asked("Hi")), Told(asked("Hi"), adapter=ServedAdapter("one", adapter_for(loaded, 1), 0.0))
    run(loaded, base, zero)
    assert base.text() == zero.text()


def test_rows_enter_late_and_leave_early_without_waiting_for_each_other() -> None:
    loaded = loaded_model(fast=True)
    adapter = ServedAdapter("one", adapter_for(loaded, 1))
    long = Told(asked("Tell me more"), ChatSettings(temperature=0, top_p=1, max_new_tokens=40))
    short = Told(asked("Hi"), ChatSettings(temperature=0, top_p=1, max_new_tokens=3), adapter=adapter)
    batching = Batching(loaded, 8)
    waiting = deque([long.generation])
    for _round in range(6):
        batching.advance(waiting)
    before = len(long.text())
    waiting.append(short.generation)
    for _round in range(4):
        batching.advance(waiting)
    assert short.end() == ("length", 3)
    assert before < len(long.text()) < 40
    while batching.advance(waiting):
        pass
    alone = Told(asked("Tell me more"), ChatSettings(temperature=0, top_p=1, max_new_tokens=40))
    run(loaded, alone)
    assert alone.text() == long.text()


def test_more_requests_than_rows_take_their_turns() -> None:
    loaded = loaded_model(fast=True)
    told = [Told(asked(question)) for question in QUESTIONS]
    run(loaded, *told, rows=2)
    for question, each in zip(QUESTIONS, told, strict=True):
        alone = Told(asked(question))
        run(loaded, alone)
        assert alone.text() == each.text()


def test_two_tokens_within_rounding_are_decided_by_the_text_read_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = loaded_model(fast=True)
    usual = Told(asked("Hi"))
    run(loaded, usual)
    monkeypatch.setattr(next_token, "NEAR", 1e9)  # every token counts as a tie
    told = [Told(asked(question)) for question in QUESTIONS]
    run(loaded, *told)
    assert told[0].text() == usual.text()


def test_a_long_prompt_is_read_in_chunks_between_the_tokens_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 8)
    loaded = loaded_model(fast=True)
    running, late = Told(asked("Hi")), Told(asked(QUESTIONS[2]))
    batching = Batching(loaded, 8)
    waiting = deque([running.generation])
    while len(running.text()) < 2:
        batching.advance(waiting)
    waiting.append(late.generation)
    before = len(running.text())
    while not late.text():
        batching.advance(waiting)
    assert len(running.text()) - before >= len(asked(QUESTIONS[2])) // 8
    while batching.advance(waiting):
        pass
    alone = Told(asked(QUESTIONS[2]))
    run(loaded, alone)
    assert alone.text() == late.text()


def test_the_next_message_of_a_conversation_reads_only_what_is_new_and_says_the_same() -> None:
    loaded = loaded_model(fast=True)
    batching = Batching(loaded, 8)
    first = Told(asked("Hello"))
    waiting = deque([first.generation])
    while batching.advance(waiting):
        pass
    longer = (*asked("Hello"), *loaded.tokenizer(first.text())["input_ids"], *asked("And?"))
    again, fresh = Told(longer), Told(longer)
    waiting.append(again.generation)
    batching._admit(waiting)
    assert batching._readings[0].done > len(asked("Hello"))
    while batching.advance(waiting):
        pass
    run(loaded, fresh)
    assert again.text() == fresh.text()


def test_the_same_seed_draws_the_same_answers_whoever_else_asks() -> None:
    loaded = loaded_model(fast=True)
    settings = ChatSettings(temperature=1.3, top_p=1, max_new_tokens=20, seed=7)
    first, other = Told(asked("Hi"), settings, choices=(0, 1)), Told(asked("Hey"), settings)
    run(loaded, first, other)
    again = Told(asked("Hi"), settings, choices=(0, 1))
    run(loaded, again)
    assert [first.text(0), first.text(1)] == [again.text(0), again.text(1)]
    assert first.text(0) != first.text(1)


def test_an_answer_ends_before_a_stop_string_that_spans_tokens() -> None:
    loaded = loaded_model()
    whole = Told(asked("Hi"))
    run(loaded, whole)
    stop = whole.text()[4:7]
    told = Told(asked("Hi"), stop=("@@@", stop), logprobs=0)
    run(loaded, told)
    cut = whole.text().find(stop)
    assert told.text() == whole.text()[:cut]
    assert told.end()[0] == "stop"
    assert sum(len(e.tokens) for e in told.events if isinstance(e, Delta)) == cut


def test_log_probabilities_are_those_of_a_plain_forward() -> None:
    loaded = loaded_model(fast=True)
    adapter = adapter_for(loaded, 1)
    told = Told(asked("Hi"), logprobs=3, adapter=ServedAdapter("one", adapter))
    run(loaded, told, Told(asked(QUESTIONS[2])))
    tokens = [token for event in told.events if isinstance(event, Delta) for token in event.tokens]
    assert len(tokens) == 12
    attachment = attach(loaded.model, adapter.selection)
    attachment.load(adapter)
    ids = torch.tensor([[*asked("Hi"), *(token.id for token in tokens)]])
    with torch.no_grad():
        wanted = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
    for place, token in enumerate(tokens, start=len(asked("Hi")) - 1):
        assert token.logprob == pytest.approx(float(wanted[place, token.id]), abs=1e-4)
        assert [each for each, _text, _value in token.top] == wanted[place].topk(3).indices.tolist()


def test_the_end_token_ends_an_answer_and_counts() -> None:
    loaded = loaded_model()
    whole = Told(asked("Hi"))
    run(loaded, whole)
    loaded.model.generation_config.eos_token_id = [2, loaded.tokenizer(whole.text()[3])["input_ids"][0]]  # type: ignore[union-attr]
    told = Told(asked("Hi"))
    run(loaded, told)
    cut = whole.text().find(whole.text()[3])
    assert (told.text(), told.end()) == (whole.text()[:cut], ("stop", cut + 1))


def test_who_left_and_who_took_too_long_do_not_disturb_the_others() -> None:
    loaded = loaded_model()
    gone, late, stays = Told(asked("Hi")), Told(asked("Hi"), deadline=0.0), Told(asked("Where?"))
    batching = Batching(loaded, 8)
    waiting = deque([gone.generation, late.generation, stays.generation])
    for _round in range(4):
        batching.advance(waiting)
    gone.generation.cancel()
    while batching.advance(waiting):
        pass
    assert isinstance(late.events[0], Failed)
    assert isinstance(late.events[0].error, TimedOutError)
    assert len(gone.text()) < 12
    alone = Told(asked("Where?"))
    run(loaded, alone)
    assert alone.text() == stays.text()


def test_an_adapter_whose_numbers_overflow_fails_alone() -> None:
    loaded = loaded_model()
    adapter = adapter_for(loaded, 1)
    broken = ServedAdapter("bad", replace(adapter, vector=torch.full_like(adapter.vector, torch.inf)))
    bad, good = Told(asked("Hi"), adapter=broken), Told(asked("Hi"))
    run(loaded, good, bad, Told(asked("Hey"), adapter=broken))
    alone = Told(asked("Hi"))
    run(loaded, alone)
    assert good.text() == alone.text()
    assert isinstance(bad.events[-1], Failed)
    assert "not finite" in str(bad.events[-1].error)


def test_an_adapter_of_another_model_is_refused_and_the_others_go_on() -> None:
    loaded = loaded_model()
    other, good = (
        Told(asked("Hi"), adapter=ServedAdapter("other", adapter_for(loaded_model("gpt2"), 1))),
        Told(asked("Hi")),
    )
    run(loaded, other, good)
    (failed,) = other.events
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, StudioError)
    assert good.end() == ("length", 12)


class Raising(torch.nn.Module):
    """A head of an adapter that raises, from some pass on."""

    def __init__(self, passes: int) -> None:
        super().__init__()
        self.passes = passes

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        self.passes -= 1
        if self.passes < 0:
            raise ZeroDivisionError
        return hidden


@pytest.mark.parametrize("passes", [0, 4])
@pytest.mark.parametrize("family", ["llama", "mixtral"])
def test_a_request_whose_pass_raises_fails_alone(family: str, passes: int) -> None:
    loaded = loaded_model(family, fast=True)
    adapter = adapter_for(loaded, 1)
    told = [
        Told(asked(question), adapter=ServedAdapter(name, adapter))
        for question, name in zip(QUESTIONS[:3], ("one", "bad", "two"), strict=True)
    ]
    batching = Batching(loaded, 8)
    batching._serving.add("bad", adapter)
    batching._serving.acquire("bad", {"model.norm": Raising(passes)})
    waiting = deque(each.generation for each in told)
    while batching.advance(waiting) or waiting:
        pass
    assert batching.rows == 0
    good, bad, other = told
    assert isinstance(bad.events[-1], Failed)
    assert "ZeroDivisionError" in str(bad.events[-1].error)
    assert bool(bad.text()) == bool(passes)
    batching.close()
    for each, question in ((good, QUESTIONS[0]), (other, QUESTIONS[2])):
        alone = Told(asked(question), adapter=ServedAdapter("one", adapter))
        run(loaded, alone)
        assert each.text() == alone.text()
        assert each.end() == alone.end()


def test_rows_that_raise_only_together_are_all_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = loaded_model()
    batching = Batching(loaded, 8)
    told = [Told(asked(question)) for question in QUESTIONS[:3]]
    one_pass = batching._batch._pass  # type: ignore[attr-defined]
    monkeypatch.setattr(
        batching._batch, "_pass", lambda ids, *rest: 1 / 0 if len(ids) > 1 else one_pass(ids, *rest), raising=True
    )
    waiting = deque(each.generation for each in told)
    while batching.advance(waiting) or waiting:
        pass
    batching.close()
    for each, question in zip(told, QUESTIONS, strict=False):
        alone = Told(asked(question))
        run(loaded, alone)
        assert each.text() == alone.text()


def test_an_error_that_belongs_to_no_request_tells_all_and_the_next_request_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = loaded_model()
    batching = Batching(loaded, 8)
    told = Told(asked("Hi"))
    waiting = deque([told.generation])
    batching.advance(waiting)
    with monkeypatch.context() as patched:
        patched.setattr(batching._batch, "step", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            batching.advance(waiting)
    assert isinstance(told.events[-1], Failed)
    after = Told(asked("Hi"))
    waiting.append(after.generation)
    while batching.advance(waiting):
        pass
    assert after.end() == ("length", 12)
