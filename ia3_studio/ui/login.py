"""Who may use an app that others can reach? Whoever knows its password, for as long as their session lasts.

The middleware stands in front of everything that the app serves. Sessions live in memory: restarting the app ends all.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import os
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from ia3_studio.asgi import App, Message, Receive, Send, respond
from ia3_studio.errors import RunError
from ia3_studio.ui import login_words
from ia3_studio.ui.login_page import login_page
from ia3_studio.ui.visitor import cookies_of

PASSWORD = "IA3_STUDIO_PASSWORD"
SHORTEST_PASSWORD = 8
"""Characters."""
COOKIE = "ia3_session"
TOKEN_BYTES = 32
LARGEST_FORM = 4_096
"""Bytes of the form of the login page."""
STARTUP = "/gradio_api/startup-events"
"""What Gradio asks of its own app as it starts; it answers whether it has started."""
LOG = logging.getLogger(__name__)


def take_password() -> str:
    """Return the password in the environment and **remove it there**, so that no other process is given it.

    Raises:
        RunError: it is too short.
    """
    return checked_password(os.environ.pop(PASSWORD, ""))


def checked_password(password: str) -> str:
    """Return a password, or an empty text where there is none.

    Raises:
        RunError: it is too short.
    """
    if password and len(password) < SHORTEST_PASSWORD:
        raise RunError(login_words.too_short(SHORTEST_PASSWORD, len(password)))
    return password


@dataclass
class Sessions:
    """The sessions of those who gave the password."""

    idle: float = 12 * 3_600.0
    """Seconds without a request after which a session ends."""
    longest: float = 7 * 86_400.0
    """Seconds after which it ends in any case."""
    most: int = 1_000
    """Sessions at a time; beyond it, the one that was used least recently ends."""
    clock: Callable[[], float] = time.monotonic
    _open: dict[bytes, tuple[float, float]] = field(default_factory=dict)

    def begin(self) -> str:
        """Begin a session; return its token, of which only a digest is kept."""
        now = self.clock()
        self._open = {key: times for key, times in self._open.items() if self._lasts(times, now)}
        while len(self._open) >= self.most:
            del self._open[min(self._open, key=lambda key: self._open[key][1])]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._open[_digest(token)] = (now, now)
        return token

    def is_open(self, token: str) -> bool:
        """Tell whether a token is that of a session that lasts, which it then prolongs."""
        key, now = _digest(token), self.clock()
        times = self._open.get(key)
        if times is None or not self._lasts(times, now):
            self._open.pop(key, None)
            return False
        self._open[key] = (times[0], now)
        return True

    def end(self, token: str) -> None:
        """End a session."""
        self._open.pop(_digest(token), None)

    def _lasts(self, times: tuple[float, float], now: float) -> bool:
        began, last = times
        return now - began < self.longest and now - last < self.idle


@dataclass
class Attempts:
    """The wrong passwords given lately, which bound how many more can be tried."""

    seconds: float = 900.0
    per_address: int = 10
    in_all: int = 100
    clock: Callable[[], float] = time.monotonic
    _wrong: deque[tuple[float, str]] = field(default_factory=deque)

    def may_try(self, address: str) -> bool:
        """Tell whether a password from this address is looked at."""
        now = self.clock()
        while self._wrong and now - self._wrong[0][0] >= self.seconds:
            self._wrong.popleft()
        own = sum(network == _network(address) for _when, network in self._wrong)
        return own < self.per_address and len(self._wrong) < self.in_all

    def was_wrong(self, address: str) -> None:
        """Count a wrong password."""
        self._wrong.append((self.clock(), _network(address)))


def _network(address: str) -> str:
    """Return an address, or the network of an IPv6 address: whoever has one has all of it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False)) if found.version == 6 else address


class LoginMiddleware:
    """Lets requests pass that belong to a session, and offers the login page to all others."""

    def __init__(
        self, app: App, password: str, sessions: Sessions | None = None, attempts: Attempts | None = None
    ) -> None:
        self._app = app
        self._password = _digest(password)
        self._sessions = sessions or Sessions()
        self._attempts = attempts or Attempts()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with the login page, or with 401 and a sentence."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        method, path = str(scope.get("method", "")), str(scope.get("path", ""))
        token = _token(scope)
        if scope["type"] == "websocket":
            if self._sessions.is_open(token):
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
        elif path == "/login" and method == "POST":
            await self._log_in(scope, receive, send)
        elif path == "/logout":
            self._sessions.end(token)
            await _show(send, 200, login_words.LOGGED_OUT, _cookie("", 0, scope))
        elif self._sessions.is_open(token) or (path == STARTUP and method == "GET"):
            await self._app(scope, receive, send)
        elif method in ("GET", "HEAD") and path in ("", "/", "/login"):
            await _show(send, 401, "")
        else:
            await respond(send, 401, login_words.LOG_IN_FIRST)

    async def _log_in(self, scope: Message, receive: Receive, send: Send) -> None:
        given = await _password_in(receive)
        address = str((scope.get("client") or ("",))[0])
        if not self._attempts.may_try(address):
            await _show(send, 429, login_words.too_many_attempts(self._attempts.seconds))
        elif given is None:
            await _show(send, 413, login_words.FORM_TOO_LARGE)
        elif not hmac.compare_digest(_digest(given), self._password):
            self._attempts.was_wrong(address)
            LOG.warning(login_words.wrong_password_from(address))
            await _show(send, 401, login_words.WRONG_PASSWORD)
        else:
            cookie = _cookie(self._sessions.begin(), int(self._sessions.longest), scope)
            await send({"type": "http.response.start", "status": 303, "headers": [(b"location", b"./"), cookie]})
            await send({"type": "http.response.body", "body": b""})


async def _password_in(receive: Receive) -> str | None:
    """Return the password of the login form, empty where there is none; None if the form is too large."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return ""
        body += message.get("body", b"")
        if len(body) > LARGEST_FORM:
            return None
        if not message.get("more_body"):
            break
    try:
        fields: dict[str, list[str]] = parse_qs(body.decode("utf-8", "replace"), max_num_fields=4)
        return fields.get("password", [""])[0]
    except ValueError:
        return ""


async def _show(send: Send, status: int, note: str, *more: tuple[bytes, bytes]) -> None:
    page, policy = login_page(note)
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy.encode()),
        (b"referrer-policy", b"same-origin"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page.encode()})


def _token(scope: Message) -> str:
    found = cookies_of(scope).get(COOKIE)
    return found.value if found else ""


def _cookie(token: str, seconds: int, scope: Message) -> tuple[bytes, bytes]:
    """Return a cookie that neither scripts nor requests of other sites carry."""
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    value = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"
    return (b"set-cookie", value.encode())


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
