"""Which model is in memory now?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ia3_studio.models.classifier import Kind, load_classifier
from ia3_studio.models.load import load_model
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.progress import Progress
from ia3_studio.models.sources import parse_source

Key = tuple[str, tuple[str, ...], str]
"""A source, and the labels and their kind where the model has a head for them."""


class ModelMemory:
    """Keeps at most one model in the process and lends it to one user at a time.

    Hold ``lock`` for as long as you use the model: nobody replaces it meanwhile. Taking it twice
    in the same thread does no harm.

    Example:
        >>> memory = ModelMemory()
        >>> memory.loaded is None
        True
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._model: LoadedModel | None = None
        self._key: Key = ("", (), "")

    @property
    def loaded(self) -> str | None:
        """Return the source of the model in memory, if there is one."""
        model = self._model
        return model.source if model else None

    def get(self, source: str, progress: Progress | None = None) -> LoadedModel:
        """Return a model, **replacing the one in memory** if that is another.

        Raises:
            ModelError: it cannot be loaded; the one in memory stays.
        """
        return self._keep((parse_source(source).value, (), ""), lambda: load_model(source, progress=progress))

    def get_classifier(
        self, source: str, names: Sequence[str], kind: Kind, progress: Progress | None = None
    ) -> LoadedModel:
        """Return a model with a head for labels, **replacing the one in memory** if that is another.

        Raises:
            ModelError: it cannot be loaded; the one in memory stays.
        """
        wanted = parse_source(source).value, tuple(names), kind
        return self._keep(wanted, lambda: load_classifier(source, names, kind, progress=progress))

    def _keep(self, wanted: Key, load: Callable[[], LoadedModel]) -> LoadedModel:
        with self.lock:
            if self._model is None or self._key != wanted:
                self._model, self._key = load(), wanted
            return self._model
