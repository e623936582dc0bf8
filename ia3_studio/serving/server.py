"""How is the endpoint served? By uvicorn: in the command until it is stopped, or in a thread of the app."""

from __future__ import annotations

import os
import socket
import threading
import time

import uvicorn

from ia3_studio.asgi import App
from ia3_studio.errors import RunError

KEY = "IA3_STUDIO_API_KEY"
SHORTEST_KEY = 8
"""Characters."""
PORT = 8000
SHUTDOWN_SECONDS = 30
"""Time that answers under way have to end when the server is stopped."""
STARTING_SECONDS = 10.0


def take_key() -> str:
    """Return the API key in the environment and **remove it there**, so that no other process is given it.

    Raises:
        RunError: it is too short.
    """
    key = os.environ.pop(KEY, "")
    if key and len(key) < SHORTEST_KEY:
        raise RunError(f"{KEY} has {len(key)} characters; use at least {SHORTEST_KEY}.")
    return key


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address, so that nobody else takes it.

    Args:
        host: the address.
        port: 0 for any free one.

    Raises:
        RunError: the address cannot be used.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise RunError(
            f"The endpoint cannot listen on {host}:{port} ({error.strerror}); use another port or address."
        ) from error
    return listener


def server(app: App) -> uvicorn.Server:
    """Return a server, which logs no requests: their headers and bodies are nobody else's business."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            h11_max_incomplete_event_size=32_768,
        )
    )


class ServerThread:
    """A server in a thread of this process."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        """Start it, and wait until it answers.

        Raises:
            RunError: it did not start in time.
        """
        self._server = server(app)
        self._listener = listener
        self.port = int(listener.getsockname()[1])
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="endpoint", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + STARTING_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                self.close(0)
                raise RunError("The endpoint did not start; the log of the app has the details.")
            time.sleep(0.02)

    def close(self, seconds: float = 5.0) -> None:
        """Stop listening; answers under way have some seconds to end."""
        self._server.should_exit = True
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(1.0)
        self._listener.close()
