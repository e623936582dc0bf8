"""Who answers: which adapter, at which strength?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.method.serving import Serving


@dataclass(frozen=True)
class Variant:
    """One adapter at one strength."""

    strength: float = 1.0
    """0 is the base model and 1 the tuned one, both exactly."""
    adapter: str = ""
    """Its name among those that are served; empty for the only one that is attached."""


def with_variants(handle: Attachment | Serving | None, variants: Sequence[Variant]) -> AbstractContextManager[None]:
    """Return the context in which row i of every batch uses variant i."""
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.method.serving import BASE

    if handle is None:
        return nullcontext()
    if isinstance(handle, Attachment):
        return handle.strengths(*(variant.strength for variant in variants))
    names = [variant.adapter or BASE for variant in variants]
    return handle.rows(*names, strengths=[variant.strength for variant in variants])
