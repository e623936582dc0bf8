"""How the files of an archive or a folder are read while a table is sought in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ia3_studio.data.decode import Decoded
from ia3_studio.data.delimited import lines_of
from ia3_studio.data.parsing import Found

ReadOne = Callable[[str, bytes], Found]
"""Reads one file by its name and bytes."""


@dataclass(frozen=True)
class Readers:
    """Reads a table, or texts together, so that all of them have one encoding."""

    table: ReadOne
    texts: Callable[[Sequence[str]], Mapping[str, Decoded]]
    """Decodes the files of some paths."""


def lines_in(text: str) -> list[str]:
    """Return the lines of a text, without the empty ones at its end."""
    return lines_of(text.rstrip("\r\n"))
