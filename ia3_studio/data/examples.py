"""What is a training example, and how do the rows of a table become examples?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_cells import choices_in, right_choice
from ia3_studio.data.column_names import named, says
from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.column_words import IN_ORDER
from ia3_studio.data.conversations import Message, messages_of, opened, texts_of
from ia3_studio.data.example import Example
from ia3_studio.data.label_cells import known_labels
from ia3_studio.data.label_names import label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.measurements import plain_number
from ia3_studio.data.opposed_names import are_opposed
from ia3_studio.data.pair_names import CONTEXT_NAMES, LONG_CONTEXTS
from ia3_studio.data.paths import is_listed, names_in_brackets, split_path, structure_of, value_at
from ia3_studio.data.preferences import answered_turns, compared, flag_of, judged
from ia3_studio.data.problem import Problem, UnusableError, whole
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.shapes.template_marks import without_end
from ia3_studio.data.tool_calls import as_json, tool_definitions
from ia3_studio.data.turns import text_of_parts
from ia3_studio.data.units import common_unit, unit_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.table import Table


_SEVERAL = re.compile(r"[;,|]")
"""What stands between several labels in one cell of a table."""
_YES = frozenset(("1", "1.0", "true", "yes", "y", "x", "✓"))
_NO = frozenset(("0", "0.0", "false", "no", "n", "none", ""))


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
    """Return a mapping that says what a list of texts is as an answer, or a number's unit, told by all rows."""
    if mapping.target == "number" and not mapping.unit:
        return replace(mapping, unit=common_unit(cells_of(table.frame, mapping.answer)))
    if mapping.kind != "pairs" or mapping.lists:
        return mapping
    path = split_path(mapping.answer, table.frame.columns)
    column = path[0] if path and mapping.answer not in table.frame.columns else mapping.answer
    cells = table.frame[column].tolist() if column in table.frame.columns else []
    structured = any(_is_structured(value_at({column: cell}, mapping.answer)) for cell in cells)
    in_order = says(mapping.answer.rpartition(".")[2], IN_ORDER)
    return replace(mapping, lists="json" if structured else "lines" if in_order else "several")


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
        return _pairs(row, record, mapping)
    inner = structure_of(value_at(record, mapping.nested))
    if isinstance(inner, str) or not isinstance(inner, Iterable):
        raise UnusableError(f"{mapping.nested} is not a list of objects")
    found = [each for each in inner if isinstance(each, dict)]
    if not found:
        raise UnusableError(f"{mapping.nested} is an empty list")
    return [example for each in found for example in _pairs(row, {**record, **each}, mapping)]


def _pairs(row: int, record: dict[Any, Any], mapping: Mapping) -> list[Example]:
    """Return a prompt with its answer; with each of them where there are several."""
    mapping = _of_row(record, mapping)
    prompt = _templated(record, mapping.template) if mapping.template else _said(record, mapping.prompt, "prompt")
    context = _value(_as_text(record, mapping.context), mapping.context, "context") if mapping.context else ""
    given = value_at(record, mapping.answer)
    given = text_of_parts(given) or given
    if mapping.lists == "lines":
        given = "\n".join(texts_of(structure_of(given))) or given
    several = texts_of(given) if mapping.lists != "json" else []
    is_empty = mapping.lists != "json" and is_listed(given) and not len(given)
    answers: list[Any] = [None] if is_empty else several or [_one_text(given)]
    question = f"{prompt}\n\n{context}" if context.strip() else prompt
    said = [without_end(_filled({mapping.answer: answer}, mapping.answer, "answer")) for answer in answers]
    turns = ((Message("user", question), Message("assistant", answer)) for answer in said)
    return [Example(row, opened(each, *_before(record, mapping))) for each in turns]


