"""How are all runs listed, ranked and compared?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import RunError
from ia3_studio.insight.curves import Point
from ia3_studio.insight.figures import overlay_figure, pareto_figure
from ia3_studio.runs.comparison import curve_of, differing
from ia3_studio.runs.history import RunRecord, matching, ranked, records
from ia3_studio.ui import text
from ia3_studio.ui.markup import note, table

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from pandas import DataFrame

    from ia3_studio.ui.session import Studio

MAX_COMPARED = 8
_LAST_TIME = 2.0**40
"""A later time, in a damaged record, has no date."""


@dataclass(frozen=True)
class Comparison:
    """Several runs, compared, as the page shows them."""

    ranking: str
    settings: str
    curves: go.Figure | None
    pareto: go.Figure | None


def search_runs(studio: Studio, words: str | None) -> list[RunRecord]:
    """Return the runs that match the words, newest first."""
    return matching(records(studio.store), words or "")


def history_frame(found: Sequence[RunRecord]) -> DataFrame:
    """Return runs as the table of the page; numbers stay numbers, so that columns are sorted by value."""
    from pandas import DataFrame

    return DataFrame([_line(record) for record in found], columns=list(text.HISTORY_COLUMNS))


def _line(record: RunRecord) -> tuple[Any, ...]:
    held_out, base = (record.tuned, record.base) if record.tuned is not None else (record.loss, record.base_loss)
    interval = f"{record.low:.3f} to {record.high:.3f}" if record.low is not None and record.high is not None else ""
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(min(max(record.created_at, 0.0), _LAST_TIME)))
    return (
        record.name, record.state, _rounded(held_out), _rounded(base), interval, record.verdict, record.model,
        record.data, record.sites, record.learning_rate, record.epochs, record.batch_size, record.seed, record.step,
        record.parameters, round(record.seconds), record.kilobytes, ", ".join(record.tags), started, record.id,
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def compare(studio: Studio, found: Sequence[RunRecord], cost: str) -> Comparison:
    """Compare runs.

    Args:
        found: the runs, of which the best ``MAX_COMPARED`` are compared.
        cost: the field of a record on the x axis.
    """
    if len(found) < 2:
        return Comparison(note(text.COMPARE_EMPTY), "", None, None)
    order = ranked(found)[:MAX_COMPARED]
    runs = [studio.store.open(record.id) for record in order]
    rows = differing(runs)
    settings = (
        table(("", *(record.name for record in order)), [(name, *values) for name, values in rows], text.DIFFERING)
        if rows
        else note(text.SAME_SETTINGS)
    )
    ranking = table(text.RANK_COLUMNS, map(_ranked_line, order), text.COMPARE_TITLE)
    return Comparison(ranking, settings, overlay_figure([curve_of(run) for run in runs]), _pareto(order, cost))


def _ranked_line(record: RunRecord) -> tuple[str, ...]:
    held_out, base = (record.tuned, record.base) if record.tuned is not None else (record.loss, record.base_loss)
    interval = f"{record.low:.3f} to {record.high:.3f}" if record.low is not None and record.high is not None else "–"
    measure = f" {record.measure.lower() if record.measure else text.LOSS_MEASURE}"
    return (
        record.name,
        f"{held_out:.3f}{measure}" if held_out is not None else "–",
        interval,
        f"{base:.3f}" if base is not None else "–",
        record.verdict or "–",
        f"{record.parameters:,}" if record.parameters else "–",
        text.duration(record.seconds),
    )


def _pareto(found: Sequence[RunRecord], cost: str) -> go.Figure | None:
    """Draw results over a cost, for the runs with the same measure as the best one."""
    names = {field: name for name, field in text.COSTS}
    if cost not in names:
        raise RunError(f"{text.COST_LABEL} is {cost[:40]!r}; choose one from the list.")
    first = found[0]
    points = [
        Point(record.name, float(getattr(record, cost)), result)
        for record in found
        if record.measure == first.measure
        and getattr(record, cost) is not None
        and (result := record.tuned if record.measure else record.loss) is not None
    ]
    if len(points) < 2:
        return None
    return pareto_figure(points, names[cost], first.measure or "held-out loss", first.lower_is_better)
