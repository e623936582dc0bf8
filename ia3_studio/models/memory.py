"""Which model is in memory now, and who is using it?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from ia3_studio.models.classifier import Kind, load_classifier
from ia3_studio.models.fast_paths import lines
from ia3_studio.models.load import load_model
from ia3_studio.models.loaded import LoadedModel, ModelHead
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.models.sources import parse_source
from ia3_studio.settings import rounds_chat_weights

if TYPE_CHECKING:
    from ia3_studio.models.kept_prefixes import KeptPrefixes

logger = logging.getLogger("ia3_studio.models")
Key = tuple[str, tuple[str, ...], str]
"""A source, and the labels and their kind where the model has a head for them."""


class Turn:
    """A fair lock, acquired in the order of requests."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = self._served = 0

    def __enter__(self) -> None:
        with self._changed:
            mine = self._asked
            self._asked += 1
            while mine != self._served:
                self._changed.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._served += 1
            self._changed.notify_all()


class ModelMemory:
    """Keeps at most one model in the process and lends it to all who want that one.

    A model in use is never replaced; requests for another model wait in order. Who uses one without end, as a server
    does, gives it back now and then where ``is_awaited`` says so.
    Those who share a model take ``turn`` for each of their calls of it, so that they take turns by token and nobody
    sees another's hooks half attached.

    Example:
        >>> memory = ModelMemory()
        >>> memory.loaded is None
        True
    """

    def __init__(self) -> None:
        self.turn = Turn()
        self._entry = Turn()
        """Held from asking for a model until one has it: loading happens once, and in the order of asking."""
        self._given_back = threading.Condition()
        self._users = 0
        self._is_awaited = False
        self._model: LoadedModel | None = None
        self._kept: KeptPrefixes | None = None
        self._key: Key = ("", (), "")

    @property
    def loaded(self) -> str | None:
        """Return the source of the model in memory, if there is one."""
        model = self._model
        return model.source if model else None

    @property
    def users(self) -> int:
        """Return how many are using the model now."""
        return self._users

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for another model, until nobody uses this one."""
        return self._is_awaited

    @property
    def kept(self) -> KeptPrefixes | None:
        """Return the keys and values of conversations with the model in memory, to be used under ``turn``."""
        return self._kept

    def acquire(self, source: str, progress: ProgressCallback | None = None) -> AbstractContextManager[LoadedModel]:
        """Lend a model for a ``with`` block, **replacing the one in memory** if that is another.

        Raises:
            ModelError: it cannot be loaded; the one in memory stays.
        """
        return self._acquire((parse_source(source).value, (), ""), lambda: load_model(source, progress=progress))

    def acquire_classifier(
        self,
        source: str,
        names: Sequence[str],
        kind: Kind,
        progress: ProgressCallback | None = None,
        head: ModelHead = "classification",
    ) -> AbstractContextManager[LoadedModel]:
        """Lend a model with a head for labels, **replacing the one in memory** if that is another.

        Raises:
            ModelError: it cannot be loaded; the one in memory stays.
        """
        wanted = parse_source(source).value, tuple(names), f"{kind} {head}"
        return self._acquire(wanted, lambda: load_classifier(source, names, kind, head=head, progress=progress))

    @contextmanager
    def _acquire(self, wanted: Key, load: Callable[[], LoadedModel]) -> Iterator[LoadedModel]:
        with self._entry:
            model = self._take(wanted, load)
        try:
            yield model
        finally:
            with self._given_back:
                self._users -= 1
                self._given_back.notify_all()

    def _take(self, wanted: Key, load: Callable[[], LoadedModel]) -> LoadedModel:
        from ia3_studio.models.fast_inference import enable_fast_inference
        from ia3_studio.models.kept_prefixes import KeptPrefixes

        with self._given_back:
            if self._model is None or self._key != wanted:
                self._wait_for_all()
                fresh = load()
                for line in lines(enable_fast_inference(fresh.model, waits=False, rounds=rounds_chat_weights())):
                    logger.info("%s: %s", fresh.source, line)
                self._model, self._key, self._kept = fresh, wanted, KeptPrefixes()
            self._users += 1
            return self._model

    def _wait_for_all(self) -> None:
        """Wait until nobody uses the model; called while ``_given_back`` is held."""
        self._is_awaited = True
        try:
            self._given_back.wait_for(lambda: self._users == 0)
        finally:
            self._is_awaited = False
