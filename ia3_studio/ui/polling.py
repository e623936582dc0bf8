"""What changed since a page last looked at its run?

A cursor in the session says how much of the run the page has and what was last sent. One look reads the run's files
and returns only what is new. Which run is shown is kept apart from the cursor and is never written by a look: a look
that is still under way cannot undo a choice made meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING

from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunStatus
from ia3_studio.ui import text
from ia3_studio.ui.components.chart_points import chart_delta
from ia3_studio.ui.components.run_list import RunRow, list_json
from ia3_studio.ui.components.run_strip import Choice, StripView
from ia3_studio.ui.current_run import CurrentRun, base_model_of, find_or_none, import_key, imported, run_key

if TYPE_CHECKING:
    from ia3_studio.ui.session import Studio

BUSY, IDLE, HIDDEN = 1.0, 5.0, 15.0
"""Seconds between two looks: while any run is active, while none is, and of a tab that nobody sees."""
LOOKS_A_SECOND = 5.0
"""Looks that all pages together may take: each costs some 11 ms of a core that a run could use."""
CROWD_SECONDS = 30.0
"""After how long without a look a page is taken to be gone."""
LISTED = 10
"""Runs that the bar and the Train tab offer, so that a look with news stays below 5 kB; the Runs tab has all."""
LOG_LINES = 200

Listed = Sequence[tuple[Run, RunStatus]]


@dataclass(frozen=True)
class Cursor:
    """How far one page has followed the run it shows."""

    key: str = ""
    """What it follows, as in :mod:`ia3_studio.ui.current_run`."""
    offset: int = 0
    """Bytes of the metrics file read."""
    mark: int = 0
    """Which metrics file that was: a resumed run has another."""
    points: int = 0
    """Steps sent to the chart."""
    strip: str = ""
    rows: str = ""
    log: str = ""
    told: str = ""


@dataclass
class Crowd:
    """The pages that look at this app; the more there are, the rarer each looks."""

    _seen: dict[str, float] = field(default_factory=dict)

    def pause(self, session: str, wanted: float, now: float) -> float:
        """Note that a page looks; return after how many seconds it should look again.

        Args:
            session: names the page.
            wanted: how soon it would look if it were alone.
            now: seconds of a clock that never jumps.
        """
        self._seen[session] = now
        if len(self._seen) > 1:
            self._seen = {name: at for name, at in list(self._seen.items()) if now - at < CROWD_SECONDS}
        return max(wanted, len(self._seen) / LOOKS_A_SECOND)


@dataclass(frozen=True)
class View:
    """What a page has to draw anew; None where nothing changed."""

    cursor: Cursor
    strip: str | None
    rows: str | None
    log: str | None
    told: str | None
    """What there is to know about the newest step that has something to say."""
    chart: str
    """Always said: what the chart has not got yet, or only how the run is."""
    active: bool
    """Whether the run shown is active."""
    resumable: bool
    """Whether it ended early and can go on."""
    pause: float
    """Seconds until the next look is worth it."""


def look(studio: Studio, key: str, cursor: Cursor) -> View:
    """Return what changed on a page that shows ``key``."""
    listed = [(run, run.status()) for run in studio.store.list()[:LISTED]]
    shown = find_or_none(studio, key)
    status = shown.run.status() if shown and shown.run else None
    active = bool(status and status.active)
    mark = shown.run.metrics_mark if shown and shown.run else 0
    if (cursor.key, cursor.mark) != (key, mark):
        cursor = replace(cursor, key=key, mark=mark, offset=0, points=0)
        known = ""
    else:
        known = cursor.told
    steps, offset = shown.run.metrics(cursor.offset) if shown and shown.run else ((), 0)
    run_id, total = (shown.run.id, status.total_steps) if shown and shown.run and status else ("", 0)
    strip = strip_view(studio, shown, status, listed).to_json()
    rows = list_json([row(studio, run, status) for run, status in listed], key, text.NO_RUNS)
    log = shown.run.log_tail(LOG_LINES) if shown and shown.run else ""
    told = next((text.step_note(step.step, step.note) for step in reversed(steps) if step.note), known)
    return View(
        Cursor(key, offset, mark, cursor.points + len(steps), strip, rows, log, told),
        strip if strip != cursor.strip else None,
        rows if rows != cursor.rows else None,
        log if log != cursor.log else None,
        told if told != cursor.told else None,
        chart_delta(run_id, steps, cursor.points, total, active),
        active,
        bool(status and status.resumable),
        BUSY if any(status.active for _run, status in listed) else IDLE,
    )


def newest_key(studio: Studio) -> str:
    """Return the key of the newest active run, else of the newest run; empty when there is none."""
    runs = studio.store.list()[:LISTED]
    active = next((run for run in runs if run.status().active), None)
    chosen = active or (runs[0] if runs else None)
    return run_key(chosen.id) if chosen else ""


def strip_view(studio: Studio, shown: CurrentRun | None, status: RunStatus | None, listed: Listed) -> StripView:
    """Return what the bar above the tabs says."""
    choices = [Choice(run_key(run.id), text.run_label(run.id, run.name), text.RUNS) for run, _status in listed]
    choices += [
        Choice(import_key(folder), text.import_name(base_model_of(folder), folder.name), text.IMPORTED)
        for folder in imported(studio)
    ]
    if shown and shown.key not in {choice.key for choice in choices}:  # an older run, chosen on the Runs tab
        label = text.run_label(shown.run.id, shown.name) if shown.run else shown.name
        choices.insert(0, Choice(shown.key, label, text.RUNS))
    if shown is None:
        return StripView("idle" if choices else "", text.NOTHING_SHOWN, None, False, "", choices)
    if status is None:
        return StripView("import", text.import_shown(shown.name), None, False, shown.key, choices)
    use = f" · {text.use_of(*astuple(status.usage))}" if status.active and status.usage.memory else ""
    sentence = f"{shown.name}: {status.message}{use}"
    return StripView(status.state, sentence, status.progress, status.active, shown.key, choices)


def row(studio: Studio, run: Run, status: RunStatus) -> RunRow:
    """Return one line of the run list."""
    return RunRow(
        run_key(run.id),
        status.state,
        status.message,
        run.name,
        model_of(run),
        f"{status.step:,} / {status.total_steps:,}" if status.total_steps else "–",
        text.before_after(*studio.outcomes.of(run, status.is_trained)[:2]),
        text.duration(status.seconds),
        text.age(status.created_at),
    )


def model_of(run: Run) -> str:
    """Return the last part of a run's model source, as far as it can be read."""
    try:
        return run.config.model.rstrip("/").rpartition("/")[2]
    except RunError:
        return "–"
