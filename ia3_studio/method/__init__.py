"""The method itself, (IA)³: discovery, sites, vectors on a live model, adapter files. Needs torch only."""

from ia3_studio.method.adapter import Adapter, load_adapter
from ia3_studio.method.scaling import Attachment, attach
from ia3_studio.method.sites import Selection, Site
from ia3_studio.method.tree import LayerTree, TreeNode, discover

__all__ = ["Adapter", "Attachment", "LayerTree", "Selection", "Site", "TreeNode", "attach", "discover", "load_adapter"]
