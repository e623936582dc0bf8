"""Whose page is it? With visitors, each sees and touches only what is theirs.

A cookie that nobody can guess names a visitor; it is set when a page is opened and read on every request. What belongs
to whom is decided by it alone, in the store of runs and in the folder of imports, never by hiding a button. A browser
that keeps no cookies is known by its tab's session, which nobody can guess either.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from typing import Any

import gradio as gr

from ia3_studio.errors import StudioError
from ia3_studio.settings import on_space
from ia3_studio.ui import text

COOKIE = "ia3_visitor"
KEY_BYTES = 32
SHORTEST_KEY = 20
"""Characters; a cookie that is shorter was not given by us."""
VISITOR_LENGTH = 32
"""Characters of a visitor's name."""
_KEPT_SECONDS = 60 * 60 * 24 * 180

_visitor: ContextVar[str] = ContextVar("visitor", default="")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def visitor() -> str:
    """Return the name of the visitor whose request is being answered: a digest, by which the key cannot be found."""
    return _visitor.get()


@contextmanager
def visiting(request: gr.Request | None) -> Iterator[None]:
    """Answer a visitor's request inside the block.

    Raises:
        StudioError: the request says neither by cookie nor by session whose it is.
    """
    token = _visitor.set(name_of(request))
    try:
        yield
    finally:
        _visitor.reset(token)


def name_of(request: gr.Request | None) -> str:
    """Return the name of the visitor who sent a request.

    Raises:
        StudioError: it does not say whose it is.
    """
    key = (request.cookies or {}).get(COOKIE, "") if request else ""
    if len(key) < SHORTEST_KEY:
        key = f"session {request.session_hash}" if request and request.session_hash else ""
    if not key:
        raise StudioError(text.RELOAD)
    return _named(key)


def name_in(scope: Message) -> str:
    """Return the name of the visitor whose cookie a request carries; empty where it carries none of ours."""
    cookie = _cookies(scope).get(COOKIE)
    return _named(cookie.value) if cookie and len(cookie.value) >= SHORTEST_KEY else ""


def _named(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:VISITOR_LENGTH]


class GiveKey:
    """Gives a key to every browser that opens the page without one; a middleware of the app."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; set the cookie in the answer to a page that is opened without it."""
        opens = scope["type"] == "http" and scope.get("method") == "GET" and scope.get("path") in ("/", "")
        if not opens or COOKIE in _cookies(scope):
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"set-cookie", _new_cookie().encode())]
            await send(message)

        await self._app(scope, receive, with_cookie)


def _cookies(scope: Message) -> SimpleCookie:
    found = next((value for name, value in scope.get("headers", []) if name == b"cookie"), b"")
    try:
        return SimpleCookie(found.decode("latin-1"))
    except CookieError:
        return SimpleCookie()


def _new_cookie() -> str:
    """Return a cookie that no script reads; on a Space it is also kept within the frame of another site."""
    framed = "; Secure; SameSite=None; Partitioned" if on_space() else "; SameSite=Lax"
    return f"{COOKIE}={secrets.token_urlsafe(KEY_BYTES)}; Path=/; HttpOnly; Max-Age={_KEPT_SECONDS}{framed}"
