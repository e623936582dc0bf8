"""The method itself, (IA)³: discovery, sites, vectors on a live model, adapter files. Needs torch only.

Sites and selections are plain data: torch is imported when a name that needs it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ia3_studio.method.sites import Selection, Site

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter, load_adapter
    from ia3_studio.method.scaling import Attachment, attach
    from ia3_studio.method.tree import LayerTree, TreeNode, discover

__all__ = ["Adapter", "Attachment", "LayerTree", "Selection", "Site", "TreeNode", "attach", "discover", "load_adapter"]

_HOMES = {
    "Adapter": "adapter",
    "Attachment": "scaling",
    "LayerTree": "tree",
    "TreeNode": "tree",
    "attach": "scaling",
    "discover": "tree",
    "load_adapter": "adapter",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"ia3_studio.method.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ia3_studio.method' has no attribute {name!r}")
