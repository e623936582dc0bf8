"""Histories: questions and responses, the same questions everywhere, and what the model reads."""

from __future__ import annotations

from ia3_studio.data.conversations import Message
from ia3_studio.ui.chat_history import aligned, messages_of


def test_parts_of_a_message_become_one_text() -> None:
    history = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    assert messages_of(history) == (Message("user", "ab"),)


def test_a_question_without_a_response_is_left_out() -> None:
    history = [{"role": "user", "content": "first"}, {"role": "user", "content": "second"}]
    assert messages_of(history) == (Message("user", "second"),)


def test_a_response_that_is_added_continues_the_history_to_its_left() -> None:
    first = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    second = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}]
    assert aligned([first, second, []]) == [first, second, second]
