"""Which column holds the definitions of the tools that an answer may call? By its name, or by what its objects hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ia3_studio.data.column_names import named
from ia3_studio.data.paths import structure_of

TOOL_NAMES = ("tools", "functions", "tool_config")
_ALSO = ("function", "available_tools", "available_functions", "tool_definitions", "function_definitions", "apis")
"""Names of columns that are read as definitions only if that is what their objects are."""


def tools_column(columns: Sequence[str], cells_of: Callable[[str], Sequence[Any]]) -> str:
    """Return the first of some columns that holds definitions of tools; empty if there is none.

    Args:
        columns: those that play no other part.
        cells_of: what returns the cells of a column that are not empty.
    """
    if known := named(columns, TOOL_NAMES):
        return known[0]
    return next((name for name in named(columns, _ALSO) if all(map(_are_definitions, cells_of(name)))), "")


def _are_definitions(cell: Any) -> bool:
    held: Any = structure_of(cell)
    held = held.tolist() if hasattr(held, "tolist") else held
    each = held if isinstance(held, list) else [held]
    return bool(each) and all(isinstance(tool, dict) and ("function" in tool or tool.keys() >= _SAYS) for tool in each)


_SAYS = {"name", "parameters"}
