"""An app on one's own computer answers to its own names, and to pages it served itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ia3_studio.ui.own_host import OwnHost, is_loopback


def status(host: str, origin: str = "") -> int:
    """Return the status with which a request is answered."""
    answers: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def send(message: Any) -> None:
        answers.append(message)

    headers = [(b"host", host.encode()), *([(b"origin", origin.encode())] if origin else [])]
    asyncio.run(OwnHost(app)({"type": "http", "headers": headers}, None, send))  # type: ignore[arg-type]
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
