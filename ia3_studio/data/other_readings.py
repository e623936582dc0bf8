"""In which other ways could rows be read? The likeliest, each with the first example that it makes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import get_args

from ia3_studio.data.chosen_columns import Kind, likely_columns, task_of
from ia3_studio.data.column_names import UNNAMED, named
from ia3_studio.data.column_profile import Profile, is_plain, kept_profiles, profile, structures_of
from ia3_studio.data.column_use import require_columns
from ia3_studio.data.delimited import FIRST_ROW_NAMES
from ia3_studio.data.example import Example
from ia3_studio.data.examples import decided, read_examples, understood
from ia3_studio.data.infer_columns import all_inferred, infer_columns
from ia3_studio.data.label_names import LABEL_NAMES
from ia3_studio.data.load import look_at
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_names import ANSWER_NAMES, PROMPT_NAMES
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.data.paths import is_listed
from ia3_studio.data.read_texts import LABELED_NAMES
from ia3_studio.data.row_places import places_in
from ia3_studio.data.split_names import SPLIT
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError, OneFileError

MOST_READINGS = 8
"""Ways that are offered: so many are read at a glance."""
_MOST_OF_TABLE = 5
"""Ways to read a table as it is, where there are many to find other rows in its file."""
_ROWS, _LOOKED_AT = 60, 400
"""Rows by which a way is tried, and by which columns are told apart."""
_MOST_COLUMNS, _MOST_TEXTS = 60, 4
"""Columns that are looked at, of a wider table the first, and texts among them that are paired, the longest ones."""
_MOST_TRIED, _MOST_BYTES, _MOST_SECONDS = 12, 8 * 2**20, 2.0
"""Ways to find rows in a file that are tried, each of which reads it, the size up to which it is read again, and the
time after which no other is tried."""
_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Reading:
    """A way to read data, and what it makes of the first row."""

    mapping: Mapping
    example: Example
    parsing: ParsingOptions | None = None
    """How the file is read; None where all is detected."""


def ways_to_read(source: str | Path, parsing: ParsingOptions | None = None) -> tuple[Reading, ...]:
    """Return the likeliest ways to read a file, an archive or a folder: the detected one first, unless it is refused.

    Pass the mapping and the parsing options of one of them to :func:`load_data`.

    Args:
        source: the path.
        parsing: what is known of how it is to be read.

    Raises:
        DataError: the file is absent, empty, damaged or of another kind, and there is no way to read it.
    """
    path, table, refusal = Path(source), None, None
    files: tuple[str, ...] = ()
    first: list[Reading] = []
    try:
        table = look_at(path, parsing)
        detected = infer_columns(table)
        first = [Reading(detected, example, parsing) for example in read_examples(_beginning(table), detected)[0][:1]]
    except DataError as error:
        refusal, files = error, error.files if isinstance(error, OneFileError) else ()
    others = other_readings(path, table, first[0].mapping if first else None, parsing, files) if path.exists() else ()
    if refusal and not others:
        raise refusal
    return (*first, *others)


def other_readings(
    path: Path,
    table: Table | None,
    used: Mapping | None,
    parsing: ParsingOptions | None = None,
    files: Sequence[str] = (),
    places: Sequence[str] | None = None,
) -> tuple[Reading, ...]:
    """Return the likeliest ways to read a file, an archive or a folder other than the one in use.

    Where a table was read, its columns may play other parts. A file may have other rows: those of another speaker,
    file or sheet, at another place of a document, in another form of a text. Where there are many of both, some of
    each are offered.

    Args:
        path: the data.
        table: their rows, if they were read.
        used: which columns play which part; None where the data are refused.
        parsing: how they were read.
        files: the files of which one can be chosen, where none was read.
        places: the places in the file that could have its rows, as :func:`places_in` finds them, if they are known.
    """
    tried = _beginning(table) if table else None
    made = {_content(_examples(tried, used))} if tried and used else set()
    of_table = list(islice(_of_table(table, made, parsing), MOST_READINGS)) if table else []
    places = places_in(path) if places is None else places
    ways = _other_parsings(table, parsing or ParsingOptions(), files, places)
    of_file = list(islice(_of_file(path, ways, made), MOST_READINGS))
    most = max(_MOST_OF_TABLE, MOST_READINGS - len(of_file))
    return (*of_table[:most], *of_file)[:MOST_READINGS]


def _of_table(table: Table, made: set[str], parsing: ParsingOptions | None) -> Iterator[Reading]:
    """Yield the ways to read the columns of a table, the likeliest first.

    First those that rules find by the names and the contents of the columns, in the order of these rules; then each
    other task by its likeliest columns; then what other columns could be. A way that makes the same examples as
    another, or none of most rows, is none.
    """
    tried = _beginning(table)
    begun = time.monotonic()
    with kept_profiles():
        for mapping in _candidates(_small(table)):
            if time.monotonic() - begun > _MOST_SECONDS:
                return
            examples = _examples(tried, mapping)
            if _fits(examples, mapping, tried) and (content := _content(examples)) not in made:
                made.add(content)
                yield Reading(mapping, examples[0], parsing)


def _other_parsings(
    table: Table | None, parsing: ParsingOptions, files: Sequence[str], places: Sequence[str]
) -> list[ParsingOptions]:
    """Return the ways to parse a file that give other rows: another speaker, sheet, header or place."""
    ways = [replace(parsing, speaker=name) for name in (table.speakers if table else ()) if name != parsing.speaker]
    sheets = [name for name in (table.sheets if table else files) if name != parsing.sheet]
    ways += [replace(parsing, sheet=name) for name in sheets]
    if table and parsing.header is None and _may_lack_header(table):
        ways.append(replace(parsing, header=0))
    return [*ways, *(ParsingOptions(encoding=parsing.encoding, rows=place) for place in places)]


def _of_file(path: Path, ways: Sequence[ParsingOptions], made: set[str]) -> Iterator[Reading]:
    """Yield what some ways to parse a file find in it, each by the likeliest of its columns."""
    if _bytes_of(path) > _MOST_BYTES:
        return
    begun = time.monotonic()
    for way in ways[:_MOST_TRIED]:
        if time.monotonic() - begun > _MOST_SECONDS:
            return
        with suppress(DataError):  # nothing is there
            found = look_at(path, way)
            yield from islice(_of_table(found, made, way), 1)


def _may_lack_header(table: Table) -> bool:
    """Say whether the first row of a delimited table, which is read as the names of columns, may be data as well."""
    if any(note.startswith(FIRST_ROW_NAMES) for note in table.notes):
        return True
    columns = [str(name) for name in table.frame.columns]
    known = named(columns, (*LABELED_NAMES, *PROMPT_NAMES, *ANSWER_NAMES, *LABEL_NAMES))
    is_small = len(columns) <= _FEW_COLUMNS and "-separated" in table.description
    return is_small and not known and not any(UNNAMED.fullmatch(name) for name in columns)


_FEW_COLUMNS = 3
"""Columns of a table that may be terms, or texts with labels, without names."""


def _small(table: Table) -> Table:
    """Return a table of so many rows and columns as tell in moments what its columns could be."""
    rows = len(table.frame)
    places = sorted(random.Random(0).sample(range(rows), _LOOKED_AT)) if rows > _LOOKED_AT else range(rows)
    return replace(table, frame=table.frame.iloc[list(places), :_MOST_COLUMNS])


def _bytes_of(path: Path) -> int:
    """Return the size of a file, or of the files of a folder, as far as is needed to know that they are large."""
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for each in path.rglob("*"):
        total += each.stat().st_size if each.is_file() else 1
        if total > _MOST_BYTES:
            break
    return total


def _beginning(table: Table) -> Table:
    return replace(table, frame=table.frame.iloc[:_ROWS], problems=(), notes=())


def _candidates(table: Table) -> Iterator[Mapping]:
    columns = [str(name) for name in table.frame.columns if str(name) != SPLIT]
    listed = [name for name in columns if any(map(is_listed, structures_of(table.frame, name)))]
    inferred = all_inferred(table)
    for found in inferred:
        yield found
        if _is_open(found, listed):
            yield _with_lists(table, found)
    for kind in (kind for kind in _KINDS if kind not in map(task_of, inferred)):
        with suppress(DataError):  # the table has nothing for the task
            if likeliest := likely_columns(table, kind):
                yield likeliest
    profiles = [profile(table.frame, name) for name in columns]
    read = named(columns, (*LABELED_NAMES, *PROMPT_NAMES))
    texts = sorted((each for each in profiles if each.is_text), key=lambda each: (each.name not in read, -each.length))
    texts = texts[:_MOST_TEXTS]
    labels = [each for each in profiles if each.is_label or _comes_again(each, len(table.frame))]
    labels.sort(key=lambda each: each.is_identifier)
    yield from (Mapping("labels", column=text.name, answer=each.name) for text in texts[:2] for each in labels)
    own = sorted((each.name for each in texts if not each.is_label), key=columns.index)
    answers = list(dict.fromkeys((*own, *listed, *(name for name in columns if not is_plain(table.frame, name)))))
    yield from (
        Mapping("labels", column=each.name, answer=name, target="multi") for each in texts[:2] for name in listed
    )
    pairs = [Mapping("pairs", *pair) for pair in combinations(answers, 2) if pair[0] in own]
    yield from pairs
    yield from (_with_lists(table, found) for found in pairs if _is_open(found, listed))
    yield from (Mapping("text", column=text.name) for text in texts)
    yield from (Mapping("pairs", *pair[::-1]) for pair in combinations(own, 2))


def _is_open(found: Mapping, listed: Sequence[str]) -> bool:
    """Say whether a mapping leaves it open what the lists are that it has as answers, of the columns that hold any."""
    return found.kind == "pairs" and not found.lists and found.answer in listed


def _with_lists(table: Table, found: Mapping) -> Mapping:
    """Return a mapping whose lists are one answer, an entry a line, where they would be several, and the reverse."""
    return replace(found, lists="several" if decided(table, found).lists == "lines" else "lines")


def _comes_again(each: Profile, rows: int) -> bool:
    """Say whether most values of a column stand in another row as well."""
    return each.different > 1 and 2 * each.different <= rows


def _examples(table: Table, mapping: Mapping) -> Sequence[Example]:
    """Return what a mapping makes of rows; nothing where it cannot be used."""
    with suppress(DataError):
        require_columns(table, mapping)
        return understood(table, mapping)[0]
    return ()


def _fits(examples: Sequence[Example], mapping: Mapping, table: Table) -> bool:
    """Say whether most rows make an example, most of them different, and what is learned is no name of the row."""
    different = {replace(example, row=0) for example in examples}
    rows = {example.row for example in examples}
    if len(examples) < _FEWEST or 2 * len(rows) <= len(table.frame) or 2 * len(different) <= len(examples):
        return False
    learned = mapping.answer if mapping.kind == "pairs" or mapping.target == "number" else ""
    used = [profile(table.frame, name) for name in (mapping.column, learned) if name in table.frame.columns]
    if mapping.kind in ("labels", "pairs") and any(each.is_identifier and not each.is_label for each in used):
        return False
    if mapping.kind == "labels" and mapping.target != "number":
        labels = [label for example in examples for label in example.labels]
        return len({example.labels for example in examples}) > 1 and 2 * len(set(labels)) <= len(labels)
    if mapping.kind == "pairs":
        return _REPEATED * len({example.messages[-1].content for example in examples}) > len(examples)
    return True


_FEWEST = 2
"""Examples that a run needs: one to learn from, and one that is held out."""
_REPEATED = 4
"""Times that answers occur on average which are labels."""


def _content(examples: Sequence[Example]) -> str:
    return repr([replace(example, row=0) for example in examples[:3]])
