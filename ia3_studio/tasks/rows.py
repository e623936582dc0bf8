"""How do a run's examples become rows, and what is reported of rows that are cut or left out?

The rows of a large file are made part by part, and lie on disk.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ia3_studio.atomic import replace_text
from ia3_studio.data.arrow_rows import ArrowRows, key_of, open_arrow_rows, reviver, tokenizer_key, write_arrow_rows
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.problem import Problem, skipped_sentences
from ia3_studio.errors import DataError
from ia3_studio.settings import cache_folder

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.split import DataSplit
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.limits import ModelLimits
    from ia3_studio.runs.config import RunConfig

AT_ONCE = 512
"""Examples of a large file that are turned into rows at a time."""
MOST_LISTED = 1_000
"""Rows of a large file that are left out and listed; after them one line says how many more there are."""
MOST_PRINTED = 200
"""Maximum row numbers listed in the log."""
MOST_NOTES = 8
"""Maximum notes before the first step; each part of a large file could add one."""
PROBED_TOKENS = 8
"""Tokens of a row used to test the vectors: about the cost of a forward and backward pass over one short row."""


class Read(Protocol):
    """Rows as model inputs, and what happened to the others."""

    @property
    def rows(self) -> Sequence[Any]:
        """Return the usable rows."""

    @property
    def truncated(self) -> Sequence[int]:
        """Return the numbers of truncated data rows."""

    @property
    def problems(self) -> Sequence[Problem]:
        """Return the skipped data rows, with reasons."""


@dataclass(frozen=True)
class RowSet:
    """Rows as a model takes them, and what happened to the others."""

    rows: Sequence[Any]
    truncated: Sequence[int]
    problems: Sequence[Problem]
    notes: Sequence[Problem] = ()
    """Data rows that are read otherwise than they are written, and how."""


def unused_note(split: DataSplit) -> tuple[str, ...]:
    """Return the sentence that names the columns that play no part, if there are any."""
    return (f"Columns not used: {shown_names(split.unused)}.",) if split.unused else ()


class RowReader:
    """Rows from both parts of the data, and what is said of those that were cut or left out."""

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        self._split = split
        self._config = config
        self.labels: Labels | None = None
        """Labels of a classifier, in output order."""
        self.notes: list[str] = [*split.notes, *unused_note(split)]
        """What a user should know before the first step."""
        self._length = config.train.max_length
        """The max length: the setting, or the model's limit if that is lower."""

    def length_for(self, loaded: LoadedModel) -> int:
        """Return the max length; add a note if the model's limit is lower than the setting."""
        self._length = loaded.limits.capped(self._config.train.max_length)
        if said := length_note(loaded.limits, self._config.train.max_length):
            print(said)
            self.notes.append(said)
        return self._length

    def known(
        self, read: Callable[[Sequence[Example]], Read], loaded: LoadedModel
    ) -> Callable[[Sequence[Example]], Read]:
        """Return a reader that skips rows with tokens beyond the model's embedding.

        Such rows are reported as problems; the reader raises a DataError if no other row is left.
        """
        from ia3_studio.training.fitting import lengths_of

        limits = loaded.limits

        def reading(examples: Sequence[Example]) -> Read:
            try:
                found: Read = _known(read(examples), limits, loaded.tokenizer)
            except DataError as error:
                said = length_note(limits, self._config.train.max_length)
                raise DataError(f"{error} {said}") if said else error from error
            apart = loaded.head == "seq2seq"
            if said := beyond_note(limits, [max(lengths_of(row, apart)) for row in found.rows]):
                print(said)
                if len(self.notes) < MOST_NOTES:
                    self.notes.append(said)
            return found

        return reading

    def say(self, sentence: str) -> None:
        """Add a note, and print it to the log."""
        self.notes.append(sentence)
        print(sentence)

    def read_both(
        self, read: Callable[[Sequence[Example]], Read], tokenizer: Any = None
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out rows; log truncated and skipped rows, with reasons.

        Args:
            tokenizer: used by ``read``; part of the cache key for rows of a large file.

        Raises:
            DataError: there are no training rows, or no held-out rows.
        """
        told = partial(self._usable, read)
        training = self._kept(self._read(told, self._drawn(), tokenizer), "training rows")
        try:
            return training, self._kept(self._read(told, self._split.held_out, tokenizer), "held-out rows")
        except DataError as error:
            raise DataError(f"The held-out rows cannot be evaluated. {error} Hold out more rows.") from error

    row_types: ClassVar[tuple[type, ...]] = ()
    """Of what the rows are; those of a large file are kept on disk and made again from there."""

    @classmethod
    def usable(cls, examples: Sequence[Example], data_kind: str) -> tuple[Sequence[Example], tuple[Problem, ...]]:
        """Return the examples that hold what is trained, and why the others do not.

        Args:
            examples: of one data set.
            data_kind: the kind of its mapping.
        """
        del data_kind
        return examples, ()

    def _usable(self, read: Callable[[Sequence[Example]], Read], examples: Sequence[Example]) -> Read:
        """Return the rows of the examples that hold something to learn, and list the others."""
        kept, problems = self.usable(examples, self._split.mapping.kind)
        if problems and not kept:
            raise DataError(f"No usable row; row {problems[0].row}: {problems[0].reason}.")
        found = read(kept)
        if not problems:
            return found
        return RowSet(found.rows, found.truncated, (*found.problems, *problems), getattr(found, "notes", ()))

    def _drawn(self) -> Sequence[Example]:
        """Return the training examples: a sample if there are more on disk than the steps use."""
        examples, config = self._split.train, self._config.train
        needed = config.max_steps * config.batch_size if config.max_steps else len(examples)
        if not isinstance(examples, ArrowRows) or needed >= len(examples):
            return examples
        self.notes.append(
            f"{needed:,} of {len(examples):,} examples are sampled at random: {config.max_steps:,} steps use no more."
        )
        return examples.at(sorted(random.Random(config.seed).sample(range(len(examples)), needed)))

    def _read(self, read: Callable[[Sequence[Example]], Read], examples: Sequence[Example], tokenizer: Any) -> Read:
        """Return examples as rows; rows of a large file are stored on disk."""
        if not isinstance(examples, ArrowRows):
            return read(examples)
        settings = (type(self).__name__, self._length, self.labels)
        skips = self._config.train.long_rows == "skip"
        return arrow_rows_of(
            read, examples, key_of(*settings, tokenizer_key(tokenizer)), self.row_types, without_truncated=skips
        )

    def _tell(self, notes: Sequence[Problem], what: str) -> None:
        """Add notes on differences between text and tokens: each reason once, with its rows in the log."""
        rows: dict[str, list[int]] = {}
        for note in notes:
            rows.setdefault(note.reason, []).append(note.row)
        for reason, numbers in rows.items():
            print(f"rows {', '.join(map(str, numbers[:MOST_PRINTED]))}: {reason}")
            self.notes.append(f"{len(numbers):,} {what}: {reason}; see the log for the list.")

    def _kept(self, found: Read, what: str) -> Sequence[Any]:
        for sentence in skipped_sentences(found.problems):
            print(sentence)
        if found.problems:
            self.notes.append(f"{len(found.problems):,} {what} are skipped; see the log for the reasons.")
        self._tell(getattr(found, "notes", ()), what)
        if not found.truncated:
            return found.rows
        skips, most = self._config.train.long_rows == "skip", self._length
        done = "skipped" if skips else "truncated"
        print(f"rows {', '.join(map(str, found.truncated[:MOST_PRINTED]))}: longer than {most} tokens, {done}")
        self.notes.append(f"{len(found.truncated):,} {what} are longer than {most:,} tokens and are {done}.")
        already = isinstance(found.rows, ArrowRows)
        rows = [row for row in found.rows if not row.truncated] if skips and not already else found.rows
        if not rows:
            raise DataError(
                f"All {what} are longer than {most:,} tokens and long rows are skipped; truncate them "
                "instead, or raise the max length."
            )
        return rows


def length_note(limits: ModelLimits, asked: int) -> str:
    """Return a note if the model's limit is below the requested length; empty otherwise."""
    most = limits.capped(asked)
    if most >= asked:
        return ""
    return f"The model has {most:,} positions, so rows are limited to {most:,} tokens; the settings ask for {asked:,}."


def beyond_note(limits: ModelLimits, lengths: Sequence[int]) -> str:
    """Return a note if rows exceed the length that a model was trained on; empty otherwise.

    Args:
        limits: the model's.
        lengths: token counts of the training rows.
    """
    most = limits.row
    longer = sum(length > most for length in lengths) if most and not limits.is_hard else 0
    if not longer:
        return ""
    return f"{longer:,} of {len(lengths):,} rows are longer than the {most:,} positions the model was trained on."


def _known(found: Any, limits: ModelLimits, tokenizer: Any) -> Any:
    """Return rows without those with tokens beyond a model's embedding, which become problems."""
    from ia3_studio.models.limits import ADVICE
    from ia3_studio.training.fitting import tokens_of

    unknown = {row.row: tokens for row in found.rows if (tokens := limits.beyond(tokens_of(row)))}
    if not unknown:
        return found
    rows = tuple(row for row in found.rows if row.row not in unknown)
    told = {number: f"{limits.unknown(tokens, tokenizer)}; {ADVICE}" for number, tokens in unknown.items()}
    if not rows:
        raise DataError(f"No usable row: {next(iter(told.values()))}.")
    problems = (*found.problems, *(Problem(number, reason) for number, reason in told.items()))
    return replace(
        found, rows=rows, truncated=tuple(row for row in found.truncated if row not in unknown), problems=problems
    )


@dataclass
class _Noted:
    """What is to be known of rows beside the rows."""

    kind: str = ""
    """Of the rows; empty where there are none."""
    truncated: list[int] = field(default_factory=list)
    problems: list[list[Any]] = field(default_factory=list)
    """The number and the reason of each row left out, the first of them."""
    notes: list[list[Any]] = field(default_factory=list)
    """The number of each row read otherwise than it is written, the first of them, and how."""
    more: int = 0
    """Rows left out that are not listed."""
    error: str = ""
    """Why no row of a part could be used, the first time that was so."""

    def take(self, found: Read) -> None:
        """Note what happened in one part."""
        self.kind = self.kind or type(found.rows[0]).__name__
        self.truncated += found.truncated
        room = max(MOST_LISTED - len(self.problems), 0)
        self.problems += [[problem.row, problem.reason] for problem in found.problems[:room]]
        self.more += len(found.problems[room:])
        room = max(MOST_LISTED - len(self.notes), 0)
        self.notes += [[note.row, note.reason] for note in getattr(found, "notes", ())[:room]]

    def refuse(self, part: Sequence[Example], error: DataError) -> None:
        """Note that no row of a part could be used."""
        self.error = self.error or str(error)
        self.problems.append([part[0].row, str(error).rstrip(".")])
        self.more += len(part) - 1


def arrow_rows_of(
    read: Callable[[Sequence[Example]], Read],
    examples: ArrowRows[Example],
    settings: str,
    types: Sequence[type],
    *,
    without_truncated: bool,
) -> RowSet:
    """Return examples as rows on disk; they are made once for the same examples and settings.

    Args:
        read: makes rows of examples.
        examples: of a large file.
        settings: tells what ``read`` does from what it would do with another tokenizer or limit.
        types: of the rows.
        without_truncated: leave out rows that lost a part.

    Raises:
        DataError: no row can be used.
    """
    key = key_of("rows", examples.key, settings)
    kept = cache_folder() / "data" / f"{key}.arrow"
    about = kept.with_suffix(".json")
    if not (kept.exists() and about.exists()):
        fresh = _Noted()
        write_arrow_rows(_in_parts(read, examples, fresh), kept)
        replace_text(about, json.dumps(asdict(fresh)))
    noted = _Noted(**json.loads(about.read_text(encoding="utf-8")))
    if not noted.kind:
        raise DataError(noted.error or "No usable row.")
    by_name: dict[str, type[Any]] = {kind.__name__: kind for kind in types}
    rows = open_arrow_rows(kept, reviver(by_name[noted.kind]), key, False if without_truncated else None)
    rest = [Problem(0, f"{noted.more:,} more rows for similar reasons")] if noted.more else []
    return RowSet(
        rows,
        noted.truncated,
        [*(Problem(*each) for each in noted.problems), *rest],
        [Problem(*each) for each in noted.notes],
    )


def _in_parts(
    read: Callable[[Sequence[Example]], Read], examples: ArrowRows[Example], noted: _Noted
) -> Iterator[tuple[Any, bool]]:
    """Yield every row, and whether it lost a part."""
    waiting = iter(examples)
    while part := list(islice(waiting, AT_ONCE)):
        try:
            found = read(part)
        except DataError as error:
            noted.refuse(part, error)
            continue
        noted.take(found)
        for row in found.rows:
            yield row, row.truncated
