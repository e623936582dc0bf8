"""How does an app offer the endpoint while it runs? It is started and stopped, and shares the app's model."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ia3_studio.errors import ModelError, RunError
from ia3_studio.models.sources import parse_source
from ia3_studio.serving.endpoint import endpoint
from ia3_studio.serving.model_names import ModelNames
from ia3_studio.serving.prompts import Reader
from ia3_studio.serving.scheduler import Limits, Scheduler
from ia3_studio.serving.server import PORT, ServerThread, bound

if TYPE_CHECKING:
    from ia3_studio.models import ModelMemory, ProgressCallback
    from ia3_studio.runs import RunStore

HOST = "127.0.0.1"
IDLE_SECONDS = 2.0
"""Without a request for so long, the chat may load another model."""


@dataclass
class EndpointSwitch:
    """The endpoint of an app: off, or serving one base model on this computer."""

    key: str = field(default="", repr=False)
    """What clients must send; without one every program on this computer is answered."""
    source: str = ""
    """The base model; empty while it is off."""
    note: str = ""
    """Why its answers are computed one after the other; empty if requests share passes."""
    _server: ServerThread | None = None
    _scheduler: Scheduler | None = None
    _changing: Lock = field(default_factory=Lock)

    @property
    def address(self) -> str:
        """Return the base address for clients; empty while it is off."""
        server = self._server
        return f"http://{HOST}:{server.port}/v1" if server else ""

    def start(
        self,
        source: str,
        memory: ModelMemory,
        store: RunStore,
        library: Path,
        progress: ProgressCallback | None = None,
    ) -> None:
        """Serve a base model and its adapters; one that is served already is served on.

        Raises:
            ModelError: the model cannot be loaded, or cannot be served.
            RunError: another model is served, or no port is free.
        """
        from ia3_studio.serving.row_trial import cannot_share

        source = parse_source(source).value
        with self._changing:
            if self._server is not None:
                if self.source != source:
                    raise RunError(f"The endpoint serves {self.source}; stop it before you serve {source}.")
                return
            with memory.acquire(source, progress) as loaded:
                if loaded.head != "causal-lm":
                    raise ModelError(f"{source} is not a decoder-only text-generation model, so it cannot be served.")
                with memory.turn:
                    note = cannot_share(loaded.model)
                reader = Reader.of(loaded)
            listener = _listener()
            limits = Limits(threads=max(1, (os.cpu_count() or 1) - 1))  # the page needs a core as well
            scheduler = Scheduler(
                lambda: memory.acquire(source), limits, memory.turn,
                idle_seconds=IDLE_SECONDS, is_awaited=lambda: memory.is_awaited,
            )  # fmt: skip
            app = endpoint(scheduler, ModelNames(source, store, library), reader, self.key, is_loopback=True)
            try:
                self._server = ServerThread(app, listener)
            except RunError:
                scheduler.close()
                raise
            self._scheduler, self.source, self.note = scheduler, source, note

    def stop(self) -> None:
        """Stop serving; answers under way end with an error after some seconds."""
        with self._changing:
            if self._server is not None:
                self._server.close()
            if self._scheduler is not None:
                self._scheduler.close()
            self._server = self._scheduler = None
            self.source = self.note = ""


def _listener() -> socket.socket:
    try:
        return bound(HOST, PORT)
    except RunError:  # another program listens there
        return bound(HOST, 0)
