"""How is a file of texts classified? Its rows, the results as a table, and the file to download."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ia3_studio.data.labels import Labels
from ia3_studio.errors import DataError
from ia3_studio.tasks.classification import Prediction
from ia3_studio.ui import classify_words as words
from ia3_studio.ui import text
from ia3_studio.ui.markup import note, table
from ia3_studio.ui.predictions import prediction_cell

MAX_ROWS = 5_000
"""Rows of a file that is classified."""
SHOWN_ROWS = 50
MAX_ERRORS = 12
"""Kinds of errors in the table."""

Predictions = Sequence[tuple[Prediction, ...]]
"""The guesses of one model for each row."""


def rows_of(file: str | None, labels: Labels) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the texts of a file and their labels, which are empty if it has no column of labels.

    Raises:
        DataError: it cannot be read, or has no texts, too many rows, or pairs of texts.
    """
    from ia3_studio.data.infer_columns import infer_columns
    from ia3_studio.data.table import read_table

    if not file:
        raise DataError(words.NO_FILE)
    frame = (found := read_table(Path(file))).frame
    if len(frame) > MAX_ROWS:
        raise DataError(words.too_many(len(frame), MAX_ROWS))
    try:
        mapping = infer_columns(found)
    except DataError:  # texts alone cannot be trained on, but they can be classified
        mapping = None
    if mapping is None or mapping.kind != "labels":
        column, answer = _longest_column(frame), ""
    elif mapping.context:
        raise DataError(words.PAIRS)
    else:
        column, answer = mapping.column, mapping.answer if _are_labels(frame[mapping.answer], labels) else ""
    cells = zip(frame[column].fillna(""), frame[answer] if answer else [None] * len(frame), strict=True)
    rows = [(str(given), _labels_in(cell)) for given, cell in cells if str(given).strip()]
    if not rows:
        raise DataError(words.NO_TEXTS)
    return [given for given, _known in rows], [known for _given, known in rows]


def results_html(
    labels: Labels, texts: Sequence[str], known: Sequence[tuple[str, ...]], base: Predictions, tuned: Predictions
) -> str:
    """Return the results for a file: accuracy, the most frequent errors, and the first rows."""
    scored = [row for row, labels_of_row in enumerate(known) if labels_of_row]
    parts = [note(words.classified_rows(len(texts), len(scored)), "good")]
    if scored and labels.kind == "number":
        errors = [[abs(rows[row][0].share - _number(known[row])) for row in scored] for rows in (base, tuned)]
        parts.append(note(words.errors(*(sum(each) / len(each) for each in errors))))
    elif scored and labels.kind == "single":
        predicted = ([rows[row][0].label for row in scored] for rows in (base, tuned))
        parts += _accuracy(labels, [known[row][0] for row in scored], *predicted)
    lines = [
        (
            given[:200],
            ", ".join(its_labels) or "–",
            prediction_cell(one, labels.kind),
            prediction_cell(two, labels.kind),
        )
        for given, its_labels, one, two in list(zip(texts, known, base, tuned, strict=True))[:SHOWN_ROWS]
    ]
    return "".join([*parts, table(words.COLUMNS, lines, words.first_rows(len(lines), len(texts)))])


def write_classified(
    path: Path, texts: Sequence[str], known: Sequence[tuple[str, ...]], base: Predictions, tuned: Predictions
) -> None:
    """Write every row with the labels and probabilities of both models as CSV."""
    from pandas import DataFrame

    from ia3_studio.data.export_rows import escape_formula

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(texts, known, base, tuned, strict=True)
    DataFrame(
        [
            {
                "text": escape_formula(given),
                "label": escape_formula(", ".join(its_labels)),
                "base": escape_formula(one[0].label),
                "base_value": one[0].share,
                "tuned": escape_formula(two[0].label),
                "tuned_value": two[0].share,
            }
            for given, its_labels, one, two in rows
        ]
    ).to_csv(path, index=False)


def _accuracy(labels: Labels, known: list[str], base: list[str], tuned: list[str]) -> list[str]:
    """Return the accuracy of both models, labels that are unknown, and the most frequent errors."""
    from ia3_studio.training.metrics import Accuracy

    right = [Accuracy(sum(a == b for a, b in zip(known, each, strict=True)), len(known)) for each in (base, tuned)]
    parts = [note(words.right(str(right[0]), str(right[1])))]
    unknown = sorted(set(known) - set(labels.names))
    if unknown:
        parts.append(note(words.unknown(unknown), "warn"))
    wrong = Counter((a, b) for a, b in zip(known, tuned, strict=True) if a != b)
    by_base = Counter((a, b) for a, b in zip(known, base, strict=True) if a != b)
    lines = [(a, b, by_base[a, b], count) for (a, b), count in wrong.most_common(MAX_ERRORS)]
    return [*parts, table(text.ERROR_COLUMNS, lines, text.errors_caption(len(wrong), MAX_ERRORS)) if lines else ""]


def _are_labels(cells: Any, labels: Labels) -> bool:
    """Return whether a column has the adapter's labels: a column of numbers next to texts may be anything."""
    known = [name for cell in cells for name in _labels_in(cell)]
    return labels.kind == "number" or 2 * sum(name in set(labels.names) for name in known) >= max(1, len(known))


def _longest_column(frame: Any) -> str:
    """Return the column with the longest texts."""
    lengths = {column: frame[column].fillna("").astype(str).str.len().mean() for column in frame.columns}
    if not lengths:
        raise DataError(words.NO_TEXTS)
    return str(max(lengths, key=lambda column: lengths[column]))


def _labels_in(cell: Any) -> tuple[str, ...]:
    if cell is None or cell != cell:
        return ()
    several = not isinstance(cell, str) and hasattr(cell, "__iter__")
    return tuple(map(str, cell)) if several else (str(cell),) if str(cell).strip() else ()


def _number(known: tuple[str, ...]) -> float:
    try:
        return float(known[0])
    except ValueError as error:
        raise DataError(words.not_a_number(known[0])) from error
