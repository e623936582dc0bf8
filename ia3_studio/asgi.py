"""What is a web app, for code that stands in front of one? The types of ASGI, and a response with a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Refuse = Callable[[Send, int, str], Awaitable[None]]
"""Sends a response with a status and a sentence."""


async def respond(send: Send, status: int, sentence: str) -> None:
    """Respond to a request with a sentence."""
    body = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
