"""What does the panel for classifiers say?"""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "Try it"
TEXT = "Text"
SORT = "Sort it"
EMPTY = "There is no text to sort; write one."
NO_CLASSIFIER = "What is shown sorts no texts; choose a run that learned labels."
FILE_TITLE = "Sort a file of texts"
FILE = "A table with a column of texts; with one of labels too, the answers are judged"
SORT_FILE = "Sort the file"
NO_FILE = "No file was chosen; choose a CSV, Excel, JSON or text file."
NO_TEXTS = "The file holds no texts; give a table with a column of them."
PAIRS = "The file holds pairs of texts, which this panel cannot sort; use sort_texts from a notebook."
CSV = "Download all rows (CSV)"
COLUMNS = ("Text", "Label given", "Base", "Tuned")

RANK_TITLE = "Rank answers you give"
RANK_WORDS = (
    "Each answer counts by its mean log-probability a token after the question, as T-Few answers questions with"
    " choices; shares are the softmax of these means."
)
RANK_QUESTION, RANK_CHOICES, RANK_CHOICES_INFO = "Question", "Answers", "One a line"
RANK = "Rank them"
RANK_NOBODY = "There is no adapter to rank with; train one, or choose another run."


def rank_count(count: int, most: int) -> str:
    """Say how many answers can be ranked."""
    return f"{count} different answers were given; give 2 to {most}, one a line."


def lead(kind: str, names: Sequence[str]) -> str:
    """Say what the adapter makes of a text."""
    if kind == "number":
        return f"The adapter gives a text a number ({names[0]}). The base model's head learned nothing: chance."
    listed = ", ".join(names[:6]) + (" and others" if len(names) > 6 else "")
    return (
        f"The adapter sorts a text into {len(names):,} labels: {listed}. The base model's head learned nothing, so its"
        " answer is chance."
    )


def others(count: int) -> str:
    """Say how many labels are not shown."""
    return f"and {count:,} more label{'s' if count > 1 else ''}"


def sorting(done: int, of: int) -> str:
    """Say how far the file is."""
    return f"Sorting: {done:,} of {of:,} texts"


def too_many(rows: int, most: int) -> str:
    """Say that a file is too long."""
    return f"The file has {rows:,} rows; up to {most:,} are sorted here. Cut it, or use sort_texts from a notebook."


def sorted_rows(rows: int, judged: int) -> str:
    """Say what was done."""
    how = f"; {judged:,} of them have a label to compare with" if judged else "; it has no column of labels to compare"
    return f"{rows:,} texts sorted{how}."


def right(base: str, tuned: str) -> str:
    """Say how often each model was right."""
    return f"Right: base {base}, tuned {tuned}."


def errors(base: float, tuned: float) -> str:
    """Say how far each model is off."""
    return f"Mean absolute error: base {base:.3g}, tuned {tuned:.3g}."


def unknown(names: Sequence[str]) -> str:
    """Say that the file has labels the adapter never learned."""
    listed = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    return f"The adapter never learned {listed}: these rows count as wrong."


def no_number(cell: str) -> str:
    """Say that a label is not a number."""
    return f"The file's label {cell[:40]!r} is not a number, and this adapter gives texts numbers."


def first_rows(shown: int, of: int) -> str:
    """Say how many rows are shown."""
    return f"The first {shown:,} of {of:,} rows" if of > shown else "All rows"
