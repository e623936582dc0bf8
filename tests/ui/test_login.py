"""An app that others can reach asks for its password, bounds the guesses, and ends sessions."""

from __future__ import annotations

import asyncio
import io
import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import pytest

from ia3_studio.cli import REFUSED, main
from ia3_studio.errors import RunError
from ia3_studio.ui import app as served
from ia3_studio.ui import login, login_words
from ia3_studio.ui.login import COOKIE, Attempts, LoginMiddleware, Sessions, take_password
from tests.logged import logged

SECRET = "twelve oars, 2 lamps"


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def token(self) -> str:
        return self.headers.get("set-cookie", "").partition(f"{COOKIE}=")[2].partition(";")[0]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Door:
    """The middleware before an app that answers "inside"."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.sessions = Sessions(clock=self.clock)
        self.attempts = Attempts(clock=self.clock, **options)
        self.middleware = LoginMiddleware(self._inside, SECRET, self.sessions, self.attempts)

    async def _inside(self, _scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"inside"})

    def ask(self, method: str, path: str, token: str = "", body: bytes = b"", address: str = "10.0.0.7") -> Answer:
        answer = Answer()
        pieces = [body[start : start + 1_000] for start in range(0, max(len(body), 1), 1_000)]

        async def receive() -> Any:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            answer.status = message.get("status", answer.status)
            answer.headers |= {name.decode(): value.decode() for name, value in message.get("headers", [])}
            answer.body += message.get("body", b"").decode()

        headers = [(b"cookie", f"other=1; {COOKIE}={token}".encode())] if token else []
        scope = {"type": "http", "method": method, "path": path, "headers": headers, "client": (address, 5)}
        asyncio.run(self.middleware(scope, receive, send))
        return answer

    def give(self, password: str, **options: Any) -> Answer:
        return self.ask("POST", "/login", body=f"password={quote_plus(password)}".encode(), **options)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/config"), ("GET", "/gradio_api/info"), ("POST", "/gradio_api/queue/join"), ("POST", "/"),
        ("GET", "/gradio_api/file=/etc/passwd"), ("POST", "/gradio_api/upload"), ("GET", "//"), ("GET", "/login/"),
        ("PUT", "/login"), ("POST", "/gradio_api/startup-events"), ("OPTIONS", "/"),
        ("GET", "/gradio_api/startup-events/x"),
    ],
)  # fmt: skip
def test_nothing_of_the_app_is_served_without_a_session(method: str, path: str) -> None:
    answer = Door().ask(method, path)
    assert answer.status == 401 and "inside" not in answer.body and answer.body


def test_the_page_asks_for_the_password_and_runs_no_script() -> None:
    for path in ("/", "/login"):
        answer = Door().ask("GET", path)
        assert answer.status == 401 and 'type="password"' in answer.body and "<script" not in answer.body
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_the_password_opens_a_session_and_logging_out_ends_it() -> None:
    door = Door()
    answer = door.give(SECRET)
    assert (answer.status, answer.headers["location"]) == (303, "./")
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["set-cookie"].split("; ")) and len(answer.token) > 40
    assert door.ask("POST", "/gradio_api/queue/join", answer.token).body == "inside"
    assert door.ask("GET", "/", answer.token + "A").status == 401
    assert login_words.LOGGED_OUT in door.ask("GET", "/logout", answer.token).body
    assert door.ask("GET", "/config", answer.token).status == 401


@pytest.mark.parametrize("given", ["", SECRET[:-1], SECRET + " ", SECRET.upper(), "\udcff", "é" * 50])
def test_another_password_opens_nothing(given: str) -> None:
    door = Door()
    answer = door.ask("POST", "/login", body=b"password=" + given.encode("utf-8", "surrogatepass"))
    assert answer.status == 401 and login_words.WRONG_PASSWORD in answer.body and not answer.token


@pytest.mark.parametrize("body", [b"", b"other=1", b"password", b"&" * 50, b"a=1&" * 50, b"\xff\xfe%%%"])
def test_a_form_of_junk_opens_nothing(body: bytes) -> None:
    answer = Door().ask("POST", "/login", body=body)
    assert answer.status == 401 and not answer.token


def test_a_form_without_end_is_not_read_to_it() -> None:
    answer = Door().ask("POST", "/login", body=b"password=" + b"a" * 100_000)
    assert answer.status == 413 and not answer.token


def test_guesses_are_bounded_for_each_address_and_for_all() -> None:
    door = Door(per_address=3, in_all=5)
    assert [door.give("wrong").status for _ in range(4)] == [401, 401, 401, 429]
    assert door.give(SECRET).status == 429  # a right guess does not tell either
    assert door.give(SECRET, address="10.0.0.8").status == 303
    assert [door.give("wrong", address=f"10.0.1.{each}").status for each in range(3)] == [401, 401, 429]
    door.clock.now = 901
    assert door.give(SECRET).status == 303


def test_the_addresses_of_one_ipv6_network_count_as_one() -> None:
    door = Door(per_address=2)
    assert [door.give("wrong", address=f"2001:db8:1:2::{each}").status for each in range(3)] == [401, 401, 429]
    assert door.give("wrong", address="2001:db8:1:3::1").status == 401


def test_a_session_ends_without_use_and_in_any_case_after_a_week() -> None:
    door = Door()
    idle, busy = door.give(SECRET).token, door.give(SECRET).token
    for hour in range(0, 7 * 24, 6):
        door.clock.now = hour * 3_600.0
        assert door.ask("GET", "/", busy).status == 200
        if hour == 12:
            assert door.ask("GET", "/", idle).status == 401
    door.clock.now = 7 * 86_400.0
    assert door.ask("GET", "/", busy).status == 401


def test_sessions_are_bounded_and_the_one_least_used_ends_first() -> None:
    door = Door()
    door.sessions.most = 2
    first, second = door.give(SECRET).token, door.give(SECRET).token
    door.clock.now = 5
    assert door.ask("GET", "/", first).status == 200
    third = door.give(SECRET).token
    assert [door.ask("GET", "/", token).status for token in (first, second, third)] == [200, 401, 200]


def test_neither_password_nor_token_is_kept_or_logged() -> None:
    door = Door()
    with logged(logging.DEBUG) as log:
        token = door.give(SECRET).token
        door.give("a wrong guess")
    assert "10.0.0.7" in log.text
    kept = repr(vars(door.middleware)) + repr(door.sessions) + log.text
    assert [each for each in (SECRET, token, "a wrong guess") if each in kept] == []


def test_the_password_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(login.hmac, "compare_digest", compare)
    door = Door()
    assert door.give("short").status == 401 and door.give(SECRET).status == 303
    assert compared == [(32, 32), (32, 32)]  # digests: the length of the password does not show


def test_the_password_leaves_the_environment_and_a_short_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_PASSWORD", SECRET)
    assert (take_password(), take_password()) == (SECRET, "")
    monkeypatch.setenv("IA3_STUDIO_PASSWORD", "1234567")
    with pytest.raises(RunError, match="has 7 characters; use at least 8"):
        take_password()


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the middleware of each app that would have been launched."""
    found: list[list[str]] = []

    async def nothing(*_asked: Any) -> None:
        """An app that answers nothing."""

    def launch(_demo: Any, middleware: Any, **_options: Any) -> None:
        found.append([type(each(nothing)).__name__ for each in middleware])

    monkeypatch.setattr(served, "_build", lambda *_given: None)
    monkeypatch.setattr(served, "_launch", launch)
    for name in ("IA3_STUDIO_PASSWORD", "IA3_STUDIO_PUBLIC", "GRADIO_SERVER_NAME", "SPACE_ID", "SYSTEM"):
        monkeypatch.setenv(name, "")  # so that it is put back, whatever the command sets
        monkeypatch.delenv(name)
    return found


