"""What is suggested while a name is typed, judged for this machine; and that a raw request gets no more than a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from ia3_studio.data.load import LIGHTHOUSE
from ia3_studio.models import STARTER
from ia3_studio.models.machine import MachineMemory
from ia3_studio.runs.throughput import MachineSpeed
from ia3_studio.ui import model_words as words
from ia3_studio.ui.model_choice import search_data_sets, search_models
from ia3_studio.ui.session import Studio
from tests.hub_listing import Listing, ask_here, model
from tests.ui.conftest import AddRun

GB = 10**9


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine of 16 GB, 10 of them free, that trains at 100 billion operations a second."""
    monkeypatch.setattr("ia3_studio.models.gpu_process.machine_memory", lambda _device: MachineMemory(16 * GB, 10 * GB))
    monkeypatch.setattr("ia3_studio.runs.throughput.machine_speed", lambda *_all: MachineSpeed(1e11, "runs"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def listing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listing]:
    there = Listing()
    with there.serving() as address:
        ask_here(address, monkeypatch)
        yield there


def search(studio: Studio, query: Any, request: Any = 1, data: str = LIGHTHOUSE) -> list[dict[str, Any]]:
    """Return every list that a search for models shows, in its order."""
    event = gr.EventData(None, {"query": query, "request": request})
    return [json.loads(each["options"]) for each in search_models(studio, event, data)]


def entries(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["value"]: entry for group in view["groups"] for entry in group["entries"]}


def badges(entry: dict[str, Any]) -> list[str]:
    return [badge["label"] for badge in entry["badges"]]


def test_local_models_come_at_once_and_the_hubs_after_them(bench: Studio, listing: Listing) -> None:
    first, last = search(bench, "llama", request=7)
    assert first["busy"] and not last["busy"] and first["request"] == last["request"] == 7
    assert not entries(first) and [group["label"] for group in last["groups"]] == [words.ON_THE_HUB]
    (starters,) = search(bench, "")
    assert STARTER in entries(starters) and starters["notes"] == [words.TYPE_LETTERS]
    assert listing.asked == ["llama"]


def test_every_entry_says_what_it_needs_and_whether_it_fits(bench: Studio, listing: Listing) -> None:
    listing.models = [model("a/small", 10**8), model("a/middle", 2 * 10**9), model("a/large", 70 * 10**9)]
    small, middle, large = entries(search(bench, "a model")[-1]).values()
    assert badges(small) == ["training fits", "chat fits"]
    assert badges(middle) == ["training too large", "chat tight"]
    assert badges(large) == ["training too large", "chat too large"]
    assert words.size(200_000_000) in small["facts"] and "apache-2.0" in small["facts"]
    assert all("GB" in badge["title"] or "MB" in badge["title"] for badge in small["badges"])
    assert "about" in small["facts"] and "per epoch" in small["facts"] and "epoch" not in large["facts"]


def test_without_readable_data_or_a_known_size_no_time_is_told(bench: Studio, listing: Listing) -> None:
    experts = {"model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"]}
    listing.models = [model("a/small", 10**8), model("a/moe", 10**8, config=experts)]
    small, moe = entries(search(bench, "a model")[-1]).values()
    assert "epoch" in small["facts"] and "epoch" not in moe["facts"]
    for data in ("", "/no/such/file.csv", '{"source": 3', "{"):
        assert "epoch" not in entries(search(bench, "a model", data=data)[-1])["a/small"]["facts"]


def test_a_gated_model_says_how_to_get_access(bench: Studio, listing: Listing) -> None:
    gated = entries(search(bench, "llama")[-1])["meta-llama/Llama-3.2-1B"]
    assert words.GATED in badges(gated) and not gated["disabled"]
    assert gated["link"] == "https://huggingface.co/meta-llama/Llama-3.2-1B" and "license" in gated["link_text"]
    assert "HF_TOKEN" in gated["detail"]


def test_what_cannot_be_used_is_marked_and_the_rest_of_it_counted(bench: Studio, listing: Listing) -> None:
    listing.models = [*(model(f"a/gguf-{number}", tags=["gguf"]) for number in range(9)), model("a/good", 10**8)]
    view = search(bench, "a model")[-1]
    first, *marked = entries(view).values()
    assert first["value"] == "a/good" and not first["disabled"]
    assert len(marked) == 3 and all(entry["disabled"] and "GGUF" in entry["facts"] for entry in marked)
    assert any("6 (" in note for note in view["notes"])


def test_ten_models_at_most_are_shown(bench: Studio, listing: Listing) -> None:
    listing.models = [model(f"a/model-{number}", 10**8) for number in range(20)]
    assert list(entries(search(bench, "a model")[-1])) == [f"a/model-{number}" for number in range(10)]


def test_a_hub_in_trouble_is_one_line_and_what_is_local_is_shown(bench: Studio, listing: Listing) -> None:
    listing.status = 500
    view = search(bench, "smol")[-1]
    assert STARTER in entries(view) and len(view["notes"]) == 1 and "500" in view["notes"][0]


def test_models_of_earlier_runs_are_offered_and_never_to_a_visitor(
    bench: Studio, add_run: AddRun, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(model=str(tiny))
    assert str(tiny) in entries(search(bench, "")[-1])
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert str(tiny.parent) not in json.dumps(search(bench, "") + search(bench, "tiny") + search(bench, str(tiny)))


@pytest.mark.parametrize("query", [None, 3, [], {}, "x" * 10**6, "\0\n", "../..", "a" * 96, {"query": "x"}])
@pytest.mark.parametrize("request_number", [None, "1", 10**40, True, -5])
def test_whatever_is_asked_gets_a_list(bench: Studio, query: Any, request_number: Any) -> None:
    view = search(bench, query, request_number)[-1]
    assert isinstance(view["request"], int) and abs(view["request"]) < 2**31
    event = gr.EventData(None, {"query": query, "request": request_number})
    assert list(search_data_sets(bench, event))


def test_data_sets_are_suggested_the_same_way(bench: Studio, listing: Listing) -> None:
    event = gr.EventData(None, {"query": "rob", "request": 2})
    views = [json.loads(each["options"]) for each in search_data_sets(bench, event)]
    robots, faces = entries(views[-1]).values()
    assert (
        words.GATED in badges(robots) and "1K to 10K" in robots["facts"] and words.size(17_300_000) in robots["facts"]
    )
    assert robots["link"] == "https://huggingface.co/datasets/somebody/robots"
    assert faces["disabled"] and "image" in faces["facts"]


def test_an_event_without_any_data_is_an_empty_search(bench: Studio) -> None:
    (view,) = (json.loads(each["options"]) for each in search_models(bench, gr.EventData(None, None), LIGHTHOUSE))
    assert view["request"] == 0 and STARTER in entries(view)
