"""The switch on the page starts an endpoint that a client reaches, and stops it."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from ia3_studio.errors import RunError
from ia3_studio.models import ModelMemory
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.ui import endpoint_card
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.session import Studio
from tests.serving.test_batching import adapter_for
from tests.tiny_chat import save_tiny_chat


def studio_with_run(folder: Path) -> tuple[Studio, str]:
    model = str(save_tiny_chat(folder / "model"))
    memory, store = ModelMemory(), RunStore(folder / "runs")
    run = store.create(RunConfig(name="pirate", model=model, data="lighthouse"), "one")
    with memory.acquire(model) as loaded:
        run.files.keep_adapter(1, adapter_for(loaded.model and loaded, 1).save)
    return Studio(store, memory, folder, folder / "scratch"), run_key(run.id)


def test_the_switch_starts_an_endpoint_and_stops_it(tmp_path: Path) -> None:
    studio, key = studio_with_run(tmp_path)
    *_notes, last = list(endpoint_card.start(studio, key))
    _card, started, stopped, said, code = last
    assert (started["visible"], stopped["visible"]) == (False, True)
    address = studio.endpoint.address
    assert address in said
    assert address in code["value"]
    with openai.OpenAI(base_url=address, api_key="unused", max_retries=0) as client:
        answer = client.chat.completions.create(
            model="pirate", messages=[{"role": "user", "content": "Hi"}], max_tokens=4
        )
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 0
        _card, started, stopped, *_rest = endpoint_card.stop(studio, key)
        assert (started["visible"], stopped["visible"]) == (True, False)
        with pytest.raises(openai.APIConnectionError):
            client.models.list()
    assert studio.memory.users == 0


def test_the_card_says_why_requests_are_answered_one_after_the_other(tmp_path: Path) -> None:
    store, model = RunStore(tmp_path / "runs"), str(save_tiny_chat(tmp_path / "model", family="mixtral"))
    key = run_key(store.create(RunConfig(name="pirate", model=model, data="lighthouse"), "one").id)
    studio = Studio(store, ModelMemory(), tmp_path, tmp_path / "scratch")
    *_notes, (_card, _started, _stopped, said, _code) = list(endpoint_card.start(studio, key))
    assert "one after the other" in said
    assert "experts" in said
    endpoint_card.stop(studio, key)
    assert not studio.endpoint.note


def test_a_visitor_of_a_public_app_cannot_start_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    studio = Studio(RunStore(tmp_path / "runs"), ModelMemory(), tmp_path, tmp_path)
    with pytest.raises(RunError, match="public"):
        next(iter(endpoint_card.start(studio, "")))
    with pytest.raises(RunError, match="public"):
        endpoint_card.stop(studio, "")