@pytest.mark.parametrize("name", ["0.0.0.0", "192.168.1.5", "::", "studio.example"])
def test_an_address_that_others_reach_needs_a_password(
    name: str, launched: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--host", name]) == REFUSED
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and name in said and "IA3_STUDIO_PASSWORD" in said and launched == []
    monkeypatch.setenv("IA3_STUDIO_PASSWORD", SECRET)
    monkeypatch.setattr(served, "chosen_port", lambda *_asked: 7860)
    served.serve(host=name)
    assert launched == [["LoginMiddleware"]]


def test_a_loopback_address_needs_none_and_asks_for_one_that_is_given(
    launched: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.serve()
    served.serve(SECRET)
    assert launched == [["HostMiddleware"], ["LoginMiddleware", "HostMiddleware"]]


def test_in_public_mode_visitors_need_none_and_a_password_comes_before_uploads(
    launched: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    monkeypatch.setattr(served, "chosen_port", lambda *_asked: 7860)
    served.serve()
    served.serve(SECRET)
    assert launched == [
        ["CookieMiddleware", "UploadMiddleware"],
        ["CookieMiddleware", "UploadMiddleware", "LoginMiddleware"],
    ]


def test_asking_for_a_password_without_a_terminal_is_one_sentence(
    launched: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["serve", "--auth"]) == REFUSED
    assert "IA3_STUDIO_PASSWORD" in capsys.readouterr().err and launched == []
