"""Which rows does the quality benchmark learn, choose a learning rate on, and test on?

Public data sets are read from a folder that has one subfolder each, with the files as their authors published them; the
project's own two sets need no folder. A set has three parts without a common row: training, validation (on which the
learning rate is chosen) and test (on which the result is measured). Where the authors published a test part, the test
rows come from it.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

Kind = Literal["classes", "choices", "generation"]


@dataclass(frozen=True)
class QualityRow:
    """One row: what is read, and what the answer to it is."""

    text: str
    answer: str
    """The label, the right choice, or the text to be written."""
    pair: str = ""
    """The second of two texts that are read together."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class QualitySet:
    """One data set in three parts, and how long every method trains on it."""

    name: str
    kind: Kind
    train: tuple[QualityRow, ...]
    validation: tuple[QualityRow, ...]
    test: tuple[QualityRow, ...]
    steps: int
    batch_size: int
    max_length: int

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels, or the empty tuple where the answer is a text."""
        return tuple(sorted({row.answer for row in self.train})) if self.kind == "classes" else ()


Parts = tuple[list[QualityRow], list[QualityRow]]
"""The rows to learn and to choose on, and the rows to test on; the second is empty where nobody published them."""


@dataclass(frozen=True)
class Recipe:
    """How one set is read and cut."""

    kind: Kind
    read: Callable[[Path], Parts]
    sizes: tuple[int, int, int]
    """Training, validation and test rows at most."""
    steps: int
    batch_size: int
    max_length: int
    is_own: bool = False
    """Whether it ships with the project."""


def load_set(name: str, folder: Path | None) -> QualitySet:
    """Read a set and cut it into its three parts.

    Raises:
        FileNotFoundError: it is a public set and the folder does not have it.
        KeyError: there is no such set.
    """
    recipe = RECIPES[name]
    if not recipe.is_own and not (folder and (folder / name).is_dir()):
        raise FileNotFoundError(f"The set {name} needs --folder with a subfolder of this name; found none.")
    known, tested = recipe.read(Path() if recipe.is_own else Path(folder or "") / name)
    train, validation, test = parts(known, tested, recipe.sizes)
    return QualitySet(
        name, recipe.kind, train, validation, test, recipe.steps, recipe.batch_size, recipe.max_length
    )  # fmt: skip


def available(folder: Path | None) -> list[str]:
    """Return the names of the sets that can be read."""
    return [name for name, recipe in RECIPES.items() if recipe.is_own or (folder and (folder / name).is_dir())]


def parts(
    known: Sequence[QualityRow], tested: Sequence[QualityRow], sizes: tuple[int, int, int], seed: int = 0
) -> tuple[tuple[QualityRow, ...], tuple[QualityRow, ...], tuple[QualityRow, ...]]:
    """Cut rows into training, validation and test part, drawn by a seed; no text is in two of them.

    Without published test rows the test part is drawn first, so that it does not depend on the other two sizes.
    """
    draw = random.Random(seed)
    rows, published = distinct(known, set()), distinct(tested, set())
    draw.shuffle(rows)
    draw.shuffle(published)
    in_train, in_validation, in_test = sizes
    test = published[:in_test] if tested else rows[:in_test]
    taken = {(row.text, row.pair) for row in test}
    rest = [row for row in rows if (row.text, row.pair) not in taken]
    train, validation = rest[:in_train], rest[in_train : in_train + in_validation]
    return tuple(train), tuple(validation), tuple(test)


def distinct(rows: Iterable[QualityRow], seen: set[tuple[str, str]]) -> list[QualityRow]:
    """Return the rows whose text was not seen before."""
    found = []
    for row in rows:
        if (row.text, row.pair) not in seen:
            seen.add((row.text, row.pair))
            found.append(row)
    return found


def banking(folder: Path) -> Parts:
    """Read banking77: customers' questions with one of 77 intents."""
    train, test = ([QualityRow(row["text"], row["category"]) for row in table(folder / f"{part}.csv")]
                   for part in ("train", "test"))  # fmt: skip
    return train, test


def sentiment(folder: Path) -> Parts:
    """Read the product reviews of UCI's sentiment set, good or bad."""
    lines = (folder / "amazon_cells_labelled.txt").read_text("utf-8").split("\n")
    cut = [line.rpartition("\t") for line in lines if line]
    return [QualityRow(text.strip(), label) for text, _tab, label in cut], []


