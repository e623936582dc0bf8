"""What do the handlers of a page work on? The stores all visitors share, and what one visitor's session remembers."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.errors import DataError, StudioError
from ia3_studio.runs.held_out import HeldOutLosses
from ia3_studio.ui import text
from ia3_studio.ui.components.tree_rows import TreeRows, tree_rows
from ia3_studio.ui.polling import Crowd

if TYPE_CHECKING:
    from ia3_studio.method import LayerTree
    from ia3_studio.models import ModelMemory, ProgressCallback, Skeleton
    from ia3_studio.runs import RunStore


@dataclass(frozen=True)
class ReadModel:
    """A model whose layers have been read; its weights need not be in memory."""

    source: str
    tree: LayerTree
    rows: TreeRows
    """The tree as the component draws it."""
    facts: tuple[tuple[str, str], ...]
    """Name and value of what is said about the model."""


@dataclass
class TreeShelf:
    """The layer trees read lately, so that a tick does not read the model again."""

    room: int = 8
    _read: OrderedDict[str, ReadModel] = field(default_factory=OrderedDict)
    _look: Lock = field(default_factory=Lock)
    """Held for an instant."""
    _turn: Lock = field(default_factory=Lock)
    """Held while a model is read, which takes seconds: a second visitor waits for it rather than read it too."""

    def read(self, source: str, progress: ProgressCallback | None = None) -> ReadModel:
        """Return the model's layer tree from the shelf, read first if it is not there.

        Raises:
            ModelError: the model cannot be found or read.
            SelectionError: it holds nothing to scale.
        """
        found = self._find(source)
        if found:
            return found
        with self._turn:
            return self._find(source) or self._keep(read_model(source, progress))

    def forget(self, source: str) -> None:
        """Read this model anew next time: its files may have changed."""
        with self._look:
            self._read.pop(source, None)

    def _find(self, source: str) -> ReadModel | None:
        with self._look:
            if source in self._read:
                self._read.move_to_end(source)
            return self._read.get(source)

    def _keep(self, read: ReadModel) -> ReadModel:
        with self._look:
            self._read[read.source] = read
            while len(self._read) > self.room:
                self._read.popitem(last=False)
        return read


@dataclass(frozen=True)
class Studio:
    """What all visitors of one app share."""

    store: RunStore
    memory: ModelMemory
    home: Path
    """The folder of uploads and imported adapters."""
    scratch: Path
    """A folder for files on their way to a download; emptied when the app ends."""
    shelf: TreeShelf = field(default_factory=TreeShelf)
    outcomes: HeldOutLosses = field(default_factory=HeldOutLosses)
    crowd: Crowd = field(default_factory=Crowd)

    def desk(self, key: str) -> Path:
        """Return the folder for downloads of what a key names; made when missing."""
        folder = self.scratch / (re.sub(r"[^\w-]", "-", key[:100]) or "nothing")
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # in use: what was not touched for an hour is cleared away
        return folder


@dataclass(frozen=True)
class Session:
    """What one browser tab's session remembers on the server: names and cursors only."""

    model: gr.State
    """The model source in use."""
    data: gr.State
    """The data source in use."""
    current: gr.State
    """The key of the run or imported adapter shown on every tab."""


def read_model(source: str, progress: ProgressCallback | None = None) -> ReadModel:
    """Read a model's layers without loading its weights.

    Raises:
        ModelError: the model cannot be found or read.
        SelectionError: it holds nothing to scale.
    """
    from ia3_studio.method import discover
    from ia3_studio.models import load_skeleton

    skeleton = load_skeleton(source, progress=progress)
    tree = discover(skeleton.model, skeleton.base_model)
    return ReadModel(source, tree, tree_rows(tree), model_facts(skeleton, tree))


def model_facts(skeleton: Skeleton, tree: LayerTree) -> tuple[tuple[str, str], ...]:
    """Return name and value of what is worth knowing before training."""
    from ia3_studio.models.device import choose_device

    config: Any = skeleton.model.config
    layers = getattr(config, "num_hidden_layers", None)
    width = getattr(config, "hidden_size", None)
    size = f"{layers} layers, hidden size {width}" if layers and width else ""
    facts = (
        (text.ARCHITECTURE, f"{type(skeleton.model).__name__}, {text.TASKS[skeleton.head]}"),
        (text.PARAMETERS, text.count(tree.parameters)),
        (text.LAYERS, size),
        (text.LINEAR_LAYERS, text.count(len(tree.sites))),
        (text.DEVICE, choose_device().reason),
    )
    return tuple((name, value) for name, value in facts if value)


def chosen_model(source: str) -> str:
    """Return the model source in use.

    Raises:
        StudioError: the session began before the app was restarted, so its choices are gone.
    """
    if not source:
        raise StudioError(text.RELOAD)
    return source


def chosen_data(source: str) -> str:
    """Return the data source in use.

    Raises:
        DataError: no file has been chosen yet.
    """
    if not source:
        raise DataError(text.CHOOSE_FILE)
    return source


def quiet(**options: Any) -> dict[str, Any]:
    """Return the options of an event that belongs to the page: no overlay, not part of a public API."""
    return {"show_progress": "hidden", "api_visibility": "private"} | options
