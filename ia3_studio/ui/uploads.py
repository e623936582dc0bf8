"""How much may visitors upload? So much in a day, each and all together, and never onto a full disk.

Gradio takes a file from whoever sends one, before any handler is asked. So this stands before it.
"""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ia3_studio.ui import text
from ia3_studio.ui.request_errors import answer
from ia3_studio.ui.visitor import App, Message, Receive, Send, name_in

DAY = 86_400.0
"""Seconds, after which Gradio removes an upload that was not kept."""


@dataclass(frozen=True)
class UploadLimits:
    """Bytes that may be uploaded within a day."""

    visitor: int = 2**30
    in_all: int = 10 * 2**30
    free: int = 2**30
    """What stays free on the disk."""


@dataclass
class Ledger:
    """Who uploaded how much within a day."""

    limits: UploadLimits
    place: Path
    """On the disk that uploads go to; it need not exist yet."""
    clock: Callable[[], float] = time.monotonic
    _entries: deque[tuple[float, str, int]] = field(default_factory=deque)

    def refusal(self, visitor: str, size: int) -> str:
        """Return why an upload is refused; empty where it is entered and may come in."""
        now = self.clock()
        while self._entries and now - self._entries[0][0] > DAY:
            self._entries.popleft()
        own = sum(taken for _when, who, taken in self._entries if who == visitor)
        if own + size > self.limits.visitor:
            return text.uploaded_enough(self.limits.visitor)
        if sum(taken for _when, _who, taken in self._entries) + size > self.limits.in_all:
            return text.UPLOADS_FULL
        if _free(self.place) < size + self.limits.free:
            return text.UPLOADS_FULL
        self._entries.append((now, visitor, size))
        return ""


def _free(place: Path) -> int:
    return shutil.disk_usage(next(path for path in (place, *place.parents) if path.exists())).free


class BoundUploads:
    """Refuses uploads of nobody and beyond the bounds; a middleware of the app."""

    def __init__(self, app: App, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on; answer an upload that may not come in with 403, 411 or 413 and a sentence."""
        if scope["type"] != "http" or scope.get("method") != "POST" or not _is_upload(str(scope.get("path", ""))):
            await self._app(scope, receive, send)
            return
        sizes = [value for name, value in scope.get("headers", []) if name == b"content-length"]
        visitor = name_in(scope)
        if not visitor:
            await answer(send, 403, text.UPLOAD_WITHOUT_COOKIE)
        elif len(sizes) != 1 or not sizes[0].isdigit() or len(sizes[0]) > 15:
            await answer(send, 411, text.UPLOAD_WITHOUT_SIZE)
        elif said := self._ledger.refusal(visitor, int(sizes[0])):
            await answer(send, 413, said)
        else:
            await self._app(scope, receive, send)


def _is_upload(path: str) -> bool:
    return path.rstrip("/").endswith("/upload")
