"""Whatever a program sends to a public app: a sentence, in time, no traceback and no path of the machine."""

from __future__ import annotations

import http.server
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.ui import text
from ia3_studio.ui.visitor import COOKIE
from tests.e2e.studio_app import StudioProcess, free_port
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import save_adapter
from tests.ui.test_space import COSTLY, told
from tests.ui.visit import Visit

LANES = 6
"""Sessions that ask side by side, each with what it sent before in its state; a new one takes a tenth of a second."""
FILE = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}, "orig_name": "../../evil"}
JUNK: tuple[tuple[Any, ...], ...] = (
    (-1, 10**30, float("nan"), float("inf"), "run:../../etc/passwd", None),
    ("x" * 200_000, {}, [], [[[]]], {"a": {"b": []}}, True, -(10**12)),
    (FILE, [FILE], "/etc/passwd", "~", "file:///etc/passwd", "\\\\server\\share", "../../../etc", 0.5, {"path": 7}),
    ("/^((([a-z0-9_.])+)+)+!$/", "import:0123456789abcdef", "key@0-999999999999",
     "\x00\ud800\r\nSet-Cookie: a=b", "", 7),
)  # fmt: skip
A_WHILE = 60.0
"""Seconds for an answer of a busy machine, on which the first ones import what they need."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    environment = {"IA3_STUDIO_PUBLIC": "1", "HF_HUB_OFFLINE": "1"}
    running = StudioProcess(tmp_path_factory.mktemp("junk"), free_port(), environment=environment)
    try:
        running.start()
        yield running
    finally:
        running.close()


def names_no_folder(app: StudioProcess, said: str) -> bool:
    """Say whether an answer is silent on the machine's folders; where an offered file lies is Gradio's own business."""
    said = re.sub(rf"{re.escape(str(app.folder / 'gradio'))}/[0-9a-f]{{64}}/", "", said)
    here = str(Path(__file__).resolve().parents[2])
    return not any(folder in said for folder in (str(app.folder), here, str(Path.home()) + "/.", "root:x:"))


Values = Callable[[int, int, dict[str, Any]], Any]
"""What is sent for an input: by the handler's place, the input's place, and the component as the page knows it."""


def of_any_type(junk: tuple[Any, ...]) -> Values:
    return lambda place, each, _component: junk[(place + each) % len(junk)]


WORDS = (
    "/etc/passwd",
    "run:../../x",
    "[" * 5_000,
    "\x00\ud800",
    "1e400",
    "{}",
    "-",
    "key@0",
    "https://127.0.0.1:1/x",
    "",
)
NUMBERS = (-1, 0, 10**30, 0.5, -1e300, 10**6)


def of_its_type(turn: int) -> Values:
    """Return values that fit their components' types, and nothing else."""

    def value(place: int, each: int, component: dict[str, Any]) -> Any:
        number, props = place + each + turn, component["props"]
        if component["type"] == "radio":
            return props["choices"][number % len(props["choices"])][1] if props["choices"] else None
        if component["type"] in ("slider", "number"):
            return NUMBERS[number % len(NUMBERS)]
        if component["type"] == "checkboxgroup" or props.get("multiselect"):
            return [WORDS[number % len(WORDS)]] * 3
        if component["type"] == "file":
            return [FILE] if props.get("file_count") == "multiple" else FILE
        if component["type"] == "chatbot":
            return [{"role": "user", "content": WORDS[number % len(WORDS)]}] * 2
        return bool(number % 2) if component["type"] == "checkbox" else WORDS[number % len(WORDS)]

    return value


EVERY = tuple(chain.from_iterable(zip_longest(*JUNK, fillvalue="")))
SENT = {
    "any": of_any_type(EVERY),
    **{f"fit {turn}": of_its_type(turn) for turn in range(2)},
    **{f"any {number}": of_any_type(junk) for number, junk in enumerate(JUNK)},
    "fit 2": of_its_type(2),
}
AT_NIGHT = [f"any {number}" for number in range(len(JUNK))] + ["fit 2"]
"""Each value to more of the inputs: a call of every handler is many seconds of computing."""


