"""Which adapters were imported, and for which base model is each?"""

from __future__ import annotations

import re
from pathlib import Path

from ia3_studio.runs.folder import read_json

IMPORTS = "adapters"
"""The folder of imported adapters below the studio's home."""
IMPORT_ID = re.compile(r"[0-9a-f]{16}")


def imports_in(library: Path) -> tuple[Path, ...]:
    """Return the folders of the adapters in a library, newest first."""
    folders = [path for path in library.glob("*") if IMPORT_ID.fullmatch(path.name)]
    return tuple(sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True))


def base_model_of(folder: Path) -> str:
    """Return the base model that an adapter's config names; empty if it names none or cannot be read."""
    from ia3_studio.method.native_layout import NATIVE_CONFIG
    from ia3_studio.method.peft.layout import CONFIG_FILE

    native = folder / NATIVE_CONFIG
    config = read_json(native if native.is_file() else folder / CONFIG_FILE) or {}
    base_model = config.get("base_model" if native.is_file() else "base_model_name_or_path")
    return base_model if isinstance(base_model, str) else ""


def source_of(base_model: str) -> str:
    """Return the source that a base model is loaded from: a starter's name for its Hub id."""
    from ia3_studio.models import starters

    return next((starter.name for starter in starters() if starter.hub_id == base_model), base_model)
