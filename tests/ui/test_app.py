"""The app in a notebook and on this computer: one store of runs, no tunnel, no files left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.errors import RunError
from ia3_studio.runs import RunStore
from ia3_studio.ui import app as studio_app
from tests.e2e.studio_app import free_port
from tests.runs.test_history import ended
from tests.ui.visit import Visit

ROOT = Path(__file__).parents[2]
CELLS = """
import gradio.networking
gradio.networking.setup_tunnel = lambda **_options: print("a tunnel", flush=True) or "http://127.0.0.1:9/"
from ia3_studio.ui.app import open_here
studio = open_here()
print("ready", studio.local_url, flush=True)
from ia3_studio.runs import RunStore
input()
print([run.name for run in RunStore().list()], flush=True)
studio.close()
"""


def until(lines: Iterable[str], word: str) -> list[str]:
    """Return the lines up to the one that begins with a word."""
    seen: list[str] = []
    for line in lines:
        seen.append(line)
        if line.startswith(word):
            return seen
    raise AssertionError("".join(seen))


def test_a_port_that_is_taken_while_the_app_starts_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    with socket.socket() as other:

        def launch(*_given: Any, **_options: Any) -> None:
            other.bind(("127.0.0.1", port))
            other.listen()
            raise OSError(f"Cannot find empty port in range: {port}-{port}")  # as Gradio says it

        monkeypatch.setattr(studio_app, "_build", lambda *_given: None)
        monkeypatch.setattr(studio_app, "_launch", launch)
        with pytest.raises(RunError, match=str(port)):
            studio_app.serve(host="127.0.0.1", port=port)


@pytest.mark.worker
def test_an_app_that_is_asked_to_end_clears_away_what_it_wrote_for_the_moment(tmp_path: Path) -> None:
    port, scratch = free_port(), tmp_path / "scratch"
    scratch.mkdir()
    environment = {
        **os.environ, "IA3_STUDIO_HOME": str(tmp_path / "home"), "TMPDIR": str(scratch),
        "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as app:
        try:
            assert app.stdout
            until(app.stdout, "* Running on")
            assert list(scratch.glob("ia3-studio-*"))
            app.terminate()
            assert app.wait(30) == 0
            assert not list(scratch.glob("ia3-studio-*"))
        finally:
            app.kill()


@pytest.mark.worker
def test_a_run_of_the_notebook_is_in_the_app_and_the_other_way_round(tmp_path: Path) -> None:
    environment = {**os.environ, "IA3_STUDIO_HOME": str(tmp_path), "GRADIO_SHARE": "true"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CELLS], cwd=ROOT, env=environment, **pipes) as notebook:  # type: ignore[call-overload]
        try:
            *before, ready = until(notebook.stdout, "ready")
            assert "a tunnel\n" not in before  # nothing of it is open to strangers, whatever Gradio is asked for
            address = ready.split()[1]
            with Visit(address.rstrip("/"), "session-of-a-notebook") as page:
                run = ended(RunStore(tmp_path / "runs"), name="Made in a notebook")
                assert "Made in a notebook" in json.dumps(page.call("draw", [""], place=0)["output"])
                assert page.call("choose", [], {"key": f"run:{run.id}"})["output"]["data"]
            said, _none = notebook.communicate("\n", timeout=60)
            assert "['Made in a notebook']" in said and notebook.returncode == 0
        finally:
            notebook.kill()