@pytest.mark.worker
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.nightly) if kind in AT_NIGHT else kind for kind in SENT]
)
def test_junk_gets_a_sentence_in_time_and_leaves_no_traceback(app: StudioProcess, kind: str) -> None:
    values = SENT[kind]
    with Visit(app.address, f"junk-{kind}") as mallory:
        components = {each["id"]: each for each in mallory.config["components"]}
        handlers = [each for each in mallory.config["dependencies"] if each.get("backend_fn")]
        assert len(handlers) > 60
        asked = [(place, each) for place, each in enumerate(handlers) if each["api_name"] not in COSTLY]

        def ask(session: str, place: int, handler: dict[str, Any]) -> tuple[str, str, float]:
            filled = [values(place, each, components[number]) for each, number in enumerate(handler["inputs"])]
            odd = JUNK[0][place % len(JUNK[0])] if place % 2 else {"index": ["x"], "key": {}}
            body = {"fn_index": handler["id"], "data": filled, "session_hash": session, "event_data": odd}
            began = time.monotonic()
            return handler["api_name"], sent(mallory, body), time.monotonic() - began

        def ask_each_in_turn(lane: int) -> list[tuple[str, str, float]]:
            return [ask(f"junk-{kind}-{lane}", *each) for each in asked[lane::LANES]]

        unfit = 0
        with ThreadPoolExecutor(LANES) as together:
            for name, said, seconds in chain.from_iterable(together.map(ask_each_in_turn, range(LANES))):
                unfit += text.INVALID_REQUEST in said
                assert seconds < A_WHILE, name
                assert names_no_folder(app, said), (name, said[:800])
        assert mallory.http.get("/").status_code == 200
        assert unfit < len(asked) / 4 or kind.startswith("any"), (unfit, len(asked))
    assert "Traceback" not in app.log, app.log[-6000:]


def sent(visit: Visit, body: dict[str, Any]) -> str:
    """Send what JSON does not know too, as a program would that writes it by hand."""
    raw = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    joined = visit.http.post("/gradio_api/queue/join", content=raw, headers=headers)
    assert joined.status_code < 500, joined.text[:300]
    direct = visit.http.post("/gradio_api/run/x", content=raw, headers=headers)
    assert direct.status_code < 500, direct.text[:300]
    said = joined.text + direct.text
    if joined.status_code == 200:
        with visit.http.stream("GET", f"/gradio_api/queue/data?session_hash={body['session_hash']}") as lines:
            for line in lines.iter_lines():
                said += line
                if any(end in line for end in ("process_completed", "close_stream", "unexpected_error")):
                    break
    return said


BODIES = (
    b"", b"{", b"null", b"[]", b"[" * 100_000, b'{"data": 7}', b'{"fn_index": "x", "data": []}', b"\xff\xfe",
    b'{"fn_index": 99999, "data": [], "session_hash": "a"}', b'{"fn_index": -1, "data": [], "session_hash": "a"}',
    b'{"fn_index": 0, "data": [], "session_hash": {"a": []}}', b'{"fn_index": 1e400, "data": [], "session_hash": "a"}',
    b'{"fn_index": 3, "data": null, "session_hash": "a"}', b'{"fn_index": 3, "data": {"a": 1}, "session_hash": "a"}',
)  # fmt: skip
PLACES = ("/gradio_api/queue/join", "/gradio_api/run/x", "/gradio_api/call/x", "/gradio_api/call/v2/x",
          "/gradio_api/component_server", "/gradio_api/reset", "/gradio_api/cancel", "/gradio_api/upload")  # fmt: skip


@pytest.mark.worker
def test_what_is_refused_before_any_handler_is_no_failure_and_few_lines_in_the_log(app: StudioProcess) -> None:
    before = app.log.count("\n")
    with Visit(app.address, "protocol") as mallory:
        for place in PLACES:
            for body in BODIES:
                answer = mallory.http.post(place, content=body, headers={"content-type": "application/json"})
                assert answer.status_code < 500, (place, body[:40], answer.text[:200])
        for place in ("/gradio_api/file=%00", "/gradio_api/queue/data", "/gradio_api/file=../../etc/passwd",
                      "/theme.css/..", "/gradio_api/heartbeat/%ff", "/gradio_api/upload_progress?upload_id=x",
                      f"/gradio_api/file={app.home}", "/config?deep_link=../x", "/static/../../x"):  # fmt: skip
            with mallory.http.stream("GET", place) as answer:
                assert answer.status_code < 500, place
    assert "Traceback" not in app.log, app.log[-6000:]
    assert app.log.count("\n") - before < 60


