"""What must a visitor not be told? Where things lie on the machine that serves the page."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from ia3_studio.settings import cache_folder, home

_PACKAGE = Path(__file__).resolve().parents[2]
_REST = r"(?:[/\\\\][^\s'\"<>|:;,()\[\]{}]*)?"
"""What follows a folder in a path: up to a blank or a sign that ends it in a sentence."""


def without_folders(said: str) -> str:
    """Return a text in which each path of this machine is its last name alone."""
    expression = _of_folders(_folders())
    return expression.sub(lambda found: _last_name(found.group()), said)


def is_kept(value: str) -> bool:
    """Say whether a text is a path or a choice of data as a whole, which the program reads and nobody is shown."""
    if value.startswith('{"source"'):
        return True
    return os.path.isabs(value) and "\n" not in value and len(value) < 4096 and os.path.exists(value)


def _last_name(path: str) -> str:
    stop = "." if path.endswith(".") else ""  # of the sentence
    name = re.split(r"[/\\]", path.rstrip("./"))[-1]
    return f"…/{name}{stop}"


def _folders() -> tuple[str, ...]:
    """Return the folders under which this program reads and writes, the longest first."""
    found = {home(), cache_folder(), Path.home(), Path.cwd(), _PACKAGE, Path(tempfile.gettempdir()), Path(sys.prefix)}
    found |= {Path(os.environ[name]) for name in ("GRADIO_TEMP_DIR", "HF_HOME", "HF_HUB_CACHE") if os.environ.get(name)}
    names = {str(each.absolute()) for each in found} | {os.path.realpath(each) for each in found}
    return tuple(sorted((name for name in names if len(Path(name).parts) > 1), key=len, reverse=True))


@lru_cache(maxsize=4)
def _of_folders(folders: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.:/-])(?:{'|'.join(map(re.escape, folders))})(?![\w-]){_REST}")
