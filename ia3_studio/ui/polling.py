"""What changed since a page last polled its run?

A cursor in the session says how much of the run the page has and what was last sent. One poll reads the run's files and
returns only what is new. Which run is selected is kept apart from the cursor and is never written by a poll, so that a
poll in progress cannot undo a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING

from ia3_studio.runs import Run, RunStatus
from ia3_studio.runs.history import record_of
from ia3_studio.runs.imported import base_model_of
from ia3_studio.ui import text
from ia3_studio.ui.components.live_chart import chart_delta
from ia3_studio.ui.components.run_strip import Choice, StripView
from ia3_studio.ui.current_run import CurrentRun, find_or_none, import_key, imported_adapters, run_key

if TYPE_CHECKING:
    from ia3_studio.ui.session import Studio

ACTIVE, IDLE, HIDDEN = 1.0, 5.0, 15.0
"""Seconds between two polls: while any run is active, while none is, and of a browser tab in the background."""
POLLS_PER_SECOND = 5.0
"""Polls of all pages together: each needs about 11 ms of a core that a run could use."""
PAGE_TIMEOUT = 30.0
"""Seconds without a poll after which a page counts as closed."""
MAX_LISTED = 10
"""Runs in the strip, so that a poll with changes stays below 5 kB; the Runs tab lists all."""
LOG_LINES = 200

Listed = Sequence[tuple[Run, RunStatus]]


@dataclass(frozen=True)
class Cursor:
    """What one page has received of the run it shows."""

    key: str = ""
    """The run, as in :mod:`ia3_studio.ui.current_run`."""
    offset: int = 0
    """Bytes of the metrics file read."""
    mark: int = 0
    """Identifies the metrics file: a resumed run has another."""
    points: int = 0
    """Steps sent to the chart."""
    strip: str = ""
    listing: str | None = None
    """None before the first poll, which the table of runs needs not be drawn for: opening its tab draws it."""
    log: str = ""
    note: str = ""


@dataclass
class OpenPages:
    """The pages that poll this app; the more there are, the less often each polls."""

    _last_polls: dict[str, float] = field(default_factory=dict)

    def interval(self, session: str, wanted: float, now: float) -> float:
        """Record a poll of a page; return the seconds until its next one.

        Args:
            session: identifies the page.
            wanted: the interval if it were the only page.
            now: seconds of a monotonic clock.
        """
        self._last_polls[session] = now
        if len(self._last_polls) > 1:
            self._last_polls = {name: at for name, at in list(self._last_polls.items()) if now - at < PAGE_TIMEOUT}
        return max(wanted, len(self._last_polls) / POLLS_PER_SECOND)


@dataclass(frozen=True)
class Changes:
    """What changed since the last poll; None where nothing did."""

    cursor: Cursor
    strip: str | None
    listing: str | None
    """Identifies the runs and their states, so that the table of runs is drawn again when one starts or ends."""
    log: str | None
    note: str | None
    """The note of the newest step that has one."""
    chart: str
    """Always sent: the points that the chart does not have yet, or only the state of the run."""
    active: bool
    """Whether the selected run is active."""
    resumable: bool
    """Whether it ended early and can be resumed."""
    interval: float
    """Seconds until the next poll."""


def poll(studio: Studio, key: str, cursor: Cursor) -> Changes:
    """Return what changed on a page on which ``key`` is selected."""
    listed = [(run, run.status()) for run in studio.store.newest(MAX_LISTED)]
    current = find_or_none(studio, key)
    run = current.run if current else None
    status = run.status() if run else None
    mark = run.metrics_mark if run else 0
    known_note = cursor.note
    if (cursor.key, cursor.mark) != (key, mark):
        cursor, known_note = replace(cursor, key=key, mark=mark, offset=0, points=0), ""
    steps, offset = run.metrics(cursor.offset) if run else ((), 0)
    strip = strip_view(studio, current, status, listed).to_json()
    listing = " ".join(f"{each.id}:{its_status.state}" for each, its_status in listed)
    log = run.log_tail(LOG_LINES) if run else ""
    note = next((text.step_note(step.step, step.note) for step in reversed(steps) if step.note), known_note)
    active = bool(status and status.active)
    return Changes(
        Cursor(key, offset, mark, cursor.points + len(steps), strip, listing, log, note),
        strip if strip != cursor.strip else None,
        listing if cursor.listing not in (None, listing) else None,
        log if log != cursor.log else None,
        note if note != cursor.note else None,
        chart_delta(
            run.id if run else "",
            steps,
            cursor.points,
            status.total_steps if status else 0,
            active,
            status.seconds if status else None,
            status.base_so_far if status else None,
        ),
        active,
        bool(status and status.resumable),
        ACTIVE if any(each.active for _run, each in listed) else IDLE,
    )


def newest_key(studio: Studio) -> str:
    """Return the key of the newest active run, or else of the newest run; empty if there is none."""
    runs = studio.store.newest(MAX_LISTED)
    active = next((run for run in runs if run.status().active), None)
    chosen = active or (runs[0] if runs else None)
    return run_key(chosen.id) if chosen else ""


def strip_view(studio: Studio, current: CurrentRun | None, status: RunStatus | None, listed: Listed) -> StripView:
    """Return what the bar above the tabs shows."""
    choices = [Choice(run_key(run.id), text.run_label(run.id, run.name), text.RUNS) for run, _status in listed]
    choices += [
        Choice(import_key(folder), text.import_name(base_model_of(folder), folder.name), text.IMPORTED)
        for folder in imported_adapters(studio)
    ]
    if current and current.key not in {choice.key for choice in choices}:  # an older run, selected on the Runs tab
        label = text.run_label(current.run.id, current.name) if current.run else current.name
        choices.insert(0, Choice(current.key, label, text.RUNS))
    if current is None:
        return StripView("idle" if choices else "", text.STRIP_EMPTY, None, False, "", choices)
    if status is None:
        return StripView("import", text.import_label(current.name), None, False, current.key, choices, True)
    use = f" · {text.usage_of(*astuple(status.usage))}" if status.active and status.usage.memory else ""
    outcome = text.outcome(record_of(current.run)) if current.run and status.state == "finished" else ""
    sentence = f"{current.name}: {status.message}{use or outcome}"
    has_adapter = not status.active and current.adapter is not None
    return StripView(status.state, sentence, status.progress, status.active, current.key, choices, has_adapter)
