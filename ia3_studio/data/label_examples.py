"""How does a row become an example with labels: of texts, of choices, or of words?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.choice_cells import choices_in, marks_of, right_choice
from ia3_studio.data.column_names import named
from ia3_studio.data.example import Example
from ia3_studio.data.label_cells import BLANK, LISTED, SEVERAL, SLASHED
from ia3_studio.data.label_names import label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.measurements import plain_number
from ia3_studio.data.opposed_names import are_opposed
from ia3_studio.data.pair_names import CONTEXT_NAMES, LONG_CONTEXTS
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.paths import is_listed, names_in_brackets, structure_of, value_at
from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.row_texts import filled_text, text_of
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.units import unit_of

_YES = frozenset(("1", "1.0", "true", "yes", "y", "x", "✓"))
_NO = frozenset(("0", "0.0", "false", "no", "n", "none", ""))


def label_texts(record: dict[Any, Any], mapping: Mapping) -> tuple[str, str]:
    """Return the text of a label and the second one.

    What was good and what was bad are one text, in which either may be missing.
    """
    if not mapping.context:
        return filled_text(record, mapping.column, "text"), ""
    if are_opposed(mapping.column, mapping.context):
        said = [text_of(record, name, "text") for name in (mapping.column, mapping.context)]
        return filled_text({mapping.column: "\n".join(filter(str.strip, said))}, mapping.column, "text"), ""
    second = filled_text(record, mapping.context, "second text")
    return filled_text(record, mapping.column, "text"), second


def row_labels(record: dict[Any, Any], mapping: Mapping) -> tuple[str, ...]:
    """Return the labels of a row by their names: one, several, or a number.

    Raises:
        UnusableError: there is no label, or one that stands for none, or it is no number of the usual unit.
    """
    if mapping.parts:
        if mapping.empty == "skipped" and all(is_blank(value_at(record, name)) for name in mapping.parts):
            raise UnusableError(f"the labels ({shown_names(mapping.parts)}) are empty")
        return tuple(sorted(name for name in mapping.parts if _is_yes(record, name)))
    value = value_at(record, mapping.answer)
    if mapping.target == "multi":
        value = names_in_brackets(value) or structure_of(value)
        between = {";|": SEVERAL, " ": BLANK, "/&": SLASHED}.get(mapping.separators, LISTED)
        cells = between.split(value) if isinstance(value, str) else value if is_listed(value) else [value]
        names = {name for cell in cells if cell is not None and (name := label_name(cell))}
        if mapping.empty == "skipped" and not names:
            raise UnusableError(f"the labels ({mapping.answer}) are empty")
        return tuple(sorted(names))
    if value is None or (isinstance(value, str) and not value.strip()):
        raise UnusableError(f"the label ({mapping.answer}) is empty")
    name = whole(label_name(value), f"the label ({mapping.answer})")
    if mapping.absent and name == mapping.absent:
        raise UnusableError(f"the label ({mapping.answer}) is {name}, which stands for none")
    if mapping.target != "number":
        return (name,)
    if unit_of(name) != mapping.unit:
        usual = mapping.unit or "no unit"
        raise UnusableError(f"the number ({mapping.answer}) is {name!r}, where most have {usual}")
    return (plain_number(name, mapping.decimal),)


def _is_yes(record: dict[Any, Any], column: str) -> bool:
    said = label_name(value_at(record, column)).lower()
    if said not in _YES | _NO:
        raise UnusableError(f"the column {column} of a label is {said!r} instead of 0 or 1")
    return said in _YES


def choice_example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    """Return a question with its choices, the right one as its label.

    Raises:
        UnusableError: the question or the right choice is empty, or there are fewer than two.
    """
    asked, offered = mapping.parts[: mapping.asked], mapping.parts[mapping.asked :]
    question = _question(record, asked)
    marks: list[bool] | None = None
    if len(offered) == 1:
        held = structure_of(value_at(record, offered[0]))
        keys, choices = choices_in(held, offered[0])
        marks = marks_of(held, mapping.answer, offered[0])
    else:
        keys, choices = (), tuple(text for column in offered for text in _offered(record, column))
    said = marks if marks is not None else structure_of(value_at(record, mapping.answer))
    right = right_choice(said, keys, choices, mapping)
    kept = tuple(choice for choice in choices if choice.strip())
    if not choices[right].strip() or len(kept) < 2:
        raise UnusableError(f"the choice ({offered[right] if len(offered) == len(choices) else offered[0]}) is empty")
    return Example(row, text=question, labels=(choices[right],), choices=kept)


def _question(record: dict[Any, Any], asked: Sequence[str]) -> str:
    """Return the parts of a question one below the other; what it is asked about may be missing beside the question."""
    beside = [name for name in asked if len(asked) > 1 and named([name], (*CONTEXT_NAMES, *LONG_CONTEXTS, "support"))]
    parts = [
        text_of(record, name, "question") if name in beside else filled_text(record, name, "question") for name in asked
    ]
    return "\n".join(filter(str.strip, parts))


def _offered(record: dict[Any, Any], column: str) -> tuple[str, ...]:
    """Return the choice that stands in a column, or the choices of a list of some of them."""
    value = structure_of(value_at(record, column))
    return choices_in(value, column)[1] if is_listed(value) else (text_of(record, column, "choice"),)


def tagged_example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    """Return words with a label each.

    Raises:
        UnusableError: these are not two lists of the same length.
    """
    words, tags = (structure_of(value_at(record, column)) for column in (mapping.column, mapping.answer))
    words = words.split() if isinstance(words, str) else words
    tags = tags_in(tags) if isinstance(tags, str) else tags
    if not is_listed(words) or not is_listed(tags):
        raise UnusableError(f"{mapping.column} and {mapping.answer} are not lists")
    words, tags = tuple(map(str, words or ())), tuple(label_name(tag) for tag in tags or ())
    if words and not tags:
        raise UnusableError(f"the labels ({mapping.answer}) are empty")
    if not words or len(words) != len(tags):
        raise UnusableError(f"there are {len(words)} words but {len(tags)} labels")
    return Example(row, labels=tags, words=words)


def tags_in(cell: str) -> list[str]:
    """Return the tags of a text, which stand side by side with spaces or commas between them."""
    return [tag for tag in re.split(r"[\s,;]+", cell.strip()) if tag]
