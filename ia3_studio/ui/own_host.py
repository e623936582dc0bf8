"""Who may speak to an app on somebody's own computer? Pages that it served itself, under its own names.

A site elsewhere can point a name of its own at this machine (DNS rebinding), or post across sites. Both say who they
are: the first in the Host header, the second in Origin.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from ia3_studio.ui.visitor import App, Message, Receive, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOSTS = "IA3_STUDIO_HOSTS"
"""The environment variable that names further hosts, with commas between: of a proxy or a tunnel before the app."""


def is_loopback(server_name: str) -> bool:
    """Say whether an app that listens there is reached from this machine alone."""
    return server_name in LOOPBACK


def own_hosts() -> frozenset[str]:
    """Return the names under which the app may be asked for."""
    given = (name.strip().lower() for name in os.environ.get(HOSTS, "").split(","))
    return frozenset((*LOOPBACK, *(name for name in given if name)))


class OwnHost:
    """Refuses requests for other names and from pages of other sites; a middleware of the app."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._hosts = own_hosts()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403 and a sentence."""
        if scope["type"] != "http" or self._is_own(dict(scope.get("headers", []))):
            await self._app(scope, receive, send)
            return
        said = f"This studio answers to {', '.join(sorted(self._hosts))} alone; {HOSTS} names further hosts.".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(said)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    def _is_own(self, headers: dict[bytes, bytes]) -> bool:
        host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname
        origin = headers.get(b"origin", b"").decode("latin-1")
        return host in self._hosts and (not origin or urlsplit(origin).hostname in self._hosts)
