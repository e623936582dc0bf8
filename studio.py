#!/usr/bin/env python3
"""Set up and start IA3 Studio, or set up and run its tests, on a machine with Python 3.11 or newer and nothing else.

    python3 studio.py           starts the app and prints its address
    python3 studio.py test      runs formatting, lint, types, unit tests, notebooks and browser tests

Both make a virtual environment in .venv first (IA3_STUDIO_VENV names another folder) and keep it for the next time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("IA3_STUDIO_VENV") or ROOT / ".venv")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
SELDOM_USED = (
    r"/tests?/|/transformers/models/|/plotly/graph_objs/|/torch/testing/|/pygments/lexers/|/sympy/physics/"
    r"|/(debugpy|mypy|mypyc|setuptools|wcwidth)/"
)
"""Modules that are compiled when they are first imported, if ever: half of all."""
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without a window of its own comes first: it takes less of the machine."""

Check = tuple[str, ...]
SIDE_BY_SIDE = ("--numprocesses", "logical", "--maxprocesses", "4", "--dist", "worksteal")
"""Tests share nothing, so they run on all cores, a test on each."""
FORMAT_AND_LINT: tuple[Check, ...] = (("ruff", "format", "--check", "."), ("ruff", "check", "."))
TYPES: Check = ("mypy",)
UNIT_TESTS: Check = ("pytest", "-m", "not starter and not e2e and not worker and not nightly", *SIDE_BY_SIDE)
OTHER_TESTS: tuple[Check, ...] = (
    ("pytest", "-m", "starter and not nightly", *SIDE_BY_SIDE),
    ("pytest", "-m", "(e2e or worker) and not starter and not nightly", *SIDE_BY_SIDE),
)


def main() -> int:
    """Set up, then start the app or run the checks; return the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036  (older Pythons do reach this line)
        print(f"IA3 Studio needs Python 3.11 or newer; this is {platform.python_version()}.", file=sys.stderr)
        return 2
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=("start", "test"), default="start")
    command = parser.parse_args().command
    try:
        if command == "test":
            return run_checks()
        prepare("requirements.txt")
        return start()
    except subprocess.CalledProcessError as error:
        print(f"This command failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return error.returncode
    except KeyboardInterrupt:
        return 130


def prepare(requirements: str) -> None:
    """Install and compile the requirements, unless exactly these are in the virtual environment already."""
    if install(requirements):
        _compiling().wait()


def install(requirements: str) -> bool:
    """Install the requirements into the virtual environment; return False if exactly these are there already."""
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in _files_of(requirements))).hexdigest()
    mark = VENV / f".installed-{requirements}"
    if mark.is_file() and mark.read_text() == wanted and PYTHON.is_file():
        return False
    print(f"Setting up {VENV}; the first time takes a few minutes …", flush=True)
    if not PYTHON.is_file():
        venv.create(VENV, with_pip=True)
    _install_torch()
    with _compiling():  # pip works on one core
        _pip("install", "--no-compile", "--requirement", ROOT / requirements)
    mark.write_text(wanted)
    return True


def start() -> int:
    """Run the app until it is stopped; return its exit code."""
    return subprocess.call([PYTHON, ROOT / "app.py"], cwd=ROOT)


def run_checks() -> int:
    """Set up, then run every check, stopping at the first that fails; return its exit code."""
    is_new = install("requirements-dev.txt")
    _find_browser()
    code = _run(*FORMAT_AND_LINT) or _run_unit_tests(compile_first=is_new) or _run(*OTHER_TESTS)
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
            _compiling().wait()
        code = _run(UNIT_TESTS)
        types.wait()
        said.seek(0)
        print(f"\n— {' '.join(TYPES)}\n{said.read().decode()}", flush=True)
    return code or _failed(TYPES, types.returncode)


def _failed(check: Check, code: int) -> int:
    if code:
        print(f"\nFailed: {' '.join(check)}", file=sys.stderr)
    return code


def _files_of(requirements: str) -> tuple[str, ...]:
    return ("requirements.txt", requirements) if requirements != "requirements.txt" else (requirements,)


def _install_torch() -> None:
    """Install torch's CPU build where no NVIDIA GPU is, which saves gigabytes; else PyPI's build."""
    pin = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    if platform.system() == "Linux" and not shutil.which("nvidia-smi"):
        quick = ("--index-url", CPU_TORCH_INDEX, "--retries", "0", "--timeout", "10", "--quiet")
        done = subprocess.run(
            [PYTHON, "-m", "pip", "install", "--no-compile", pin, *quick], capture_output=True, check=False
        )
        if done.returncode == 0:
            return
    _pip("install", "--no-compile", pin)


def _pip(*arguments: str | Path) -> None:
    subprocess.run([PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def _compiling() -> subprocess.Popen[bytes]:
    """Start to compile what is installed, on all cores: it takes half the time that pip would take on one."""
    program = (
        "import compileall, re, sysconfig;"
        "compileall.compile_dir(sysconfig.get_path('purelib'), rx=re.compile(r'%s'), quiet=2, workers=0)"
    )
    # A file that no version of Python compiles, as some packages hold, is no matter: nothing imports it.
    return subprocess.Popen([PYTHON, "-W", "ignore", "-c", program % SELDOM_USED])


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


if __name__ == "__main__":
    sys.exit(main())
