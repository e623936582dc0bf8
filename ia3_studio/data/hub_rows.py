"""How are rows loaded from a Hugging Face Hub data set? Streamed and stored as a file.

`datasets` does the reading; it runs no code of a data set. This module never handles tokens: huggingface_hub reads
HF_TOKEN or its own login by itself.
"""

from __future__ import annotations

import errno
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from ia3_studio.atomic import replacing
from ia3_studio.background import in_background
from ia3_studio.data.archives import MAX_BYTES
from ia3_studio.data.split_names import SPLIT
from ia3_studio.errors import DataError
from ia3_studio.hub_waits import wait_for_seconds_only
from ia3_studio.settings import is_public

PATIENCE = 60.0
"""Timeout in seconds for file lists of the Hub; data sets with many files are slow."""
STANDSTILL = 180.0
"""Seconds without a row after which reading is given up; a row may wait for its whole row group in a Parquet file."""
MOST_ROWS = 1_000_000
BATCH = 500
"""Rows between two words about how far it is, unless they take longer than :data:`BATCH_SECONDS`."""
BATCH_SECONDS = 1.0
_ADDRESS = re.compile(r"(https?://)?(www\.)?(huggingface\.co|hf\.co)/datasets/")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
T = TypeVar("T")
ReportRow = Callable[[str], None]
"""Takes a sentence for the screen."""


def hub_id_of(text: str) -> str:
    """Return the id that a text or an address names.

    Raises:
        DataError: it names none.

    Example:
        >>> hub_id_of("https://huggingface.co/datasets/org/name")
        'org/name'
    """
    name = _ADDRESS.sub("", text.strip(), count=1).rstrip("/")
    if not _HUB_ID.fullmatch(name) or len(name) > 96 or "--" in name or ".." in name:
        raise DataError(f"'{name[:120]}' is not a valid data set id; give an id such as org/name.")
    return name


def configurations(hub_id: str) -> tuple[str, ...]:
    """Return the names of a data set's configurations; most have one.

    Raises:
        DataError: the Hub is unreachable or disabled, or has no such readable data set.
    """
    from datasets import get_dataset_config_names

    return tuple(_asked(hub_id, lambda: get_dataset_config_names(hub_id)))


def splits(hub_id: str, configuration: str) -> tuple[str, ...]:
    """Return the names of a configuration's splits.

    Raises:
        DataError: as :func:`configurations`.
    """
    from datasets import get_dataset_split_names

    return tuple(_asked(hub_id, lambda: get_dataset_split_names(hub_id, configuration)))


def first_rows(hub_id: str, configuration: str, split: str, count: int) -> list[dict[str, Any]]:
    """Return the first rows of a split, which alone are downloaded.

    Raises:
        DataError: as :func:`configurations`.
    """
    return _asked(hub_id, lambda: list(islice(_rows(hub_id, configuration, split), count)))


def fetch(
    hub_id: str, configuration: str, chosen: Sequence[str], most: int, folder: Path, report: ReportRow | None = None
) -> Path:
    """Write the first rows of splits into a file of JSON lines in a folder; return the file.

    With several splits, a split column is added. Labels stored as numbers get their names. Images and audio are
    dropped.

    Args:
        most: rows taken of each split.
        report: called with the progress.

    Raises:
        DataError: as :func:`configurations`; or no row came for minutes, or they are too much in all.
    """
    say = report or (lambda _said: None)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_UNSAFE.sub('-', '-'.join((hub_id, configuration, *chosen)))}.jsonl"
    try:
        with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            for split in chosen:
                named, count = {SPLIT: split} if len(chosen) > 1 else {}, 0
                say(f"Reading {hub_id}, {split}")
                for rows in _safely(hub_id, configuration, split, min(most, MOST_ROWS)):
                    file.writelines(
                        json.dumps({**row, **named}, ensure_ascii=False, default=str) + "\n" for row in rows
                    )
                    count += len(rows)
                    say(f"Reading {hub_id}, {split}: {count:,} rows")
                    if file.tell() > MAX_BYTES:
                        raise DataError(
                            f"The first {count:,} rows of '{hub_id}' have more than {MAX_BYTES / 2**20:,.0f} "
                            "MB; load fewer rows."
                        )
    except OSError as error:
        raise hub_problem(hub_id, error) from error
    return path


