"""How are the records of Argilla read? The first submitted response to the question that most records answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ia3_studio.data.opposed_names import twin_place
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, Annotated, annotated, in_words, text_name
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES
from ia3_studio.data.shapes.preferences import INSTEAD, preferred
from ia3_studio.data.shapes.shape import (
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    frame_of,
    is_blank,
    is_text,
    listed,
)
from ia3_studio.data.shapes.spans import is_span_list, span_of

FORM = "Argilla export"
RESPONSES = ".responses"
COUNTING = (None, "", "submitted")
"""States of a response that counts."""
META = ("id", "status", "_server_id", "metadata", "vectors", "external_id", "score", "inserted_at", "updated_at")
OTHERS, DIFFERENT = "responses of others", "of these, responses that differ"


@dataclass
class _Record:
    """A record: its fields, and what was answered to each question."""

    fields: dict[str, Any]
    answers: dict[str, list[Any]] = field(default_factory=dict)
    suggestions: int = 0
    uncounted: int = 0
    """Responses that are drafts or discarded."""
    discarded: bool = False


Reader = Callable[[dict[str, Any]], _Record]


def _read(rows: Rows, read: Reader) -> Recognized:
    found = Collector()
    records = [(row, read(record)) for row, record in rows.records()]
    for _row, record in rows.records():
        found.unused.update(name for name in META if name != "status" and not is_blank(record.get(name)))
    questions = Counter(name for _row, each in records for name, values in each.answers.items() if values)
    form = f"{FORM}, {len(records):,} records"
    question = next((name for name, _count in questions.most_common()), "")
    text = text_name(each.fields for _row, each in records)
    found.unused.update({f"answers to {name}": count for name, count in questions.items() if name != question})
    rows_read = []
    for row, each in records:
        values = each.answers.get(question, [])
        found.unused["suggestions"] += each.suggestions
        found.unused["drafts and discarded responses"] += each.uncounted
        found.unused[OTHERS] += max(len(values) - 1, 0)
        found.unused[DIFFERENT] += sum(value != values[0] for value in values[1:])
        if each.discarded or not values:
            found.leave_out(row, "the record was discarded" if each.discarded else NOT_ANNOTATED)
        elif not is_text(each.fields.get(text)):
            found.leave_out(row, f"its text ({text}) is empty")
        else:
            rows_read.append((row, each.fields, values[0]))
    if pairs := _compared(rows_read):
        return _preferred(rows, found, rows_read, pairs, form, question)
    rows_read = [(row, fields, _value(value)) for row, fields, value in rows_read]
    if any(is_span_list(value) for _row, _fields, value in rows_read):
        return in_words(found, rows_read, form, text)
    return annotated(found, rows_read, form, text, question, _judged_answer(rows_read, text))


def _compared(rows: Annotated) -> list[tuple[str, str]]:
    """Return the fields of the better and the worse answer of each record, if responses name them; else nothing."""
    ranked = [_by_rank(value) for _row, _fields, value in rows]
    named = {names[0] for names in ranked if names}
    if len(named) == 1 and rows:
        (only,) = named
        named |= {name for name in rows[0][1] if twin_place(only, name) or twin_place(name, only)}
    one_of_two = len(named) == 2 and all(len(names) == 1 for names in ranked)
    if one_of_two:
        ranked = [[*names, *(named - {*names})] for names in ranked]
    fits = all(
        len(names) > 1 and is_text(fields.get(names[0])) and is_text(fields.get(names[-1]))
        for names, (_row, fields, _value) in zip(ranked, rows, strict=True)
    )
    return [(names[0], names[-1]) for names in ranked] if rows and fits else []


def _by_rank(value: Any) -> list[str]:
    """Return the fields that a response names, the best one first."""
    items = [item for item in listed(value) if isinstance(item, dict) and {"value", "rank"} <= item.keys()]
    ordered = sorted(items, key=lambda item: finite(item["rank"]) or 0.0)
    return [str(item["value"]) for item in ordered] if items else [value] if is_text(value) else []


def _preferred(
    rows: Rows, found: Collector, read: Annotated, pairs: Sequence[tuple[str, str]], form: str, question: str
) -> Recognized:
    """Return records whose responses name the better answer as preferences."""
    answers = {name for pair in pairs for name in pair}
    for (row, fields, _value), (better, worse) in zip(read, pairs, strict=True):
        rest = {name: cell for name, cell in fields.items() if name not in answers}
        found.use(row, {**rest, CHOSEN: fields[better], REJECTED: fields[worse]})
    note = f"The answer that {question} names is preferred to the other one; {INSTEAD}."
    asked = text_name((fields for _row, fields, _value in read), [*answers])
    made = preferred(
        replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), f"{form}, compared", (note,), prompt=asked
    )
    return replace(made, problems=tuple(found.problems), unused=found.unused)


CHOSEN, REJECTED = "chosen", "rejected"


def _judged_answer(rows: Annotated, text: str) -> str:
    """Return the field of the answer to the text, which is judged together with it; empty if there is none."""
    if bare(text) not in PROMPT_NAMES:
        return ""
    filled = [{key for key, value in record.items() if is_text(value)} for _row, record, _value in rows]
    shared = set.intersection(*filled) if filled else set()
    return next((key for key in sorted(shared) if bare(key) in _ANSWERS), "")


_ANSWERS = ("response", "answer", "completion", "output", "generation", "reply")


def _value(value: Any) -> Any:
    """Return a value that can be compared and labeled: arrays as lists, a ranking as its first."""
    items = listed(value)
    ranks = [item for item in items if isinstance(item, dict) and {"value", "rank"} <= item.keys()]
    if ranks:
        return str(min(ranks, key=lambda item: finite(item["rank"]) or 0.0)["value"])
    return items if items or isinstance(value, list) else value


def _nested(record: dict[str, Any]) -> _Record:
    """Read a record whose fields, responses and suggestions are objects of their own."""
    fields, responses = structure_of(record.get("fields")), structure_of(record.get("responses"))
    found = _Record(dict(fields) if isinstance(fields, dict) else {}, discarded=record.get("status") == "discarded")
    suggestions = structure_of(record.get("suggestions"))
    found.suggestions = len(suggestions) if isinstance(suggestions, dict | list) else 0
    by_question = responses.items() if isinstance(responses, dict) else _by_question(listed(responses))
    for question, given in by_question:
        for response in listed(given):
            if isinstance(response, dict):
                _add(found, str(question), response.get("value"), response.get("status"))
    return found


def _by_question(responses: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the responses of records in which each response is an object with the values of all questions."""
    for response in responses:
        values = response.get("values") if isinstance(response, dict) else None
        for question, value in (values or {}).items() if isinstance(values, dict) else ():
            inner = value.get("value") if isinstance(value, dict) else value
            yield question, [{"value": inner, "status": response.get("status")}]


