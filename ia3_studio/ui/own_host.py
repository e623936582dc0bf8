"""Who may speak to an app on somebody's own computer? Pages that it served itself, under its own names.

A site elsewhere can point a name of its own at this machine (DNS rebinding), or post across sites. Both say who they
are: the first in the Host header, the second in Origin.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ia3_studio.ui.refused import answer
from ia3_studio.ui.visitor import App, Message, Receive, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
HOSTS = "IA3_STUDIO_HOSTS"
"""The environment variable that names further hosts, with commas between, each with its port or without.

They are those of a proxy or a tunnel before the app.
"""


def is_loopback(server_name: str) -> bool:
    """Say whether an app that listens there is reached from this machine alone."""
    return server_name in LOOPBACK


def own_hosts() -> frozenset[str]:
    """Return the names under which the app may be asked for, with a port where one was given with the name."""
    given = [name.strip().lower() for name in os.environ.get(HOSTS, "").split(",")]
    root = os.environ.get("GRADIO_ROOT_PATH", "")
    if "://" in root and (address := _address(root)):
        given.append(address.host)
    return frozenset((*LOOPBACK, *(name for name in given if name)))


@dataclass(frozen=True)
class _Address:
    host: str
    port: int | None
    """None where the scheme's own is meant."""
    scheme: str = ""


def _address(written: str) -> _Address | None:
    """Read an address such as "http://localhost:7860"; None where it is malformed."""
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return None
    return _Address(parts.hostname or "", port, parts.scheme) if _NAME.fullmatch(parts.netloc) else None


class OwnHost:
    """Refuses requests for other names and from pages of other sites; a middleware of the app.

    A page from another port of this machine is another site: it may be served by anybody's program. Names that
    :data:`HOSTS` gives are those of a proxy, whose port may be any unless it is given too.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._hosts = own_hosts()
        self._given = self._hosts - set(LOOPBACK)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403 and a sentence."""
        if scope["type"] == "lifespan" or self._is_own(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            names = ", ".join(sorted(self._hosts))
            await answer(send, 403, f"This app accepts requests for {names} only; add other hosts to {HOSTS}.")

    def _is_own(self, scope: Message) -> bool:
        asked = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"host"]
        pages = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"origin"]
        host = _address(f"//{asked[0]}") if len(asked) == 1 else None
        if host is None or len(pages) > 1 or not (self._is_given(host) or host.host in LOOPBACK):
            return False
        return not pages or not pages[0] or self._is_own_page(_address(pages[0]), host, scope)

    def _is_own_page(self, page: _Address | None, host: _Address, scope: Message) -> bool:
        if page is None:
            return False
        if self._is_given(page):
            return True
        served = (scope.get("server") or (None, None))[1]
        known = {port for port in (host.port, served) if port is not None}
        port = page.port or _PORTS.get(page.scheme)
        # Without a port, a host is asked for at the scheme's own: a proxy stands there.
        return page.host in LOOPBACK and (not known or port in known or (host.port is None and page.port is None))

    def _is_given(self, address: _Address) -> bool:
        """Say whether a name was given for this app, alone or with its port."""
        return address.host in self._given or f"{address.host}:{address.port}" in self._given


class WellFormed:
    """Refuses requests whose Host or Origin nobody can read, of which Gradio fails; a middleware of the app."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403 and a sentence."""
        written = [(name, value.decode("latin-1")) for name, value in scope.get("headers", [])]
        malformed = any(
            (name == b"host" and _address(f"//{value}") is None)
            or (name == b"origin" and value not in ("", "null") and _address(value) is None)
            for name, value in written
        )
        if malformed and scope["type"] == "http":
            await answer(
                send, 403, "The Host or Origin header of this request is malformed; open the page at its own address."
            )
            return
        await self._app(scope, receive, send)
