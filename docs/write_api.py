"""Write docs/api.md from the docstrings of the public names: python docs/write_api.py

What is public is what a room lists in ``__all__``; figures, numbers and ways out that have no list are named here.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
ROOMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ia3_studio", ()),
    ("ia3_studio.method", ()),
    ("ia3_studio.peft", ()),
    ("ia3_studio.models", ()),
    ("ia3_studio.training", ()),
    ("ia3_studio.runs", ()),
    ("ia3_studio.chat", ()),
    ("ia3_studio.insight.deviation", ("deviations", "grid", "histogram", "summary")),
    ("ia3_studio.insight.figures", ("loss_figure", "heatmap", "histogram_figure")),
    ("ia3_studio.export.archive", ("package", "zip_adapter")),
    ("ia3_studio.export.merged", ("write_merged",)),
    ("ia3_studio.export.gguf_file", ("write_gguf", "why_not")),
    ("ia3_studio.export.push", ("push_adapter", "push_folder")),
    ("ia3_studio.model_card", ("card_of", "card_of_adapter")),
    ("ia3_studio.verdict_page", ("write_verdict",)),
    ("ia3_studio.ui.app", ("serve", "open_here")),
)
HEAD = """# The Python API

Written by `python docs/write_api.py` from the docstrings; a test keeps it so. How the names work together is told in
the pages on [data](data.md), [training](training.md), [evaluation](evaluation.md), [runs](runs.md),
[insight](insight.md), [PEFT](peft.md) and the [command line](cli.md).
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {sum(1 for _name in names())} names")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for room, listed in ROOMS:
        module = import_module(room)
        parts.append(f"## {room}\n\n{(module.__doc__ or '').strip()}\n")
        parts += [entry(name, getattr(module, name)) for name in listed or module.__all__]
    return "\n".join(parts)


def names() -> Iterator[tuple[str, Any]]:
    """Yield every public name with what it is."""
    for room, listed in ROOMS:
        module = import_module(room)
        for name in listed or module.__all__:
            yield f"{room}.{name}", getattr(module, name)


def entry(name: str, thing: Any) -> str:
    """Return the part of one name: its signature and what it says of itself."""
    said = inspect.cleandoc(thing.__doc__ or "") if callable(thing) else ""
    shown = f"{name}{signature(thing)}" if callable(thing) and hasattr(thing, "__module__") else f"{name} = {thing!r}"
    text = f"### {name}\n\n```python\n{shown}\n```\n"
    if said:
        text += f"\n```text\n{said}\n```\n"
    return text + "".join(members(thing))


def members(thing: Any) -> Iterator[str]:
    """Yield the fields of a record and the methods of a class, a line each."""
    if not inspect.isclass(thing):
        return
    if is_dataclass(thing):
        told = field_docs(thing)
        for field in fields(thing):
            said = f": {told[field.name]}" if field.name in told else ""
            yield f"\n- `{field.name}: {_short(field.type)}`{said}"
    for name, member in inspect.getmembers(thing, inspect.isfunction):
        if not name.startswith("_") and member.__doc__ and member.__module__.startswith("ia3_studio"):
            yield f"\n- `{name}{signature(member)}`: {inspect.cleandoc(member.__doc__).splitlines()[0]}"
    yield "\n"


def field_docs(thing: type) -> dict[str, str]:
    """Return what stands below the fields of a record in its source."""
    (tree,) = ast.parse(inspect.cleandoc(inspect.getsource(thing))).body
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for line, below in pairwise(tree.body):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(below, ast.Expr):
            said = below.value
            if isinstance(said, ast.Constant) and isinstance(said.value, str):
                found[line.target.id] = " ".join(said.value.split())
    return found


def signature(thing: Any) -> str:
    """Return the parameters with their types, as they are written; a default that is a function is left out."""
    try:
        return re.sub(r"<function [^>]*>? at 0x[0-9a-f]+>", "…", str(inspect.signature(thing)).replace("'", ""))
    except (TypeError, ValueError):
        return ""


def _short(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
