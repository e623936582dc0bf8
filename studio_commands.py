"""Set up and start IA3 Studio, or set up and run its tests, on a machine with Python 3.11 or newer and nothing else.

    python3 studio.py           starts the app and prints its address
    python3 studio.py setup     only sets up, with the starter model
    python3 studio.py test      runs formatting, lint, types, unit tests, notebooks and browser tests

All make a virtual environment in .venv first (IA3_STUDIO_VENV names another folder) and keep it for the next time.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from studio_setup import Place, SetupError, is_set_up, set_up, start_compiling

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("IA3_STUDIO_VENV") or ROOT / ".venv").absolute()
PLACE = Place(ROOT, VENV)
PYTHON = PLACE.python
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without a window of its own comes first: it takes less of the machine."""

Check = tuple[str, ...]
SIDE_BY_SIDE = ("--numprocesses", "logical", "--maxprocesses", "4", "--dist", "worksteal")
"""Tests share nothing, so they run on all cores, a test on each."""
FORMAT_AND_LINT: tuple[Check, ...] = (("ruff", "format", "--check", "."), ("ruff", "check", "."))
TYPES: Check = ("mypy",)
UNIT_TESTS: Check = ("pytest", "-m", "not starter and not e2e and not worker and not nightly", *SIDE_BY_SIDE)
OTHER_TESTS: Check = ("pytest", "-m", "(starter or e2e or worker) and not nightly", *SIDE_BY_SIDE)


def main() -> int:
    """Set up, then start the app or run the checks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=("start", "setup", "test"), default="start")
    command = parser.parse_args().command
    try:
        if command == "test":
            return run_checks()
        if not is_set_up(PLACE, "requirements.txt"):
            set_up(PLACE)
        return start() if command == "start" else 0
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"This command failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return error.returncode
    except KeyboardInterrupt:
        return 130


def start() -> int:
    """Run the app until it is stopped; return its exit code."""
    return subprocess.call([PYTHON, ROOT / "app.py"], cwd=ROOT)


def run_checks() -> int:
    """Set up, then run every check, stopping at the first that fails; return its exit code."""
    is_new = not is_set_up(PLACE, "requirements-dev.txt")
    if is_new:
        set_up(PLACE, "requirements-dev.txt", for_checks=True)
    _find_browser()
    code = _run(*FORMAT_AND_LINT) or _run_unit_tests(compile_first=is_new) or _run(OTHER_TESTS)
    if not code:
        print("\nAll checks passed.")
    return code


def _run(*checks: Check) -> int:
    """Run checks one after the other; return the exit code of the first that fails."""
    for check in checks:
        print(f"\n— {' '.join(check)}", flush=True)
        # The processes of a group share the cores: with threads of their own as well they would wait for each other.
        code = subprocess.call([PYTHON, "-m", *check], cwd=ROOT, env={"OMP_NUM_THREADS": "1", **os.environ})
        if code:
            return _failed(check, code)
    return 0


def _run_unit_tests(compile_first: bool) -> int:
    """Run the unit tests and, beside them, the check of types; return the exit code of what failed."""
    with tempfile.TemporaryFile() as said:
        types = subprocess.Popen([PYTHON, "-m", *TYPES], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        if compile_first:
            start_compiling(PLACE).wait()
        code = _run(UNIT_TESTS)
        types.wait()
        said.seek(0)
        print(f"\n— {' '.join(TYPES)}\n{said.read().decode()}", flush=True)
    return code or _failed(TYPES, types.returncode)


def _failed(check: Check, code: int) -> int:
    if code:
        print(f"\nFailed: {' '.join(check)}", file=sys.stderr)
    return code


def _find_browser() -> None:
    """Fetch Chromium for the browser tests where the machine has none."""
    if os.environ.get("CHROMIUM") or any(shutil.which(name) for name in CHROMIUM_NAMES):
        return
    print("No Chromium found; fetching one for the browser tests …", flush=True)
    try:
        subprocess.run([PYTHON, "-m", "playwright", "install", "chromium"], check=True)
    except subprocess.CalledProcessError:
        print(
            "Chromium could not be fetched. Install it (Debian: apt install chromium) and run again.", file=sys.stderr
        )
        raise
