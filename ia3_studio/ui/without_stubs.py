"""Gradio's import takes half the time: it compares no type stubs with the source of each component.

Gradio 6.31 parses the file of every component as its class is made, and its ``.pyi`` beside it, to write the latter
anew. What it would write into the installed packages is there already, and nobody reads that of the studio's own
components: 1.6 of 3.7 seconds of CPU time, at every start of the app.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

WRITES_STUBS = "gradio.component_meta"


def leave_out_stubs() -> None:
    """Let a later import of gradio write no stubs; **adds a finder to sys.meta_path** that removes itself."""
    if WRITES_STUBS not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the module that writes stubs, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module with a loader that leaves the stubs out."""
        if fullname != WRITES_STUBS:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module of gradio without its function that writes stubs."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then put a function that does nothing in place of the one that writes."""
        super().exec_module(module)
        if hasattr(module, "create_or_modify_pyi"):
            module.create_or_modify_pyi = _nothing  # type: ignore[attr-defined]


def _nothing(*_arguments: object) -> None:
    """Write no stub."""
