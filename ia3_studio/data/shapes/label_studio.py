"""How are exports of Label Studio (JSON, JSON-MIN, CSV) read? The first annotation that was not canceled counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, annotated, in_words, text_name
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, is_blank, is_text, listed
from ia3_studio.data.shapes.spans import is_span_list
from ia3_studio.errors import DataError

FORM = "Label Studio export"
SPANS = ("labels", "hypertextlabels")
META = (
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "completed_by",
    "sentiment_agreement",
)  # fmt: skip
OTHERS, DIFFERENT = "annotations of the same task by others", "of these, annotations that differ"
CANCELED = "its annotation was canceled"

Control = tuple[str, str]
"""The name of a control of the labeling page, and the type of its results."""


def _is_task(cell: Any) -> bool:
    return any(isinstance(each, dict) and isinstance(each.get("result"), list) for each in listed(cell))


def annotations_of(rows: Rows) -> str:
    """Return the column of the annotations of tasks; empty if there is none."""
    return next((name for name in ("annotations", "completions") if rows.any(name, _is_task)), "")


def has_tasks(rows: Rows) -> bool:
    """Say whether rows are tasks of a JSON export."""
    return bool(annotations_of(rows)) and rows.mostly("data", lambda cell: isinstance(cell, dict))


def _read_tasks(rows: Rows) -> Recognized:
    column, found = annotations_of(rows), Collector()
    tasks: list[tuple[int, dict[str, Any], list[list[dict[str, Any]]]]] = []
    for row, record in rows.records():
        data = record.get("data")
        results, canceled = results_of(record.get(column))
        found.name_rest(record, ("data", column, "predictions"))
        found.unused["predictions"] += len(listed(record.get("predictions")))
        found.unused["canceled annotations"] += canceled if results else 0
        if not results or not isinstance(data, dict):
            found.leave_out(row, CANCELED if canceled else NOT_ANNOTATED)
        else:
            tasks.append((row, data, results))
    form = f"{FORM}, {len(rows.frame):,} tasks"
    controls = Counter(control for _row, _data, results in tasks for control in dict.fromkeys(_controls(results[0])))
    if not controls:
        return found.recognized(form)
    control = controls.most_common(1)[0][0]
    read = _reader(control, rows.name)
    found.unused.update(
        {f"results of {name} ({kind})": count for (name, kind), count in controls.items() if (name, kind) != control}
    )
    text = text_name(data for _row, data, _results in tasks)
    if not text:
        raise DataError(f"{rows.name} is a {FORM} without texts in its tasks; export a project with texts.")
    rows_read = []
    for row, data, results in tasks:
        values = [read(result, control) for result in results]
        found.unused[OTHERS] += len(values) - 1
        found.unused[DIFFERENT] += sum(value != values[0] for value in values[1:])
        if values[0] is None:
            found.leave_out(row, NOT_ANNOTATED)
        elif not is_text(data.get(text)):
            found.leave_out(row, f"its text ({text}) is empty")
        else:
            rows_read.append(
                (row, {key: value for key, value in data.items() if not isinstance(value, dict)}, values[0])
            )
    if control[1] in SPANS:
        return in_words(found, rows_read, form, text)
    return annotated(found, rows_read, form, text, control[0] or control[1])


def results_of(annotations: Any) -> tuple[list[list[dict[str, Any]]], int]:
    """Return the results of the annotations of a task that count, the ground truth first, and how many do not."""
    found = [each for each in listed(annotations) if isinstance(each, dict) and isinstance(each.get("result"), list)]
    valid = [each for each in found if not (each.get("was_cancelled") or each.get("skipped"))]
    valid.sort(key=lambda each: not each.get("ground_truth"))
    results = [[result for result in each["result"] if isinstance(result, dict)] for each in valid]
    return results, len(found) - len(valid)


def _controls(results: list[dict[str, Any]]) -> list[Control]:
    return [(str(each.get("from_name", "")), str(each.get("type", "")).lower()) for each in results]


def _values(results: list[dict[str, Any]], control: Control) -> list[dict[str, Any]]:
    """Return what was annotated with a control."""
    found = [each.get("value") for each, named in zip(results, _controls(results), strict=True) if named == control]
    return [each for each in found if isinstance(each, dict)]


def _reader(control: Control, name: str) -> Callable[[list[dict[str, Any]], Control], Any]:
    """Return what reads the results of a control.

    Raises:
        DataError: they are not annotations of text.
    """
    kind = control[1]
    readers = {**dict.fromkeys(SPANS, _spans), "choices": _choices, "taxonomy": _taxonomy, "rating": _rating,
               "number": _number, "textarea": _texts}  # fmt: skip
    if kind not in readers:
        raise DataError(
            f"{name} is a {FORM} whose annotations are of the type {kind!r}; those that are read are "
            f"{', '.join(readers)}."
        )
    return readers[kind]


def _choices(results: list[dict[str, Any]], control: Control) -> list[str] | None:
    values = [value for value in _values(results, control) if "start" not in value]
    names = [str(name) for value in values for name in listed(value.get("choices"))]
    return names or None


def _taxonomy(results: list[dict[str, Any]], control: Control) -> list[str] | None:
    paths = [listed(path) for value in _values(results, control) for path in listed(value.get("taxonomy"))]
    return [" / ".join(map(str, path)) for path in paths] or None


def _rating(results: list[dict[str, Any]], control: Control) -> float | None:
    return next((finite(value.get("rating")) for value in _values(results, control)), None)


def _number(results: list[dict[str, Any]], control: Control) -> float | None:
    return next((finite(value.get("number")) for value in _values(results, control)), None)


def _texts(results: list[dict[str, Any]], control: Control) -> list[str] | None:
    values = [value for value in _values(results, control) if "start" not in value]
    texts = [text for value in values for text in (listed(value.get("text")) or [value.get("text")]) if is_text(text)]
    return texts or None


def _spans(results: list[dict[str, Any]], control: Control) -> list[dict[str, Any]]:
    """Return the spans of a text; none is an annotation as well."""
    return [_span(value) for value in _values(results, control)]


def _span(value: dict[str, Any]) -> dict[str, Any]:
    """Return a span, of a page by its places in the text of the page."""
    offsets = value.get("globalOffsets")
    label = next((value[kind] for kind in SPANS if kind in value), None)
    places = {"start": offsets.get("start"), "end": offsets.get("end")} if isinstance(offsets, dict) else {}
    return {"start": value.get("start"), "end": value.get("end"), "text": value.get("text"), "label": label, **places}


def _has_rows(rows: Rows) -> bool:
    """Say whether rows are annotations in JSON-MIN or CSV."""
    times = {"lead_time", "created_at", "updated_at"} & set(rows.columns)
    return {"annotator", "annotation_id"} <= set(rows.columns) and bool(
        (times or _control_of(rows)[0])
        and not any(rows.mostly(name, lambda cell: cell in ("left", "right")) for name in rows.columns)
    )


def _read_rows(rows: Rows) -> Recognized:
    form = f"{FORM}, {len(rows.frame):,} annotations"
    found, kept = Collector(), []
    first_of: dict[str, int] = {}
    for row, record in rows.records():
        task = str(record.get("id", row))
        if task in first_of:
            found.leave_out(row, f"another annotation of the task of row {first_of[task]}")
            continue
        first_of[task] = row
        kept.append((row, {name: structure_of(cell) for name, cell in record.items() if name not in META}))
        found.unused.update(name for name in META if not is_blank(record.get(name)))
    label, read = _control_of(rows)
    text = text_name((record for _row, record in kept), [label])
    if not label or not text:
        found.rows = kept
        return found.recognized(form)
    rows_read = []
    for row, record in kept:
        value = read(record.pop(label, None))
        if value is None or not is_text(record.get(text)):
            found.leave_out(row, NOT_ANNOTATED if value is None else f"its text ({text}) is empty")
        else:
            rows_read.append((row, record, value))
    if read is _row_spans:
        return in_words(found, rows_read, form, text)
    return annotated(found, rows_read, form, text, label)


def _control_of(rows: Rows) -> tuple[str, Callable[[Any], Any]]:
    """Return the column of annotations that are no plain words, and what reads them; empty if all are."""
    for name in rows.columns:
        cells = [] if name in META else [structure_of(cell) for cell in rows.sample(name)]
        if any(map(is_span_list, cells)):
            return name, _row_spans
        if any(_names_of(cell) for cell in cells if not isinstance(cell, str)):
            return name, _row_names
        if any(_rating_of(cell) is not None for cell in cells if not isinstance(cell, str | int | float)):
            return name, _rating_of
    return "", _row_names


def _row_spans(cell: Any) -> list[Any] | None:
    return None if is_blank(cell) and not isinstance(cell, list) else listed(cell)


def _row_names(cell: Any) -> list[str] | None:
    return ([cell] if is_text(cell) else _names_of(cell)) or None


def _names_of(cell: Any) -> list[str]:
    """Return the names in {"choices": […]} or {"taxonomy": [[…]]}, or in a list of these."""
    objects = [cell] if isinstance(cell, dict) else [each for each in listed(cell) if isinstance(each, dict)]
    chosen = [str(name) for each in objects for name in listed(each.get("choices"))]
    paths = [listed(path) for each in objects for path in listed(each.get("taxonomy"))]
    return [*chosen, *(" / ".join(map(str, path)) for path in paths)]


def _rating_of(cell: Any) -> float | None:
    """Return the number in {"rating": 4} or [{"number": 2.5}], or one that stands alone."""
    items = listed(cell) or [cell]
    keys = ("rating", "number")
    values = [finite(item.get(key)) if isinstance(item, dict) else finite(item) for item in items for key in keys]
    return next((value for value in values if value is not None), None)


SHAPES = (
    Shape(FORM, has_tasks, _read_tasks, by_row=False),
    Shape(f"{FORM} (JSON-MIN or CSV)", _has_rows, _read_rows, by_row=False),
)
