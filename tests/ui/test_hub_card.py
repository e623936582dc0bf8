"""The selected adapter is pushed to the Hub: with whose token, where to, and what is reported."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from ia3_studio.errors import ExportError
from ia3_studio.ui import export_words as words
from ia3_studio.ui import text
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.hub_card import offer, push, token_of
from ia3_studio.ui.session import Studio
from tests.export.hub_push_standin import EXPIRED, GOOD, Hub
from tests.export.test_push import there  # noqa: F401  (a fixture)
from tests.ui.conftest import AddRun, save_adapter, says, write_steps

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")
OWNERS = "hf_" + "o" * 34
"""A token of whoever runs the app."""


@pytest.fixture
def key(bench: Studio, add_run: AddRun) -> str:
    run = add_run("Ahoy there!")
    write_steps(run, 0, 6)
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    return run_key(run.id)


def test_a_run_with_an_adapter_is_offered_under_its_name(bench: Studio, key: str, add_run: AddRun) -> None:
    card, name = offer(bench, key)
    assert card["visible"] and name == "ahoy-there-ia3"
    assert not offer(bench, run_key(add_run("Another").id))[0]["visible"]
    assert not offer(bench, "")[0]["visible"]


def test_it_is_pushed_and_the_token_leaves_the_page_at_once(bench: Studio, key: str, there: Hub) -> None:  # noqa: F811
    told = list(push(bench, key, "keeper/ahoy", False, GOOD))
    assert {token for _said, token in told} == {""}
    assert f"{there.address}/keeper/ahoy" in told[-1][0] and f" {words.PRIVATE}." in told[-1][0]
    card = there.files["keeper/ahoy"]["README.md"].decode()
    assert "4.000 (base model) → 3.500" in card and {"scales.svg", "training.svg"} <= set(there.files["keeper/ahoy"])
    assert not [path for path in bench.home.rglob("*") if path.is_file() and GOOD.encode() in path.read_bytes()]


def test_a_refusal_is_told_on_the_card(bench: Studio, key: str, there: Hub) -> None:  # noqa: F811
    *_, (said, token) = push(bench, key, "keeper/ahoy", False, EXPIRED)
    assert "expired" in said and token == ""
    *_, (said, _token) = push(bench, "", "keeper/ahoy", False, GOOD)
    assert says(said, text.EXPORT_EMPTY)
    *_, (said, _token) = push(bench, key, "not a name", False, GOOD)
    assert "note bad" in said and "not a name" in said


def test_at_home_the_login_of_the_computer_serves_where_none_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", OWNERS)
    assert token_of("", None) == OWNERS and token_of(GOOD, None) == GOOD
    assert token_of("", gr.OAuthToken(EXPIRED, "write-repos", 0)) == EXPIRED


def test_nobody_pushes_with_the_token_of_whoever_runs_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", OWNERS)
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    for blank in ("", "  "):
        with pytest.raises(ExportError, match=words.NEEDS_TOKEN):
            token_of(blank, None)
    monkeypatch.setenv("SPACE_ID", "keeper/studio")
    monkeypatch.setenv("OAUTH_CLIENT_ID", "x")
    with pytest.raises(ExportError, match=words.SIGN_IN):
        token_of("", None)


def test_without_any_token_the_way_to_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(ExportError, match=words.NEEDS_TOKEN):
        token_of("", None)
