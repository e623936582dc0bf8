"""A data set on a hub that is a server on 127.0.0.1."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.http_standin import Answer, answering

COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class DataHub:
    """A hub with one data set, which can also refuse."""

    hub_id: str
    files: Mapping[str, bytes]
    refusal: tuple[int, str] | None = None
    """The status and the X-Error-Code of every answer."""
    busy: int = 0
    """Number of next requests for a part of a file that are told to come back in an hour."""
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    """Bytes of files that were sent."""
    heard: list[Mapping[str, str]] = field(default_factory=list)
    """The headers of all requests."""

    def answer(self, path: str, span: str | None) -> Answer:
        """Return status, headers and body for a request."""
        self.asked.append(path)
        if self.refusal:
            status, code = self.refusal
            return status, {"X-Error-Code": code}, b"{}"
        route = path.partition("?")[0].strip("/")
        api, files = f"api/datasets/{self.hub_id}", f"datasets/{self.hub_id}/resolve/"
        if route in (api, f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in self.files.items()]
            return _json({"id": self.hub_id, "sha": COMMIT, "siblings": siblings, "private": False, "tags": []})
        if route.startswith(f"{api}/tree/"):
            folder = route.removeprefix(f"{api}/tree/").partition("/")[2]
            return _json([_described(name, self.files[name]) for name in self.files if name.startswith(folder)])
        if route.startswith(files):
            return self._file(route.removeprefix(files).partition("/")[2], span)
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    def _file(self, name: str, span: str | None) -> Answer:
        if name not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b"{}"
        content = self.files[name]
        about = {"X-Repo-Commit": COMMIT, "ETag": f'"{_oid(content)}"', "Accept-Ranges": "bytes"}
        if not span:
            return 200, about, content
        if self.busy:
            self.busy -= 1
            return 429, {"Retry-After": "3600"}, b""
        first, last = span.removeprefix("bytes=").split("-")
        piece = content[int(first) : int(last or len(content)) + 1]
        self.sent += len(piece)
        return 206, about | {"Content-Range": f"bytes {first}-{int(first) + len(piece) - 1}/{len(content)}"}, piece


def _described(name: str, content: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(content), "oid": _oid(content)}


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _json(value: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def serving(hub: DataHub) -> AbstractContextManager[str]:
    """Serve a hub inside the block and give its address."""
    return answering(hub.answer, hub.heard.append)


def ask_there(address: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make datasets and huggingface_hub ask this address; they read their environment once, at import."""
    import datasets.config
    from huggingface_hub import HfFileSystem, constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", address)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache / "datasets")
    monkeypatch.setattr(datasets.config, "HF_MODULES_CACHE", str(cache / "modules"))
    monkeypatch.setenv("HF_TOKEN", "")
    HfFileSystem.clear_instance_cache()
