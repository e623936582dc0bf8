"""The Chat tab: one prompt for every response, histories that are cut together, and what is offered and saved."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from ia3_studio.chat import PRESETS, Answer, Token
from ia3_studio.data.conversations import Message
from ia3_studio.errors import StudioError
from ia3_studio.models import few_rows
from ia3_studio.ui import chat_responses, chat_stream, chat_words, text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_history import History
from ia3_studio.ui.chat_responses import ChatRequest
from ia3_studio.ui.chat_stream import stream_responses
from ia3_studio.ui.chat_tab import describe, describe_first, edit, retry, send, show_responses, show_stop_while, undo
from ia3_studio.ui.chat_turn import ChatTurn
from ia3_studio.ui.chat_variants import BASE, CURRENT, MAX_RESPONSES
from ia3_studio.ui.chat_widgets import draw_sampling, use_preset
from ia3_studio.ui.current_run import find, import_key
from ia3_studio.ui.forms import Drawn, updates_of
from ia3_studio.ui.session import Studio
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import says

ASKED: History = [{"role": "user", "content": [{"type": "text", "text": "hi"}], "metadata": None}]


def with_histories(*histories: History, **others: Any) -> ChatForm:
    """Return the form with a response for each history."""
    hidden = [[]] * (MAX_RESPONSES - len(histories))
    return ChatForm(**{"count": len(histories), "histories": (*histories, *hidden)} | others)


def asking(tiny: Path, *histories: History, **others: Any) -> tuple[Any, ...]:
    """Return what the page sends for short, greedy responses."""
    return updates_of(
        with_histories(*histories, **{"model": str(tiny), "temperature": 0, "top_p": 1, "max_new_tokens": 8} | others)
    )


def test_a_prompt_goes_to_every_response_that_is_shown(bench: Studio) -> None:
    empty, *histories = send(bench, ChatTurn(), *updates_of(with_histories([], [], prompt=" hi ")))
    assert empty == ""
    assert histories[:2] == [[{"role": "user", "content": "hi"}]] * 2
    assert all(history == gr.skip() for history in histories[2:])


def test_an_empty_prompt_is_refused_and_ends_nothing(bench: Studio) -> None:
    turn = ChatTurn()
    mark, _asked = turn.take()
    with pytest.raises(StudioError):
        send(bench, turn, *updates_of(with_histories([], prompt="  ")))
    assert turn.is_of(mark)


def test_a_response_fills_its_history_gives_its_speed_and_can_be_saved(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    *_, last = stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, ASKED, key=import_key(adapter)))
    said, tokens, markdown, document, *rest = last
    speeds, histories = rest[:MAX_RESPONSES], rest[MAX_RESPONSES:]
    current = find(bench, import_key(adapter))
    assert current and says(said, text.chat_with(current.name, str(tiny)))
    assert re.search(r"\b8 tokens\b.*\d\.\d\d s.*\d tokens/s", speeds[0])
    saved = json.loads(Path(document).read_text())
    assert [each["messages"][-1]["content"] for each in saved["conversations"]] == [
        histories[0][-1]["content"], histories[1][-1]["content"]
    ]  # fmt: skip
    assert histories[0][-1]["content"] in Path(markdown).read_text()
    counts = [len(each["tokens"]) for each in saved["last_answers"]]
    assert counts[0] == 8 and tokens.count("class='sure-") == sum(counts) + 4  # and the key


def test_the_weights_of_the_next_response_are_chosen_with_the_sampling_and_named_where_it_is_shown_and_saved(
    bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few_rows, "_speedup", lambda *given: 2.0)
    for weights, is_named in (("exact", False), ("int8", True), ("exact", False)):
        *_, last = stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, weights=weights))
        _said, _tokens, markdown, document, speed, *_rest = last
        saved = json.loads(Path(document).read_text())
        assert saved["settings"]["weights"] == weights and f"weights {weights}" in Path(markdown).read_text()
        assert ("int8" in speed) is is_named
        assert any("int8" in note for note in saved["last_answers"][0]["notes"]) is is_named


@pytest.mark.parametrize(
    ("environment", "value", "first"),
    [("", "exact", chat_words.EXACT_WEIGHTS), ("int8", "int8", chat_words.EXACT_WEIGHTS),
     ("float16", "exact", chat_words.ROUNDED_WEIGHTS)],
)  # fmt: skip
def test_the_environment_says_which_weights_are_offered_first(
    environment: str, value: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_CHAT_WEIGHTS", environment)
    form = Drawn(ChatForm)

    async def build() -> None:  # in a running loop, as in conftest
        with gr.Blocks():
            draw_sampling(form)

    asyncio.run(build())
    assert form["weights"].value == value
    assert form["weights"].choices == [(first, "exact"), (chat_words.INT8_WEIGHTS, "int8")]


def test_while_responses_grow_only_their_texts_are_sent_and_speeds_now_and_then(
    bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_responses, "PAUSE", 0.0)
    monkeypatch.setattr(chat_stream, "SPEED_PAUSE", 1e9)
    updates = list(stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, max_new_tokens=100)))
    responses = [each for each in updates if isinstance(each[-MAX_RESPONSES], list)]
    speeds = [each for each in responses if isinstance(each[4], str)]
    assert len(responses) > 3  # far from all 100: a page that is slow to draw is sent the latest only
    assert speeds == [responses[0], responses[-1]] and "100 tokens" in responses[-1][4]
    assert [each for each in responses if isinstance(each[0], str)] == speeds  # who responds


def test_conversations_of_two_pages_are_saved_apart(bench: Studio, tiny: Path) -> None:
    form = asking(tiny, ASKED)
    first, second = ([*stream_responses(bench, ChatTurn(), *form)][-1][2] for _page in range(2))
    assert first != second and Path(first).is_file() and Path(second).is_file()


def test_a_problem_is_shown_above_the_responses(bench: Studio, tiny: Path) -> None:
    with pytest.warns(UserWarning, match="128") as toasts:  # the toast, outside of a page
        long = [{"role": "user", "content": "a long story " * 100}]
        said = list(stream_responses(bench, ChatTurn(), *asking(tiny, long)))[-1][0]
    assert says(said, str(toasts[0].message))


def test_a_number_of_responses_that_is_not_offered_is_refused(bench: Studio, tiny: Path) -> None:
    with pytest.warns(UserWarning, match=re.escape(chat_words.count_out_of_range(9, MAX_RESPONSES))):
        list(stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, count=9)))


def test_stopping_gives_the_model_back(bench: Studio, tiny: Path) -> None:
    stream = stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, max_new_tokens=100))
    while isinstance(next(stream)[-MAX_RESPONSES], dict):
        pass
    stream.close()
    freed = threading.Event()

    def take() -> None:
        with bench.memory.acquire(str(save_tiny_chat(tiny.parent / "another"))):
            freed.set()

    threading.Thread(target=take, daemon=True).start()
    assert freed.wait(20)


@pytest.mark.parametrize("follows", [send, retry, edit, undo])
def test_a_stream_ends_by_itself_when_another_click_takes_its_turn(bench: Studio, tiny: Path, follows: Any) -> None:
    turn = ChatTurn()
    stream = stream_responses(bench, turn, *asking(tiny, ASKED, max_new_tokens=100))
    while isinstance(next(stream)[-MAX_RESPONSES], dict):
        pass
    clicked = () if follows is send else (0,)
    more = () if follows is send else (event(0, "b"),)
    follows(bench, *clicked, turn, *more, *updates_of(with_histories(ONE, prompt="c")))
    assert list(stream) == []
    assert turn.is_taken is (follows is not undo)  # by the response that follows


@pytest.mark.parametrize("follows", [retry, edit])
def test_what_an_ended_stream_still_showed_is_not_taken_for_the_conversation(
    bench: Studio, tiny: Path, follows: Any
) -> None:
    turn, shown = ChatTurn(), asking(tiny, [*ASKED, {"role": "assistant", "content": "a piece of it"}], seed=0)
    kept = next(each for each in follows(bench, 0, turn, event(0, "hi"), *shown) if isinstance(each, list))
    first, *_, last = stream_responses(bench, turn, *shown)  # the page shows the piece again
    assert first[-MAX_RESPONSES] == kept and [each["role"] for each in kept] == ["user"]
    history = last[-MAX_RESPONSES]
    assert [each["role"] for each in history] == ["user", "assistant"] and history[-1]["content"] != "a piece of it"


def test_a_stream_that_fails_or_ends_gives_the_turn_up(bench: Studio, tiny: Path) -> None:
    turn = ChatTurn()
    list(stream_responses(bench, turn, *asking(tiny, ASKED)))
    assert not turn.is_taken and show_stop_while(turn)[0]["visible"]
    turn.take()  # as Retry does before its response
    with pytest.warns(UserWarning):
        list(stream_responses(bench, turn, *asking(tiny, ASKED, count=9)))
    assert not turn.is_taken


def test_the_system_prompt_comes_first_for_all(bench: Studio, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[ChatRequest] = []

    def note_down(_studio: Studio, request: ChatRequest, _report: Any) -> tuple[Answer, ...]:
        requested.append(request)
        return (Answer("a"),)

    monkeypatch.setattr(chat_stream, "respond", note_down)
    list(stream_responses(bench, ChatTurn(), *asking(tiny, ASKED, system_prompt=" Be brief. ")))
    assert requested[0].conversations == ((Message("system", "Be brief."), Message("user", "hi")),)


def conversation(*contents: str) -> History:
    return [{"role": ("user", "assistant")[number % 2], "content": said} for number, said in enumerate(contents)]


def event(index: int, value: str = "") -> Any:
    return SimpleNamespace(index=index, value=value)


ONE, TWO = conversation("a", "1", "b", "2"), conversation("a", "x", "b", "y")


def test_retrying_asks_the_same_with_the_next_seed(bench: Studio) -> None:
    seed, *histories = retry(bench, 0, ChatTurn(), event(2), *updates_of(with_histories(ONE, TWO, seed=4)))
    assert seed == 5
    assert histories[:2] == [conversation("a", "1", "b"), conversation("a", "x", "b")]
    assert (
        retry(bench, 0, ChatTurn(), event(2), *updates_of(with_histories(ONE, TWO, seed=None)))[0] == 1
    )  # an emptied seed is 0


def test_undoing_gives_the_question_back(bench: Studio) -> None:
    prompt, *histories, send_button, stop = undo(bench, 1, ChatTurn(), event(2), *updates_of(with_histories(ONE, TWO)))
    assert prompt == "b" and send_button["visible"] and not stop["visible"]
    assert histories[:2] == [conversation("a", "1"), conversation("a", "x")]


def test_an_edited_question_removes_what_followed_it_from_every_history(bench: Studio) -> None:
    histories = edit(bench, 0, ChatTurn(), event(0, "c"), *updates_of(with_histories(ONE, TWO)))
    assert list(histories[:2]) == [conversation("c"), conversation("c")]


def test_a_sampling_preset_fills_its_fields() -> None:
    assert use_preset("Precise") == (0.0, 1.0, 0, 1.0)
    assert all(each == gr.skip() for each in use_preset("nonsense"))
    assert set(PRESETS) == {"Precise", "Balanced", "Creative"}


def test_a_strength_is_shown_only_for_a_response_with_an_adapter() -> None:
    visible = [update["visible"] for update in show_responses(3, BASE, CURRENT, BASE, CURRENT)]
    assert visible == [True, True, True, False, False, True, False, False]


def test_a_variant_that_is_gone_gives_way_to_the_selected_adapter(bench: Studio, tiny: Path, adapter: Path) -> None:
    drawn = describe(bench, import_key(adapter), str(tiny), 2, True, BASE, "run:gone", BASE, BASE)
    assert [update["value"] for update in drawn[9 : 9 + MAX_RESPONSES]] == [BASE, CURRENT, BASE, BASE]


def test_the_second_response_comes_with_the_first_adapter_and_stays_as_it_was_set(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    variants = (BASE, CURRENT, CURRENT, CURRENT)

    def shown(key: str, count: int, had_adapter: bool) -> tuple[int, bool]:
        drawn = describe(bench, key, str(tiny), count, had_adapter, *variants)
        return drawn[13], drawn[14]

    assert shown("", 2, True) == (1, False)
    assert shown(import_key(adapter), 1, False) == (2, True)
    assert shown(import_key(adapter), 1, True) == (1, True)
    assert shown(import_key(adapter), 4, False) == (4, True)


def test_a_prompt_that_comes_before_the_tab_is_described_gets_as_many_responses_as_one_that_comes_later(
    bench: Studio, tiny: Path, adapter: Path
) -> None:
    for key, count in (("", 1), (import_key(adapter), 2)):
        asked = (key, str(tiny), ChatForm().count, None, *ChatForm().variants)
        first = describe_first(bench, 23, *asked)
        assert first[13:15] == describe(bench, *asked)[13:15] == (count, bool(key)) and len(first) == 23
        later = describe_first(bench, 23, key, str(tiny), count, bool(key), *ChatForm().variants)
        assert later == (gr.skip(),) * 23


def test_the_text_of_a_token_is_escaped() -> None:
    said = chat_words.tokens("<b>", Answer("x", (Token("<i>", 0.25, (("'\"", 0.5),)),)))
    assert "<i>" not in said and "<b>" not in said and "sure-1" in said


def test_every_example_is_another_prompt_and_the_recorded_one_comes_first() -> None:
    assert text.CHAT_EXAMPLES[0] == text.SAMPLE_PROMPT
    assert len(set(text.CHAT_EXAMPLES)) == len(text.CHAT_EXAMPLES)
