"""Errors on their way to the page."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from ia3_studio.errors import RunError
from ia3_studio.ui import text
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.visitor import COOKIE
from tests.logged import logged


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


def test_any_other_error_is_logged_and_only_its_id_is_shown() -> None:
    with logged(logging.ERROR) as log, pytest.raises(gr.Error) as caught:
        guard(slip)(1)
    shown = caught.value.message
    assert "ZeroDivisionError" not in shown and "division" not in shown
    (number,) = re.findall(r"\b[0-9a-f]{6}\b", shown)
    assert shown == text.unexpected(number) and number in log.text and "ZeroDivisionError" in log.text


def test_full_memory_says_what_to_do() -> None:
    def grow() -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")

    with logged(logging.ERROR) as log, pytest.raises(gr.Error) as caught:
        guard(grow)()
    assert caught.value.message == text.OUT_OF_MEMORY and "alloc_cpu" in log.text


def test_a_stream_keeps_what_it_gave_before_it_failed() -> None:
    stream = guard(drip)(3)
    assert next(stream) == 3
    with pytest.raises(gr.Error, match="dig deeper"):
        next(stream)


def test_a_guarded_handler_shows_what_is_left_to_fill_in() -> None:
    assert list(inspect.signature(guard(refuse, "here")).parameters) == ["what"]


def tell(sentence: str) -> tuple[str, dict[str, str]]:
    return f"<p>{sentence}</p>", {"value": sentence}


def fail(sentence: str) -> str:
    raise RunError(sentence)


def test_a_visitor_is_told_no_folder_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path / "home"))
    sentence = f"{tmp_path / 'home' / 'runs' / 'x.json'} cannot be read; see https://huggingface.co/org/name."
    assert guard(tell)(sentence)[1]["value"] == sentence  # on one's own computer
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    visit = type("Visit", (), {"cookies": {COOKIE: "a" * 43}, "session_hash": ""})()
    shown = "…/x.json cannot be read; see https://huggingface.co/org/name."
    assert guard(tell)(visit, sentence) == (f"<p>{shown}</p>", {"value": shown})
    with pytest.raises(gr.Error) as caught:
        guard(fail)(visit, sentence)
    assert caught.value.message == shown
    offered = tmp_path / "rows.csv"
    offered.write_text("")
    assert guard(tell)(visit, str(offered))[1]["value"] == str(offered)  # a file on its way to a download
