"""How are rows split into training and held-out rows?"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ia3_studio.data.example import Example
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.problem import Problem
from ia3_studio.data.split_names import SPLIT, SPLITS, TRAINING
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError

MOST_PARTS = 20
"""Maximum number of different values of a split column."""
MOST_STRATA = 4
"""Rows a label must have on average for each label to be shared out by itself."""


@dataclass(frozen=True)
class DataSplit:
    """Training examples and held-out examples."""

    train: Sequence[Example]
    held_out: Sequence[Example]
    """Never trained on."""
    problems: tuple[Problem, ...]
    """Skipped rows."""
    description: str
    mapping: Mapping
    fingerprint: str
    """SHA-256 of the training file's bytes, or of the names and sizes of images."""
    share: float = 1.0
    """How much of the file was read: less than all where only its beginning was looked at."""
    more_left_out: int = 0
    """Skipped rows that are not listed in ``problems``."""
    notes: tuple[str, ...] = ()
    """Notes on what was read otherwise than as a row, and on how rows were held out."""
    unused: tuple[str, ...] = ()
    """Columns that play no part, and keys of turns that are not read, such as "messages[].timestamp"."""


def given_split(
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
        return split_as_named(examples, named)
    counts = Counter(named[example.row] for example in examples)
    if not 2 <= len(counts) <= MOST_PARTS:
        raise DataError(
            f"The column {column!r} has {len(counts):,} different values; a split column needs 2 to "
            f"{MOST_PARTS}, of which the most frequent one is used for training."
        )
    (most, _rows), *_others = counts.most_common()
    return split_as_named(examples, {row: TRAINING[0] if name == most else "test" for row, name in named.items()})


def split_as_named(
    examples: Sequence[Example], named: dict[int, str]
) -> tuple[tuple[Example, ...], tuple[Example, ...]] | None:
    """Return (train, held out) by the split of each row; None where not every row has one, or all have the same."""
    if not set(named.values()) <= SPLITS:
        return None
    learned = tuple(example for example in examples if named[example.row] in TRAINING)
    measured = tuple(example for example in examples if named[example.row] not in TRAINING)
    return (learned, measured) if learned and measured else None


def drawn_split(
    examples: Sequence[Example], share: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...], tuple[str, ...]]:
    """Return (train, held out, notes), each side in the order of the file; copies of a row stay on one side.

    A copy of a trained row would be recited, and its loss would say nothing about rows never seen. No more rows are
    held out than the share: groups with more duplicates stay in the training rows, with a note.

    Raises:
        DataError: there are fewer than two different rows.
    """
    if len(examples) < 2:
        raise DataError(
            f"There is {len(examples)} usable row; give at least two: one training row and one held-out row."
        )
    groups = _kept_together(examples, _content)
    if len(groups) < 2:  # one prompt with several answers
        groups = _kept_together(examples, _whole_content)
    if len(groups) < 2:
        raise DataError(f"All {len(examples)} usable rows are the same; give at least two different ones.")
    random.Random(seed).shuffle(groups)
    aside = _drawn(groups, examples, share)
    train = tuple(example for place, example in enumerate(examples) if place not in aside)
    return train, tuple(examples[place] for place in sorted(aside)), _notes(groups, examples, share, len(aside))


def _kept_together(examples: Sequence[Example], content_of: Callable[[Example], int]) -> list[list[int]]:
    """Return the places of the examples in groups: copies, and those that come from one row, are in one.

    Args:
        content_of: returns a number for what two copies have in common.
    """
    by_content: dict[int, list[int]] = {}
    by_row: dict[int, list[int]] = {}
    for place, example in enumerate(examples):
        content = content_of(example)
        group, other = by_content.get(content), by_row.get(example.row)
        if group is not None and other is not None and group is not other:  # it joins what had been apart
            small, group = sorted((group, other), key=len)
            group += small
            for joined in small:
                by_content[content_of(examples[joined])] = by_row[examples[joined].row] = group
        group = group if group is not None else other if other is not None else []
        group.append(place)
        by_content[content] = by_row[example.row] = group
    return [
        sorted(group) if len(group) > 1 else group
        for group in {id(group): group for group in by_content.values()}.values()
    ]


def _content(example: Example) -> int:
    """Return a number for what two copies have in common; of preferences, their prompt, which may be asked again."""
    if example.is_preference:
        return hash(tuple(turn.content for turn in example.messages if not (turn.role == "assistant" and turn.trained)))
    return _whole_content(example)


def _whole_content(example: Example) -> int:
    """Return a number for all that an example holds."""
    return hash((example.messages, example.text, example.second, example.words, example.choices,
                 example.rejected, example.desirable))  # fmt: skip


def _drawn(groups: Sequence[Sequence[int]], examples: Sequence[Example], share: float) -> set[int]:
    """Return the held-out indices: stratified by label, never a whole label, at least one row."""
    order = {group[0]: place for place, group in enumerate(groups)}
    by_label: dict[tuple[str, ...], list[Sequence[int]]] = {}
    for group in groups:
        first = examples[group[0]]
        by_label.setdefault(first.labels if not first.choices and not first.words else (), []).append(group)
    if len(by_label) * MOST_STRATA > len(groups):  # numbers, or labels of a row or two each: nothing to share out
        by_label = {(): list(groups)}
    aside: set[int] = set()
    for same in by_label.values():
        aside |= _within(same, round(share * sum(map(len, same))))
    wanted = round(share * len(examples))
    if 2 * len(aside) < wanted:  # labels of a few rows each, or copies: whole groups of any label make up for it
        rest = [group for same in by_label.values() for group in same[:-1] if aside.isdisjoint(group)]
        aside |= _within([*sorted(rest, key=lambda group: order[group[0]]), []], wanted - len(aside))
    smallest = min(range(len(groups)), key=lambda place: len(groups[place]))
    return aside or set(groups[smallest])


def _within(groups: Sequence[Sequence[int]], wanted: int) -> set[int]:
    """Return the indices of the first groups that fit into so many rows, in order; never of all groups."""
    taken: set[int] = set()
    for group in groups[:-1]:  # the last one is always learned
        if len(taken) + len(group) <= wanted:
            taken.update(group)
    return taken


def _notes(groups: Sequence[Sequence[int]], examples: Sequence[Example], share: float, aside: int) -> tuple[str, ...]:
    """Return a note if duplicates, or examples of one row, decided what is held out."""
    wanted, largest = round(share * len(examples)), max(groups, key=len)
    if len(largest) == 1 or (len(largest) <= max(wanted, 1) and 2 * aside >= wanted and aside <= max(wanted, 1)):
        return ()
    outcome = "it is in the training rows" if aside == wanted else f"{aside:,} instead of {wanted:,} are held out"
    return (
        f"Row {examples[largest[0]].row} and its group (duplicates, or examples of the same row) are "
        f"{len(largest):,} of {len(examples):,} examples; groups are not split, so {outcome}.",
    )
