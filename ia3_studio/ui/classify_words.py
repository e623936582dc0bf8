"""The strings of the classification panel."""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "Classify"
TEXT = "Text"
SORT = "Classify"
IMAGE = "Image"
NO_IMAGE = "There is no image to classify; choose one."
NOT_TEXTS = "This adapter does not classify whole texts; choose a run of text classification."
WORD_BEYOND = "beyond Max length"
OUTSIDE = "O"
"""The label of words that are no part of an entity, in every usual tag set."""
EMPTY = "There is no text to classify; enter one."
NO_CLASSIFIER = "The selected run is not a classifier; choose a run that learned labels."
FILE_TITLE = "Classify a file"
FILE = "Table with a text column; with a label column, predictions are scored"
SORT_FILE = "Classify the file"
NO_FILE = "No file is selected; choose a CSV, Excel, JSON or text file."
NO_TEXTS = "The file contains no texts; use a table with a text column."
PAIRS = "The file has pairs of texts, which this panel cannot classify; use classify_texts in a notebook."
CSV = "Download all rows (CSV)"
COLUMNS = ("Text", "Label", "Base", "Tuned")

RANK_TITLE = "Rank answers"
RANK_WORDS = (
    "Each answer is scored by its mean log-probability per token after the question, as in T-Few; the percentages are"
    " the softmax of these scores."
)
RANK_QUESTION, RANK_CHOICES, RANK_CHOICES_INFO = "Question", "Answers", "One per line"
RANK = "Rank"
RANK_NOBODY = "There is no adapter to rank with; train one or choose another run."


def rank_count(count: int, most: int) -> str:
    """Say that the number of answers is not possible."""
    return f"The number of different answers is {count}; enter 2 to {most}, one per line."


def lead(kind: str, names: Sequence[str], of: str = "texts") -> str:
    """Say what the adapter predicts."""
    chance = "The classification head of the base model is untrained, so its predictions are random."
    if kind == "number":
        return f"The adapter predicts a number for a text ({names[0]}). {chance}"
    listed = ", ".join(names[:6]) + (" and others" if len(names) > 6 else "")
    what = {"words": "each word of a text", "images": "an image"}.get(of, "a text")
    return f"The adapter predicts one of {len(names):,} labels for {what}: {listed}. {chance}"


def others(count: int) -> str:
    """Return the number of labels that are not listed."""
    return f"and {count:,} more label{'s' if count > 1 else ''}"


def sorting(done: int, of: int) -> str:
    """Return the progress of a file."""
    return f"Classifying: {done:,} of {of:,} texts"


def too_many(rows: int, most: int) -> str:
    """Say that a file is too long."""
    way_out = "Split it, or use classify_texts in a notebook."
    return f"The file has {rows:,} rows; at most {most:,} are classified here. {way_out}"


def sorted_rows(rows: int, judged: int) -> str:
    """Return the number of classified texts and of those with a label."""
    how = f"; {judged:,} have a label to compare with" if judged else "; the file has no label column to compare with"
    return f"{rows:,} texts classified{how}."


def right(base: str, tuned: str) -> str:
    """Return the accuracy of both models."""
    return f"Accuracy: base {base}, tuned {tuned}."


def errors(base: float, tuned: float) -> str:
    """Return the mean absolute error of both models."""
    return f"Mean absolute error: base {base:.3g}, tuned {tuned:.3g}."


def unknown(names: Sequence[str]) -> str:
    """Say that the file has labels the adapter was not trained on."""
    listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"The adapter was not trained on {listed}: these rows count as errors."


def no_number(cell: str) -> str:
    """Say that a label is not a number."""
    return f"The label {cell[:40]!r} in the file is not a number, and this adapter predicts numbers."


def first_rows(shown: int, of: int) -> str:
    """Return the number of listed rows."""
    return f"The first {shown:,} of {of:,} rows" if of > shown else "All rows"