def _safely(hub_id: str, configuration: str, split: str, most: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the first rows in batches; convert every failure to an error about the Hub, a standstill included.

    A thread reads them, because nothing bounds how long one row takes: the libraries have timeouts for each request,
    which they repeat.
    """
    with _explained(hub_id):
        rows = islice(_rows(hub_id, configuration, split), most)
        while batch := in_background(lambda: _batch(rows)).result(timeout=STANDSTILL):
            yield batch


def _batch(rows: Iterator[T]) -> list[T]:
    """Take the next rows, at least one if there is one, for about a second."""
    batch: list[T] = []
    began = time.monotonic()
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH or time.monotonic() - began > BATCH_SECONDS:
            break
    return batch


def _rows(hub_id: str, configuration: str, split: str) -> Iterator[dict[str, Any]]:
    from datasets import Audio, Image, Video, load_dataset

    _read_without_login_for_visitors()
    wait_for_seconds_only()
    rows = load_dataset(hub_id, configuration, split=split, streaming=True)
    features = rows.features or rows._resolve_features().features
    media = [name for name, feature in features.items() if isinstance(feature, (Audio, Image, Video))]
    if len(media) == len(features):
        raise DataError(f"'{hub_id}' contains only images or audio; give a data set with text.")
    named = {name: names for name, feature in features.items() if (names := _names(feature))}
    for row in rows.remove_columns(media) if media else rows:
        yield {name: _named(value, named[name]) if name in named else value for name, value in row.items()}


def _names(feature: Any) -> list[str]:
    """Return the label names of a ClassLabel feature; empty for other features."""
    inner = getattr(feature, "feature", feature)
    return list(getattr(inner, "names", None) or [])


def _named(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


def _read_without_login_for_visitors() -> None:
    """Let a public app read without its owner's login, **for the process**: datasets passes no token everywhere."""
    from huggingface_hub import constants

    if is_public():
        constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = True


def _asked(hub_id: str, ask: Callable[[], T]) -> T:
    """Return the Hub's answer, with a timeout."""
    _read_without_login_for_visitors()
    wait_for_seconds_only()
    answer = in_background(ask)
    with _explained(hub_id):
        return answer.result(timeout=PATIENCE)


@contextmanager
def _explained(hub_id: str) -> Iterator[None]:
    import httpx2
    from datasets.exceptions import DataFilesNotFoundError, DatasetGenerationError

    broken = (OSError, httpx2.HTTPError, ValueError, RuntimeError, DatasetGenerationError, DataFilesNotFoundError)
    try:
        yield
    except DataError:
        raise
    except broken as error:
        raise hub_problem(hub_id, error) from error


def hub_problem(hub_id: str, error: BaseException) -> DataError:
    """Return the error message for a data set that could not be loaded from the Hub."""
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from huggingface_hub import errors

    said = _in_short(error)
    if isinstance(error, errors.GatedRepoError) or "gated" in said:
        return DataError(
            f"'{hub_id}' is gated. Accept its terms at https://huggingface.co/datasets/{hub_id}, then set the"
            " environment variable HF_TOKEN to a token of that account and start again."
        )
    if isinstance(error, errors.OfflineModeIsEnabled) or "offline" in said.lower():
        return DataError(f"'{hub_id}' cannot be downloaded because HF_HUB_OFFLINE is set; unset it, or give a file.")
    if isinstance(error, DataFilesNotFoundError) or "scripts" in said:
        return DataError(
            f"'{hub_id}' has no rows in a supported format ({said}); download one of its files and give that file."
        )
    if isinstance(error, (errors.RepositoryNotFoundError, DatasetNotFoundError)):
        return DataError(
            f"Unknown data set '{hub_id}': the Hub has no data set of that name, or it is private. Check the "
            "spelling; for a private one set the environment variable HF_TOKEN."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return DataError(f"The disk became full while reading '{hub_id}'; free some space and try again.")
    if isinstance(error, (ValueError, RuntimeError)):
        return DataError(f"'{hub_id}' cannot be read: {said}.")
    return DataError(f"The Hub could not be reached for '{hub_id}' ({said}); check the connection, or give a file.")


def _in_short(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "request timed out"
    return (str(error).splitlines() or [""])[0][:160].rstrip(".") or type(error).__name__
