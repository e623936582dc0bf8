"""The rooms: arrows point one way, and importing the package stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import ia3_studio
import ia3_studio.method

PACKAGE = Path(ia3_studio.__file__).parent

MAY_IMPORT = {
    "errors": set(),
    "settings": {"errors"},
    "background": set(),
    "garbage": set(),
    "hub_search": {"settings", "background", "hub_waits"},
    "atomic": set(),
    "typed": set(),
    "old_names": set(),
    "limited": set(),
    "zipped": set(),
    "folder_size": set(),
    "hub_waits": set(),
    "method": {"errors"},
    "peft": {"errors", "method"},
    "models": {
        "errors",
        "settings",
        "background",
        "hub_search",
        "hub_waits",
        "folder_size",
        "atomic",
        "typed",
        "method",
    },
    "data": {"errors", "settings", "background", "hub_search", "hub_waits", "atomic", "typed", "limited", "zipped"},
    "training": {"errors", "atomic", "typed", "old_names", "method", "models", "data"},
    "chat": {"errors", "method", "models", "data"},
    "asgi": set(),
    "host_check": {"asgi"},
    "serving": {"errors", "asgi", "host_check", "method", "models", "data", "chat", "runs"},
    "runs": {
        "errors",
        "settings",
        "atomic",
        "folder_size",
        "typed",
        "old_names",
        "method",
        "models",
        "data",
        "training",
        "insight",
    },
    "tasks": {"errors", "settings", "atomic", "method", "models", "data", "training", "runs"},
    "worker": {
        "errors",
        "garbage",
        "settings",
        "atomic",
        "typed",
        "method",
        "models",
        "data",
        "training",
        "insight",
        "runs",
        "tasks",
    },
    "insight": {"errors", "typed", "old_names", "method", "training"},
    "export": {"errors", "zipped", "hub_waits", "folder_size", "method", "models", "data", "training", "insight"},
    "model_card": {"errors", "typed", "method", "runs", "insight", "export", "data"},
    "verdict_page": {
        "errors",
        "atomic",
        "method",
        "data",
        "training",
        "runs",
        "worker",
        "insight",
        "export",
        "model_card",
    },
    "cli": {
        "errors",
        "garbage",
        "atomic",
        "settings",
        "method",
        "models",
        "data",
        "training",
        "chat",
        "insight",
        "export",
        "runs",
        "tasks",
        "worker",
        "model_card",
        "verdict_page",
        "serving",
        "host_check",
        "ui",
    },
    "__main__": {"cli"},
    "ui": {
        "asgi",
        "host_check",
        "serving",
        "errors",
        "garbage",
        "hub_search",
        "atomic",
        "typed",
        "settings",
        "method",
        "models",
        "data",
        "training",
        "chat",
        "runs",
        "tasks",
        "worker",
        "insight",
        "export",
        "model_card",
        "verdict_page",
    },
}
ONLY_UI = {"gradio"}


@cache
def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Return the dotted names a file imports, at the top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_room_has_its_arrows() -> None:
    assert {room_of(path) for path in files()} - {"__init__"} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_point_one_way(room: str) -> None:
    for path in (path for path in files() if room_of(path) == room):
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "ia3_studio" and len(parts) > 1 and parts[1] != room:
                assert parts[1] in MAY_IMPORT[room], f"{path.relative_to(PACKAGE)} must not import {name}"
            assert parts[0] not in ONLY_UI or room == "ui", f"{path.relative_to(PACKAGE)} must not import {name}"


def test_a_tab_never_imports_another_tab() -> None:
    for path in (PACKAGE / "ui").glob("*_tab.py"):
        assert not [name for name in imports(path) if name.endswith("_tab")], path.name


def test_every_room_is_in_the_map() -> None:
    assert {room_of(path) for path in files()} - {"__init__"} == set(MAY_IMPORT)


def test_importing_a_room_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'gradio', 'plotly'}"
    rooms = "ia3_studio, ia3_studio.runs, ia3_studio.data, ia3_studio.models"
    code = f"import sys, {rooms}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_all_there() -> None:
    for name in ia3_studio.__all__:
        assert getattr(ia3_studio, name) is not None
    assert set(ia3_studio.__all__) == set(ia3_studio._HOMES)


def test_the_methods_public_names_are_all_there_and_nothing_loads_torch_before_they_are_used() -> None:
    listed = set(ia3_studio.method.__all__)
    assert listed == set(ia3_studio.method._HOMES) | {"Selection", "Site"}
    assert {"Merged", "choose", "dead_sites", "merge", "average", "read_tfew", "serve"} <= listed
    code = (
        "import sys, ia3_studio.method as m; assert 'torch' not in sys.modules;"
        "print(sorted(name for name in m.__all__ if getattr(m, name, None) is None))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_no_two_files_import_each_other_not_even_late() -> None:
    """A circle within a room means that two files are one idea, or that a third one is missing."""
    known = {module_of(path): path for path in files()}
    reached = {name: {each for each in imported(path, known) if each != name} for name, path in known.items()}
    while True:  # a file that imports none of the rest, or that none of the rest imports, is in no circle
        asked_for = {each for found in reached.values() for each in found}
        outside = {name for name, found in reached.items() if not found & reached.keys() or name not in asked_for}
        if not outside:
            break
        reached = {name: found - outside for name, found in reached.items() if name not in outside}
    assert reached == {}


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the files that a file imports, anywhere in it but for types alone."""
    for node in ast.walk(without_types(tree_of(path))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                yield from (found for found in [whole if whole in known else node.module] if found in known)


def without_types(tree: ast.Module) -> ast.Module:
    kept = [node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))]
    return ast.Module(kept, [])


PAGE = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_function_that_the_page_on_the_architecture_names_is_there() -> None:
    named = re.findall(r"`([a-z_.0-9]+):([A-Za-z_.]+)`", PAGE)
    assert len(named) > 20
    for module, name in named:
        found: Any = import_module(f"ia3_studio.{module}")
        for part in name.split("."):
            found = getattr(found, part)


def test_every_file_that_the_page_on_the_architecture_names_is_there_and_no_package_is_missing() -> None:
    named = set(re.findall(r"`((?:[a-z_0-9]+/)*[a-z_0-9]+(?:\.py|/))`", PAGE))
    roots = (PACKAGE.parent, PACKAGE, PACKAGE / "ui")
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []
    rooms = {path.name for path in PACKAGE.iterdir() if not path.name.startswith("_") and path.suffix != ".typed"}
    listed = {name.removeprefix("ia3_studio/").rstrip("/") for name in named if name.startswith("ia3_studio/")}
    assert rooms - {"__pycache__"} <= listed
