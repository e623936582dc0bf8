"""What can be done with the selected run? Start it once, name it, move it in the queue, delete it, run it again."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import gradio as gr

from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs import Run, RunConfig
from ia3_studio.runs.notes import RunNotes, tags_of, write_notes
from ia3_studio.runs.queue import Way, move
from ia3_studio.runs.rerun import Variations, sweep
from ia3_studio.runs.trash import delete, delete_for_good, deleted, restore
from ia3_studio.settings import is_public
from ia3_studio.ui import text
from ia3_studio.ui.current_run import find, run_key
from ia3_studio.ui.markup import Fact, facts, note
from ia3_studio.ui.session import Studio
from ia3_studio.worker import start

SAME_CLICK = 3.0
"""Seconds within which the same start from the same page is the same click."""
LEVELS = {"warning": ("warn", "error", "traceback", "exception", "fail"), "error": ("error", "traceback", "exception")}
"""Words, in any case, that mark a line of the log as being of a level."""
MAX_LOG_LINES = 2_000


def start_once(studio: Studio, config: RunConfig, page: str) -> str:
    """Create a run and start its worker; return its key.

    The same configuration from the same page is the same run while that run is active; once it has ended, a click
    starts another one.

    Args:
        page: identifies the page the click came from, until it is reloaded.

    Raises:
        RunError: there is no disk space, or the folder cannot be written.
    """
    digest = hashlib.sha256(config.to_json().encode()).hexdigest()
    for number in count():
        run = studio.store.create(config, f"{page}-{digest}-{number}")
        if _is_same_click(run):
            break
    start(run, studio.ready)
    return run_key(run.id)


def _is_same_click(run: Run) -> bool:
    status = run.status()
    return status.active or time.time() - status.created_at < SAME_CLICK


def describe(studio: Studio, key: str, drawn: tuple[str, ...]) -> tuple[Any, ...]:
    """Return (facts, card, name, tags, note, buttons of the queue, log, what is drawn) of the selected run.

    Args:
        key: of the selected run.
        drawn: the run, name, tags and note that the fields were filled with last. Where these are the same, the fields
            are left alone: somebody may be typing in them.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        return note(text.NO_RUN_SELECTED), gr.update(visible=False), "", "", "", gr.update(visible=False), "", ()
    run = current.run
    status, about = run.status(), run.notes
    use = status.usage
    rows = [(text.RUN_STATE, status.message), (text.RUN_ID, run.id)]
    if not is_public():
        rows.append((text.RUN_FOLDER, str(run.folder)))
    several = len({each.host for each in status.processes}) > 1
    if status.active and use.memory:
        rows[1:1] = [
            (text.RUN_RESOURCES, text.usage_of(use.memory, use.cpu, use.gpu_memory, use.gpus)),
            *(
                (
                    text.process_name(rank, each.host if several else ""),
                    text.usage_of(each.memory, each.cpu, each.gpu_memory, each.gpus),
                )
                for rank, each in enumerate(status.processes)
            ),
        ]
    fields = run.name, ", ".join(about.tags), about.note
    return (
        facts(Fact(*row) for row in rows),
        gr.update(visible=True),
        *(fields if drawn != (key, *fields) else [gr.skip()] * len(fields)),
        gr.update(visible=status.state == "queued" and studio.store.may_order),
        log_lines(run, "", ""),
        (key, *fields),
    )


def save_notes(studio: Studio, key: str, name: str, tags: str, words: str) -> str:
    """Write name, tags and note of the selected run; return a note.

    Raises:
        RunError: no run is selected, or one of them is refused.
    """
    run = _selected_run(studio, key)
    write_notes(run.files.notes, RunNotes((name or "").strip(), (words or "").strip(), tags_of(tags or "")))
    return note(text.NOTES_SAVED, "good")


def move_in_queue(studio: Studio, way: Way, key: str) -> str:
    """Move the selected run in the queue; return a note.

    Raises:
        RunError: no run is selected, or it is not queued.
    """
    move(studio.store, _selected_run(studio, key), way)
    return note(text.MOVED, "good")


def delete_run(studio: Studio, key: str) -> tuple[str, str]:
    """Move the selected run to the trash; return (key of the selected run, note).

    Raises:
        RunError: no run is selected, or it is active.
    """
    run = _selected_run(studio, key)
    name = run.name
    delete(studio.store, run)
    return "", note(text.deleted_run(name), "good")


def list_trash(studio: Studio) -> Any:
    """Return the deleted runs to choose from."""
    choices = [(f"{run.name} ({run.id})", run.id) for run in deleted(studio.store)]
    return gr.update(choices=choices, value=None, label=text.TRASH_LABEL if choices else text.TRASH_EMPTY)


def restore_run(studio: Studio, run_id: str | None) -> tuple[str, str]:
    """Restore a run from the trash; return (key of the selected run, note).

    Raises:
        RunError: none is chosen, or it is not in the trash.
    """
    run = restore(studio.store, _chosen(run_id))
    return run_key(run.id), note(text.restored_run(run.name), "good")


def delete_permanently(studio: Studio, run_id: str | None) -> str:
    """Delete a run in the trash permanently; return a note.

    Raises:
        RunError: none is chosen, or it is not in the trash.
    """
    delete_for_good(studio.store, _chosen(run_id))
    return note(text.DELETED_PERMANENTLY, "good")


def _chosen(run_id: str | None) -> str:
    if not run_id:
        raise RunError(text.CHOOSE_DELETED)
    return run_id


def _selected_run(studio: Studio, key: str) -> Run:
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(text.NO_RUN_SELECTED)
    return current.run


def start_sweep(
    studio: Studio, request: gr.Request, key: str, rates: str, epochs: str, seeds: str, groups: list[str] | None
) -> Iterator[tuple[Any, str, Any]]:
    """Run the selected run again, once per combination; yield (key of the selected run, note, words to search for)."""
    try:
        run = _selected_run(studio, key)
        variations = Variations(
            tuple(_numbers(text.SWEEP_RATES, rates)),
            tuple(_numbers(text.SWEEP_EPOCHS, epochs)),
            tuple(int(value) for value in _numbers(text.SWEEP_SEEDS, seeds)),
            tuple(groups or ()),
        )
        tag = f"sweep-{secrets.token_hex(3)}" if variations.count > 1 else ""
        made = sweep(studio.store, run, variations, tag, f"{request.session_hash}-{secrets.token_hex(4)}")
        for each in made:
            start(each, studio.ready)
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad"), gr.skip()
        raise
    yield run_key(made[0].id), note(text.sweep_started(len(made), tag), "good"), tag or gr.skip()


def _numbers(label: str, given: str | None) -> list[float]:
    """Return the numbers in a field, separated by commas.

    Raises:
        RunError: it is not a list of numbers.
    """
    try:
        return [float(part) for part in (given or "").replace(";", ",").split(",") if part.strip()]
    except ValueError as error:
        raise RunError(text.not_numbers(label, given or "")) from error


def search_log(studio: Studio, key: str, words: str, level: str) -> str:
    """Return the lines of the selected run's log that contain every word, and are of a level.

    Raises:
        RunError: no run is selected.
    """
    return log_lines(_selected_run(studio, key), words or "", level or "") or text.NO_SUCH_LINE


def log_lines(run: Run, words: str, level: str) -> str:
    """Return the last lines of a log that match."""
    wanted, marks = words.casefold().split(), LEVELS.get(level, ("",))
    lines = [
        line
        for line in run.log_tail(MAX_LOG_LINES).splitlines()
        if all(word in line.casefold() for word in wanted) and any(mark in line.casefold() for mark in marks)
    ]
    return "\n".join(lines)
