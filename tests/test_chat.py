"""Chat: base and tuned model in one batch say what each says alone, and the model is left as it was."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import prompt_ids
from ia3_studio.errors import ModelError, StudioError
from ia3_studio.method import Attachment, attach, discover
from ia3_studio.models.loaded import LoadedModel
from tests.families import tiny_model
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer

GREEDY = ChatSettings(temperature=0, max_new_tokens=12)


def loaded_llama(task: Any = "causal-lm") -> LoadedModel:
    model = tiny_model("llama")
    return LoadedModel(model, tiny_tokenizer(), task, "tiny", "tiny/model", "CPU, float32")


def tuned_llama() -> tuple[LoadedModel, Attachment]:
    loaded = loaded_llama()
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    randomized(attachment)
    return loaded, attachment


def asked(*contents: str) -> tuple[Message, ...]:
    roles = ("user", "assistant")
    return tuple(Message(roles[number % 2], content) for number, content in enumerate(contents))


def last(replies: Any) -> tuple[str, ...]:
    *_earlier, final = replies
    return tuple(answer.text for answer in final)


def generated(loaded: LoadedModel, conversation: tuple[Message, ...]) -> str:
    """Return what transformers' own greedy generate answers with the model as it is."""
    ids = torch.tensor([list(prompt_ids(conversation, loaded.tokenizer))])
    output = loaded.model.generate(input_ids=ids, max_new_tokens=12, do_sample=False, pad_token_id=0, eos_token_id=2)  # type: ignore[operator]
    return str(loaded.tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True))


def test_both_panes_say_what_each_model_says_alone() -> None:
    loaded, attachment = tuned_llama()
    question = asked("Where is the lamp?")
    with attachment.disabled():
        base = generated(loaded, question)
    assert last(reply(loaded, attachment, [question, question], [0, 1], GREEDY)) == (base, generated(loaded, question))


def test_conversations_of_different_lengths_do_not_disturb_each_other() -> None:
    loaded, attachment = tuned_llama()
    short, long = asked("Hi"), asked("Hello there", "Ahoy", "And what about the sea today?")
    with attachment.disabled():
        base = generated(loaded, short)
    assert last(reply(loaded, attachment, [short, long], [0, 1], GREEDY)) == (base, generated(loaded, long))


def test_a_row_that_ends_leaves_the_other_one_going() -> None:
    loaded, attachment = tuned_llama()
    short, long = asked("Hi"), asked("Hello there", "Ahoy", "And what about the sea today?")
    (ends,) = last(reply(loaded, attachment, [short], [0], GREEDY))
    (goes_on,) = last(reply(loaded, attachment, [long], [1], GREEDY))
    stop = next(place for place, letter in enumerate(ends) if letter not in goes_on)
    loaded.model.generation_config.eos_token_id = [2, loaded.tokenizer(ends[stop])["input_ids"][0]]  # type: ignore[union-attr]
    assert stop < len(goes_on) - 1
    assert last(reply(loaded, attachment, [short, long], [0, 1], GREEDY)) == (ends[: stop + 1], goes_on)


def test_the_same_seed_draws_the_same_answer_in_every_row() -> None:
    loaded, attachment = tuned_llama()
    question = asked("Tell me more")
    one, two = last(reply(loaded, attachment, [question] * 2, [1, 1], ChatSettings(1.5, 1.0, 20, seed=3)))
    again = last(reply(loaded, attachment, [question], [1], ChatSettings(1.5, 1.0, 20, seed=3)))
    other = last(reply(loaded, attachment, [question], [1], ChatSettings(1.5, 1.0, 20, seed=4)))
    assert one == two == again[0] != other[0]


def test_answers_grow_token_by_token() -> None:
    loaded, attachment = tuned_llama()
    texts = [answers[0].text for answers in reply(loaded, attachment, [asked("Hi")], [1], GREEDY)]
    assert len(texts) == 12
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


def test_stopping_leaves_the_model_at_its_strength() -> None:
    loaded, attachment = tuned_llama()
    ids = torch.tensor([[5, 6, 7]])
    before = loaded.model(input_ids=ids).logits
    answers = reply(loaded, attachment, [asked("Hi")], [0], GREEDY)
    next(answers)
    assert torch.equal(loaded.model(input_ids=ids).logits, before)
    answers.close()  # type: ignore[attr-defined]
    assert torch.equal(loaded.model(input_ids=ids).logits, before)


def test_the_base_model_chats_without_an_adapter() -> None:
    loaded = loaded_llama()
    question = asked("Hi")
    assert last(reply(loaded, None, [question], [0], GREEDY)) == (generated(loaded, question),)


def test_a_narrow_nucleus_is_greedy() -> None:
    loaded, attachment = tuned_llama()
    narrow = ChatSettings(temperature=1.0, top_p=1e-6, max_new_tokens=12)
    question = asked("Hi")
    assert last(reply(loaded, attachment, [question], [1], narrow)) == last(
        reply(loaded, attachment, [question], [1], GREEDY)
    )


def test_a_conversation_beyond_the_context_is_refused_with_the_numbers() -> None:
    loaded, attachment = tuned_llama()
    with pytest.raises(StudioError, match=r"the context length of the model is 128; shorten the message"):
        next(reply(loaded, attachment, [asked("x" * 200)], [1], GREEDY))


def test_a_model_that_cannot_chat_is_refused() -> None:
    with pytest.raises(ModelError, match="not a chat or text-generation model"):
        next(reply(loaded_llama("encoder"), None, [asked("Hi")], [0], GREEDY))


@pytest.mark.parametrize(
    ("settings", "way_out"),
    [
        ({"temperature": -1}, "emperature is -1; use .* 0 to 5"),
        ({"top_p": 0}, "op-p is 0; use .* 1"),
        ({"max_new_tokens": 0}, "ax new tokens is 0; use 1 to"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings: dict[str, float], way_out: str) -> None:
    with pytest.raises(StudioError, match=way_out):
        ChatSettings(**settings)  # type: ignore[arg-type]
