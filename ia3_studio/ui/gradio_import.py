"""How is Gradio imported? Without the type stubs that it writes for its components, in less than half of the time.

Whenever a class of a component is made, Gradio parses the class's source file, renders a stub of it and compares that
with the ``.pyi`` file beside the source: 2 s of an import that otherwise takes 2.5 s, for editors of Gradio's own code.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE = "gradio.component_meta"
WRITES_STUBS = "create_or_modify_pyi"
"""The function of that module which is called for each class."""


def skip_stubs() -> None:
    """Let the next import of Gradio write no stubs; one that has happened is left alone."""
    if MODULE not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds Gradio's module where it is, and has one function of it replaced when it has been executed."""

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _WithoutStubs(spec.loader)
        return spec


class _WithoutStubs(Loader):
    """Executes a module as another loader does, then replaces the function that writes stubs."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if hasattr(module, WRITES_STUBS):
            setattr(module, WRITES_STUBS, _write_no_stub)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # the source, the path: whatever else is asked of a loader


def _write_no_stub(*_class: Any) -> None:
    """Stand where Gradio's function was."""