def _said(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell of a prompt as text that is not empty: objects and lists as JSON, texts line by line."""
    return _filled(_as_text(record, column), column, part)


def _as_text(record: dict[Any, Any], column: str) -> dict[Any, Any]:
    value = value_at(record, column)
    said = value if isinstance(value, str) else text_of_parts(value) or texts_of(value) or _one_text(value)
    return {column: said}


def _one_text(value: Any) -> Any:
    """Return objects, lists, true, false and numbers as JSON; any other value as it is."""
    if isinstance(value, str):
        return value
    value = value.item() if hasattr(value, "item") and not isinstance(value, Iterable) else value
    return as_json(value) if isinstance(value, bool | int | float | Iterable) else value


def _before(record: dict[Any, Any], mapping: Mapping) -> tuple[Any, str, str]:
    """Return the history, system prompt and tools of a row."""
    system = _system(record, mapping.system) if mapping.system else ""
    tools = tool_definitions(value_at(record, mapping.tools)) if mapping.tools else ""
    history = value_at(record, mapping.history) if mapping.history else None
    return history, system, whole(tools, f"the tools ({mapping.tools})")


def _system(record: dict[Any, Any], column: str) -> str:
    """Return a system prompt; the texts of a list of parts line by line."""
    parts = structure_of(value_at(record, column))
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    said = {column: "\n".join(map(str, texts))} if texts and len(texts) == len(parts) else record
    return _value(said, column, "system prompt")


def _of_row(record: dict[Any, Any], mapping: Mapping) -> Mapping:
    """Return the mapping with the columns of which this row has any."""
    if not mapping.others:
        return mapping
    for prompt, answer in ((mapping.prompt, mapping.answer), *mapping.others):
        if any(value_at(record, column) not in (None, "") for column in (prompt, answer)):
            return replace(mapping, prompt=prompt, answer=answer) if prompt != mapping.prompt else mapping
    return mapping


def _templated(record: dict[Any, Any], template: str) -> str:
    """Return a template with its {columns} filled; braces around anything else stay as they are."""
    named = {f"{{{column}}}": str(column) for column in record}
    named |= {
        f"{{{column}.{key}}}": f"{column}.{key}"
        for column, cell in record.items() if isinstance(cell, dict)
        for key in cell
    }  # fmt: skip
    if not named:
        return template
    places = re.compile("|".join(re.escape(place) for place in sorted(named, key=len, reverse=True)))
    return places.sub(lambda found: _said(record, named[found[0]], "column"), template)


def _example(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    if mapping.kind == "labels":
        text, second = _texts(record, mapping)
        return Example(row, text=text, second=second, labels=_labels(record, mapping))
    if mapping.kind == "tags":
        return _tagged(row, record, mapping)
    if mapping.kind == "choices":
        return _choosing(row, record, mapping)
    if mapping.kind == "text":
        return Example(row, text=_filled(record, mapping.column, "text"))
    if mapping.kind == "preferences":
        return _preference(row, record, mapping)
    return Example(row, messages_of(value_at(record, mapping.column), *_before(record, mapping)))


def _preference(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    """Return two answers to one prompt, or one with its label."""
    if not mapping.flag:
        chosen = _side(record, mapping, mapping.answer, "chosen answer")
        rejected = _side(record, mapping, mapping.rejected, "rejected answer")
        chosen, rejected = compared(chosen, rejected)
        return Example(row, chosen, rejected=rejected)
    desirable = flag_of(value_at(record, mapping.flag))
    if desirable is None:
        raise UnusableError(f"it is not marked as desirable or undesirable ({mapping.flag} is neither true nor false)")
    return Example(row, judged(_side(record, mapping, mapping.answer, "answer")), desirable=desirable)


def _side(record: dict[Any, Any], mapping: Mapping, column: str, part: str) -> tuple[Message, ...]:
    """Return the conversation that ends with one of the answers of a row."""
    prompt, context = (value_at(record, name) if name else None for name in (mapping.prompt, mapping.context))
    if mapping.prompt and is_blank(prompt):
        raise UnusableError(f"the prompt ({mapping.prompt}) is empty")
    turns = answered_turns(prompt, context, value_at(record, column), f"{part} ({column})")
    try:
        return messages_of(turns, *_before(record, mapping))
    except UnusableError as reason:
        raise UnusableError(f"the {part} ({column}) is not usable: {reason}") from reason


def _texts(record: dict[Any, Any], mapping: Mapping) -> tuple[str, str]:
    """Return the text of a label and the second one.

    What was good and what was bad are one text, in which either may be missing.
    """
    if not mapping.context:
        return _filled(record, mapping.column, "text"), ""
    if are_opposed(mapping.column, mapping.context):
        said = [_value(record, name, "text") for name in (mapping.column, mapping.context)]
        return _filled({mapping.column: "\n".join(filter(str.strip, said))}, mapping.column, "text"), ""
    second = _filled(record, mapping.context, "second text")
    return _filled(record, mapping.column, "text"), second


def _choosing(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    asked, offered = mapping.parts[: mapping.asked], mapping.parts[mapping.asked :]
    question = _question(record, asked)
    if len(offered) == 1:
        keys, choices = choices_in(structure_of(value_at(record, offered[0])), offered[0])
    else:
        keys, choices = (), tuple(text for column in offered for text in _offered(record, column))
    right = right_choice(structure_of(value_at(record, mapping.answer)), keys, choices, mapping)
    kept = tuple(choice for choice in choices if choice.strip())
    if not choices[right].strip() or len(kept) < 2:
        raise UnusableError(f"the choice ({offered[right] if len(offered) == len(choices) else offered[0]}) is empty")
    return Example(row, text=question, labels=(choices[right],), choices=kept)


def _question(record: dict[Any, Any], asked: Sequence[str]) -> str:
    """Return the parts of a question one below the other; what it is asked about may be missing beside the question."""
    beside = [name for name in asked if len(asked) > 1 and named([name], (*CONTEXT_NAMES, *LONG_CONTEXTS, "support"))]
    parts = [
        _value(record, name, "question") if name in beside else _filled(record, name, "question") for name in asked
    ]
    return "\n".join(filter(str.strip, parts))


def _offered(record: dict[Any, Any], column: str) -> tuple[str, ...]:
    """Return the choice that stands in a column, or the choices of a list of some of them."""
    value = structure_of(value_at(record, column))
    return choices_in(value, column)[1] if is_listed(value) else (_value(record, column, "choice"),)


def _labels(record: dict[Any, Any], mapping: Mapping) -> tuple[str, ...]:
    if mapping.parts:
        return tuple(sorted(name for name in mapping.parts if _is_yes(record, name)))
    value = value_at(record, mapping.answer)
    if mapping.target == "multi":
        value = names_in_brackets(value) or structure_of(value)
        cells = _SEVERAL.split(value) if isinstance(value, str) else value if is_listed(value) else [value]
        return tuple(sorted({name for cell in cells if cell is not None and (name := label_name(cell))}))
    if value is None or (isinstance(value, str) and not value.strip()):
        raise UnusableError(f"the label ({mapping.answer}) is empty")
    name = whole(label_name(value), f"the label ({mapping.answer})")
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


def _tagged(row: int, record: dict[Any, Any], mapping: Mapping) -> Example:
    words, tags = (structure_of(value_at(record, column)) for column in (mapping.column, mapping.answer))
    words = words.split() if isinstance(words, str) else words
    tags = tags_in(tags) if isinstance(tags, str) else tags
    if not is_listed(words) or not is_listed(tags):
        raise UnusableError(f"{mapping.column} and {mapping.answer} are not lists")
    words, tags = tuple(map(str, words or ())), tuple(label_name(tag) for tag in tags or ())
    if not words or len(words) != len(tags):
        raise UnusableError(f"there are {len(words)} words but {len(tags)} labels")
    return Example(row, labels=tags, words=words)


def tags_in(cell: str) -> list[str]:
    """Return the tags of a text, which stand side by side with spaces or commas between them."""
    return [tag for tag in re.split(r"[\s,;]+", cell.strip()) if tag]


def _filled(record: dict[Any, Any], column: str, part: str) -> str:
    value = _value(record, column, part)
    if not value.strip():
        raise UnusableError(f"the {part} ({column}) is empty")
    return value


def _value(record: dict[Any, Any], column: str, part: str) -> str:
    """Return a cell as text, the blanks around it included: they may be code's; an absent value is empty."""
    value = value_at(record, column)
    if not isinstance(value, str):
        value = text_of_parts(value) or value
    if not isinstance(value, str):
        value = "\n".join(texts_of(value)) or value  # sentences of one text
    if not isinstance(value, str) and isinstance(value, Iterable):
        raise UnusableError(f"the {part} ({column}) contains several values instead of one text")
    return "" if value is None else whole(str(value), f"the {part} ({column})")
