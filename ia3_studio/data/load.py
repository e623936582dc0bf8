"""Which rows are learned, and which only measured? From a starter or a file to two lists of examples."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ia3_studio.data.examples import Example, Mapping, read_examples
from ia3_studio.data.guess import guess_mapping
from ia3_studio.data.json_rows import SPLIT, SPLITS
from ia3_studio.data.pictures import Picture, find_pictures, picture_examples, pictures_fingerprint
from ia3_studio.data.problem import Problem
from ia3_studio.data.table import Reading, Table, read_table, shown_names
from ia3_studio.errors import DataError

TRAINING = ("train", "training")
MOST_PARTS = 20
"""Different values of a column that says which rows are set aside."""
MOST_STRATA = 4
"""Rows a label must have on average for each label to be shared out by itself."""
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


@dataclass(frozen=True)
class DataChoice:
    """Which data, and how they are read where that is not guessed."""

    source: str
    """A starter's name, or the path of a file, an archive or a folder."""
    mapping: Mapping | None = None
    reading: Reading | None = None

    def load(self, held_out: float = 0.1, seed: int = 0) -> DataSplit:
        """Read the data, as :func:`load_data`."""
        return load_data(self.source, held_out=held_out, seed=seed, mapping=self.mapping, reading=self.reading)

    def to_text(self) -> str:
        """Return the choice as text: the source alone, or JSON where something is chosen."""
        return json.dumps(asdict(self)) if self.mapping or self.reading else self.source

    @classmethod
    def from_text(cls, text: str) -> DataChoice:
        """Read a choice written by :meth:`to_text`.

        Raises:
            DataError: it is none.
        """
        if not text.startswith("{"):
            return cls(text)
        try:
            document = json.loads(text)
            return cls(str(document["source"]), mapping_from(document["mapping"]), reading_from(document["reading"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"The choice of data cannot be read ({error}); choose the file again.") from error


def mapping_from(document: dict[str, Any] | None) -> Mapping | None:
    """Return a mapping written as JSON."""
    return Mapping(**{**document, "parts": tuple(document["parts"])}) if document else None


def reading_from(document: dict[str, Any] | None) -> Reading | None:
    """Return a reading written as JSON."""
    return Reading(**document) if document else None


def load_data(
    source: str | Path,
    *,
    held_out: float = 0.1,
    seed: int = 0,
    mapping: Mapping | None = None,
    reading: Reading | None = None,
) -> DataSplit:
    """Read a starter by name, a file, an archive or a folder by path, and set rows aside to measure on.

    A column "split" that names training and other rows decides which are set aside, or the column that the mapping
    names for it: there the rows of its most frequent value are learned, unless its values are names of splits. Of
    labelled rows the same share of every label is.

    Args:
        held_out: share of the rows of a file that is set aside, at least one row; a starter brings its own.
        seed: decides which rows those are.
        mapping: which columns play which part, else guessed by their names and contents.
        reading: how a file is to be read, where the guess is wrong.

    Raises:
        DataError: the source cannot be read, holds nothing to learn from, or has fewer than two usable rows.
    """
    if not 0 < held_out < 1:
        raise DataError(f"The held-out share is {held_out}; give a number between 0 and 1, such as 0.1.")
    if str(source) in {starter.name for starter in STARTERS}:
        return _load_starter(str(source))
    if pictures := find_pictures(Path(source)):
        return split_pictures(Path(source).name, pictures, held_out=held_out, seed=seed)
    return split_table(Path(source).name, read_table(source, reading), mapping, held_out=held_out, seed=seed)


def split_table(
    name: str, table: Table, mapping: Mapping | None = None, *, held_out: float = 0.1, seed: int = 0
) -> DataSplit:
    """Set rows of a table aside, as :func:`load_data` does with a file.

    Args:
        name: what the table is called.
        mapping: which columns play which part, else guessed.

    Raises:
        DataError: it holds nothing to learn from, has fewer than two usable rows, or not the columns of the mapping.
    """
    mapping = mapping or guess_mapping(table)
    _require_columns(table, mapping)
    examples, problems = read_examples(table, mapping)
    train, measured = _given_split(table, mapping, examples) or _split(examples, held_out, seed)
    description = f"{name}: {table.description}"
    return DataSplit(train, measured, tuple(problems), description, mapping, table.fingerprint)


def _require_columns(table: Table, mapping: Mapping) -> None:
    """Refuse a mapping with columns that the table does not have; those of nested objects are looked for row by row."""
    prompt = "" if mapping.template else mapping.prompt
    flat = {prompt, mapping.answer, mapping.context, mapping.column, mapping.tools, *mapping.parts}
    asked = ({mapping.nested} if mapping.nested else flat) | {mapping.split}
    missing = sorted(asked - {""} - {str(column) for column in table.frame.columns})
    if missing:
        raise DataError(f"There is no column {missing[0]!r}; the columns are {shown_names(table.frame.columns)}.")


def _given_split(
    table: Table, mapping: Mapping, examples: Sequence[Example]
) -> tuple[tuple[Example, ...], tuple[Example, ...]] | None:
    """Return (train, held out) as a column of the table says; None where none does.

    Raises:
        DataError: the column that was chosen for it splits nothing.
    """
    column = mapping.split or SPLIT
    if column not in table.frame.columns:
        return None
    named = {row: str(cell).strip().lower() for row, cell in table.frame[column].items()}
    if not mapping.split or set(named.values()) <= SPLITS:
        return _split_as_named(examples, named)
    counts = Counter(named[example.row] for example in examples)
    if not 2 <= len(counts) <= MOST_PARTS:
        raise DataError(
            f"The column {column!r} has {len(counts):,} different values; to set rows aside by it takes 2 to"
            f" {MOST_PARTS}, of which the most frequent one is learned."
        )
    (most, _rows), *_others = counts.most_common()
    return _split_as_named(examples, {row: TRAINING[0] if name == most else "test" for row, name in named.items()})


def _split_as_named(
    examples: Sequence[Example], named: dict[int, str]
) -> tuple[tuple[Example, ...], tuple[Example, ...]] | None:
    """Return (train, held out) by the split of each row; None where not every row has one, or all have the same."""
    if not set(named.values()) <= SPLITS:
        return None
    learned = tuple(example for example in examples if named[example.row] in TRAINING)
    measured = tuple(example for example in examples if named[example.row] not in TRAINING)
    return (learned, measured) if learned and measured else None


def split_pictures(name: str, pictures: Sequence[Picture], *, held_out: float = 0.1, seed: int = 0) -> DataSplit:
    """Set pictures aside, as :func:`load_data` does with those of a folder or a zip.

    Raises:
        DataError: none of them can be read, or fewer than two.
    """
    examples, problems = picture_examples(pictures)
    splits = {number: picture.split for number, picture in enumerate(pictures, start=1)}
    train, measured = _split_as_named(examples, splits) or _split(examples, held_out, seed)
    classes = len({label for example in examples for label in example.labels})
    description = f"{name}: {len(examples):,} pictures in {classes:,} folders"
    return DataSplit(train, measured, tuple(problems), description, Mapping("pictures"), pictures_fingerprint(pictures))


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
    groups = _kept_together(examples)
    if len(groups) < 2:
        raise DataError(f"All {len(examples)} usable rows are the same; give at least two different ones.")
    random.Random(seed).shuffle(groups)
    aside = _drawn(groups, examples, share)
    train = tuple(example for place, example in enumerate(examples) if place not in aside)
    return train, tuple(examples[place] for place in sorted(aside))


def _kept_together(examples: Sequence[Example]) -> list[list[int]]:
    """Return the places of the examples in groups: copies, and those that come from one row, are in one."""
    groups: dict[object, list[int]] = {}
    for place, example in enumerate(examples):
        content = (example.messages, example.text, example.second, example.words, example.choices)
        group = groups.get(content) or groups.get(example.row) or []
        group.append(place)
        groups[content] = groups[example.row] = group
    return list({id(group): group for group in groups.values()}.values())


def _drawn(groups: Sequence[Sequence[int]], examples: Sequence[Example], share: float) -> set[int]:
    """Return the places set aside: of each label the share, but never all of it; of all at least one."""
    by_label: dict[tuple[str, ...], list[Sequence[int]]] = {}
    for group in groups:
        first = examples[group[0]]
        by_label.setdefault(first.labels if not first.choices and not first.words else (), []).append(group)
    if len(by_label) * MOST_STRATA > len(groups):  # numbers, or labels of a row or two each: nothing to share out
        by_label = {(): list(groups)}
    aside: set[int] = set()
    for same in by_label.values():
        wanted = round(share * sum(map(len, same)))
        taken = 0
        for group in same[:-1]:  # the last one is always learned
            if taken >= wanted:
                break
            aside.update(group)
            taken += len(group)
    return aside or set(max(by_label.values(), key=len)[0])
