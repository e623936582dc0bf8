"""A visitor without a browser, who asks the app's endpoints as any program could."""

from __future__ import annotations

import json
from http.cookies import SimpleCookie
from typing import Any

import httpx2


class Visit:
    """A browser that is none: it holds a cookie and asks the app's endpoints."""

    def __init__(self, address: str, session: str) -> None:
        self.http = httpx2.Client(base_url=address, timeout=90)
        self.session = session
        opened = self.http.get("/")
        given = opened.headers.get("set-cookie", "").replace("; Partitioned", "")  # which SimpleCookie does not know
        self.cookie = SimpleCookie(given)
        self.http.cookies.clear()  # sent by hand: a cookie of a Space is for https, and the tests speak http
        self.http.headers["cookie"] = "; ".join(f"{name}={each.value}" for name, each in self.cookie.items())
        self.config = self.http.get("/config").json()

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.http.close()

    def call(self, name: str, data: list[Any], event: Any = None, place: int = 0) -> dict[str, Any]:
        """Call the handler of a name, as any program could; return what the app answers."""
        handler = [each for each in self.config["dependencies"] if each["api_name"] == name][place]
        wanted = len(handler["inputs"])
        body = {"fn_index": handler["id"], "data": (data + [None] * wanted)[:wanted], "session_hash": self.session}
        joined = self.http.post("/gradio_api/queue/join", json=body | {"event_data": event, "trigger_id": None})
        assert joined.status_code == 200, joined.text
        last: dict[str, Any] = {}
        with self.http.stream("GET", f"/gradio_api/queue/data?session_hash={self.session}") as lines:
            for line in lines.iter_lines():
                if line.startswith("data:"):
                    last = json.loads(line[5:])
                    if last["msg"] in ("process_completed", "close_stream", "unexpected_error"):
                        break
        return last
