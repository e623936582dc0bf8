"""Which rows are skipped, and why? Above a limit the whole file is rejected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ia3_studio.errors import DataError

MOST_DAMAGED = 0.1
"""Largest share of a file's rows that may be damaged; above it the file is of another kind than it seems."""
FEWEST_WHOLE = 4
"""Rows beside which a single damaged one is never too many."""
LONGEST_TEXT = 200
MOST_NUMBERED = 8
"""Rows of one reason whose numbers are given."""


@dataclass(frozen=True)
class Problem:
    """A skipped row and the reason."""

    row: int
    reason: str
    text: str = ""
    """The beginning of the row as it stands in the file, where it could not be read."""


def skipped_sentences(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield a sentence for each reason for which rows are skipped, with the numbers of the first of them.

    Example:
        >>> list(skipped_sentences([Problem(row, "the label (mood) is empty") for row in (3, 5)]))
        ['2 rows are skipped: the label (mood) is empty (rows 3, 5)']
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for problem in problems:
        rows[problem.reason].append(problem.row)
    for reason, numbers in rows.items():
        first = ", ".join(f"{row:,}" for row in numbers[:MOST_NUMBERED])
        more = f" and {len(numbers) - MOST_NUMBERED:,} more" if len(numbers) > MOST_NUMBERED else ""
        if len(numbers) == 1:
            yield f"row {numbers[0]} is skipped: {reason}"
        else:
            yield f"{len(numbers):,} rows are skipped: {reason} (rows {first}{more})"


class UnusableError(Exception):
    """A row that cannot be used; its text is the reason."""


@dataclass(frozen=True)
class Damage:
    """A row that cannot be read."""

    row: int
    """Its place among the data rows, counted from 1."""
    line: int
    """The line of the file where it begins, counted from 1."""
    reason: str
    text: str

    @property
    def problem(self) -> Problem:
        """Return it as a skipped row."""
        return Problem(self.row, f"line {self.line} cannot be read: {self.reason}", self.text[:LONGEST_TEXT])


def clause(error: Exception) -> str:
    """Return the first line of what an error says, to stand within a sentence."""
    if isinstance(error, RecursionError):  # it would speak of Python
        return "its parts lie too deep inside each other"
    return str(error).strip().partition("\n")[0].rstrip(".")


def require_few(name: str, damaged: Sequence[Damage], whole: int) -> None:
    """Refuse a file in which more than a tenth of the rows is damaged.

    Raises:
        DataError: it names the first damaged row, and how many there are.
    """
    if damaged:
        require_few_damaged(name, damaged[0], len(damaged), whole)


def require_few_damaged(name: str, first: Damage, damaged: int, whole: int) -> None:
    """Do what :func:`require_few` does by the number of damaged rows.

    Raises:
        DataError: as :func:`require_few`.
    """
    is_one = damaged == 1 and whole >= FEWEST_WHOLE
    if damaged > MOST_DAMAGED * (whole + damaged) and not is_one:
        more = f"; {damaged - 1:,} more of {whole + damaged:,} rows are damaged too" if damaged > 1 else ""
        raise DataError(f"{name}, line {first.line} cannot be read: {first.reason}{more}. Fix or delete these lines.")


def whole(text: str, part: str) -> str:
    """Return a text that can be written as UTF-8; JSON may hold half of a character, such as "\\ud83d".

    Raises:
        UnusableError: it cannot.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnusableError(f"{part} contains an incomplete character ({error.object[error.start]!r})") from error
    return text
