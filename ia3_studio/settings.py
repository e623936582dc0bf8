"""Where are files stored? Set by environment variables, in one module, which also says whose value it cannot use."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

APP = "ia3-studio"
SPACE_DISK = Path("/data")
"""Where a Space mounts its storage, when it has any."""


def on_space() -> bool:
    """Say whether this process runs in a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID")) or os.environ.get("SYSTEM") == "spaces"


_PLACES = ("IA3_STUDIO_HOME", "IA3_STUDIO_CACHE", "HF_HOME", "HF_HUB_CACHE", "HF_TOKEN_PATH", "XDG_CACHE_HOME",
           "XDG_DATA_HOME", "TMPDIR", "GRADIO_TEMP_DIR")  # fmt: skip
GPU_TURN = "IA3_STUDIO_GPU_TURN"
"""Set in a process that has a ZeroGPU GPU."""


def on_zero_gpu() -> bool:
    """Return whether this is a ZeroGPU Space, where only decorated functions have a GPU, for a limited time."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true")


def keeps_worker_ready() -> bool:
    """Return whether the app may start a worker ahead of a run: unless IA3_STUDIO_READY_WORKER is set to 0."""
    return os.environ.get("IA3_STUDIO_READY_WORKER") != "0"


def rounds_chat_weights() -> bool:
    """Return whether the chat may round weights to float16: only if IA3_STUDIO_CHAT_WEIGHTS is set to float16."""
    return os.environ.get("IA3_STUDIO_CHAT_WEIGHTS") == "float16"


def chat_weights() -> Literal["exact", "int8"]:
    """Return the weights that the chat offers first: int8 only if IA3_STUDIO_CHAT_WEIGHTS is set to int8."""
    return "int8" if os.environ.get("IA3_STUDIO_CHAT_WEIGHTS") == "int8" else "exact"


def offers_tools() -> bool:
    """Return whether the app offers tools to agents: only if IA3_STUDIO_MCP is set to 1."""
    return os.environ.get("IA3_STUDIO_MCP") == "1"


def collective_seconds() -> float:
    """Return how long a process of a run waits for the others: half an hour, or IA3_STUDIO_COLLECTIVE_SECONDS."""
    given = os.environ.get("IA3_STUDIO_COLLECTIVE_SECONDS", "")
    return float(max(1, int(given))) if given.isdecimal() and len(given) < 7 else 1800.0


def keeps_files() -> bool:
    """Return whether runs and imports survive restarts: always, except in a Space without persistent storage."""
    return not on_space() or home().is_relative_to(SPACE_DISK)


def is_public() -> bool:
    """Return whether the app is public: in a Space, or if IA3_STUDIO_PUBLIC is set to 1."""
    return on_space() or os.environ.get("IA3_STUDIO_PUBLIC") == "1"


def reading_token() -> Literal[False] | None:
    """Return the token that huggingface_hub reads with: its own login, and none for visitors.

    A visitor of a public app would otherwise read what only its owner may.
    """
    return False if is_public() else None


def home() -> Path:
    """Return the folder of runs and uploads: IA3_STUDIO_HOME, a Space's storage, or the user's data folder."""
    given = os.environ.get("IA3_STUDIO_HOME")
    if given:
        return _absolute(given)
    if on_space() and os.access(SPACE_DISK, os.W_OK):
        return SPACE_DISK / APP
    return Path(platformdirs.user_data_dir(APP))


def runs_folder() -> Path:
    """Return the folder that contains one folder per run."""
    return home() / "runs"


def cache_folder() -> Path:
    """Return the folder of converted models: IA3_STUDIO_CACHE, or the user's cache folder."""
    given = os.environ.get("IA3_STUDIO_CACHE")
    return _absolute(given) if given else Path(platformdirs.user_cache_dir(APP))


def for_other_folders() -> dict[str, str]:
    """Return the environment variables that contain a relative path, with absolute paths.

    A process that works in another folder would look for them there.
    """
    given = {name: os.environ.get(name, "") for name in _PLACES}
    return {name: str(_absolute(path)) for name, path in given.items() if path and not os.path.isabs(path)}


def positive_number(name: str) -> float | None:
    """Return the number in an environment variable; None if it is unset, or holds something else."""
    try:
        number = float(os.environ.get(name, ""))
    except ValueError:
        return None
    return number if 0 < number < math.inf else None


@dataclass(frozen=True)
class _Variable:
    """What a variable may hold; in a sentence on anything else, what that counts as and what to use."""

    fits: Callable[[str], object]
    otherwise: str = ""
    use: str = ""


_HOST = r"\s*([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d+)?\s*"
_PREFIX = "IA3_STUDIO_"
_BETWEEN = ("GPU_TURN", "SHARDING_PLAN", "NOTES", "BEGUN_AGAIN")
"""What a process of the studio tells those that it starts."""
_VARIABLES = {
    **dict.fromkeys(("HOME", "CACHE", "PASSWORD", "API_KEY", "VENV", *_BETWEEN), _Variable(lambda _given: True)),
    "READY_WORKER": _Variable(("0", "1").__contains__, "counts as 1", "0 or 1"),
    "PUBLIC": _Variable(("0", "1").__contains__, "counts as 0", "0 or 1"),
    "MCP": _Variable(("0", "1").__contains__, "counts as 0", "0 or 1"),
    "CHAT_WEIGHTS": _Variable(
        ("exact", "float16", "int8").__contains__, "counts as exact", "exact, float16 or int8"
    ),
    "RUNS_AT_ONCE": _Variable(
        lambda given: re.fullmatch("0*([1-9]|1[0-6])", given, re.ASCII),
        "counts as the nearest number from 1 to 16, or as 1", "a whole number from 1 to 16",
    ),
    "LARGEST_MODEL_GB": _Variable(
        lambda _given: positive_number(f"{_PREFIX}LARGEST_MODEL_GB"), "counts as unset", "a number of GB, such as 3"
    ),
    "COLLECTIVE_SECONDS": _Variable(
        lambda given: re.fullmatch(r"0{0,5}[1-9]\d{0,5}", given, re.ASCII) and len(given) < 7,
        "counts as 1800, or 0 as 1", "a whole number of seconds from 1 to 999999",
    ),
    "HOSTS": _Variable(
        lambda given: all(re.fullmatch(_HOST, each, re.ASCII) for each in given.split(",") if each.strip()),
        "is used as far as it names hosts", "host names separated by commas, with or without a port",
    ),
}  # fmt: skip


def doubtful_variables() -> list[str]:
    """Return a sentence for every variable of the studio that is unknown, or whose value cannot be used."""
    sentences = []
    for name, given in sorted(os.environ.items()):
        known = _VARIABLES.get(name.removeprefix(_PREFIX))
        if not name.startswith(_PREFIX) or (known and (not given or known.fits(given))):
            continue
        if known:
            sentences.append(f"{name}={given[:40]!r} {known.otherwise}; use {known.use}.")
        else:
            names = ", ".join(_PREFIX + each for each in sorted(_VARIABLES) if each not in _BETWEEN)
            sentences.append(f"{name} is not a variable of the studio and is ignored; it has {names}.")
    return sentences


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))
