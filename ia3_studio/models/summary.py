"""What is known of a model before its weights are in memory? Its architecture and its layer tree.

Reading it takes seconds, most of them for importing torch. A starter's is therefore kept in the cache folder, so that
a page that shows the starter imports no torch, and a run of it discovers nothing again::

    summaries/<starter>.json    with a key of everything that it was made from
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ia3_studio.atomic import replace_text
from ia3_studio.method.layer_tree import LayerTree
from ia3_studio.models.loaded import ModelHead
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.models.sources import Starter, find_starter, parse_source, starters
from ia3_studio.settings import cache_folder
from ia3_studio.typed import typed_or_none

_MADE_BY = ("torch", "transformers")
"""Packages whose versions decide what a layer tree looks like, besides our own code."""


@dataclass(frozen=True)
class ModelSummary:
    """What a config says of a model, and its layer tree."""

    architecture: str
    """The class of the model."""
    head: ModelHead
    layers: int | None
    """Number of blocks, where the config tells it."""
    hidden_size: int | None
    tree: LayerTree


def summarize(source: str, progress: ProgressCallback | None = None) -> ModelSummary:
    """Read a model's summary; of a starter, **it is kept for the next time**.

    Args:
        source: a starter's name, a Hub id (of which only config.json is downloaded), a folder or a GGUF file.
        progress: called with what is being done.

    Raises:
        ModelError: the model cannot be found, or transformers does not know its type.
        SelectionError: it has nothing to scale.
    """
    asked = parse_source(source)
    if asked.kind != "starter":
        return _read(source, progress)
    starter = find_starter(asked.value)
    path, key = _path(starter), _key(starter)
    kept = _kept(path, key)
    if kept is None:
        kept = _read(source, progress)
        with suppress(OSError):  # a cache folder that cannot be written costs the next reader the same seconds
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_text(path, json.dumps({"key": key, "summary": asdict(kept)}, separators=(",", ":")))
    return kept


def kept_tree(source: str, architecture: str) -> LayerTree | None:
    """Return the kept layer tree of a starter; None where there is none, or the model is of another class.

    Args:
        source: what was asked for.
        architecture: the class of the model, which may have another head than the starter itself.
    """
    name = source.strip().lower()  # or empty, of a model that was made here
    starter = next((each for each in starters() if each.name.lower() == name), None)
    kept = _kept(_path(starter), _key(starter)) if starter else None
    return kept.tree if kept and kept.architecture == architecture else None


def _path(starter: Starter) -> Path:
    return cache_folder() / "summaries" / f"{starter.name}.json"


def _read(source: str, progress: ProgressCallback | None) -> ModelSummary:
    from ia3_studio.method.tree import discover
    from ia3_studio.models.load import load_skeleton

    skeleton = load_skeleton(source, progress=progress)
    config = skeleton.model.config
    return ModelSummary(
        type(skeleton.model).__name__,
        skeleton.head,
        getattr(config, "num_hidden_layers", None),
        getattr(config, "hidden_size", None),
        discover(skeleton.model, skeleton.base_model),
    )


def _kept(path: Path, key: str) -> ModelSummary | None:
    """Return the summary in a file; None if there is none, if it is damaged, or made by other code."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("key") != key or not isinstance(found.get("summary"), dict):
        return None
    return typed_or_none(ModelSummary, found["summary"])


def _key(starter: Starter) -> str:
    """Return a digest of the starter's config, the versions of the packages, and the code that discovers layers."""
    digest = hashlib.sha256(json.dumps(dict(starter.config), sort_keys=True).encode())
    digest.update(" ".join(version(name) for name in _MADE_BY).encode())
    rooms = Path(__file__).parents[1]
    for code in sorted((*(rooms / "method").rglob("*.py"), *(rooms / "models").glob("*.py"))):
        digest.update(code.read_bytes())
    return digest.hexdigest()
