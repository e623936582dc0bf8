"""What can the user edit on a run? Name, notes and tags; the settings never change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ia3_studio.atomic import write_advice
from ia3_studio.errors import RunError
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.typed import typed_or_none

LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 80, 4_000, 30, 12
_TAG = re.compile(r"[\w.:/-]+")


@dataclass(frozen=True)
class RunNotes:
    """Name, notes and tags of a run."""

    name: str = ""
    """Empty if the run has its original name."""
    note: str = ""
    tags: tuple[str, ...] = ()


def read_notes(path: Path) -> RunNotes:
    """Load from a file; empty if it does not exist or cannot be read."""
    return typed_or_none(RunNotes, read_json(path)) or RunNotes()


def write_notes(path: Path, notes: RunNotes) -> None:
    """Save to a file.

    Raises:
        RunError: a value is too long, a tag is invalid, or the folder is not writable.
    """
    for what, text, most in (("name", notes.name, LONGEST_NAME), ("note", notes.note, LONGEST_NOTE)):
        if len(text) > most:
            raise RunError(f"The {what} has {len(text):,} characters; use at most {most:,}.")
    if len(notes.tags) > MOST_TAGS:
        raise RunError(f"There are {len(notes.tags)} tags; give {MOST_TAGS} at most.")
    wrong = next((tag for tag in notes.tags if not _TAG.fullmatch(tag) or len(tag) > LONGEST_TAG), None)
    if wrong is not None:
        raise RunError(
            f"{wrong[:40]!r} is not a valid tag; use words of letters, digits and .:/-, separated by commas."
        )
    try:
        write_json(path, asdict(notes))
    except OSError as error:
        raise RunError(
            f"The run's name and notes cannot be saved ({error.strerror}); {write_advice(error)}."
        ) from error


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags in a comma-separated text, without duplicates.

    Example:
        >>> tags_of("voice, first try,,voice")
        ('voice', 'first-try')
    """
    return tuple(dict.fromkeys(_words(text.split(","))))


def _words(parts: Iterable[str]) -> Iterable[str]:
    return ("-".join(part.split()) for part in parts if part.strip())
