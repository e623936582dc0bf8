"""The model is shared fairly with those who want another one, and an answer that was put off goes on as it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from ia3_studio.chat import ChatSettings
from ia3_studio.models import ModelMemory
from ia3_studio.serving import scheduler as module
from ia3_studio.serving.generation import Failed, Finished, ServedAdapter
from ia3_studio.serving.scheduler import Limits, Scheduler
from tests.serving.test_batching import Told, adapter_for, asked, loaded_model, run
from tests.tiny_chat import save_tiny_chat

LONG = ChatSettings(temperature=0, top_p=1, max_new_tokens=90)


class Served:
    """A scheduler that borrows one of two models."""

    def __init__(self, folder: Path) -> None:
        self.mine, self.other = (str(save_tiny_chat(folder / str(seed), seed)) for seed in (0, 1))
        self.memory = ModelMemory()
        self.scheduler = Scheduler(
            lambda: self.memory.acquire(self.mine), Limits(rows=4, threads=1), self.memory.turn,
            idle_seconds=60, is_awaited=lambda: self.memory.is_awaited,
        )  # fmt: skip

    @contextmanager
    def constant_traffic(self) -> Iterator[None]:
        """Ask for long answers without end, four at a time."""
        left = threading.Event()

        def ask() -> None:
            while not left.is_set():
                told = Told(asked("Tell me more"), LONG)
                self.scheduler.submit(told.generation)
                _wait(told, 30)

        threads = [threading.Thread(target=ask) for _number in range(4)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            left.set()
            for each in threads:
                each.join()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(module, "HELD_SECONDS", 0.2)
    found = Served(tmp_path)
    yield found
    found.scheduler.close()


def _wait(told: Told, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not any(isinstance(each, Finished | Failed) for each in told.events) and time.monotonic() < until:
        time.sleep(0.005)


def test_who_wants_another_model_gets_it_in_the_middle_of_constant_traffic(served: Served) -> None:
    with served.constant_traffic():
        for _time in range(2):
            time.sleep(0.3)
            began = time.monotonic()
            with served.memory.acquire(served.other) as loaded:
                assert loaded.source == served.other
            assert time.monotonic() - began < 10


def test_an_answer_that_was_put_off_goes_on_as_if_it_had_not_been(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELD_SECONDS", 0.0)
    with served.memory.acquire(served.mine) as loaded:
        adapter = ServedAdapter("one", adapter_for(loaded, 1))
        alone, drawn_alone = Told(asked("Hi"), LONG, adapter=adapter), Told(asked("Hi"), _drawn())
        run(loaded, alone)
        run(loaded, drawn_alone)
    told = Told(asked("Hi"), LONG, adapter=adapter), Told(asked("Hi"), _drawn())
    waits = threading.Thread(target=_borrow, args=(served,))
    served.scheduler.submit(*(each.generation for each in told))
    while not told[1].text():
        time.sleep(0.001)
    waits.start()
    waits.join()
    assert not any(map(_has_ended, told))
    for each, before in zip(told, (alone, drawn_alone), strict=True):
        _wait(each, 30)
        assert each.text() == before.text()
        assert each.end() == before.end()


def test_a_scheduler_that_is_closed_tells_those_whose_answers_were_put_off(served: Served) -> None:
    told = Told(asked("Hi"), LONG)
    with served.memory.acquire(served.mine):
        served.scheduler.submit(told.generation)
        while not told.events:
            time.sleep(0.005)
    closing = threading.Event()

    def hold() -> None:
        with served.memory.acquire(served.other):
            closing.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    while served.memory.loaded != served.other and not _has_ended(told):
        time.sleep(0.005)
    served.scheduler.close(0.1)
    closing.set()
    thread.join()
    served.scheduler.close()
    assert _has_ended(told)


def test_an_encoder_decoder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    loaded = replace(loaded_model("t5"), head="seq2seq")
    scheduler = Scheduler(lambda: nullcontext(loaded), Limits(rows=2, threads=1))
    told = Told(asked("Hi"))
    scheduler.submit(told.generation)
    _wait(told, 20)
    scheduler.close()
    (failed,) = told.events
    assert isinstance(failed, Failed)
    assert "decoder-only" in str(failed.error)


def _has_ended(told: Told) -> bool:
    return any(isinstance(each, Finished | Failed) for each in told.events)


def _drawn() -> ChatSettings:
    return ChatSettings(temperature=1.2, top_p=0.9, max_new_tokens=60, seed=5)


def _borrow(served: Served) -> None:
    with served.memory.acquire(served.other):
        time.sleep(0.05)
