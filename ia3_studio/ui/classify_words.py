"""The strings of the panels that classify and rank."""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "Classify"
TEXT = "Text"
CLASSIFY = "Classify"
IMAGE = "Image"
NO_IMAGE = "No image is given; upload one."
BEYOND_MAX_LENGTH = "beyond max length"
OUTSIDE = "O"
"""The label of words that are no part of an entity, in every usual tag set."""
EMPTY = "The text is empty; enter a text to classify."
NO_CLASSIFIER = "The selected run is not a classifier; choose a classification run."
FILE_TITLE = "Classify a file"
FILE = "Table with a text column; with a label column, predictions are scored"
CLASSIFY_FILE = "Classify the file"
NO_FILE = "No file is given; upload a CSV, Excel, JSON or text file."
NO_TEXTS = "The file has no texts; upload a table with a text column."
PAIRS = "The file has pairs of texts, which this panel cannot classify; use classify_texts in a notebook."
CSV = "Download all rows (CSV)"
COLUMNS = ("Text", "Label", "Base", "Tuned")

RANK_TITLE = "Rank answers"
RANK_WORDS = (
    "Each answer is scored by its mean log-probability per token after the question, as in T-Few; the shares are the"
    " softmax of these scores."
)
RANK_QUESTION, RANK_CHOICES, RANK_CHOICES_INFO = "Question", "Answers", "One per line"
RANK = "Rank"
NO_ADAPTER_TO_RANK = "There is no adapter to rank with; train one or choose another run."


def rank_count(count: int, most: int) -> str:
    """Say how many answers can be ranked."""
    return f"{count} different answers were given; give 2 to {most}, one per line."


def lead(kind: str, names: Sequence[str], of: str = "texts") -> str:
    """Say what the adapter predicts."""
    chance = "The head of the base model is untrained, so its predictions are random."
    if kind == "number":
        return f"The adapter predicts a number for a text ({names[0]}). {chance}"
    listed = ", ".join(names[:6]) + (" and others" if len(names) > 6 else "")
    what = {"words": "each word of a text", "images": "an image"}.get(of, "a text")
    return f"The adapter predicts one of {len(names):,} labels for {what}: {listed}. {chance}"


def wrong_input(of: str) -> str:
    """Say that the adapter classifies something else than the given input."""
    task = {"images": "image classification"}.get(of, "text classification")
    return f"The selected run does not classify {of}; choose a run of {task}."


def others(count: int) -> str:
    """Say how many labels are not shown."""
    return f"and {count:,} more label{'s' if count > 1 else ''}"


def classifying(done: int, of: int) -> str:
    """Say how far the file is."""
    return f"Classifying: {done:,} of {of:,} texts"


def too_many(rows: int, most: int) -> str:
    """Say that a file is too long."""
    alternative = "Split it, or use classify_texts in a notebook."
    return f"The file has {rows:,} rows; at most {most:,} are classified here. {alternative}"


def classified_rows(rows: int, judged: int) -> str:
    """Say what was done."""
    how = f"; {judged:,} have a label to compare with" if judged else "; the file has no label column to compare with"
    return f"{rows:,} texts classified{how}."


def right(base: str, tuned: str) -> str:
    """Say how often each model was right."""
    return f"Accuracy: base {base}, tuned {tuned}."


def errors(base: float, tuned: float) -> str:
    """Say how far each model is off."""
    return f"Mean absolute error: base {base:.3g}, tuned {tuned:.3g}."


def unknown(names: Sequence[str]) -> str:
    """Say that the file has labels the adapter never learned."""
    listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"The adapter does not know {listed}: these rows count as errors."


def not_a_number(cell: str) -> str:
    """Say that a label is not a number."""
    return f"The label {cell[:40]!r} in the file is not a number, and this adapter predicts numbers."


def first_rows(listed: int, of: int) -> str:
    """Say how many rows are listed."""
    return f"The first {listed:,} of {of:,} rows" if of > listed else "All rows"
