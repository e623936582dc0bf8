"""What do the runs of the quality benchmark say? Tables in Markdown, with 95 % intervals.

Intervals are the bootstrap's over test rows; seeds are averaged for each row first. A difference is taken row by row,
so that rows which are hard for every method do not widen its interval.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from quality_costs import PEER
from quality_methods import METHODS
from quality_runs import QualityRun
from quality_search import best_rate, missing_neighbors
from quality_sets import RECIPES

from ia3_studio.training.intervals import Interval, bootstrap

START, END = "<!-- tables of benchmarks/quality.py -->", "<!-- end of tables -->"
"""The marks on a page between which the tables are."""


@dataclass(frozen=True)
class Result:
    """A method at its best learning rate on one set."""

    method: str
    runs: tuple[QualityRun, ...]
    """One for each seed."""
    is_inside: bool
    """Whether a lower and a higher rate were tried and are worse."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """Return the test rows' scores, (rows, seeds)."""
        return np.array([run.test for run in self.runs]).T


@dataclass(frozen=True)
class Setting:
    """Under what conditions methods are compared on one set."""

    set_name: str
    budget: str
    head_rate: float | None
    """The new head's own learning rate."""
    shares_rate: bool
    """Whether a new head has the rate of the rest."""

    @property
    def conditions(self) -> str:
        """Return what is equal for all methods, over all sets."""
        unit = "time" if self.budget.startswith("the time") else "steps"
        return f"equal {unit}, one rate for adapter and new head" if self.shares_rate else f"equal {unit}"

    @property
    def title(self) -> str:
        """Return the heading of the set's table."""
        head = ", one rate for adapter and new head" if self.shares_rate else ""
        return f"{self.set_name}, {self.budget}{head}"


Results = dict[Setting, dict[str, Result]]


def tables(runs: Iterable[QualityRun]) -> Iterator[str]:
    """Yield the lines of all tables: the comparison with LoRA over the sets, and one table for each set."""
    measured = results(list(runs))
    found = finished(measured)
    by_conditions: dict[str, dict[str, dict[str, Result]]] = defaultdict(dict)
    for setting, methods in found.items():
        by_conditions[setting.conditions][setting.set_name] = methods
    for conditions, sets in by_conditions.items():
        yield from comparison(conditions, sets)
    for setting, methods in found.items():
        yield from set_table(setting, methods)
    left_out = [
        f"{METHODS[method].label} ({setting.title})"
        for setting, methods in measured.items()
        for method in methods
        if method not in found.get(setting, {})
    ]
    if left_out:
        yield f"Not finished and left out: {'; '.join(left_out)}."


def finished(measured: Results) -> Results:
    """Return the results that have as many seeds as any other; what has no rate is the same for every seed."""
    seeds = max((len(each.runs) for methods in measured.values() for each in methods.values()), default=0)
    found = {
        setting: {
            method: each for method, each in methods.items() if len(each.runs) == seeds or not each.runs[0].asked.rate
        }
        for setting, methods in measured.items()
    }
    return {setting: methods for setting, methods in found.items() if methods}


def results(runs: Sequence[QualityRun]) -> Results:
    """Return each method's result by setting, in the order of the methods.

    What trains a new head alone belongs to every setting of its set and budget.
    """
    grouped: dict[Setting, dict[str, list[QualityRun]]] = defaultdict(lambda: defaultdict(list))
    alone = [run for run in runs if run.in_head and not run.trained]
    for run in (each for each in runs if each not in alone):
        grouped[setting_of(run)][run.asked.method].append(run)
    for run in alone:
        same = [each for each in grouped if (each.set_name, each.budget) == (run.asked.set_name, run.asked.budget)]
        for setting in same or [setting_of(run)]:
            grouped[setting][run.asked.method].append(run)
    ordered = sorted(grouped, key=lambda each: (each.shares_rate, list(RECIPES).index(each.set_name)))
    return {
        setting: {method: result(method, grouped[setting][method]) for method in METHODS if method in grouped[setting]}
        for setting in ordered
    }


def setting_of(run: QualityRun) -> Setting:
    """Return the conditions of a run."""
    return Setting(run.asked.set_name, run.asked.budget, run.asked.head_rate, run.shares_rate)


def result(method: str, runs: Sequence[QualityRun]) -> Result:
    """Return the runs at the rate that is best on the validation rows."""
    tried: dict[float, list[QualityRun]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: run.asked.seed):
        tried[run.asked.rate].append(run)
    best = best_rate(tried)
    return Result(method, tuple(tried[best]), not best or not missing_neighbors(best, tried))


def mean_interval(scores: NDArray[np.float64]) -> Interval:
    """Return the 95 % interval of the mean of (rows, seeds)."""
    found = bootstrap(lambda drawn: drawn.mean(axis=(-2, -1)), scores)
    return found or Interval(float("nan"), float("nan"))


