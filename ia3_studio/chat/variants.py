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
class Voice:
    """One adapter at one strength."""

    strength: float = 1.0
    """0 is the base model and 1 the tuned one, both exactly."""
    adapter: str = ""
    """Its name among those that are served; empty for the only one that is attached."""


def heard(handle: Attachment | Serving | None, voices: Sequence[Voice]) -> AbstractContextManager[None]:
    """Return the context in which row i of every batch uses variant i."""
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.method.serving import BASE

    if handle is None:
        return nullcontext()
    if isinstance(handle, Attachment):
        return handle.strengths(*(voice.strength for voice in voices))
    names = [voice.adapter or BASE for voice in voices]
    return handle.rows(*names, strengths=[voice.strength for voice in voices])
