"""Which run, or which imported adapter, is selected on every tab?

Its key is ``run:<id>`` or ``import:<id>``; the empty key selects nothing. Keys come from the browser, so each is looked
up before anything is opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.errors import AdapterError, RunError
from ia3_studio.export.archive import NATIVE_FILES, PEFT_FILES
from ia3_studio.runs.folder import read_json
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.visitor import visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from ia3_studio.method import Site
    from ia3_studio.runs import Run
    from ia3_studio.ui.session import Studio

IMPORTS = "adapters"
"""The folder of imported adapters below the studio's home."""
_IMPORT_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class CurrentRun:
    """A run, or an imported adapter."""

    key: str
    name: str
    model: str
    """The source its base model is loaded from."""
    adapter: Path | None
    """The adapter's folder; None while the run has none yet."""
    run: Run | None

    def vectors(self) -> Mapping[Site, Tensor]:
        """Return the scale vectors of its adapter.

        Raises:
            AdapterError: it has none yet, or they cannot be read.
        """
        from ia3_studio.method import Adapter

        if self.adapter is None:
            raise AdapterError(text.NO_ADAPTER)
        return Adapter.load(self.adapter).vectors()


def run_key(run_id: str) -> str:
    """Return the key of a run."""
    return f"run:{run_id}"


def import_key(folder: Path) -> str:
    """Return the key of an imported adapter."""
    return f"import:{folder.name}"


def find(studio: Studio, key: str) -> CurrentRun | None:
    """Return what a key names; None for the empty key.

    Raises:
        RunError: no such run.
        AdapterError: no such imported adapter.
    """
    kind, _colon, name = key.partition(":")
    if not key:
        return None
    if kind == "run":
        run = studio.store.open(name)
        return CurrentRun(key, run.name, run.config.model, run.adapter_folder(), run)
    if kind == "import" and _IMPORT_ID.fullmatch(name) and (folder := imports_folder(studio) / name).is_dir():
        return CurrentRun(
            key, text.import_name(base_model_of(folder), name), source_of(base_model_of(folder)), folder, None
        )
    raise AdapterError(text.SELECTION_GONE)


def find_or_none(studio: Studio, key: str) -> CurrentRun | None:
    """Return what a key names, or None if it no longer exists."""
    try:
        return find(studio, key)
    except (RunError, AdapterError):
        return None


def imports_folder(studio: Studio) -> Path:
    """Return the folder of imported adapters; in public mode, each visitor has one."""
    return studio.home / IMPORTS / visitor() if is_public() else studio.home / IMPORTS


def imported_adapters(studio: Studio) -> tuple[Path, ...]:
    """Return the folders of imported adapters, newest first."""
    folders = [path for path in imports_folder(studio).glob("*") if _IMPORT_ID.fullmatch(path.name)]
    return tuple(sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True))


def base_model_of(folder: Path) -> str:
    """Return the base model that an adapter's config names; empty if it names none or cannot be read."""
    native = folder / NATIVE_FILES[0]
    config = read_json(native if native.is_file() else folder / PEFT_FILES[0]) or {}
    base_model = config.get("base_model" if native.is_file() else "base_model_name_or_path")
    return base_model if isinstance(base_model, str) else ""


def source_of(base_model: str) -> str:
    """Return the source that a base model is loaded from: a starter's name for its Hub id."""
    from ia3_studio.models import starters

    return next((starter.name for starter in starters() if starter.hub_id == base_model), base_model)
