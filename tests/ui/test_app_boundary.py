"""Errors on their way to the page."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator

import gradio as gr
import pytest

from ia3_studio.errors import RunError
from ia3_studio.ui.boundary import guard


def refuse(where: str, what: str) -> str:
    raise RunError(f"{what} in <{where}>: choose another.")


def slip(number: int) -> float:
    return number / 0


def drip(number: int) -> Iterator[int]:
    yield number
    raise RunError("The well is dry; dig deeper.")


def test_a_studio_error_arrives_as_it_was_written_and_escaped() -> None:
    with pytest.raises(gr.Error) as caught:
        guard(refuse, "here")("Nothing")
    assert caught.value.message == "Nothing in &lt;here&gt;: choose another."
    assert not caught.value.print_exception


def test_any_other_error_is_logged_and_only_its_id_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        guard(slip)(1)
    shown = caught.value.message
    assert "ZeroDivisionError" not in shown and "division" not in shown
    number = shown.partition("id ")[2][:6]
    assert number in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_stream_keeps_what_it_gave_before_it_failed() -> None:
    stream = guard(drip)(3)
    assert next(stream) == 3
    with pytest.raises(gr.Error, match="dig deeper"):
        next(stream)


def test_a_guarded_handler_shows_what_is_left_to_fill_in() -> None:
    assert list(inspect.signature(guard(refuse, "here")).parameters) == ["what"]
