"""Which other annotated texts are known? Doccano's, Prodigy's, spaCy's, and any text with a list of labeled spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import ANSWERED, READ
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, TEXT_NAMES, Annotated, annotated, in_words
from ia3_studio.data.shapes.shape import (
    Collector,
    Recognized,
    Rows,
    Shape,
    finite,
    is_absent,
    is_blank,
    is_text,
    listed,
)
from ia3_studio.data.shapes.spans import is_span_list, span_of, spans_by_label
from ia3_studio.errors import DataError

SPAN_NAMES = (
    "label", "labels", "entities", "spans", "annotations", "annotation", "ner", "ents", "tags", "entity",
    "namedentities", "textsegmentannotations", "privacymask", "spanlabels",
)  # fmt: skip
LABEL_NAMES = ("intent", "label", "category", "class", "sentiment", "labels")
DOCCANO = frozenset(("id", "text", "data", "label", "labels", "Comments", "comments", "meta", "metadata", "split"))
ACCEPTED = "accept"
_PRODIGY = frozenset(("_input_hash", "_task_hash"))
_ANSWERS = ("accept", "reject", "ignore")
_GIVEN = frozenset(("label", "spans", "options"))
"""What is accepted or rejected, in a file whose hashes are left out."""


SPANNED = frozenset(
    ("tokens",
     "entity", "entities", "entites", "entidades", "entita", "entitaten", "entiteiten", "span", "spans", "annotations",
     "encje", "varliklar", "сущности", "实体", "實體", "エンティティ", "개체")
)  # fmt: skip
"""Words of columns that may hold labeled spans."""


def _text_of(rows: Rows, *others: str) -> str:
    named = [name for name in rows.named(TEXT_NAMES) if name not in others]
    named += [name for name in rows.columns if name not in others and says(name, READ)]
    return next((name for name in named if rows.mostly(name, is_text)), "")


def _spans_of(rows: Rows) -> str:
    """Return the column whose cells are lists of labeled spans, some of which may be empty.

    A column that is not called so has to hold the only lists of spans, all of them inside their texts.
    """
    named = (*rows.named(SPAN_NAMES), *(each for each in rows.structured if says(each, SPANNED)))
    if found := next((name for name in named if _holds_spans(rows, name)), ""):
        return found
    are_answered = any(says(name, ANSWERED) for name in rows.columns)  # by a text that may have marks of its own
    others = [name for name in rows.structured if not (are_answered or name in named) and _holds_spans(rows, name)]
    return others[0] if len(others) == 1 and _are_inside_texts(rows, others[0]) else ""


def _holds_spans(rows: Rows, name: str) -> bool:
    cells = [structure_of(cell) for cell in rows.sample(name)]
    filled = [cell for cell in cells if not is_blank(cell)]
    are_lists = all(isinstance(cell, list) or is_blank(cell) for cell in cells)
    return bool(filled) and are_lists and all(map(is_span_list, filled))


def _are_inside_texts(rows: Rows, name: str) -> bool:
    """Say whether all spans are parts of the text of their row, some of them neither its beginning nor its end."""
    text = _text_of(rows, name)
    places = [
        (span.start, span.end, len(str(record.get(text, ""))))
        for record in rows.first_records()
        for item in listed(structure_of(record.get(name)))
        if (span := span_of(item))
    ]
    within = all(0 <= start < end <= length for start, end, length in places)
    return bool(text) and within and any(start > 0 and end < length for start, end, length in places)


def _has_spans(rows: Rows) -> bool:
    """Say whether texts have labeled spans, and no label of their own that is more likely meant."""
    spans = _spans_of(rows)
    text = _text_of(rows, spans)
    labels = [name for name in rows.named(LABEL_NAMES) if name not in (spans, text)]
    return bool(spans and text) and not any(
        rows.mostly(name, lambda cell: is_text(structure_of(cell))) and _differs(rows, name) for name in labels
    )


def _differs(rows: Rows, name: str) -> bool:
    """Say whether a label is not the same in all rows, as the only intent of a file of its own is."""
    cells = rows.deciding[name]
    first = next((cell for cell in cells if not is_absent(cell)), None)
    return any(not is_absent(cell) and cell != first for cell in cells)


def _read_spans(rows: Rows) -> Recognized:
    spans = _spans_of(rows)
    text, found = _text_of(rows, spans), Collector()
    return in_words(found, _annotated(rows, found, text, spans), f"texts with labeled spans ({spans})", text)


def _annotated(rows: Rows, found: Collector, text: str, label: str) -> Annotated:
    """Return the texts of rows with their annotations; rows without either are left out."""
    kept = []
    for row, record in rows.records():
        value = structure_of(record.get(label))
        if is_absent(value) or (isinstance(value, str) and is_blank(value)):
            found.leave_out(row, NOT_ANNOTATED)
        elif not is_text(record.get(text)):
            found.leave_out(row, f"its text ({text}) is empty")
        else:
            kept.append((row, {name: cell for name, cell in record.items() if name != label}, value))
    return kept


def _doccano_label(rows: Rows) -> str:
    """Return the column of lists of labels, or of texts, as Doccano writes them; empty for other tables."""
    label = rows.find(("label", "labels"))
    if "id" not in rows.columns or not label or set(rows.columns) - DOCCANO:
        return ""
    return label if rows.mostly(label, _are_texts) and rows.any(label, lambda cell: bool(listed(cell))) else ""


def _are_texts(cell: Any) -> bool:
    value = structure_of(cell)
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _read_doccano(rows: Rows) -> Recognized:
    label = _doccano_label(rows)
    text, found = _text_of(rows, label), Collector()
    return annotated(found, _annotated(rows, found, text, label), "Doccano export", text, label)


def _is_cats(cell: Any) -> bool:
    """Say whether a cell is an object of labels with 0 or 1, as spaCy has them."""
    return (
        isinstance(cell, dict)
        and bool(cell)
        and all(finite(each) is not None or each in (True, False) for each in cell.values())
    )


def _share(value: Any) -> float | None:
    return float(value) if isinstance(value, bool) else finite(value)


def _has_cats(rows: Rows) -> bool:
    return rows.mostly("cats", _is_cats) and bool(_text_of(rows))


def _read_cats(rows: Rows) -> Recognized:
    text, found = _text_of(rows), Collector()
    kept = [
        (
            row,
            record,
            [str(name) for name, share in value.items() if (_share(share) or 0.0) >= 0.5] if _is_cats(value) else [],
        )
        for row, record, value in _annotated(rows, found, text, "cats")
    ]
    return annotated(found, kept, "spaCy text categories", text, "category")


def _is_prodigy(rows: Rows) -> bool:
    is_task = set(rows.columns) >= _PRODIGY or ("text" in rows.columns and bool(_GIVEN & set(rows.columns)))
    return is_task and rows.mostly("answer", lambda cell: cell in _ANSWERS)


def _read_prodigy(rows: Rows) -> Recognized:
    """Read the accepted answers of Prodigy.

    Raises:
        DataError: the tasks are no texts.
    """
    if not rows.any("text", is_text):
        raise DataError(f"{rows.name} is a Prodigy export without texts; export annotations of texts.")
    found = Collector()
    form = f"Prodigy export, {len(rows.frame):,} answers"
    records = _first_of_each(rows, found)
    if "spans" in rows.columns and not ({"options", "label"} & set(rows.columns)):
        accepted = [(row, record, record.get("spans", [])) for row, record in _accepted(records, found)]
        return in_words(found, accepted, form, "text", _given_words)
    for _row, record in records:
        found.name_rest(record, ("text", "label", "answer", "options", "accept"))
    if "options" in rows.columns:
        chosen = [
            (row, record, [str(each) for each in listed(record.get(ACCEPTED))])
            for row, record in _accepted(records, found)
        ]
        return annotated(
            found, [(row, _text_only(record), value) for row, record, value in chosen], form, "text", "label"
        )
    labels = {str(record["label"]) for _row, record in records if is_text(record.get("label"))}
    if not labels and {record.get("answer") for _row, record in records} >= {ACCEPTED, "reject"}:
        return _accepted_or_not(records, found, form)
    if not labels:
        raise DataError(f"{rows.name} is a Prodigy export without labels, options or spans; export other annotations.")
    if len(labels) == 1:
        return _yes_or_no(records, found, form)
    return annotated(found, _by_text(_accepted(records, found)), form, "text", "category")


def _first_of_each(rows: Rows, found: Collector) -> list[tuple[int, dict[str, Any]]]:
    """Return the first answer to each task; those of other annotators are left out."""
    first: dict[str, int] = {}
    kept = []
    for row, record in rows.records():
        task = str(record.get("_task_hash", f"row {row}"))
        if task in first and record.get("answer") == ACCEPTED:
            found.leave_out(row, f"another answer to the task of row {first[task]}")
            continue
        if record.get("answer") == ACCEPTED:
            first[task] = row
        kept.append((row, record))
    return kept


def _accepted(records: Sequence[tuple[int, dict[str, Any]]], found: Collector) -> list[tuple[int, dict[str, Any]]]:
    kept = []
    for row, record in records:
        if record.get("answer") != ACCEPTED:
            found.leave_out(row, f"its answer is {record.get('answer')!r}")
        elif not is_text(record.get("text")):
            found.leave_out(row, "its text is empty")
        else:
            kept.append((row, record))
    return kept


def _text_only(record: dict[str, Any]) -> dict[str, Any]:
    return {"text": record["text"]}


def _given_words(record: dict[str, Any]) -> list[tuple[int, int]] | None:
    """Return where the words of a task stand, if the task says it."""
    tokens = [each for each in listed(record.get("tokens")) if isinstance(each, dict)]
    places = [(each.get("start"), each.get("end")) for each in tokens if str(each.get("text", "x")).strip()]
    known = [(start, end) for start, end in places if isinstance(start, int) and isinstance(end, int)]
    text = record["text"]
    ordered = all(before[1] <= after[0] for before, after in pairwise(known))
    fits = len(known) == len(places) and ordered and all(0 <= start < end <= len(text) for start, end in known)
    missing = "".join(
        text[end:start] for (_, end), (start, _) in zip([(0, 0), *known], [*known, (len(text), 0)], strict=True)
    )
    return known if known and fits and not missing.strip() else None


def _yes_or_no(records: Sequence[tuple[int, dict[str, Any]]], found: Collector, form: str) -> Recognized:
    """Read answers to a single label: accepted texts have it, rejected ones do not."""
    kept = []
    for row, record in records:
        label, answer = record.get("label"), record.get("answer")
        if answer not in (ACCEPTED, "reject") or not is_text(record.get("text")) or not is_text(label):
            found.leave_out(row, f"its answer is {answer!r}" if is_text(record.get("text")) else "its text is empty")
        else:
            kept.append((row, _text_only(record), str(label) if answer == ACCEPTED else f"not {label}"))
    return annotated(found, kept, form, "text", "category")


def _accepted_or_not(records: Sequence[tuple[int, dict[str, Any]]], found: Collector, form: str) -> Recognized:
    """Read texts that have no label as accepted or rejected."""
    kept = []
    for row, record in records:
        answer = record.get("answer")
        if answer not in (ACCEPTED, "reject") or not is_text(record.get("text")):
            found.leave_out(row, f"its answer is {answer!r}" if is_text(record.get("text")) else "its text is empty")
        else:
            kept.append((row, _text_only(record), str(answer)))
    return annotated(found, kept, form, "text", "category")


def _by_text(records: Sequence[tuple[int, dict[str, Any]]]) -> Annotated:
    """Return texts with all labels that were accepted for them."""
    labels: dict[str, list[str]] = defaultdict(list)
    first: dict[str, int] = {}
    for row, record in records:
        first.setdefault(record["text"], row)
        labels[record["text"]].append(str(record.get("label", "")))
    return [(first[text], {"text": text}, list(dict.fromkeys(filter(None, names)))) for text, names in labels.items()]


def _labels_of_texts(rows: Rows) -> str:
    """Return the column of objects of labels, texts and their places, some of which may be empty; or nothing."""
    named = [name for name in rows.named(("label", "labels", "entities")) if rows.any(name, _are_by_label)]
    return next((name for name in named if rows.mostly(name, lambda cell: cell == {} or _are_by_label(cell))), "")


def _are_by_label(cell: Any) -> bool:
    return bool(spans_by_label(structure_of(cell)))


def _read_by_label(rows: Rows) -> Recognized:
    label, found = _labels_of_texts(rows), Collector()
    text = _text_of(rows, label)
    kept = [(row, record, spans_by_label(value)) for row, record, value in _annotated(rows, found, text, label)]
    return in_words(found, kept, f"texts with labeled spans ({label})", text)


SHAPES = (
    Shape("Prodigy export", _is_prodigy, _read_prodigy, by_row=False),
    Shape("spaCy text categories", _has_cats, _read_cats, by_row=False),
    Shape("labeled spans", _has_spans, _read_spans),
    Shape("spans by label", lambda rows: bool(_labels_of_texts(rows) and _text_of(rows)), _read_by_label),
    Shape("Doccano export", lambda rows: bool(_doccano_label(rows)), _read_doccano, by_row=False),
)
