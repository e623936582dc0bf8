"""How do the rows of a table become training examples?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.conversations import messages_of
from ia3_studio.data.example import Example
from ia3_studio.data.label_cells import known_labels, separators_of
from ia3_studio.data.label_examples import choice_example, label_texts, row_labels, tagged_example
from ia3_studio.data.listed_answers import are_one_answer, given_answers
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, structure_of, value_at
from ia3_studio.data.problem import Problem, UnusableError
from ia3_studio.data.row_texts import filled_text
from ia3_studio.data.turn_examples import before_turns, pair_examples, preference_example
from ia3_studio.data.units import common_unit
from ia3_studio.data.unlabeled import with_unlabeled
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.table import Table


def read_examples(table: Table, mapping: Mapping) -> tuple[list[Example], list[Problem]]:
    """Convert a table's rows to examples; unusable rows are listed with the reason.

    Raises:
        DataError: no row is usable.
    """
    examples, problems = understood(table, mapping)
    if not examples:
        noted = "".join(f" {note}" for note in table.notes)
        raise DataError(f"No usable row; row {problems[0].row}: {problems[0].reason}.{noted}")
    return examples, problems


def understood(table: Table, mapping: Mapping) -> tuple[list[Example], list[Problem]]:
    """Return the examples of a table's rows, of which there may be none, and the rows that cannot be used."""
    mapping = decided(table, mapping)
    examples: list[Example] = []
    problems: list[Problem] = list(table.problems)
    frame = table.frame.astype(object)
    frame = frame.where(frame.notna(), None)
    names, columns = list(frame.columns), [frame.iloc[:, place].tolist() for place in range(frame.shape[1])]
    if mapping.kind == "labels" and mapping.target == "single" and mapping.answer in names:
        columns[names.index(mapping.answer)] = known_labels(columns[names.index(mapping.answer)])
    for number, cells in zip(frame.index.tolist(), zip(*columns, strict=True), strict=True):
        record = dict(zip(names, cells, strict=True))
        try:
            examples.extend(_examples(number, record, mapping))
        except UnusableError as reason:
            problems.append(Problem(number, str(reason)))
    return examples, sorted(problems, key=lambda problem: problem.row)


def decided(table: Table, mapping: Mapping) -> Mapping:
    """Return a mapping that says, by all rows, what a list of texts is as an answer, a number's unit, what stands
    between labels, or which rows have none.
    """
    mapping = with_unlabeled(table, mapping)
    if mapping.target == "number" and not mapping.unit:
        return replace(mapping, unit=common_unit(cells_of(table.frame, mapping.answer)))
    if mapping.kind == "labels" and mapping.target == "multi" and not mapping.separators:
        return replace(mapping, separators=separators_of(cells_of(table.frame, mapping.answer)))
    if mapping.kind != "pairs" or mapping.lists:
        return mapping
    given = given_answers(table.frame, mapping.answer)
    if any(map(_is_structured, given)):
        return replace(mapping, lists="json")
    return replace(mapping, lists="lines" if are_one_answer(mapping.answer, given) else "several")


def _is_structured(cell: Any) -> bool:
    """Return whether a value is written as JSON whatever the others are: no text, number or list of texts."""
    if is_listed(cell):
        return not all(isinstance(each, str) for each in cell)
    return isinstance(cell, bool | dict)


def _examples(row: int, record: dict[Any, Any], mapping: Mapping) -> list[Example]:
    """Return what one row teaches: one example, or one for each of its nested objects or of its answers."""
    if mapping.kind != "pairs":
        return [_example(row, record, mapping)]
    if not mapping.nested:
        return pair_examples(row, record, mapping)
    inner = structure_of(value_at(record, mapping.nested))
    if isinstance(inner, str) or not isinstance(inner, Iterable):
        raise UnusableError(f"{mapping.nested} is not a list of objects")
    found = [each for each in inner if isinstance(each, dict)]
    if not found:
        raise UnusableError(f"{mapping.nested} is an empty list")
    return [example for each in found for example in pair_examples(row, {**record, **each}, mapping)]


def _example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    if mapping.kind == "labels":
        text, second = label_texts(record, mapping)
        return Example(row, text=text, second=second, labels=row_labels(record, mapping))
    if mapping.kind == "tags":
        return tagged_example(row, record, mapping)
    if mapping.kind == "choices":
        return choice_example(row, record, mapping)
    if mapping.kind == "text":
        return Example(row, text=filled_text(record, mapping.column, "text"))
    if mapping.kind == "preferences":
        return preference_example(row, record, mapping)
    return Example(row, messages_of(value_at(record, mapping.column), *before_turns(record, mapping)))
