"""The benchmark of what each optimization gives runs: without any of them, and with all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "levers.py"


@pytest.mark.starter
@pytest.mark.parametrize("side", ["plain", "last"])
def test_each_side_trains_and_says_its_speed_and_memory(side: str) -> None:
    command = [sys.executable, str(SCRIPT), "--steps", "2", "--side", side]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["speed"] > 0 and found["peak"] > 0.5
