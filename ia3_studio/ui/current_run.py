"""Which run, or which imported adapter, is selected on every tab?

Its key is ``run:<id>`` or ``import:<id>``; the empty key selects nothing. Keys come from the browser, so each is looked
up before anything is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.errors import AdapterError, RunError
from ia3_studio.runs.imported import IMPORT_ID, IMPORTS, base_model_of, imports_in, source_of
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.visitor import visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from ia3_studio.method import Site
    from ia3_studio.runs import Run
    from ia3_studio.ui.session import Studio


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
    if kind == "import" and IMPORT_ID.fullmatch(name) and (folder := imports_folder(studio) / name).is_dir():
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
    return imports_in(imports_folder(studio))
