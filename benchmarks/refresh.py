"""Repeat every measurement of the table in docs/benchmarks.md: python benchmarks/refresh.py [--quick]

The commands are read from the table itself. Their output is written to docs/figures.md with the date, the machine, the
commit and the documented figure, so that the two can be compared line by line. This takes hours on two cores and needs
what requirements-dev.txt installs. --quick repeats the figures of the README alone, for at most an hour: what is not
finished by then is named as not measured. --only selects commands by a part of their name.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
QUICK_MINUTES = 60.0
PEERS = ("peft", "playwright")
"""What measurements compare with, and what opens the page, none of which the app itself needs."""
PAGE = ROOT / "docs" / "figures.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<figure>[^|]+) \| (?P<command>`python [^`]+`|same) \|$", re.MULTILINE)


def main() -> int:
    """Run the commands and write the page; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run only the commands that contain this text")
    parser.add_argument("--list", action="store_true", help="print the commands and exit")
    parser.add_argument("--quick", action="store_true", help="the figures of the README alone, within an hour")
    options = parser.parse_args()
    table = README if options.quick else TABLE
    quoted = {command: rows for command, rows in figures(table) if options.only in command}
    if options.list:
        print("\n".join(quoted))
        return 0
    if absent := [name for name in PEERS if importlib.util.find_spec(name) is None]:
        print(f"{' and '.join(absent)} cannot be imported; install requirements-dev.txt first.", file=sys.stderr)
        return 1
    until = time.monotonic() + 60 * QUICK_MINUTES if options.quick else math.inf
    parts, failed = [heading()], False
    for command, rows in quoted.items():
        print(command, flush=True)
        is_done, said = output(shlex.split(command)[1:], until - time.monotonic())
        failed |= not is_done
        claims = "\n".join(f"- {what}: {figure}" for what, figure in rows)
        where = table.relative_to(ROOT)
        parts.append(f"## `{command}`\n\nDocumented in {where}:\n\n{claims}\n\n```text\n{said}\n```\n")
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return int(failed)


def output(arguments: list[str], seconds: float) -> tuple[bool, str]:
    """Run a program of Python for at most so many seconds; return whether it succeeded, and what it printed."""
    if seconds <= 0:
        return False, "(not measured: the hour was over)"
    limit = seconds if math.isfinite(seconds) else None
    with tempfile.TemporaryFile() as written, tempfile.TemporaryFile() as complaints:  # a pipe would wait for helpers
        begun = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, stdout=written, stderr=complaints, start_new_session=True
        )  # fmt: skip
        try:
            code = begun.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(begun.pid, signal.SIGKILL)
            begun.wait()
            return False, f"{_text(written)}\n(not finished within the hour)".strip()
        return code == 0, _text(written) or f"(nothing; exit code {code})\n{_text(complaints)[-2000:]}"


def _text(written: IO[bytes]) -> str:
    written.seek(0)
    return written.read().decode("utf-8", "replace").strip()


def figures(table: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each command of a table with the figures that it gives, as (what, figure)."""
    found: dict[str, list[tuple[str, str]]] = {}
    command = ""
    for row in ROW.finditer(table.read_text(encoding="utf-8")):
        command = command if row["command"] == "same" else row["command"].strip("`")
        found.setdefault(command, []).append((row["what"], row["figure"]))
    yield from found.items()


def heading() -> str:
    """Return when, where and on what the figures were taken."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    here = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"# Figures\n\n{time.strftime('%Y-%m-%d')}, {here}, commit {commit.stdout.strip()}.\n"


if __name__ == "__main__":
    sys.exit(main())
