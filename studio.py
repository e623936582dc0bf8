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
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("IA3_STUDIO_VENV") or ROOT / ".venv")
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
SELDOM_USED = r"/tests?/|/transformers/models/"
"""Modules that are compiled when they are first imported, if ever: a third of all."""
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The one without a window of its own comes first: it takes less of the machine."""

SIDE_BY_SIDE = ("--numprocesses", "logical", "--maxprocesses", "4", "--dist", "worksteal")
"""Tests that share nothing run on all cores; those that train a real model want the cores for themselves."""
CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("pytest", "-m", "not starter and not e2e and not worker and not nightly", *SIDE_BY_SIDE),
    ("pytest", "-m", "starter"),
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
        prepare("requirements-dev.txt" if command == "test" else "requirements.txt")
        return run_checks() if command == "test" else start()
    except subprocess.CalledProcessError as error:
        print(f"This command failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return error.returncode
    except KeyboardInterrupt:
        return 130


def prepare(requirements: str) -> None:
    """Install the requirements into the virtual environment, unless exactly these are there already."""
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in _files_of(requirements))).hexdigest()
    mark = VENV / f".installed-{requirements}"
    if mark.is_file() and mark.read_text() == wanted and PYTHON.is_file():
        return
    print(f"Setting up {VENV}; the first time takes a few minutes …", flush=True)
    if not PYTHON.is_file():
        venv.create(VENV, with_pip=True)
    _install_torch()
    _pip("install", "--no-compile", "--requirement", ROOT / requirements)
    _compile()
    mark.write_text(wanted)


def start() -> int:
    """Run the app until it is stopped; return its exit code."""
    return subprocess.call([PYTHON, ROOT / "app.py"], cwd=ROOT)


def run_checks() -> int:
    """Run every check, stopping at the first that fails; return its exit code."""
    _find_browser()
    for check in CHECKS:
        print(f"\n— {' '.join(check)}", flush=True)
        code = subprocess.call([PYTHON, "-m", *check], cwd=ROOT)
        if code:
            print(f"\nFailed: {' '.join(check)}", file=sys.stderr)
            return code
    print("\nAll checks passed.")
    return 0


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


def _compile() -> None:
    """Compile what was installed on all cores, which takes half the time that pip would take on one."""
    program = (
        "import compileall, re, sysconfig;"
        "compileall.compile_dir(sysconfig.get_path('purelib'), rx=re.compile(r'%s'), quiet=2, workers=0)"
    )
    # A file that no version of Python compiles, as some packages hold, is no matter: nothing imports it.
    subprocess.run([PYTHON, "-W", "ignore", "-c", program % SELDOM_USED], check=False)


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
