"""Which rows are learned, and which only measured? From a starter or a file to two lists of examples."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from ia3_studio.data.examples import Example, Mapping, Problem, guess_mapping, read_examples
from ia3_studio.data.images import is_picture_folder, picture_examples
from ia3_studio.data.table import Table, read_table
from ia3_studio.errors import DataError

LIGHTHOUSE = "lighthouse"
HARBOUR = "harbour"


@dataclass(frozen=True)
class StarterData:
    """A data set of the project's own."""

    name: str
    description: str


STARTERS = (
    StarterData(LIGHTHOUSE, "The lighthouse keeper: 200 short answers in one unmistakable voice, 24 held out"),
    StarterData(HARBOUR, "The harbour office: 480 short letters to sort into 20 classes, 120 held out"),
)


@dataclass(frozen=True)
class DataSplit:
    """What is learned and what is only measured."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    """Never trained on."""
    problems: tuple[Problem, ...]
    """Rows that were left out."""
    description: str
    mapping: Mapping
    fingerprint: str
    """SHA-256 of the training file's bytes; of the names and sizes of pictures."""


def load_data(source: str | Path, *, held_out: float = 0.1, seed: int = 0) -> DataSplit:
    """Read a starter by name, a file or a folder of pictures by path, and set rows aside to measure on.

    Args:
        held_out: share of the rows of a file that is set aside, at least one row; a starter brings its own.
        seed: decides which rows those are.

    Raises:
        DataError: the source cannot be read, holds nothing to learn from, or has fewer than two usable rows.
    """
    if not 0 < held_out < 1:
        raise DataError(f"The held-out share is {held_out}; give a number between 0 and 1, such as 0.1.")
    if str(source) in {starter.name for starter in STARTERS}:
        return _load_starter(str(source))
    if is_picture_folder(Path(source)):
        return _load_pictures(Path(source), held_out, seed)
    table = read_table(source)
    mapping = guess_mapping(table)
    examples, problems = read_examples(table, mapping)
    train, measured = _split(examples, held_out, seed)
    description = f"{Path(source).name}: {table.description}"
    return DataSplit(train, measured, tuple(problems), description, mapping, table.fingerprint)


def _load_pictures(folder: Path, held_out: float, seed: int) -> DataSplit:
    examples, problems = picture_examples(folder)
    train, measured = _split(examples, held_out, seed)
    classes = len({label for example in examples for label in example.labels})
    description = f"{folder.name}: {len(examples):,} pictures in {classes:,} folders"
    names = "".join(f"{Path(e.text).relative_to(folder)}:{Path(e.text).stat().st_size}\n" for e in examples)
    fingerprint = hashlib.sha256(names.encode()).hexdigest()
    return DataSplit(train, measured, tuple(problems), description, Mapping("pictures"), fingerprint)


def _load_starter(name: str) -> DataSplit:
    table, mapping, train = _read_starter(name)
    _table, _mapping, measured = _read_starter(f"{name}.held_out")
    description = next(starter.description for starter in STARTERS if starter.name == name)
    return DataSplit(tuple(train), tuple(measured), (), description, mapping, table.fingerprint)


def _read_starter(name: str) -> tuple[Table, Mapping, list[Example]]:
    with as_file(files("ia3_studio.data").joinpath("starters", f"{name}.jsonl")) as path:
        table = read_table(path)
    mapping = guess_mapping(table)
    examples, _problems = read_examples(table, mapping)
    return table, mapping, examples


def _split(examples: Sequence[Example], share: float, seed: int) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Return (train, held out), each in the order of the file; copies of a row stay on one side.

    A copy of a trained row would be recited, and its loss would say nothing about rows never seen.
    """
    if len(examples) < 2:
        raise DataError(f"There is {len(examples)} usable row; give at least two, one to learn and one to measure.")
    copies: dict[tuple[object, ...], list[int]] = {}
    for place, example in enumerate(examples):
        copies.setdefault((example.messages, example.text, example.second, example.words, example.choices), []).append(
            place
        )
    if len(copies) < 2:
        raise DataError(f"All {len(examples)} usable rows are the same; give at least two different ones.")
    wanted = max(1, round(share * len(examples)))
    groups = list(copies.values())
    random.Random(seed).shuffle(groups)
    aside: set[int] = set()
    for group in groups[:-1]:  # the last one is always learned
        if len(aside) < wanted:
            aside.update(group)
    train = tuple(example for place, example in enumerate(examples) if place not in aside)
    return train, tuple(examples[place] for place in sorted(aside))
