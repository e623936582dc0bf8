"""What can be done with the run that is shown? Name it, move it in the queue, delete it, start it again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import gradio as gr

from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs import Run
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

ALARMS = {"warning": ("warn", "error", "traceback", "exception", "fail"), "error": ("error", "traceback", "exception")}
"""Words by which a line of the log is told to be of a level, in any case."""
MOST_LINES = 2_000


def describe(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (facts, card, name, tags, note, ways in the queue shown, log) of the run that is shown."""
    shown = find(studio, key)
    if shown is None or shown.run is None:
        return note(text.DESK_EMPTY), gr.update(visible=False), "", "", "", gr.update(visible=False), ""
    run = shown.run
    status, notes = run.status(), run.notes
    use = status.usage
    rows = [(text.DESK_STATE, status.message), (text.DESK_ID, run.id)]
    if not is_public():
        rows.append((text.DESK_FOLDER, str(run.folder)))
    if status.active and use.memory:
        rows.insert(1, (text.DESK_USE, text.use_of(use.memory, use.cpu, use.gpu_memory)))
    return (
        facts(Fact(*row) for row in rows),
        gr.update(visible=True),
        run.name,
        ", ".join(notes.tags),
        notes.note,
        gr.update(visible=status.state == "queued" and studio.store.may_order),
        log_lines(run, "", ""),
    )


def save_about(studio: Studio, key: str, name: str, tags: str, words: str) -> str:
    """Write name, tags and note of the run that is shown; return a note.

    Raises:
        RunError: no run is shown, or a part is refused.
    """
    run = _shown_run(studio, key)
    write_notes(run.files.notes, RunNotes((name or "").strip(), (words or "").strip(), tags_of(tags or "")))
    return note(text.ABOUT_SAVED, "good")


def move_in_queue(studio: Studio, way: Way, key: str) -> str:
    """Move the run that is shown in the queue; return a note.

    Raises:
        RunError: no run is shown, or it does not wait.
    """
    move(studio.store, _shown_run(studio, key), way)
    return note(text.MOVED, "good")


def delete_run(studio: Studio, key: str) -> tuple[str, str]:
    """Put the run that is shown into the bin; return (key shown, note).

    Raises:
        RunError: no run is shown, or it is queued or at work.
    """
    run = _shown_run(studio, key)
    name = run.name
    delete(studio.store, run)
    return "", note(text.deleted_run(name), "good")


def offer_bin(studio: Studio) -> Any:
    """Return the deleted runs to choose from."""
    choices = [(f"{run.name} ({run.id})", run.id) for run in deleted(studio.store)]
    return gr.update(choices=choices, value=None, label=text.BIN_LABEL if choices else text.BIN_EMPTY)


def bring_back(studio: Studio, run_id: str | None) -> tuple[str, str]:
    """Take a run out of the bin; return (key shown, note).

    Raises:
        RunError: none is chosen, or it is not there.
    """
    run = restore(studio.store, _chosen(run_id))
    return run_key(run.id), note(text.restored_run(run.name), "good")


def forget(studio: Studio, run_id: str | None) -> str:
    """Delete a run of the bin for good; return a note.

    Raises:
        RunError: none is chosen, or it is not there.
    """
    delete_for_good(studio.store, _chosen(run_id))
    return note(text.DELETED_FOR_GOOD, "good")


def _chosen(run_id: str | None) -> str:
    if not run_id:
        raise RunError(text.CHOOSE_DELETED)
    return run_id


def _shown_run(studio: Studio, key: str) -> Run:
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.DESK_EMPTY)
    return shown.run


def start_again(
    studio: Studio, request: gr.Request, key: str, rates: str, epochs: str, seeds: str, groups: list[str] | None
) -> Iterator[tuple[Any, str, Any]]:
    """Queue the run that is shown again, in every way that is asked for; yield (key shown, note, words to find)."""
    try:
        run = _shown_run(studio, key)
        tried = Variations(
            tuple(_numbers(text.SWEEP_RATES, rates)),
            tuple(_numbers(text.SWEEP_EPOCHS, epochs)),
            tuple(int(value) for value in _numbers(text.SWEEP_SEEDS, seeds)),
            tuple(groups or ()),
        )
        tag = f"sweep-{secrets.token_hex(3)}" if tried.count > 1 else ""
        made = sweep(studio.store, run, tried, tag, f"{request.session_hash}-{secrets.token_hex(4)}")
        for new in made:
            start(new)
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad"), gr.skip()
        raise
    yield run_key(made[0].id), note(text.sweep_started(len(made), tag), "good"), tag or gr.skip()


def _numbers(label: str, given: str | None) -> list[float]:
    """Return the numbers of a field; none where it is empty.

    Raises:
        RunError: a part of it is no number.
    """
    try:
        return [float(part) for part in (given or "").replace(";", ",").split(",") if part.strip()]
    except ValueError as error:
        raise RunError(text.not_numbers(label, given or "")) from error


def search_log(studio: Studio, key: str, words: str, level: str) -> str:
    """Return the lines of the shown run's log in which every word stands, of a level.

    Raises:
        RunError: no run is shown.
    """
    return log_lines(_shown_run(studio, key), words or "", level or "") or text.NO_SUCH_LINE


def log_lines(run: Run, words: str, level: str) -> str:
    """Return the last lines of a log that match."""
    wanted, alarms = words.casefold().split(), ALARMS.get(level, ("",))
    lines = [
        line
        for line in run.log_tail(MOST_LINES).splitlines()
        if all(word in line.casefold() for word in wanted) and any(alarm in line.casefold() for alarm in alarms)
    ]
    return "\n".join(lines)
