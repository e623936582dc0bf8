"""The method itself, (IA)³: discovery, sites, vectors on a live model, adapters as data. Needs torch only.

Sites and selections are plain data: torch is imported when a name that needs it is first used. The names in
``__all__`` are public; what else the files hold may change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ia3_studio.method.sites import Selection, Site

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.method.algebra import add, at_strength, average, geometric, multiply, mute, mute_channels, subtract
    from ia3_studio.method.importers import read_adapters_library, read_tfew
    from ia3_studio.method.layer_tree import LayerTree, TreeNode
    from ia3_studio.method.liveness import DeadSite, dead_sites, require_live
    from ia3_studio.method.loading import attach_adapter, load_adapter
    from ia3_studio.method.merging import Merged, merge
    from ia3_studio.method.scaling import Attachment, attach
    from ia3_studio.method.selector import choose
    from ia3_studio.method.serving import BASE, Serving, serve
    from ia3_studio.method.tree import discover

__all__ = [
    "BASE",
    "Adapter",
    "Attachment",
    "DeadSite",
    "LayerTree",
    "Merged",
    "Selection",
    "Serving",
    "Site",
    "TreeNode",
    "add",
    "at_strength",
    "attach",
    "attach_adapter",
    "average",
    "choose",
    "dead_sites",
    "discover",
    "geometric",
    "load_adapter",
    "merge",
    "multiply",
    "mute",
    "mute_channels",
    "read_adapters_library",
    "read_tfew",
    "require_live",
    "serve",
    "subtract",
]

_HOMES = {
    "BASE": "serving",
    "Adapter": "adapter",
    "Attachment": "scaling",
    "DeadSite": "liveness",
    "LayerTree": "layer_tree",
    "Merged": "merging",
    "Serving": "serving",
    "TreeNode": "layer_tree",
    "add": "algebra",
    "at_strength": "algebra",
    "attach": "scaling",
    "attach_adapter": "loading",
    "average": "algebra",
    "choose": "selector",
    "dead_sites": "liveness",
    "discover": "tree",
    "geometric": "algebra",
    "load_adapter": "loading",
    "merge": "merging",
    "multiply": "algebra",
    "mute": "algebra",
    "mute_channels": "algebra",
    "read_adapters_library": "importers",
    "read_tfew": "importers",
    "require_live": "liveness",
    "serve": "serving",
    "subtract": "algebra",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"ia3_studio.method.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'ia3_studio.method' has no attribute {name!r}")
