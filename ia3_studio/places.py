"""Where do files live? Told by the environment, in one place."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

APP = "ia3-studio"
SPACE_DISK = Path("/data")
"""Where a Space mounts its storage, when it has any."""


def on_space() -> bool:
    """Say whether this process runs in a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID")) or os.environ.get("SYSTEM") == "spaces"


def is_public() -> bool:
    """Say whether strangers visit: in a Space, or where IA3_STUDIO_PUBLIC is set to 1."""
    return on_space() or os.environ.get("IA3_STUDIO_PUBLIC") == "1"


def home() -> Path:
    """Return the folder of runs and uploads: IA3_STUDIO_HOME, a Space's storage, or the user's data folder."""
    given = os.environ.get("IA3_STUDIO_HOME")
    if given:
        return Path(given).expanduser()
    if on_space() and os.access(SPACE_DISK, os.W_OK):
        return SPACE_DISK / APP
    return Path(platformdirs.user_data_dir(APP))


def runs_folder() -> Path:
    """Return the folder that holds one folder a run."""
    return home() / "runs"


def cache_folder() -> Path:
    """Return the folder of converted models: IA3_STUDIO_CACHE, or the user's cache folder."""
    given = os.environ.get("IA3_STUDIO_CACHE")
    return Path(given).expanduser() if given else Path(platformdirs.user_cache_dir(APP))
