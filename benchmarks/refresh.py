"""Repeat every measurement of the table in docs/benchmarks.md: python benchmarks/refresh.py

The commands are read from the table itself. Their output is written to docs/figures.md with the date, the machine, the
commit and the documented figure, so that the two can be compared line by line. This takes hours on two cores; --only
selects commands by a part of their name.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "benchmarks.md"
PAGE = ROOT / "docs" / "figures.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<figure>[^|]+) \| (?P<command>`python [^`]+`|same) \|$", re.MULTILINE)


def main() -> int:
    """Run the commands and write the page; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="run only the commands that contain this text")
    parser.add_argument("--list", action="store_true", help="print the commands and exit")
    options = parser.parse_args()
    quoted = {command: rows for command, rows in figures() if options.only in command}
    if options.list:
        print("\n".join(quoted))
        return 0
    parts, failed = [heading()], False
    for command, rows in quoted.items():
        print(command, flush=True)
        done = subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=ROOT, capture_output=True, text=True)
        failed |= done.returncode != 0
        said = done.stdout.strip() or f"(nothing; exit code {done.returncode})\n{done.stderr[-2000:]}"
        claims = "\n".join(f"- {what}: {figure}" for what, figure in rows)
        parts.append(f"## `{command}`\n\nDocumented in docs/benchmarks.md:\n\n{claims}\n\n```text\n{said}\n```\n")
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return int(failed)


def figures() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each command of the table with the figures that it gives, as (what, figure)."""
    found: dict[str, list[tuple[str, str]]] = {}
    command = ""
    for row in ROW.finditer(TABLE.read_text(encoding="utf-8")):
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
