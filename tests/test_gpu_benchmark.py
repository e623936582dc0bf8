"""The benchmark for GPUs works: it runs in miniature on a CPU."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gpu.py"


@pytest.mark.worker
def test_it_measures_both_sides_whose_losses_agree() -> None:
    command = [sys.executable, str(SCRIPT), "--miniature", "--steps", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    gap = re.search(r"largest difference of a step's loss: (\S+) nats over 3 steps", done.stdout)
    assert gap and float(gap[1]) < 1e-5
    speed = re.search(r"tokens per second +(\S+) +(\S+) +(\S+)", done.stdout)
    assert speed and min(map(float, speed.groups())) > 0
    assert len(re.findall(r"^chat, .*: \S+ new tokens per second$", done.stdout, re.MULTILINE)) == 4


@pytest.mark.worker
def test_without_a_gpu_it_says_what_to_do() -> None:
    program = (
        f"import sys, torch; sys.path.insert(0, {str(SCRIPT.parent)!r}); torch.cuda.is_available = lambda: False\n"
        "import gpu; sys.argv = ['gpu.py']; raise SystemExit(gpu.main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "--miniature" in done.stderr and not done.stdout
