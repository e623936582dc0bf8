"""The app beside a notebook's own code: one process, one store of runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ia3_studio.runs import RunStore
from tests.runs.test_history import ended
from tests.ui.visit import Visit

ROOT = Path(__file__).parents[2]
CELLS = """
from ia3_studio.ui.app import open_here
studio = open_here()
print("ready", studio.local_url, flush=True)
from ia3_studio.runs import RunStore
input()
print([run.name for run in RunStore().list()], flush=True)
studio.close()
"""


@pytest.mark.worker
def test_a_run_of_the_notebook_is_in_the_app_and_the_other_way_round(tmp_path: Path) -> None:
    environment = {**os.environ, "IA3_STUDIO_HOME": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CELLS], cwd=ROOT, env=environment, **pipes) as notebook:  # type: ignore[call-overload]
        try:
            address = next(line for line in notebook.stdout if line.startswith("ready")).split()[1]
            with Visit(address.rstrip("/"), "session-of-a-notebook") as page:
                run = ended(RunStore(tmp_path / "runs"), name="Made in a notebook")
                assert "Made in a notebook" in json.dumps(page.call("draw", [""], place=0)["output"])
                assert page.call("choose", [], {"key": f"run:{run.id}"})["output"]["data"]
            said, _none = notebook.communicate("\n", timeout=60)
            assert "['Made in a notebook']" in said and notebook.returncode == 0
        finally:
            notebook.kill()
