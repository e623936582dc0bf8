"""A hub on 127.0.0.1 that takes what is pushed: repositories, LFS uploads, commits; it can refuse in the hub's ways."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml

GOOD, EXPIRED, READ_ONLY = "hf_" + "g" * 34, "hf_" + "e" * 34, "hf_" + "r" * 34
Reply = tuple[int, dict[str, str], Any]


@dataclass
class Hub:
    """What a hub holds, and how it is told to behave."""

    address: str = ""
    repositories: dict[str, bool] = field(default_factory=dict)
    """Whether each is private."""
    stored: dict[str, bytes] = field(default_factory=dict)
    """LFS files by their SHA-256."""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Of the newest commit, by repository."""
    refuse: dict[str, Reply] = field(default_factory=dict)
    """Answers given instead, once each, to the first request whose "METHOD path" begins with the key."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Every request, with the token it came with."""

    def answer(self, method: str, path: str, token: str, body: bytes) -> Reply:
        """Return (status, headers, document)."""
        path = path.partition("?")[0]
        self.asked.append((f"{method} {path}", token))
        for start in list(self.refuse):
            if f"{method} {path}".startswith(start):
                return self.refuse.pop(start)
        if path.startswith("/lfs/"):
            oid = path.removeprefix("/lfs/")
            assert hashlib.sha256(body).hexdigest() == oid
            self.stored[oid] = body
            return 200, {}, {}
        if token not in (GOOD, READ_ONLY):
            return 401, {}, {"error": "Invalid credentials in Authorization header"}
        if path == "/api/whoami-v2":
            return 200, {}, {"name": "keeper", "type": "user"}
        if path == "/api/validate-yaml":
            front = json.loads(body)["content"].split("---\n")[1]
            return (
                200,
                {},
                {
                    "errors": [] if isinstance(yaml.safe_load(front), dict) else [{"message": "no mapping"}],
                    "warnings": [],
                },
            )
        return self._of_repository(method, path, token, body)

    def _of_repository(self, method: str, path: str, token: str, body: bytes) -> Reply:
        if method != "GET" and token == READ_ONLY:
            return 403, {}, {"error": "You don't have the rights to create a model under this namespace"}
        if path == "/api/repos/create":
            said = json.loads(body)
            name = f"{said.get('organization') or 'keeper'}/{said['name']}"
            if name in self.repositories:
                return 409, {}, {"error": "You already created this model repo", "url": f"{self.address}/{name}"}
            self.repositories[name] = bool(said.get("private") or said.get("visibility") == "private")
            return 200, {}, {"url": f"{self.address}/{name}"}
        if path.endswith(".git/info/lfs/objects/batch"):
            return (
                200,
                {},
                {"transfer": "basic", "objects": [self._place(each) for each in json.loads(body)["objects"]]},
            )
        name = "/".join(path.removeprefix("/api/models/").split("/")[:2])
        if name not in self.repositories:
            return 404, {"X-Error-Code": "RepoNotFound"}, {"error": "Repository not found"}
        if method == "GET":
            return 200, {}, {"id": name, "private": self.repositories[name], "siblings": []}
        if "/preupload/" in path:
            modes = [
                {"path": each["path"], "uploadMode": "lfs" if each["path"].endswith(".safetensors") else "regular",
                 "shouldIgnore": False} for each in json.loads(body)["files"]
            ]  # fmt: skip
            return 200, {}, {"files": modes}
        assert "/commit/" in path
        return 200, {}, self._commit(name, body)

    def _place(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted["oid"] in self.stored:
            return dict(wanted)  # the hub has it: nothing to upload
        return {**wanted, "actions": {"upload": {"href": f"{self.address}/lfs/{wanted['oid']}"}}}

    def _commit(self, name: str, body: bytes) -> dict[str, Any]:
        held: dict[str, bytes] = {}
        for line in body.decode().splitlines():
            each = json.loads(line)
            value = each["value"]
            if each["key"] == "file":
                held[value["path"]] = base64.b64decode(value["content"])
            elif each["key"] == "lfsFile":
                held[value["path"]] = self.stored[value["oid"]]
        self.files[name] = {**self.files.get(name, {}), **held}
        return {"commitUrl": f"{self.address}/{name}/commit/c0ffee", "commitOid": "c0ffee", "success": True}


@contextmanager
def hub(found: Hub | None = None) -> Iterator[Hub]:
    """Serve a hub inside the block."""
    found = found or Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self._body()
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, headers, document = found.answer(self.command, self.path, token, body)
            content = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(content)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_POST = do_PUT = do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Handler)
    found.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
