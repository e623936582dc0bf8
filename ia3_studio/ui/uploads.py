"""How much may visitors upload? A limit per day for each and for all, and never onto a full disk.

Gradio accepts a file from anybody, before any handler is called. So this middleware checks uploads first.
"""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ia3_studio.asgi import App, Message, Receive, Send, respond
from ia3_studio.ui import text
from ia3_studio.ui.visitor import name_in

DAY = 86_400.0
"""Seconds after which Gradio removes an upload that was not kept."""


@dataclass(frozen=True)
class UploadLimits:
    """Bytes that may be uploaded within a day."""

    visitor: int = 2**30
    in_all: int = 10 * 2**30
    free: int = 2**30
    """Bytes that stay free on the disk."""


@dataclass
class UploadLedger:
    """The uploads of each visitor within a day."""

    limits: UploadLimits
    folder: Path
    """The folder of uploads, which may not exist yet."""
    clock: Callable[[], float] = time.monotonic
    _entries: deque[tuple[float, str, int]] = field(default_factory=deque)

    def refusal(self, visitor: str, size: int) -> str:
        """Return why an upload is refused; empty if it is allowed, and then it is recorded."""
        now = self.clock()
        while self._entries and now - self._entries[0][0] > DAY:
            self._entries.popleft()
        own = sum(entry_size for _when, who, entry_size in self._entries if who == visitor)
        if own + size > self.limits.visitor:
            return text.upload_limit_reached(self.limits.visitor)
        if sum(entry_size for _when, _who, entry_size in self._entries) + size > self.limits.in_all:
            return text.UPLOADS_FULL
        if _free_bytes(self.folder) < size + self.limits.free:
            return text.UPLOADS_FULL
        self._entries.append((now, visitor, size))
        return ""


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


class UploadMiddleware:
    """Refuses uploads without the cookie of the page and beyond the limits."""

    def __init__(self, app: App, ledger: UploadLedger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; respond to an upload that is refused with 403, 411 or 413 and a sentence."""
        if scope["type"] != "http" or scope.get("method") != "POST" or not _is_upload(str(scope.get("path", ""))):
            await self._app(scope, receive, send)
            return
        sizes = [value for name, value in scope.get("headers", []) if name == b"content-length"]
        visitor = name_in(scope)
        if not visitor:
            await respond(send, 403, text.UPLOAD_WITHOUT_COOKIE)
        elif len(sizes) != 1 or not sizes[0].isdigit() or len(sizes[0]) > 15:
            await respond(send, 411, text.UPLOAD_WITHOUT_SIZE)
        elif refusal := self._ledger.refusal(visitor, int(sizes[0])):
            await respond(send, 413, refusal)
        else:
            await self._app(scope, receive, send)


def _is_upload(path: str) -> bool:
    return path.rstrip("/").endswith("/upload")
