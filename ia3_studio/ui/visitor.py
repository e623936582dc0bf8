"""Which visitor sent a request? In public mode, visitors see and change only what is theirs.

A random cookie identifies a visitor; it is set when a page is opened and read on every request. It alone decides what
belongs to whom, in the store of runs and in the folder of imports, never a hidden button. A browser without cookies is
identified by the session of its tab, which is random as well.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie

import gradio as gr

from ia3_studio.asgi import App, Message, Receive, Send
from ia3_studio.errors import StudioError
from ia3_studio.settings import on_space
from ia3_studio.ui import text

COOKIE = "ia3_visitor"
KEY_BYTES = 32
SHORTEST_KEY = 20
"""Characters; a shorter cookie is not ours."""
VISITOR_LENGTH = 32
"""Characters of a visitor's name."""
_KEPT_SECONDS = 60 * 60 * 24 * 180

_visitor: ContextVar[str] = ContextVar("visitor", default="")


def visitor() -> str:
    """Return the name of the visitor who sent the current request: a digest that does not reveal the cookie."""
    return _visitor.get()


@contextmanager
def visiting(request: gr.Request | None) -> Iterator[None]:
    """Handle a visitor's request inside the block.

    Raises:
        StudioError: the request has neither a cookie nor a session.
    """
    token = _visitor.set(name_of(request))
    try:
        yield
    finally:
        _visitor.reset(token)


def name_of(request: gr.Request | None) -> str:
    """Return the name of the visitor who sent a request.

    Raises:
        StudioError: it has neither a cookie nor a session.
    """
    key = (request.cookies or {}).get(COOKIE, "") if request else ""
    if len(key) < SHORTEST_KEY:
        key = f"session {request.session_hash}" if request and request.session_hash else ""
    if not key:
        raise StudioError(text.RELOAD)
    return _digest(key)


def name_in(scope: Message) -> str:
    """Return the name of the visitor whose cookie a request has; empty if it has none of ours."""
    cookie = cookies_of(scope).get(COOKIE)
    return _digest(cookie.value) if cookie and len(cookie.value) >= SHORTEST_KEY else ""


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:VISITOR_LENGTH]


class CookieMiddleware:
    """Sets a cookie in every browser that opens the page without one."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; set the cookie in the response to a page that is opened without it."""
        opens = scope["type"] == "http" and scope.get("method") == "GET" and scope.get("path") in ("/", "")
        if not opens or COOKIE in cookies_of(scope):
            await self._app(scope, receive, send)
            return

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (b"set-cookie", _new_cookie().encode())]
            await send(message)

        await self._app(scope, receive, with_cookie)


def cookies_of(scope: Message) -> SimpleCookie:
    """Return the cookies of a request; none if they are malformed."""
    found = next((value for name, value in scope.get("headers", []) if name == b"cookie"), b"")
    try:
        return SimpleCookie(found.decode("latin-1"))
    except CookieError:
        return SimpleCookie()


def _new_cookie() -> str:
    """Return a cookie that scripts cannot read; on a Space it also works in the frame of another site."""
    framed = "; Secure; SameSite=None; Partitioned" if on_space() else "; SameSite=Lax"
    return f"{COOKIE}={secrets.token_urlsafe(KEY_BYTES)}; Path=/; HttpOnly; Max-Age={_KEPT_SECONDS}{framed}"
