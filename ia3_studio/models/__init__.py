"""Which models there are and how one is loaded: starters, Hub, folder, GGUF file.

Importing this room loads neither torch nor transformers.
"""

from ia3_studio.models.fetch import is_ready, prepare
from ia3_studio.models.load import load_model, load_skeleton
from ia3_studio.models.loaded import LoadedModel, Skeleton, Task
from ia3_studio.models.memory import ModelMemory
from ia3_studio.models.progress import Progress
from ia3_studio.models.sources import STARTER, TEXT_STARTER, Source, Starter, parse_source, starters
from ia3_studio.models.unquantized import Difference, Unquantised, merge_into_unquantised

__all__ = [
    "STARTER",
    "TEXT_STARTER",
    "Difference",
    "LoadedModel",
    "ModelMemory",
    "Progress",
    "Skeleton",
    "Source",
    "Starter",
    "Task",
    "Unquantised",
    "is_ready",
    "load_model",
    "load_skeleton",
    "merge_into_unquantised",
    "parse_source",
    "prepare",
    "starters",
]
