"""An app on one's own computer answers to its own names, and to pages it served itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ia3_studio.host_check import HostMiddleware, is_loopback


def status(host: str, origin: str = "", port: int | None = None) -> int:
    """Return the status with which a request is answered."""
    answers: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Any) -> None:
        answers.append(message)

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    asyncio.run(
        HostMiddleware(app)(
            {"type": "http", "headers": headers, "server": ("127.0.0.1", port) if port else None}, None, send
        )
    )  # type: ignore[arg-type]
    return int(answers[0]["status"])


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860", "LOCALHOST"])
def test_its_own_names_are_answered(host: str) -> None:
    assert status(host) == status(host, "http://localhost:7860") == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""])
def test_another_name_that_points_here_is_refused(host: str) -> None:
    assert status(host) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
def test_a_page_of_another_site_is_refused(origin: str) -> None:
    assert status("127.0.0.1:7860", origin) == 403


def test_a_proxy_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOSTS", "studio.example, Other.Example")
    assert status("studio.example", "https://other.example") == 200
    assert status("evil.example") == 403


def test_only_a_loopback_address_is_this_machines_alone() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("localhost") and not is_loopback("0.0.0.0")


@pytest.mark.parametrize(
    ("host", "origin", "said"),
    [
        ("127.0.0.1:7860", "http://127.0.0.1:7860", 200),
        ("127.0.0.1:7860", "http://localhost:7860", 200),
        ("127.0.0.1:7860", "http://127.0.0.1:8000", 403),
        ("localhost:7860", "http://localhost", 403),
        ("localhost", "http://localhost", 200),  # a proxy on the scheme's own port, before an app on 7860
        ("localhost", "http://localhost:8000", 403),
        ("localhost:9999", "http://localhost:9999", 200),  # a tunnel keeps both names
        ("[::1]:7860", "http://[::1]:7861", 403),
        ("127.0.0.1:7860", "file://", 403),
    ],
)
def test_a_page_from_another_port_of_this_machine_is_another_site(host: str, origin: str, said: int) -> None:
    assert status(host, origin, port=7860) == said


def test_the_proxy_of_a_notebook_is_named_with_its_port_or_by_the_root_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOSTS", "localhost:8888")
    assert status("127.0.0.1:7860", "http://localhost:8888", 7860) == 200
    assert status("127.0.0.1:7860", "http://localhost:8889", 7860) == 403
    monkeypatch.setenv("GRADIO_ROOT_PATH", "https://hub.example/user/ann/proxy/7860")
    assert status("127.0.0.1:7860", "https://hub.example", 7860) == status("hub.example", "", 7860) == 200


MALFORMED = (
    "[::1",
    "[",
    "]",
    "[::1]]:7860",
    "localhost:port",
    "localhost:99999999",
    "a b",
    "\x00",
    "user@localhost",
    "::1",
)


@pytest.mark.parametrize("written", MALFORMED)
def test_what_is_no_address_is_refused_not_a_failure(written: str) -> None:
    assert status(written) == 403
    assert status("127.0.0.1:7860", f"http://{written}", 7860) == 403


def test_two_hosts_at_once_are_refused() -> None:
    headers = [(b"host", b"127.0.0.1:7860"), (b"host", b"evil.example")]
    assert status_of(headers) == status_of(list(reversed(headers))) == 403


def status_of(headers: list[tuple[bytes, bytes]]) -> int:
    """Return the status with which a request of these headers is answered."""
    answers: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Any) -> None:
        answers.append(message)

    asyncio.run(HostMiddleware(app)({"type": "http", "headers": headers}, None, send))  # type: ignore[arg-type]
    return int(answers[0]["status"])
