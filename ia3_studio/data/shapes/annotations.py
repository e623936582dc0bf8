"""How are annotated texts read? As classes, several labels, numbers, answers or words, by what was annotated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ia3_studio.data.mapping import LabelKind, Mapping
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.shape import Collector, Recognized, bare, is_text, listed
from ia3_studio.data.shapes.spans import outermost, span_of, tagged

TEXT_NAMES = (
    "text", "content", "sentence", "document", "body", "review", "comment", "message", "utterance", "tweet", "question",
    "prompt", "query", "instruction", "input", "title", "data",
)  # fmt: skip
TOKENS, TAGS = "tokens", "tags"
NOT_ANNOTATED = "it is not annotated"
LONGEST_LABEL = 40
"""Mean characters above which annotated texts are answers and no labels."""
FEWEST_ANSWERS = 8
"""Rows from which on texts that are nearly all different are answers and no labels."""


def text_name(records: Iterable[dict[str, Any]], others: Sequence[str] = ()) -> str:
    """Return the key of the text that was annotated: one so named, or else that of the longest texts."""
    lengths: Counter[str] = Counter()
    for record in records:
        lengths.update({key: len(value) for key, value in record.items() if is_text(value) and key not in others})
    by_name = {bare(key): key for key in reversed(lengths)}
    named = next((by_name[name] for name in TEXT_NAMES if name in by_name), "")
    return named or next((key for key, _length in lengths.most_common(1)), "")


Annotated = Sequence[tuple[int, dict[str, Any], Any]]
"""The number, the other cells, and the annotation of each text."""


def annotated(found: Collector, rows: Annotated, form: str, text: str, label: str, second: str = "") -> Recognized:
    """Return texts with their annotations, which decide the task.

    Args:
        found: what was left out so far.
        rows: whose annotations are labels, numbers, lists of labels, or answers.
        form: what was recognized.
        text: the column of the text.
        label: the name of the column of the annotations.
        second: the column of the answer that labels and numbers are about, beside the text; empty for none.
    """
    while any(label in record for _row, record, _value in rows):
        label = f"{label} (annotation)"
    for row, record, value in rows:
        found.use(row, {**record, label: value})
    values = [value for _row, _record, value in rows]
    if _are_answers(values):
        return found.recognized(form, Mapping("pairs", text, label))
    if any(isinstance(value, list) for value in values):
        several = any(len(value) > 1 for value in values if isinstance(value, list))
        return (
            _labeled(found, form, text, label, "multi", second)
            if several
            else _single(found, form, text, label, second)
        )
    measured = any(isinstance(value, float) and not value.is_integer() for value in values)
    return _labeled(found, form, text, label, "number" if measured else "single", second)


def _labeled(found: Collector, form: str, text: str, label: str, target: LabelKind, second: str = "") -> Recognized:
    return found.recognized(form, Mapping("labels", column=text, context=second, answer=label, target=target))


def _single(found: Collector, form: str, text: str, label: str, second: str) -> Recognized:
    """Return rows with lists of one label each as rows with this label; those without one are left out."""
    rows, found.rows = found.rows, []
    for row, record in rows:
        names = record[label] if isinstance(record[label], list) else [record[label]]
        if names:
            found.use(row, {**record, label: names[0]})
        else:
            found.leave_out(row, NOT_ANNOTATED)
    return _labeled(found, form, text, label, "single", second)


def _are_answers(values: Sequence[Any]) -> bool:
    """Say whether annotated texts are answers: long ones, or hardly any two alike."""
    texts = [text for value in values for text in (listed(value) or [value]) if is_text(text)]
    if not texts or len(texts) < sum(1 for value in values if value is not None and value != []):
        return False
    mean = sum(map(len, texts)) / len(texts)
    return mean > LONGEST_LABEL or (len(texts) >= FEWEST_ANSWERS and len(set(texts)) > 0.8 * len(texts))


def in_words(
    found: Collector,
    rows: Annotated,
    form: str,
    text: str,
    places: Callable[[dict[str, Any]], Sequence[tuple[int, int]] | None] = lambda _record: None,
) -> Recognized:
    """Return texts with labeled spans as words with tags; a row whose spans are no whole words is left out."""
    inside = 0
    for row, record, value in rows:
        spans = [span_of(item) for item in listed(value)]
        try:
            known = [span for span in spans if span is not None]
            if len(known) < len(spans):
                raise UnusableError("a span has no start, end or label")
            outer = outermost(known)
            inside += len({*known}) - len(outer)
            words, tags = tagged(record[text], outer, places(record))
        except UnusableError as reason:
            found.leave_out(row, str(reason))
            continue
        found.use(row, {**record, TOKENS: words, TAGS: tags})
    notes = (
        "Spans are read as words with B- and I- tags; punctuation marks are words of their own, and a text with a span "
        "that cuts a word is left out.",
        *([f"Not used: {inside:,} spans inside longer ones."] if inside else ()),
    )
    return found.recognized(form, Mapping("tags", column=TOKENS, answer=TAGS), notes)
