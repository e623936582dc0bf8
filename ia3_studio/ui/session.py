"""What do the handlers of a page work on? Stores that all visitors share, and the state of one browser tab."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.token_estimate import TokenEstimates
from ia3_studio.errors import DataError, StudioError
from ia3_studio.hub_search import HubSearch
from ia3_studio.models.catalog import LocalModels
from ia3_studio.models.device import device_reason
from ia3_studio.models.summary import ModelSummary, summarize
from ia3_studio.serving.switch import EndpointSwitch
from ia3_studio.ui import text
from ia3_studio.ui.components.tree_rows import TreeRows, tree_rows
from ia3_studio.ui.polling import OpenPages
from ia3_studio.worker.ready import ReadyWorker

if TYPE_CHECKING:
    from ia3_studio.method import LayerTree
    from ia3_studio.models import ModelMemory, ProgressCallback
    from ia3_studio.runs import RunStore


@dataclass(frozen=True)
class ModelLayers:
    """The layers of a model, whose weights need not be in memory."""

    source: str
    tree: LayerTree
    rows: TreeRows
    """The tree as the component draws it."""
    facts: tuple[tuple[str, str], ...]
    """Names and values of the facts on the model."""


@dataclass
class LayerCache:
    """The layers of the models used last, so that no event reads a model again."""

    capacity: int = 8
    _models: OrderedDict[str, ModelLayers] = field(default_factory=OrderedDict)
    _access: Lock = field(default_factory=Lock)
    """Held for an instant."""
    _reading: Lock = field(default_factory=Lock)
    """Held while a model is read, which takes seconds, so that two visitors do not read the same one."""

    def get(self, source: str, progress: ProgressCallback | None = None) -> ModelLayers:
        """Return the layers of a model, which is read if it is not in the cache.

        Raises:
            ModelError: the model cannot be found or read.
            SelectionError: it has nothing to scale.
        """
        found = self._find(source)
        if found:
            return found
        with self._reading:
            return self._find(source) or self._keep(read_layers(source, progress))

    def discard(self, source: str) -> None:
        """Let this model be read again, because its files may have changed."""
        with self._access:
            self._models.pop(source, None)

    def _find(self, source: str) -> ModelLayers | None:
        with self._access:
            if source in self._models:
                self._models.move_to_end(source)
            return self._models.get(source)

    def _keep(self, layers: ModelLayers) -> ModelLayers:
        with self._access:
            self._models[layers.source] = layers
            while len(self._models) > self.capacity:
                self._models.popitem(last=False)
        return layers


@dataclass(frozen=True)
class Studio:
    """What all visitors of one app share."""

    store: RunStore
    memory: ModelMemory
    home: Path
    """The folder of uploads and imported adapters."""
    scratch: Path
    """A folder for files that are offered as downloads; removed when the app ends."""
    ready: ReadyWorker | None = None
    """Holds the process that the next run starts in."""
    layers: LayerCache = field(default_factory=LayerCache)
    pages: OpenPages = field(default_factory=OpenPages)
    hub: HubSearch = field(default_factory=HubSearch)
    local_models: LocalModels = field(default_factory=LocalModels)
    token_estimates: TokenEstimates = field(default_factory=TokenEstimates)
    endpoint: EndpointSwitch = field(default_factory=EndpointSwitch)

    def download_folder(self, key: str) -> Path:
        """Return the folder for downloads of a run or an imported adapter; **it is created** if it does not exist."""
        folder = self.scratch / (re.sub(r"[^\w-]", "-", key[:100]) or "nothing")
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # in use: folders that were not touched for an hour are removed
        return folder


@dataclass(frozen=True)
class Session:
    """The state of one browser tab, kept on the server: names only."""

    model: gr.State
    """The model source in use."""
    data: gr.State
    """The data source in use."""
    current: gr.State
    """The key of the run or imported adapter that is selected on every tab (:mod:`ia3_studio.ui.current_run`)."""


def read_layers(source: str, progress: ProgressCallback | None = None) -> ModelLayers:
    """Read a model's layers without loading its weights.

    Raises:
        ModelError: the model cannot be found or read.
        SelectionError: it has nothing to scale.
    """
    summary = summarize(source, progress)
    return ModelLayers(source, summary.tree, tree_rows(summary.tree), model_facts(summary))


def model_facts(summary: ModelSummary) -> tuple[tuple[str, str], ...]:
    """Return names and values of the facts on a model that matter before training."""
    layers, width = summary.layers, summary.hidden_size
    size = f"{layers} layers, hidden size {width}" if layers and width else ""
    facts = (
        (text.ARCHITECTURE, f"{summary.architecture}, {text.TASKS[summary.head]}"),
        (text.PARAMETERS, text.count(summary.tree.parameters)),
        (text.LAYERS, size),
        (text.LINEAR_LAYERS, text.count(len(summary.tree.sites))),
        (text.DEVICE, device_reason()),
    )
    return tuple((name, value) for name, value in facts if value)


def chosen_model(source: str) -> str:
    """Return the model source in use.

    Raises:
        StudioError: the app was restarted since the page was opened.
    """
    if not source:
        raise StudioError(text.RELOAD)
    return source


def chosen_data(source: str) -> str:
    """Return the data source in use.

    Raises:
        DataError: no data is loaded.
    """
    if not source:
        raise DataError(text.CHOOSE_FILE)
    return source


RESIZE_FIGURES = "() => { requestAnimationFrame(() => window.dispatchEvent(new Event('resize'))); }"
"""Script for an event that shows a figure: Plotly misses that its tab has another width, and takes it then."""


def sent(event: gr.EventData, name: str) -> Any:
    """Return what a component's script sent with an event; None if a request sends nothing of that name."""
    try:
        return getattr(event, name, None)
    except TypeError:  # Gradio looks into the data of the event, and a raw request may send none
        return None


def quiet(**options: Any) -> dict[str, Any]:
    """Return the options of an event of the page: no progress overlay, not part of a public API.

    No component follows the progress of an event either: with every update of any event, Gradio's script looks through
    the whole page once for each component that ever did, which took the browser a tenth of a second.
    """
    return {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"} | options
