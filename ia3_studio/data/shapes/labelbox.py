"""How are exports of Labelbox read? By the first label of each row: its spans, or what was chosen or written."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ia3_studio.data.paths import structure_of, value_at
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, annotated, in_words
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

_FORM = "Labelbox export"
_TEXT, _ROW, _LABEL = "text", "data_row", "label"


def _annotations(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotations of each label of a row, of all projects."""
    projects = structure_of(record.get("projects"))
    held = [each for each in projects.values() if isinstance(each, dict)] if isinstance(projects, dict) else []
    labels = [label for each in held for label in listed(each.get("labels")) if isinstance(label, dict)]
    return [label["annotations"] for label in labels if isinstance(label.get("annotations"), dict)]


def _is_export(rows: Rows) -> bool:
    return rows.mostly(_ROW, lambda cell: isinstance(structure_of(cell), dict)) and any(
        _annotations(record) and is_text(_text(record)) for record in rows.first_records()
    )


def _text(record: dict[str, Any]) -> Any:
    return value_at(record, f"{_ROW}.row_data")


def _chosen(classification: dict[str, Any]) -> list[str] | str | None:
    """Return the names that were chosen in a classification, or the text that was written; None for neither."""
    one, several, text = map(classification.get, ("radio_answer", "checklist_answers", "text_answer"))
    if isinstance(text, dict) and is_text(text.get("content")):
        return str(text["content"])
    chosen = [one] if isinstance(one, dict) else listed(several)
    names = [str(each["name"]) for each in chosen if isinstance(each, dict) and is_text(each.get("name"))]
    return names or None


def _span(item: dict[str, Any]) -> dict[str, Any]:
    """Return a span as an object with its label."""
    location = next((each for each in item.values() if isinstance(each, dict) and "end" in each), {})
    return {"start": location.get("start"), "end": location.get("end"), "label": item.get("name")}


def _behind_last(spans: list[tuple[int, dict[str, Any], list[dict[str, Any]]]]) -> None:
    """Move the ends of all spans behind their last characters, where most of them would cut a word before it."""
    ends = [
        (record[_TEXT], each) for _row, record, objects in spans for each in objects if isinstance(each["end"], int)
    ]
    cut = [each for text, each in ends if 0 < each["end"] < len(text) and text[each["end"] - 1 :][:2].isalnum()]
    if 2 * len(cut) > len(ends):
        for _text, each in ends:
            each["end"] += 1


def _read(rows: Rows) -> Recognized:
    found, spans, kinds = Collector(), [], Counter[str]()
    labeled: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
    for row, record in rows.records():
        made, text = _annotations(record), _text(record)
        found.unused["labels of other annotators"] += max(0, len(made) - 1)
        if not made or not is_text(text):
            found.leave_out(row, NOT_ANNOTATED)
            continue
        kept = {**{name: cell for name, cell in record.items() if name not in (_ROW, "projects")}, _TEXT: text}
        objects = [_span(each) for each in listed(made[0].get("objects")) if isinstance(each, dict)]
        chosen = {str(each.get("name")): _chosen(each) for each in listed(made[0].get("classifications"))
                  if isinstance(each, dict)}  # fmt: skip
        kinds.update(chosen.keys())
        spans.append((row, kept, objects))
        labeled.append((row, kept, chosen))
    if any(objects for _row, _record, objects in spans):
        _behind_last(spans)
        return in_words(found, spans, _FORM, _TEXT)
    first = next(iter(kinds), "")
    found.unused.update({f"answers to {name}": count for name, count in kinds.items() if name != first})
    answered = []
    for row, record, chosen in labeled:
        if chosen.get(first) is None:
            found.leave_out(row, NOT_ANNOTATED)
        else:
            answered.append((row, record, chosen[first]))
    return annotated(found, answered, _FORM, _TEXT, first or _LABEL)


SHAPES = (Shape(_FORM, _is_export, _read),)
