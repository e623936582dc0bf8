"""Which adapter does the name of a model mean? A run, an imported adapter, a strength of it, or a mixture.

name               the adapter at strength 1
name@1.5           at another strength
one+two            1 + ½·d₁ + ½·d₂: equal shares of the deviations d = l − 1
one@0.3+two@0.7    shares of your own
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ia3_studio.data.labels import labels_in
from ia3_studio.errors import StudioError
from ia3_studio.models.sources import parse_source
from ia3_studio.runs.imported import base_model_of, imports_in, source_of
from ia3_studio.serving.generation import ServedAdapter

if TYPE_CHECKING:
    from ia3_studio.method import Adapter
    from ia3_studio.runs import Run, RunStore

MOST_STRENGTH = 2.0
MOST_PARTS = 8
"""Adapters of a mixture."""
_LISTED = 1_000
"""Runs that are looked at, newest first."""
_KEPT = 64
"""Adapters that are kept in memory, as they were when they were last asked for."""


class UnknownModelError(StudioError):
    """No model of this name is served."""


@dataclass(frozen=True)
class Named:
    """One adapter that can be asked for."""

    id: str
    """The id of the run or of the import."""
    name: str
    """What a person calls it; of several with one name only the id names one."""
    created: int
    """Seconds since the epoch."""
    folder: Path


@dataclass
class ModelNames:
    """The adapters for one base model, looked up whenever they are asked for."""

    source: str
    """Of the base model, which is its name as well."""
    store: RunStore
    library: Path
    """The folder of imported adapters."""
    created: int = 0
    _loaded: OrderedDict[str, Adapter] = field(default_factory=OrderedDict)
    _access: Lock = field(default_factory=Lock)

    def listed(self) -> list[tuple[str, Named | None]]:
        """Return (name, adapter) of everything that can be asked for, the base model (None) first."""
        found = list(self._adapters())
        names = [each.name for each in found]
        ids = {each.id for each in found} | {self.source}
        plain = [
            each.name if names.count(each.name) == 1 and each.name not in ids and _is_plain(each.name) else each.id
            for each in found
        ]
        return [(self.source, None), *zip(plain, found, strict=True)]

    def find(self, model: str) -> ServedAdapter | None:
        """Return the adapter that the name of a model means; None for the base model.

        Raises:
            UnknownModelError: there is no such model.
            StudioError: a strength is out of its range, or an adapter cannot be read.
        """
        if model == self.source:
            return None
        adapters = list(self._adapters())
        if (whole := self._named(model, adapters)) is not None:  # its name may hold a + or an @
            return self._served(whole, 1.0)
        parts = model.split("+")
        if len(parts) > MOST_PARTS:
            raise UnknownModelError(f"The mixture has {len(parts)} adapters; use at most {MOST_PARTS}.")
        share = 1.0 / len(parts)
        mixed = [self._part(part, share, adapters) for part in parts]
        if len(mixed) == 1:
            ((named, strength),) = mixed
            return self._served(named, strength) if named else None
        return self._mixture([(named, weight) for named, weight in mixed if named])

    def _part(self, part: str, usual: float, adapters: Sequence[Named]) -> tuple[Named | None, float]:
        name, at, given = part.strip().rpartition("@")
        if (whole := self._named(part.strip(), adapters)) is not None or not at:
            name, given = part.strip(), ""
        strength = _strength(given) if at and given else usual
        if name == self.source:
            return None, strength
        named = whole or self._named(name, adapters)
        if named is None:
            raise UnknownModelError(self._unknown(name, adapters))
        return named, strength

    def _served(self, named: Named, strength: float) -> ServedAdapter:
        key, adapter = self._load(named)
        return ServedAdapter(key, adapter, strength)

    def _mixture(self, parts: Sequence[tuple[Named, float]]) -> ServedAdapter | None:
        from ia3_studio.method import add

        if not parts:
            return None
        loaded = [(*self._load(named), weight) for named, weight in parts]
        key = "+".join(f"{key}@{weight}" for key, _adapter, weight in loaded)
        mixed = add([adapter for _key, adapter, _weight in loaded], [weight for _key, _adapter, weight in loaded])
        return ServedAdapter(key, mixed)

    def _load(self, named: Named) -> tuple[str, Adapter]:
        """Return what identifies an adapter as it is now, and the adapter: a run that trains has new ones."""
        from ia3_studio.method import Adapter

        try:
            key = f"{named.folder} {max(path.stat().st_mtime_ns for path in named.folder.iterdir())}"
            with self._access:
                known = self._loaded.get(key)
                if known is not None:
                    self._loaded.move_to_end(key)
            adapter = known or Adapter.load(named.folder)
        except (OSError, ValueError) as error:  # deleted between being found and being read
            raise UnknownModelError(f"The adapter of {named.name!r} is not there any more; list the models.") from error
        with self._access:
            self._loaded[key] = adapter
            while len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
        return key, adapter

    def _named(self, name: str, adapters: Sequence[Named]) -> Named | None:
        """Return the adapter of an id, or of a name that only one has."""
        for each in adapters:
            if each.id == name:
                return each
        found = [each for each in adapters if each.name == name]
        if len(found) > 1:
            ids = ", ".join(each.id for each in found[:5])
            raise UnknownModelError(f"{len(found)} adapters are called {name[:80]!r}; use one of the ids {ids}.")
        return found[0] if found else None

    def _unknown(self, name: str, adapters: Sequence[Named]) -> str:
        near = [self.source, *(each.name for each in adapters[:4])]
        return f"The model {name[:80]!r} does not exist; available: {', '.join(near)}. GET /v1/models lists all."

    def _adapters(self) -> Iterator[Named]:
        for run in self.store.newest(_LISTED):
            if (named := _run(run, self.source)) is not None:
                yield named
        for folder in imports_in(self.library):
            if (named := _import(folder, self.source)) is not None:
                yield named


def _run(run: Run, source: str) -> Named | None:
    def described() -> Named | None:
        folder = run.adapter_folder()
        is_ours = folder is not None and parse_source(run.config.model).value == source and labels_in(folder) is None
        return Named(run.id, run.name, int(run.created_at), folder) if folder is not None and is_ours else None

    return _readable(described)


def _import(folder: Path, source: str) -> Named | None:
    def described() -> Named | None:
        is_ours = source_of(base_model_of(folder)) == source and labels_in(folder) is None
        return Named(folder.name, folder.name, int(folder.stat().st_mtime), folder) if is_ours else None

    return _readable(described)


def _readable(describe: Callable[[], Named | None]) -> Named | None:
    """Return what a description returns; None of an adapter that is damaged, or was deleted meanwhile."""
    try:
        return describe()
    except (StudioError, OSError):
        return None


def _strength(given: str) -> float:
    try:
        strength = float(given)
    except ValueError:
        strength = math.nan
    if not 0 <= strength <= MOST_STRENGTH:
        raise StudioError(f"The strength after @ is {given[:20]!r}; use a number from 0 to {MOST_STRENGTH:g}.")
    return strength


def _is_plain(name: str) -> bool:
    return name == name.strip() != "" and not {"@", "+"} & set(name)
