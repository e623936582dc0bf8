"""What the tests of shapes have in common: records as a file, read with the roles that are detected."""

from __future__ import annotations

import json
from collections.abc import Mapping as Files
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ia3_studio.data.example import Example
from ia3_studio.data.examples import understood
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.problem import Problem
from ia3_studio.data.shapes.recognize import unused_sentences
from ia3_studio.data.table import ParsingOptions, Table, read_table


@dataclass(frozen=True)
class Found:
    """What is in a file."""

    table: Table
    mapping: Mapping
    examples: list[Example]
    problems: list[Problem]

    @property
    def said(self) -> list[list[tuple[str, str]]]:
        """The turns of each conversation."""
        return [[(turn.role, turn.content) for turn in each.messages] for each in self.examples]

    @property
    def listed(self) -> dict[int, str]:
        """The rows that are left out with their reasons."""
        return {problem.row: problem.reason for problem in self.problems}

    @property
    def notes(self) -> str:
        return " ".join((*self.table.notes, *unused_sentences(self.table.unused)))


def read_file(path: Path, parsing: ParsingOptions | None = None) -> Found:
    table = read_table(path, parsing)
    mapping = infer_columns(table)
    return Found(table, mapping, *understood(table, mapping))


def put(content: str | bytes, folder: Path, name: str) -> Path:
    """Write a file as it is."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def put_all(folder: Path, files: Files[str, str | bytes]) -> Path:
    """Write files as they are into a folder and those inside it, and return the folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        put(content, folder, name)
    return folder


def written(document: Any, folder: Path, name: str = "rows.json") -> Path:
    """Write a document as JSON, or as JSON lines or CSV by the file's name."""
    path = folder / name
    if name.endswith(".jsonl"):
        path.write_text("".join(json.dumps(row) + "\n" for row in document), encoding="utf-8")
    elif name.endswith(".csv"):
        import pandas as pd

        pd.DataFrame(document).to_csv(path, index=False)
    else:
        path.write_text(json.dumps(document), encoding="utf-8")
    return path


def read(document: Any, folder: Path, name: str = "rows.json", parsing: ParsingOptions | None = None) -> Found:
    return read_file(written(document, folder, name), parsing)


def turns(*texts: str) -> list[dict[str, str]]:
    """Return turns of a user and an assistant by turns."""
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(texts)]
