"""Which requests does an app on a user's computer accept? Those of its own pages, under its own host names.

Another site can point its host name at this machine (DNS rebinding), or send requests across sites. The Host header
shows the first, and Origin the second.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ia3_studio.asgi import App, Message, Receive, Refuse, Send, respond

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?", re.ASCII | re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
HOSTS = "IA3_STUDIO_HOSTS"
"""Environment variable with further host names, separated by commas, with or without a port.

They are those of a proxy or a tunnel to the app.
"""


def is_loopback(server_name: str) -> bool:
    """Return whether an app that listens there can be reached from this machine only."""
    return server_name in LOOPBACK


def allowed_hosts() -> frozenset[str]:
    """Return the host names of the app, with a port if one was given."""
    given = [name.strip().lower() for name in os.environ.get(HOSTS, "").split(",")]
    root = os.environ.get("GRADIO_ROOT_PATH", "")
    if "://" in root and (address := _address(root)):
        given.append(address.host)
    return frozenset((*LOOPBACK, *(name for name in given if name)))


@dataclass(frozen=True)
class _Address:
    host: str
    port: int | None
    """None for the default port of the scheme."""
    scheme: str = ""


def _address(url: str) -> _Address | None:
    """Read an address such as "http://localhost:7860"; None if it is malformed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return _Address(parts.hostname or "", port, parts.scheme) if _NAME.fullmatch(parts.netloc) else None


class HostMiddleware:
    """Refuses requests for other host names and from pages of other sites.

    A page from another port of this machine is another site: any program may serve it. Host names in :data:`HOSTS` are
    those of a proxy, which may have any port unless one is given.
    """

    def __init__(self, app: App, refuse: Refuse = respond) -> None:
        self._app = app
        self._refuse = refuse
        self._hosts = allowed_hosts()
        self._given = self._hosts - set(LOOPBACK)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with 403 and a sentence."""
        if scope["type"] == "lifespan" or self._is_own(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            names = ", ".join(sorted(self._hosts))
            await self._refuse(send, 403, f"This app accepts requests for {names} only; add other hosts to {HOSTS}.")

    def _is_own(self, scope: Message) -> bool:
        hosts = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"host"]
        origins = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"origin"]
        host = _address(f"//{hosts[0]}") if len(hosts) == 1 else None
        if host is None or len(origins) > 1 or not (self._is_given(host) or host.host in LOOPBACK):
            return False
        return not origins or not origins[0] or self._is_own_page(_address(origins[0]), host, scope)

    def _is_own_page(self, page: _Address | None, host: _Address, scope: Message) -> bool:
        if page is None:
            return False
        if self._is_given(page):
            return True
        served = (scope.get("server") or (None, None))[1]
        known = {port for port in (host.port, served) if port is not None}
        port = page.port or _PORTS.get(page.scheme)
        # A Host header without a port has the default port of the scheme, where a proxy listens.
        return page.host in LOOPBACK and (not known or port in known or (host.port is None and page.port is None))

    def _is_given(self, address: _Address) -> bool:
        """Return whether a host name was given for this app, alone or with its port."""
        return address.host in self._given or f"{address.host}:{address.port}" in self._given


class HeaderMiddleware:
    """Refuses requests with a malformed Host or Origin, on which Gradio fails."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with 403 and a sentence."""
        headers = [(name, value.decode("latin-1")) for name, value in scope.get("headers", [])]
        malformed = any(
            (name == b"host" and _address(f"//{value}") is None)
            or (name == b"origin" and value not in ("", "null") and _address(value) is None)
            for name, value in headers
        )
        if malformed and scope["type"] == "http":
            await respond(
                send, 403, "The Host or Origin header of this request is malformed; open the page at its own address."
            )
            return
        await self._app(scope, receive, send)
