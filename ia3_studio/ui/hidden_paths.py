"""How are the paths of the machine that serves the page hidden from visitors?"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from ia3_studio.settings import cache_folder, home

_PACKAGE = Path(__file__).resolve().parents[2]
_REST = r"(?:[/\\\\][^\s'\"<>|:;,()\[\]{}]*)?"
"""The rest of a path after a folder, up to a space or punctuation."""


def without_paths_in(value: Any) -> Any:
    """Return a handler's result without the folders of this machine.

    They are removed from sentences, logs and facts. A path that is the whole value, of a file that is offered, and a
    data choice as JSON, which stays on the server, are kept.
    """
    if isinstance(value, str):
        return value if is_path_or_choice(value) else without_paths(value)
    if isinstance(value, dict):
        return {key: without_paths_in(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(without_paths_in, value))
    return value


def without_paths(text: str) -> str:
    """Return a text with each path of this machine replaced by its last component."""
    return _paths_in(_folders()).sub(lambda found: _last_component(found.group()), text)


def is_path_or_choice(value: str) -> bool:
    """Return whether a text is only a path or a data choice, which the program reads and the page does not show."""
    if value.startswith('{"source"'):
        return True
    return os.path.isabs(value) and "\n" not in value and len(value) < 4096 and os.path.exists(value)


def _last_component(path: str) -> str:
    stop = "." if path.endswith(".") else ""  # the end of the sentence
    name = re.split(r"[/\\]", path.rstrip("./"))[-1]
    return f"…/{name}{stop}"


def _folders() -> tuple[str, ...]:
    """Return the folders that this program reads and writes, longest first."""
    found = {home(), cache_folder(), Path.home(), Path.cwd(), _PACKAGE, Path(tempfile.gettempdir()), Path(sys.prefix)}
    found |= {Path(os.environ[name]) for name in ("GRADIO_TEMP_DIR", "HF_HOME", "HF_HUB_CACHE") if os.environ.get(name)}
    names = {str(each.absolute()) for each in found} | {os.path.realpath(each) for each in found}
    return tuple(sorted((name for name in names if len(Path(name).parts) > 1), key=len, reverse=True))


@lru_cache(maxsize=4)
def _paths_in(folders: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.:/-])(?:{'|'.join(map(re.escape, folders))})(?![\w-]){_REST}")
