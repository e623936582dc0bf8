"""How are data loaded and split into training and held-out examples?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ia3_studio.data.column_use import require_columns, unused_names
from ia3_studio.data.constant_labels import constant_label_note
from ia3_studio.data.example import Example
from ia3_studio.data.examples import read_examples
from ia3_studio.data.image_files import ImageFile, image_examples, images_fingerprint
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.large import is_large, load_large, read_head
from ia3_studio.data.listed_answers import listed_answer_note
from ia3_studio.data.listed_images import find_images
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.near_labels import near_note
from ia3_studio.data.parsing import NOT_READ
from ia3_studio.data.sampled import read_sample, sample_rows
from ia3_studio.data.shapes.recognize import unused_sentences
from ia3_studio.data.split import DataSplit, drawn_split, given_split, split_as_named
from ia3_studio.data.table import ParsingOptions, Table, read_table
from ia3_studio.data.unlabeled import unlabeled_note
from ia3_studio.errors import DataError
from ia3_studio.typed import typed

LIGHTHOUSE = "lighthouse"
HARBOUR = "harbour"
LOGBOOK = "logbook"
BEACON = "beacon"


@dataclass(frozen=True)
class StarterData:
    """A bundled data set."""

    name: str
    description: str


STARTERS = (
    StarterData(LIGHTHOUSE, "Lighthouse keeper (chat style): 200 short answers in one distinctive style, 24 held out"),
    StarterData(HARBOUR, "Harbour letters (classification): 480 short letters in 20 classes, 120 held out"),
    StarterData(LOGBOOK, "Radio calls (text-to-text): 240 radio calls, each rewritten as a log entry, 40 held out"),
    StarterData(BEACON, "Short answers (preferences): 179 pairs, short answers preferred to padded ones, 40 held out"),
)


@dataclass(frozen=True)
class DataChoice:
    """The data source, and parsing options that override auto-detection."""

    source: str
    """A starter's name, or the path of a file, an archive or a folder."""
    mapping: Mapping | None = None
    parsing: ParsingOptions | None = None

    def load(self, held_out: float = 0.1, seed: int = 0) -> DataSplit:
        """Read the data, as :func:`load_data`."""
        return load_data(self.source, held_out=held_out, seed=seed, mapping=self.mapping, parsing=self.parsing)

    def look(self, held_out: float = 0.1, seed: int = 0) -> DataSplit:
        """Read the data for a preview: of a large file the beginning, of very many rows a sample."""
        path = Path(self.source)
        if _is_starter(self.source) or find_images(path):
            return self.load(held_out, seed)
        return split_table(path.name, look_at(path, self.parsing), self.mapping, held_out=held_out, seed=seed)

    def to_text(self) -> str:
        """Return the choice as text: the source, or JSON if options are set."""
        return json.dumps(asdict(self)) if self.mapping or self.parsing else self.source

    @classmethod
    def from_text(cls, text: str) -> DataChoice:
        """Read a choice written by :meth:`to_text`.

        Raises:
            DataError: it is not a valid choice.
        """
        if not text.startswith("{"):
            return cls(text)
        try:
            document = json.loads(text)
            return cls(str(document["source"]), mapping_from(document["mapping"]), parsing_from(document["parsing"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"The choice of data cannot be read ({error}); choose the file again.") from error


def mapping_from(document: dict[str, Any] | None) -> Mapping | None:
    """Return a mapping written as JSON.

    Raises:
        ValueError: a field has a value that it cannot have.
    """
    return typed(Mapping, document) if document else None


def parsing_from(document: dict[str, Any] | None) -> ParsingOptions | None:
    """Return parsing options written as JSON.

    Raises:
        ValueError: a field has a value that it cannot have.
    """
    return typed(ParsingOptions, document) if document else None


def load_data(
    source: str | Path,
    *,
    held_out: float = 0.1,
    seed: int = 0,
    mapping: Mapping | None = None,
    parsing: ParsingOptions | None = None,
) -> DataSplit:
    """Load a starter by name, or a file, archive or folder by path, and hold out rows for evaluation.

    A column "split", or the split column of the mapping, decides which rows are held out: its most frequent value is
    used for training, unless its values are names of splits. Labeled rows are stratified by label. The examples of a
    large file (:func:`is_large`) are stored on disk.

    Args:
        held_out: held-out share of the rows of a file, at least one row; starters define their own.
        seed: decides which rows those are.
        mapping: which columns play which part, else guessed by their names and contents.
        parsing: how a file is to be read, where the guess is wrong.

    Raises:
        DataError: the source cannot be read, has nothing to train on, or has fewer than two usable rows.
    """
    if not 0 < held_out < 1:
        raise DataError(f"The held-out share is {held_out}; use a number between 0 and 1, such as 0.1.")
    if _is_starter(source):
        return _load_starter(str(source))
    if is_large(Path(source)):
        return load_large(Path(source), mapping, parsing, held_out, seed)
    if pictures := find_images(Path(source)):
        return split_images(Path(source).name, pictures, held_out=held_out, seed=seed)
    return split_table(Path(source).name, read_table(source, parsing), mapping, held_out=held_out, seed=seed)


def split_table(
    name: str, table: Table, mapping: Mapping | None = None, *, held_out: float = 0.1, seed: int = 0
) -> DataSplit:
    """Set rows of a table aside, as :func:`load_data` does with a file.

    Args:
        name: what the table is called.
        mapping: which columns play which part, else guessed.

    Raises:
        DataError: it has nothing to train on, fewer than two usable rows, or not the columns of the mapping.
    """
    with _naming_what_is_left(table):
        mapping = mapping or infer_columns(sample_rows(table))
        require_columns(table, mapping)
        examples, problems = read_examples(table, mapping)
        given = given_split(table, mapping, examples)
        train, measured, notes = (*given, ()) if given else drawn_split(examples, held_out, seed)
    description = f"{name}: {table.description}"
    return DataSplit(
        train, measured, tuple(problems), description, mapping, table.fingerprint, table.share,
        notes=(*table.notes, *near_note(mapping), *unlabeled_note(mapping, examples),
               *constant_label_note(table, mapping), *listed_answer_note(table, mapping),
               *unused_sentences(table.unused), *notes),
        unused=unused_names(table, mapping, examples),
    )  # fmt: skip


@contextmanager
def _naming_what_is_left(table: Table) -> Iterator[None]:
    """Add the sheets and files that were not read to a sentence on the one that was: the rows may be there.

    Raises:
        DataError: as the body does.
    """
    try:
        yield
    except DataError as error:
        left = [note for note in table.notes if note.startswith(NOT_READ)]
        if not left:
            raise
        raise DataError(" ".join((str(error), *left))) from error


def look_at(path: Path, parsing: ParsingOptions | None = None) -> Table:
    """Read a file as far as is needed to look at it: of a large one the beginning, of very many rows a sample.

    Raises:
        DataError: as :func:`read_table`.
    """
    return read_head(path, parsing) if is_large(path) else read_sample(path, parsing)


def _is_starter(source: str | Path) -> bool:
    return str(source) in {starter.name for starter in STARTERS}


def split_images(name: str, pictures: Sequence[ImageFile], *, held_out: float = 0.1, seed: int = 0) -> DataSplit:
    """Split images of a folder or a zip, as :func:`load_data` does.

    Raises:
        DataError: none of them can be read, fewer than two, or all are of one class.
    """
    known = [picture for picture in pictures if picture.label]
    examples, problems = image_examples(known)
    if len({label for example in examples for label in example.labels}) == 1 and len(examples) > 1:
        raise DataError(
            f"All images of {name} that can be read are of one class ({examples[0].labels[0]}); put the images of each "
            "class into a folder of its name."
        )
    splits = {number: picture.split for number, picture in enumerate(known, start=1)}
    given = split_as_named(examples, splits)
    train, measured, notes = (*given, ()) if given else drawn_split(examples, held_out, seed)
    classes = len({label for example in examples for label in example.labels})
    said_by = next((picture.said_by for picture in known if picture.said_by), "")
    what = f"classes by {said_by}" if said_by else "folders"
    description = f"{name}: {len(examples):,} images in {classes:,} {what}"
    mapping, fingerprint = Mapping("pictures", answer=said_by), images_fingerprint(known)
    without = len(pictures) - len(known)
    notes = (*((f"Not used: {without:,} images without a class in {said_by}.",) if without else ()), *notes)
    return DataSplit(train, measured, tuple(problems), description, mapping, fingerprint, notes=notes)


def _load_starter(name: str) -> DataSplit:
    table, mapping, train = _read_starter(name)
    _table, _mapping, measured = _read_starter(f"{name}.held_out")
    description = next(starter.description for starter in STARTERS if starter.name == name)
    return DataSplit(tuple(train), tuple(measured), (), description, mapping, table.fingerprint)


def _read_starter(name: str) -> tuple[Table, Mapping, list[Example]]:
    with as_file(files("ia3_studio.data").joinpath("starters", f"{name}.jsonl")) as path:
        table = read_table(path)
    mapping = infer_columns(table)
    examples, _problems = read_examples(table, mapping)
    return table, mapping, examples