@pytest.mark.worker
def test_malformed_headers_are_refused_not_a_failure(app: StudioProcess) -> None:
    for header in (b"Host: [::1", b"Host: a b", b"Host: x:y", b"Host: ", b"Host: h\r\nOrigin: http://[::1",
                   b"Host: h\r\nCookie: \xff;=;;", b"Host: h\r\nContent-Length: -4"):  # fmt: skip
        with socket.create_connection(("127.0.0.1", app.port), timeout=60) as line:
            line.sendall(b"GET /config HTTP/1.1\r\n" + header + b"\r\nConnection: close\r\n\r\n")
            status = line.recv(64).split(b" ")[1]
        assert status[:1] in (b"2", b"4"), (header, status)
        assert status == b"403" or not header.startswith((b"Host: [", b"Host: a", b"Host: x:y")), (header, status)
    assert "Traceback" not in app.log, app.log[-6000:]


@pytest.mark.worker
def test_an_upload_without_the_pages_cookie_is_refused(app: StudioProcess) -> None:
    with Visit(app.address, "uploads") as mallory:
        files = {"files": ("rows.csv", b"x" * 5_000_000)}
        given = mallory.http.post("/gradio_api/upload", files=files)
        assert given.status_code == 200, given.text
        mallory.http.headers.pop("cookie")
        refused = mallory.http.post("/gradio_api/upload", files=files)
        assert refused.status_code == 403 and "cookie" in refused.text and COOKIE in mallory.cookie


@pytest.mark.worker
def test_an_address_in_the_place_of_a_file_is_not_asked_for(app: StudioProcess) -> None:
    asked: list[str] = []

    class Inside(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inside) as inside:
        threading.Thread(target=inside.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{inside.server_address[1]}"
        with Visit(app.address, "inside") as mallory:
            file = {"path": f"{address}/a.csv", "url": f"{address}/b.csv", "meta": {"_type": "gradio.FileData"}}
            for name in ("take_upload", "import_files", "look_up", "read_named", "use_model", "take_path"):
                for handler in (each for each in mallory.config["dependencies"] if each["api_name"] == name):
                    for value in (file, [file], f"{address}/c", f"{address}/datasets/a/b"):
                        body = {"fn_index": handler["id"], "data": [value] * len(handler["inputs"]),
                                "session_hash": f"inside-{name}", "event_data": None}  # fmt: skip
                        told(mallory, body)
        inside.shutdown()
    assert asked == []


@pytest.mark.worker
def test_an_adapter_of_a_folder_of_this_machine_opens_nothing(app: StudioProcess, tmp_path: Path) -> None:
    save_tiny_chat(tmp_path / "model")
    folder = save_adapter(tmp_path / "adapter")
    config = next(path for path in folder.iterdir() if path.suffix == ".json")
    heard: set[str] = set()
    bases = (str(tmp_path / "model"), "/etc/passwd", "/no/such/folder", "~", "../..", "tests", "file:///etc")
    for number, base in enumerate(bases):
        document = json.loads(config.read_text())
        config.write_text(json.dumps({**document, "base_model_name_or_path": base}))
        with Visit(app.address, f"adapter-{number}") as mallory:
            files = [("files", (path.name, path.read_bytes())) for path in sorted(folder.iterdir())]
            paths = mallory.http.post("/gradio_api/upload", files=files).json()
            uploads = [{"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths]
            answer = mallory.call("import_files", [uploads])
            brought = json.dumps(answer)
            key = re.search(r"import:[0-9a-f]{16}", brought)
            mallory.call("choose", [], {"key": key.group() if key else ""})
            said = brought + json.dumps(mallory.call("stream_responses", [])) + json.dumps(mallory.call("describe", []))
        if base != "tests":  # a name that the Hub may have
            note: str = answer["output"]["data"][1]
            heard.add(note.replace(base, "BASE").replace(f"…/{Path(base).name}", "BASE"))
        assert names_no_folder(app, said.replace(base, "")), said
    assert len(heard) == 1, heard  # whether a path is there or not makes no difference
