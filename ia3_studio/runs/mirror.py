"""How does a run's folder on another machine appear here, without a folder that both share?

The other machine tells what has changed since it was last asked; here the changes are made in an order in which a
reader sees a run as a worker of this machine would have left it. What another machine sends is checked like any
stranger's: only the files of a run, only so many bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from ia3_studio.atomic import replacing
from ia3_studio.errors import RunError
from ia3_studio.runs.folder import RunFolder, WorkerStatus, write_json
from ia3_studio.typed import typed_or_none

STATUS, CHECKPOINT = "status.json", "checkpoint.safetensors"
GROWING = ("metrics.jsonl", "log.txt")
"""Files that a worker appends to."""
KNOWN = re.compile(
    r"(status|split|environment|original_environment|evaluation|queue_position)\.json|metrics\.jsonl|log\.txt"
    r"|checkpoint\.safetensors|adapters/step-\d{8}/[A-Za-z0-9_][A-Za-z0-9_.-]*"
)
"""What another machine may write here. The settings, the data and the stop are told it, not by it."""
MOST_BYTES = 2 * 2**30
"""Of one answer. An adapter with modules that are trained in full may have hundreds of megabytes."""

FileVersion = tuple[int, int, int]
"""Inode, size and time of change in nanoseconds."""
Versions = dict[str, FileVersion]
"""Path in the run's folder → what is known of the file."""


@dataclass(frozen=True)
class Change:
    """One file that is new, longer, other, or gone."""

    path: str
    content: bytes | None
    """None if the file is gone."""
    offset: int = 0
    """Bytes of the file that stay before this content."""


def changes_of(folder: Path, known: Mapping[str, FileVersion]) -> tuple[list[Change], Versions]:
    """Return what has changed in a run's folder, and what is known of it now.

    The status is read first and the metrics last: a checkpoint never belongs to steps that are missing here.
    """
    changes: list[Change] = []
    versions: Versions = {}
    for path in sorted(_paths(folder), key=_rank):
        name = path.relative_to(folder).as_posix()
        with suppress(FileNotFoundError), path.open("rb") as file:
            found = os.fstat(file.fileno())
            version = found.st_ino, found.st_size, found.st_mtime_ns
            before = known.get(name)
            if version == before:
                versions[name] = version
                continue
            goes_on = name in GROWING and before is not None and before[0] == version[0] and before[1] <= version[1]
            offset = before[1] if goes_on and before is not None else 0
            file.seek(offset)
            content = file.read(found.st_size - offset)
            versions[name] = found.st_ino, offset + len(content), found.st_mtime_ns
            changes.append(Change(name, content, offset))
    gone = [Change(name, None) for name in known if name not in versions]
    return changes + gone, versions


def content_of(folder: Path) -> dict[str, bytes]:
    """Return what another machine needs to begin or go on with a run: path → content."""
    files = RunFolder(folder)
    status = files.read_status()
    begins_again = status is not None and status.phase == "resuming"
    paths = [path for path in _paths(folder) if path.name != STATUS or begins_again]
    paths += [files.config, files.launch, *(path for path in files.data.rglob("*") if path.is_file())]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def apply_changes(folder: Path, changes: Sequence[Change], ahead: float = 0.0) -> None:
    """Make the changes of another machine in a run's folder.

    Args:
        folder: the run's.
        changes: as :func:`changes_of` told them.
        ahead: seconds by which the other machine's clock is ahead; its times are told by the clock here.

    Raises:
        RunError: they contain a file that no run has, or too much.
        OSError: a file cannot be written.
    """
    for change in changes:
        if not KNOWN.fullmatch(change.path):
            raise RunError(
                f"A node sent {change.path[:80]!r}, which is not a file of a run; the run was not continued."
            )
    if sum(len(change.content or b"") for change in changes) > MOST_BYTES:
        raise RunError(f"A node sent more than {MOST_BYTES // 2**30} GB at once; the run was not continued.")
    ordered = sorted(changes, key=lambda change: _rank(Path(change.path)), reverse=True)
    adapters: dict[str, dict[str, bytes]] = {}
    for change in ordered:
        step, _, name = change.path.removeprefix("adapters/").partition("/")
        if change.path.startswith("adapters/") and change.content is not None:
            adapters.setdefault(step, {})[name] = change.content
    files = RunFolder(folder)
    for step, contents in adapters.items():
        files.keep_adapter(int(step.removeprefix("step-")), partial(_write_all, contents))
    for change in ordered:
        if change.path.startswith("adapters/"):
            if change.content is None:
                shutil.rmtree(folder / "adapters" / change.path.split("/")[1], ignore_errors=True)
        elif change.path == STATUS and change.content is not None:
            _write_status(files, change.content, ahead)
        else:
            _write(folder / change.path, change)


def _write(path: Path, change: Change) -> None:
    if change.content is None:
        path.unlink(missing_ok=True)
    elif change.offset:
        with path.open("r+b") as file:
            file.truncate(change.offset)
            file.seek(change.offset)
            file.write(change.content)
    else:
        with replacing(path) as part:
            part.write_bytes(change.content)


def _write_all(contents: Mapping[str, bytes], folder: Path) -> None:
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def _write_status(files: RunFolder, content: bytes, ahead: float) -> None:
    """Write a worker's status with its times by the clock of this machine."""
    try:
        status = typed_or_none(WorkerStatus, json.loads(content))
    except (ValueError, RecursionError):
        status = None
    if status is None:
        raise RunError("A node sent a status that cannot be read; the run was not continued.")
    started = None if status.started_at is None else status.started_at - ahead
    ended = None if status.ended_at is None else status.ended_at - ahead
    write_json(
        files.status,
        asdict(replace(status, heartbeat_at=status.heartbeat_at - ahead, started_at=started, ended_at=ended)),
    )


def _paths(folder: Path) -> Iterator[Path]:
    for path in (*folder.iterdir(), *folder.glob("adapters/step-*/*")):
        if KNOWN.fullmatch(path.relative_to(folder).as_posix()) and path.is_file():
            yield path


def _rank(path: Path) -> int:
    """Return the place of a file among those that are read; they are written in the opposite order."""
    if path.name in (STATUS, CHECKPOINT):
        return 0 if path.name == STATUS else 1
    return 3 if path.name in GROWING else 2
