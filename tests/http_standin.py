"""A server on 127.0.0.1 that answers as it is told, in place of one on the internet."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Stalled:
    """A body that breaks off in silence: the connection stays open, and nothing more comes."""

    begun: bytes
    promised: int
    """The length in the header."""


@dataclass(frozen=True)
class Trickling:
    """A body that comes a byte at a time."""

    whole: bytes
    seconds: float
    """From the first byte to the last."""


Answer = tuple[int, dict[str, str], bytes | Stalled | Trickling]


@contextmanager
def answering(
    answer: Callable[[str, str | None], Answer], heard: Callable[[Mapping[str, str]], None] = lambda _headers: None
) -> Iterator[str]:
    """Serve inside the block; give the address.

    Args:
        answer: of a path and the range of bytes that is wanted, if one is: status, headers, body.
        heard: called with the headers of every request.
    """

    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # else a byte would wait for others

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            heard(dict(self.headers))
            status, headers, body = answer(self.path, self.headers.get("Range"))
            self.send_response(status)
            whole = body.whole if isinstance(body, Trickling) else body
            length, sent = (whole.promised, whole.begun) if isinstance(whole, Stalled) else (len(whole), whole)
            for name, value in {**headers, "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                pieces = [bytes([each]) for each in sent] if isinstance(body, Trickling) else [sent]
                for piece in pieces:
                    self.wfile.write(piece)
                    if isinstance(body, Trickling):
                        over.wait(body.seconds / len(pieces))
                if isinstance(body, Stalled):
                    over.wait()

        do_HEAD = do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a client may lose patience
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