def _add(found: _Record, question: str, value: Any, status: Any) -> None:
    if is_blank(value) and not isinstance(value, list):
        return
    if status in COUNTING:
        found.answers.setdefault(question, []).append(value)
    else:
        found.uncounted += 1


def _flat(record: dict[str, Any]) -> _Record:
    """Read a record whose responses stand in columns such as label.responses and label.responses.status."""
    questions = [name.removesuffix(RESPONSES) for name in record if name.endswith(RESPONSES)]
    inner = tuple(f"{name}{part}" for name in questions for part in (".responses", ".suggestion"))
    fields = {name: cell for name, cell in record.items() if name not in META and not name.startswith(inner)}
    found = _Record(fields, discarded=record.get("status") == "discarded")
    found.suggestions = sum(f"{name}.suggestion" in record for name in questions)
    for question in questions:
        values = listed(structure_of(record[f"{question}{RESPONSES}"]))
        states = listed(structure_of(record.get(f"{question}{RESPONSES}.status"))) or [None] * len(values)
        for value, status in zip(values, states, strict=False):
            _add(found, question, value, status)
    return found


def _is_feedback(cell: Any) -> bool:
    """Say whether a cell holds responses with their state, as a list of objects or an object of lists."""
    value = structure_of(cell)
    first = value if isinstance(value, dict) else next(iter(listed(value)), None)
    return isinstance(first, dict) and {"value", "status", "user_id"} <= first.keys()


def _questions(rows: Rows) -> list[str]:
    """Return the columns whose cells hold responses, as far as they hold anything."""
    return [
        name
        for name in rows.structured
        if rows.any(name, _is_feedback)
        and rows.mostly(name, lambda cell: _is_feedback(cell) or is_blank(structure_of(cell)))
    ]


def _feedback(names: Sequence[str], record: dict[str, Any]) -> _Record:
    """Read a record of Argilla 1's feedback data, in which each question is a column of responses."""
    questions = {name: structure_of(record[name]) for name in names if name in record}
    extra = tuple(f"{name}-suggestion" for name in questions)
    fields = {
        name: cell
        for name, cell in record.items()
        if name not in (*questions, *META) and not name.startswith(extra or ("\0",))
    }
    found = _Record(fields, suggestions=sum(name.endswith("-suggestion") for name in record))
    for question, given in questions.items():
        pairs = (
            zip(listed(given.get("value")), listed(given.get("status")), strict=False)
            if isinstance(given, dict)
            else [(each.get("value"), each.get("status")) for each in listed(given) if isinstance(each, dict)]
        )
        for value, status in pairs:
            _add(found, question, value, status)
    return found


def _has_first_version(rows: Rows) -> bool:
    return {"annotation", "prediction", "status"} <= set(rows.columns) and bool({"text", "inputs"} & set(rows.columns))


def _first_version(record: dict[str, Any]) -> _Record:
    """Read a record of Argilla 1 or Rubrix."""
    inputs = structure_of(record.get("inputs"))
    fields = dict(inputs) if isinstance(inputs, dict) else {} if is_blank(inputs) else {"text": inputs}
    if is_text(record.get("text")):
        fields = {"text": record["text"], **fields}
    found = _Record(fields, discarded=record.get("status") == "Discarded")
    found.suggestions = 0 if is_blank(record.get("prediction")) else 1
    annotation = structure_of(record.get("annotation"))
    if any(span_of(_turned(item)) for item in listed(annotation)):
        annotation = [_turned(item) for item in listed(annotation)]
    _add(found, "annotation", annotation, None)
    if isinstance(annotation, list) and not annotation and record.get("status") != "Validated":
        found.answers.clear()
    return found


def _turned(item: Any) -> Any:
    """Return a span (label, start, end) as (start, end, label)."""
    parts = listed(item)
    return [parts[1], parts[2], parts[0]] if len(parts) == 3 and isinstance(parts[0], str) else item


def _shape(fits: Callable[[Rows], bool], reader: Reader) -> Shape:
    return Shape(FORM, fits, lambda rows: _read(rows, reader), by_row=False)


SHAPES = (
    _shape(
        lambda rows: (
            {"fields", "responses"} <= set(rows.columns)
            and rows.mostly("fields", lambda cell: isinstance(structure_of(cell), dict))
        ),
        _nested,
    ),
    _shape(lambda rows: any(name.endswith(RESPONSES) for name in rows.columns), _flat),
    _shape(_has_first_version, _first_version),
    Shape(
        FORM, lambda rows: bool(_questions(rows)), lambda rows: _read(rows, partial(_feedback, _questions(rows))), False
    ),
)