def spam(folder: Path) -> Parts:
    """Read the SMS spam collection."""
    return [QualityRow(row["v2"], row["v1"]) for row in table(folder / "spam.csv", "latin-1")], []


def entailment(folder: Path) -> Parts:
    """Read RTE or CB in their 32-shot form: does the premise entail the hypothesis?"""
    train, choose, test = (
        [QualityRow(row["premise"], row["label"], row["hypothesis"]) for row in json_lines(folder / f"{part}.jsonl")]
        for part in ("train", "dev32", "val")
    )
    return train + choose, test


def copa(folder: Path) -> Parts:
    """Read COPA in its 32-shot form: which of two sentences is the cause, or the effect?"""
    train, choose, test = ([causal(row) for row in json_lines(folder / f"{part}.jsonl")]
                           for part in ("train", "dev32", "val"))  # fmt: skip
    return train + choose, test


def causal(row: dict[str, object]) -> QualityRow:
    """Return a row of COPA as the beginning of a sentence and its two ends."""
    joint = " because" if row["question"] == "cause" else " so"
    first, second = (str(row[name])[:1].lower() + str(row[name])[1:] for name in ("choice1", "choice2"))
    text = str(row["premise"]).rstrip().rstrip(".") + joint
    return QualityRow(text, (first, second)[int(str(row["label"]))], choices=(first, second))


def commands(folder: Path) -> Parts:
    """Read nl2bash: a sentence and the shell command that does it."""
    asked, written = ((folder / f"all.{part}").read_text("utf-8").splitlines() for part in ("nl", "cm"))
    return [QualityRow(text, answer) for text, answer in zip(asked, written, strict=True)], []


def restaurants(folder: Path) -> Parts:
    """Read E2E: facts on a restaurant and a sentence that tells them."""
    train, test = ([QualityRow(row["mr"], row["ref"]) for row in table(folder / name)]
                   for name in ("devset.csv", "testset_w_refs.csv"))  # fmt: skip
    return train, test


def summaries(folder: Path) -> Parts:
    """Read SciTLDR: the abstract of a paper and one sentence on it."""
    train, test = ([QualityRow(" ".join(row["source"]), row["target"][0]) for row in json_lines(folder / name)]
                   for name in ("dev.jsonl", "test.jsonl"))  # fmt: skip
    return train, test


def own(name: str, text: str, answer: str) -> Callable[[Path], Parts]:
    """Return how a set that ships with the project is read."""

    def read(_folder: Path) -> Parts:
        both = [files("ia3_studio.data").joinpath("starters", f"{name}{part}.jsonl") for part in ("", ".held_out")]
        known, tested = (
            [QualityRow(row[text], row[answer]) for row in map(json.loads, part.read_text("utf-8").splitlines())]
            for part in both
        )
        return known, tested

    return read


def table(path: Path, encoding: str = "utf-8") -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file."""
    with path.open(encoding=encoding, newline="") as file:
        yield from csv.DictReader(file)


def json_lines(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a JSON Lines file."""
    yield from (json.loads(line) for line in path.read_text("utf-8").splitlines() if line)


RECIPES: dict[str, Recipe] = {
    "harbour": Recipe("classes", own("harbour", "text", "label"), (400, 80, 120), 60, 16, 64, is_own=True),
    "lighthouse": Recipe("generation", own("lighthouse", "prompt", "answer"), (170, 30, 24), 20, 8, 96, is_own=True),
    "banking77": Recipe("classes", banking, (1000, 300, 500), 120, 16, 64),
    "uci-sentiment-amazon": Recipe("classes", sentiment, (300, 150, 400), 40, 16, 48),
    "kaggle-spam-latin1": Recipe("classes", spam, (300, 150, 400), 40, 16, 48),
    "superglue-cb": Recipe("classes", entailment, (32, 32, 56), 24, 8, 96),
    "superglue-rte": Recipe("classes", entailment, (32, 32, 277), 24, 8, 96),
    "superglue-copa": Recipe("choices", copa, (32, 32, 100), 16, 8, 64),
    "nl2bash": Recipe("generation", commands, (300, 40, 80), 20, 8, 64),
    "e2e-nlg": Recipe("generation", restaurants, (300, 40, 80), 20, 8, 96),
    "scitldr-a": Recipe("generation", summaries, (300, 40, 100), 40, 4, 384),
}
"""The own sets first; the sizes are such that all of it takes an hour or two on one core."""
