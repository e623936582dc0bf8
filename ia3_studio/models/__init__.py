"""Which models there are and how one is loaded: starters, Hub, folder, GGUF file.

Importing this room loads neither torch nor transformers.
"""

from ia3_studio.models.fetch import is_ready, prepare
from ia3_studio.models.load import load_model, load_skeleton
from ia3_studio.models.loaded import LoadedModel, ModelHead, Skeleton
from ia3_studio.models.memory import ModelMemory
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.models.sources import STARTER, TEXT_STARTER, Source, Starter, parse_source, starters
from ia3_studio.models.unquantized import Difference, Unquantized, merge_into_unquantized

__all__ = [
    "STARTER",
    "TEXT_STARTER",
    "Difference",
    "LoadedModel",
    "ModelHead",
    "ModelMemory",
    "ProgressCallback",
    "Skeleton",
    "Source",
    "Starter",
    "Unquantized",
    "is_ready",
    "load_model",
    "load_skeleton",
    "merge_into_unquantized",
    "parse_source",
    "prepare",
    "starters",
]
