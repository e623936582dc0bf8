"""The app as a Space starts it: visitors sign in with their Hub account, and push with it alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ia3_studio.ui import export_words as words
from tests.e2e.studio_app import StudioProcess, free_port
from tests.export.hub_push_standin import GOOD, Hub, Reply, hub
from tests.ui.conftest import save_adapter
from tests.ui.test_visitor import give
from tests.ui.visit import Visit

OWNERS = "hf_" + "o" * 34
"""A token of whoever runs the Space; the hub would take it."""


@dataclass
class AccountHub(Hub):
    """A hub at which one can also sign in."""

    def answer(self, method: str, path: str, token: str, body: bytes) -> Reply:
        """Return (status, headers, document)."""
        if path.startswith("/.well-known/openid-configuration"):
            return 200, {}, {
                "issuer": self.address, "authorization_endpoint": f"{self.address}/oauth/authorize",
                "token_endpoint": f"{self.address}/oauth/token", "jwks_uri": f"{self.address}/oauth/jwks",
            }  # fmt: skip
        if path.startswith("/oauth/token"):
            said = parse_qs(body.decode())
            assert said["code"] == ["a-code"]
            person = {"sub": "1", "name": "Keeper", "preferred_username": "keeper", "profile": "", "picture": ""}
            return 200, {}, {"access_token": GOOD, "token_type": "bearer", "expires_in": 3600, "userinfo": person,
                             "scope": "openid profile write-repos"}  # fmt: skip
        return super().answer(method, path, token, body)


@pytest.fixture(scope="module")
def there() -> Iterator[Hub]:
    with hub(AccountHub()) as found:
        yield found


@pytest.fixture(scope="module")
def space(there: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    environment = {
        "SYSTEM": "spaces", "SPACE_ID": "keeper/studio", "HF_TOKEN": OWNERS, "HF_ENDPOINT": there.address,
        "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "GRADIO_SERVER_NAME": "127.0.0.1",
        "OAUTH_CLIENT_ID": "an-id", "OAUTH_CLIENT_SECRET": "a-secret", "OAUTH_SCOPES": "openid profile write-repos",
        "OPENID_PROVIDER_URL": there.address,
    }  # fmt: skip
    app = StudioProcess(tmp_path_factory.mktemp("space"), free_port(), environment=environment)
    try:
        app.start()
        yield app
    finally:
        app.close()


def signed_in(visit: Visit) -> None:
    """Sign in as a browser would, by way of the hub and back."""
    asked = visit.http.get("/login/huggingface")
    sent = parse_qs(urlsplit(asked.headers["location"]).query)
    assert sent["client_id"] == ["an-id"]
    kept = asked.headers["set-cookie"].partition(";")[0]
    back = visit.http.get("/login/callback", params={"code": "a-code", "state": sent["state"][0]},
                          headers={"cookie": kept})  # fmt: skip
    assert back.status_code in (302, 307), back.text
    visit.http.headers["cookie"] += "; " + back.headers["set-cookie"].partition(";")[0]


def push(visit: Visit, key: str, repository: str) -> Any:
    assert visit.call("choose", [], {"key": key})["output"]["data"]
    return visit.call("push", [None, repository, False, ""])


@pytest.mark.worker
def test_who_signed_in_pushes_with_their_own_account(space: StudioProcess, there: Hub) -> None:
    with Visit(space.address, "session-of-ann") as ann:
        run = give(space, ann, "Signed")
        run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
        refused = json.dumps(push(ann, f"run:{run.id}", "keeper/signed"))
        assert words.SIGN_IN in refused
        assert not [token for _asked, token in there.asked if token == OWNERS]
        signed_in(ann)
        told = json.dumps(push(ann, f"run:{run.id}", "keeper/signed"))
    assert f"{there.address}/keeper/signed" in told and f" {words.PRIVATE}." in told, told
    pushed = [token for asked, token in there.asked if asked.startswith("POST /api/")]
    assert pushed and set(pushed) == {GOOD}
    assert "adapter_model.safetensors" in there.files["keeper/signed"]
    held = b"".join(path.read_bytes() for path in space.folder.rglob("*") if path.is_file())
    assert GOOD.encode() not in held and OWNERS.encode() not in held


JUNK: tuple[Any, ...] = (
    None, "<script>alert(1)</script>", -1, 10**30, {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    ["../../etc/passwd"], "run:20200101-000000-abcdef", "../../../etc/passwd", [[1]], True,
)  # fmt: skip
COSTLY = ("train_demo",)
"""Takes nothing from outside: it would only train."""


@pytest.mark.worker
def test_every_handler_answers_junk_with_a_sentence_and_goes_on(space: StudioProcess) -> None:
    with Visit(space.address, "session-of-mallory") as mallory:
        handlers = [each for each in mallory.config["dependencies"] if each.get("backend_fn")]
        names = {each["api_name"] for each in handlers}
        assert (
            len(handlers) > 60
            and {"push", "stream_responses", "start_run", "import_files", "write_merged_model"} <= names
        )
        for number, handler in enumerate(handlers):
            if handler["api_name"] in COSTLY:
                continue
            data = [JUNK[(number + place) % len(JUNK)] for place in range(len(handler["inputs"]))]
            body = {"fn_index": handler["id"], "data": data, "session_hash": "mallory",
                    "event_data": {"key": "run:../../etc", "value": JUNK[1], "index": [-1, 9**9]}}  # fmt: skip
            said = told(mallory, body)
            for secret in ("root:x:", str(space.home), "Traceback", OWNERS):
                assert secret not in said, (handler["api_name"], said[:600])
        assert mallory.http.get("/").status_code == 200


def told(visit: Visit, body: dict[str, Any]) -> str:
    """Call a handler; return everything that comes back until it has answered."""
    joined = visit.http.post("/gradio_api/queue/join", json=body | {"trigger_id": None})
    said = joined.text
    if joined.status_code != 200:
        return said
    with visit.http.stream("GET", f"/gradio_api/queue/data?session_hash={body['session_hash']}") as lines:
        for line in lines.iter_lines():
            said += line
            if any(end in line for end in ("process_completed", "close_stream", "unexpected_error")):
                break
    return said


@pytest.mark.worker
def test_posts_across_sites_and_uploads_beyond_the_bound_are_refused(space: StudioProcess) -> None:
    with Visit(space.address, "session-of-a-site") as site:
        body = '{"fn_index": 0, "data": [], "session_hash": "x"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            plain = site.http.post("/gradio_api/queue/join", content=body, headers={"content-type": kind})
            assert plain.status_code in (400, 415, 422), kind
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST",
                 "Access-Control-Request-Headers": "content-type"}  # fmt: skip
        allowed = site.http.options("/gradio_api/queue/join", headers=asked)
        assert allowed.headers.get("access-control-allow-origin") not in ("*", "https://evil.example")
        large = b"x" * (201 * 2**20)
        sent = site.http.post("/gradio_api/upload", files={"files": ("large.csv", large)}, timeout=120)
        assert sent.status_code == 413, sent.text[:200]


@pytest.mark.worker
def test_what_a_model_says_is_cleaned_before_it_is_drawn(space: StudioProcess) -> None:
    with Visit(space.address, "session-of-a-reader") as reader:
        panes = [each["props"] for each in reader.config["components"] if each["type"] == "chatbot"]
        assert panes and all(pane["sanitize_html"] for pane in panes)
        assert reader.config.get("show_error") is False