def advantage(own: Result, peer: Result) -> tuple[float, Interval]:
    """Return by how much a method is better than another on the same rows, and the interval of that.

    Positive is better: more accuracy, or less loss.
    """
    sign = -1 if own.runs[0].is_loss else 1
    rows = sign * (own.scores.mean(axis=1, keepdims=True) - peer.scores.mean(axis=1, keepdims=True))  # (rows, 1)
    return float(rows.mean()), mean_interval(rows)


def comparison(conditions: str, sets: Mapping[str, Mapping[str, Result]]) -> Iterator[str]:
    """Yield the advantage of each method over LoRA on each set, and on how many sets it reaches LoRA's result."""
    comparable = {name: methods for name, methods in sets.items() if PEER in methods}
    there = {method for methods in comparable.values() for method in methods} - {PEER}
    rivals = [method for method in METHODS if method in there]
    if not rivals:
        return
    yield f"### Advantage over {METHODS[PEER].label}, {conditions}"
    yield ""
    label = METHODS[PEER].label
    yield f"| method | parameters, {label} = 1 | {' | '.join(comparable)} | {label}'s result or better |"
    yield "|---" * (len(comparable) + 3) + "|"
    for method in rivals:
        both = {name: methods for name, methods in comparable.items() if method in methods}
        reached = sum(advantage(methods[method], methods[PEER])[0] >= 0 for methods in both.values())
        shares = [methods[method].runs[0].trained / methods[PEER].runs[0].trained for methods in both.values()]
        cells = [
            versus(methods[method], methods[PEER]) if name in both else "–" for name, methods in comparable.items()
        ]
        yield f"| {METHODS[method].label} | {share_range(shares)} | {' | '.join(cells)} | {reached} of {len(both)} |"
    yield ""


def share_range(shares: Sequence[float]) -> str:
    """Return shares of parameters as one number or a range."""
    low, high = (f"{each:.2f}" if each < 10 else f"{each:,.0f}" for each in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


def versus(own: Result, peer: Result) -> str:
    """Return an advantage with its interval; in bold if the interval is on one side of 0."""
    found, (low, high) = advantage(own, peer)
    shown = f"{found:+.3f} [{low:+.3f}, {high:+.3f}]" if own.runs[0].is_loss else (
        f"{100 * found:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    )  # fmt: skip
    return f"**{shown}**" if low > 0 or high < 0 else shown


def set_table(setting: Setting, methods: Mapping[str, Result]) -> Iterator[str]:
    """Yield the table of one set."""
    first = next(iter(methods.values())).runs[0]
    figure, other = {
        "classes": ("accuracy, %", "1 − cosine of neutral texts"),
        "choices": ("accuracy, %", "loss on neutral text"),
        "generation": ("loss, nats per token", "loss on neutral text"),
    }[first.kind]
    train, validation = first.rows
    head = f" The new head is trained at {setting.head_rate:g}." if setting.head_rate else ""
    yield f"### {setting.title}"
    yield ""
    yield f"{train:,} training rows, {validation:,} validation rows, {len(first.test):,} test rows.{head}"
    yield ""
    columns = (
        "method", "learning rate", figure, "seeds", f"advantage over {METHODS[PEER].label}", "parameters", "+ new head",
        "file, kB", "seconds", "steps", "peak memory, MB", f"change of {other}",
    )  # fmt: skip
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for each in methods.values():
        yield f"| {' | '.join(row_of(each, methods.get(PEER)))} |"
    yield ""


def row_of(own: Result, peer: Result | None) -> Iterator[str]:
    """Yield the cells of one method."""
    run, scale, digits = own.runs[0], *((1, 3) if own.runs[0].is_loss else (100, 1))
    low, high = mean_interval(own.scores)
    rate = f"{run.asked.rate:g}" if run.asked.rate else "–"
    yield METHODS[own.method].label
    yield rate if own.is_inside else f"{rate} (end of the search)"
    yield f"{scale * own.scores.mean():.{digits}f} [{scale * low:.{digits}f}, {scale * high:.{digits}f}]"
    yield ", ".join(f"{scale * fmean(each.test):.{digits}f}" for each in own.runs)
    yield versus(own, peer) if peer and own.method != PEER else "–"
    yield f"{run.trained:,}"
    yield f"{run.in_head:,}"
    yield f"{run.file_bytes / 1000:,.0f}"
    yield f"{fmean(each.seconds for each in own.runs):.0f}"
    yield f"{fmean(each.steps for each in own.runs):.0f}"
    yield f"{max(each.peak_mb for each in own.runs):,.0f}"
    yield f"{fmean(each.forgetting for each in own.runs):+.3f}"


def page_with(page: str, text: str) -> str:
    """Return a page with the tables between its marks replaced.

    Raises:
        ValueError: the page does not have the marks.
    """
    if not re.search(f"{START}.*{END}", page, re.DOTALL):
        raise ValueError(f"The page has no place for the tables; add the lines '{START}' and '{END}'.")
    before, after = page.split(START)[0], page.split(END)[-1]
    return f"{before}{START}\n\n{text.strip()}\n\n{END}{after}"
