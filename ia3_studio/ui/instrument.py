"""What do the knobs of the chat do to the adapter that answers? Parts are muted; its strength is its row's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.errors import AdapterError, SelectionError, StudioError
from ia3_studio.ui import text

if TYPE_CHECKING:
    from ia3_studio.method import Adapter
    from ia3_studio.method import LayerTree as ModelTree

STRONGEST = 2.0
ROLES = {"keys": "key", "values": "value", "feed-forward": "feed-forward"}
"""What can be muted as a whole, by the words on the page."""


@dataclass(frozen=True)
class Knobs:
    """How the tuned model is played; the next message hears it."""

    strength: float = 1.0
    """0 is the base model, 1 the tuned one, both exactly."""
    roles: tuple[str, ...] = ()
    """Words of ``ROLES`` that are muted."""
    layers: str = ""
    """Layers that are muted, such as "0-9, 12"; with roles, only these roles in them."""

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= STRONGEST:
            raise StudioError(f"The strength is {self.strength}; choose a number from 0 to {STRONGEST:g}.")
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown:
            raise StudioError(f"There is nothing called {unknown[0][:40]!r} to mute; choose among {', '.join(ROLES)}.")

    @property
    def mutes(self) -> bool:
        """Say whether any part is muted."""
        return bool(self.roles or self.layers.strip())


def played(adapter: Adapter, knobs: Knobs, tree: ModelTree) -> Adapter:
    """Return the adapter with what is muted set to 1.

    Args:
        tree: of its base model, which knows roles that the adapter's file may not name.

    Raises:
        StudioError: the words name no layer, or nothing of the adapter.
    """
    from ia3_studio.method.algebra import mute

    if not knobs.mutes:
        return adapter
    try:
        muted = {(site.path, site.side) for site in tree.choose(_words(knobs))}
    except SelectionError as error:
        raise StudioError(text.not_muted(str(error))) from error
    names = {site.name for site in adapter.selection if (site.path, site.side) in muted and _is_of(site.role, knobs)}
    if not names:
        raise AdapterError(text.nothing_muted(_words(knobs)))
    return mute(adapter, names=names)


def _words(knobs: Knobs) -> str:
    """Return what is muted in the words by which sites are chosen."""
    roles = ",".join(ROLES[role] for role in knobs.roles or ROLES)
    layers = ",".join(part.strip() for part in knobs.layers.split(",") if part.strip())
    return f"{roles}@{layers}" if layers else roles


def _is_of(role: str, knobs: Knobs) -> bool:
    """Say whether a site of the adapter may be muted: one part of a fused projection goes alone where it is named."""
    known = set(ROLES.values())
    return role not in known or role in {ROLES[word] for word in knobs.roles or ROLES}
