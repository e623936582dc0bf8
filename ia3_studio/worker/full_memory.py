"""How does a run go on whose processes share the weights, when one of them runs out of memory inside a pass?

The others wait inside a layer and cannot vote, so that all of them end. The process leaves a note; the supervisor reads
it, takes the run back to its checkpoint and starts all processes again with smaller forward passes.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ia3_studio.errors import FullMemoryError, RunError
from ia3_studio.typed import FieldError, typed, typed_or_none

NOTES = "IA3_STUDIO_NOTES"
"""The environment variable that names the supervisor's folder for the notes of its processes."""
BEGUN_AGAIN = "IA3_STUDIO_BEGUN_AGAIN"
"""The environment variable by which a supervisor says why its processes have been started again."""


@dataclass(frozen=True)
class Loss:
    """How a process was lost."""

    sentence: str = ""
    """Which process, and why; empty for none."""
    tokens: int = 0
    """Tokens per pass of training with which all may start again; 0 if that is no way on."""
    parts: int = 0
    """Into how many parts a pass of the evaluation is cut when all start again; 0 if that is no way on."""

    @property
    def may_start_again(self) -> bool:
        """Say whether smaller passes may fit the memory that was full."""
        return bool(self.tokens or self.parts)

    @property
    def smaller(self) -> str:
        """Return with which passes all start again, as the end of a sentence."""
        if self.tokens:
            return f"with at most {self.tokens:,} tokens per pass"
        return f"and evaluate in passes of 1/{self.parts} as many rows"

    def to_json(self) -> str:
        """Return it as text, for supervisors of other machines."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Loss:
        """Return what :meth:`to_json` made; of anything else, that a process was lost."""
        try:
            return typed_or_none(cls, json.loads(text)) or cls("A process was lost on another machine.")
        except ValueError:
            return cls("A process was lost on another machine.")


@dataclass(frozen=True)
class BegunAgain:
    """Why processes have been started again."""

    note: str
    """For the user."""
    tokens: int = 0
    """Per pass of training at most; 0 for no other limit than that of the settings."""
    parts: int = 1
    """Into how many parts each pass of the evaluation is cut."""

    def after(self, lost: Loss, note: str) -> BegunAgain:
        """Return what the processes are told after one more loss; limits that were found before still hold."""
        limits = [each for each in (self.tokens, lost.tokens) if each]
        return BegunAgain(note, min(limits, default=0), max(self.parts, lost.parts))


def leave_note(error: FullMemoryError, rank: int) -> None:
    """Let the supervisor of this process know that it ran out of memory."""
    path = Path(os.environ[NOTES]) / f"memory-{rank}.json"
    path.write_text(Loss(str(error), error.tokens, error.parts).to_json(), encoding="utf-8")


def noted(folder: Path) -> Loss | None:
    """Return the note with the smallest passes in a folder: several processes may have run out; None without."""
    notes = [Loss.from_json(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("memory-*.json"))]
    return min(notes, key=lambda each: (each.tokens, -each.parts), default=None)


def hand_on_why(again: BegunAgain) -> None:
    """Tell the processes that this one starts why they are started again. **Changes the environment.**"""
    os.environ[BEGUN_AGAIN] = json.dumps(asdict(again))


def begun_again() -> BegunAgain | None:
    """Return why the processes have been started again; None where they have not.

    Raises:
        RunError: what the supervisor said cannot be read.
    """
    said = os.environ.get(BEGUN_AGAIN)
    if said is None:
        return None
    try:
        return typed(BegunAgain, json.loads(said))
    except (ValueError, FieldError) as error:
        raise RunError("This process was not told how many tokens fit; start the run again.") from error
