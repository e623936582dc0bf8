"""Did training help? From the plain numbers of an evaluation to a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ia3_studio.training.intervals import Interval
    from ia3_studio.training.report import Evaluation, Measure

Kind = Literal["gain", "no gain", "loss", "too few rows to tell"]

FEWEST_ROWS = 6
"""With five rows all changes point the same way by chance in 1 of 16 runs (2 · ½⁵), more often than 1 in 20."""
FORGETTING_BOUND = 0.05
"""Nats per token: a perplexity on neutral text that is about 5 % higher."""


@dataclass(frozen=True)
class Verdict:
    """The verdict of an evaluation."""

    kind: Kind
    forgets: bool
    """Whether neutral text has become clearly harder; False too where that was not measured."""
    sentence: str
    """The verdict with its numbers, as a sentence for the user."""


def verdict(evaluation: Evaluation, forgetting: Evaluation | None = None) -> Verdict:
    """Judge the tuned model by its evaluation's first measure, and by what it forgot.

    The rule looks at the 95 % interval of the paired difference, tuned − base. "gain": the interval is entirely on the
    better side of 0. "loss": wholly on the worse side. "no gain": it holds 0. "too few rows to tell": fewer than
    ``FEWEST_ROWS`` rows. It forgets when the same interval, of the loss on neutral text, is entirely above
    ``FORGETTING_BOUND``.
    """
    measure = evaluation.measures[0]
    kind = _kind(measure, evaluation.rows)
    forgets = _forgets(forgetting)
    sentence = _SAME if measure.difference_interval == (0, 0) and kind == "no gain" else _SENTENCES[kind]
    said = sentence.format(**_words(measure), rows=evaluation.rows, fewest=FEWEST_ROWS)
    return Verdict(kind, forgets, f"{said}{_on_neutral_text(forgetting, forgets)}")


def figure(value: float) -> str:
    """Return a number for reading: three decimals, one from 100 on."""
    return (f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3f}").replace("-", "−")


def change(value: float) -> str:
    """Return a difference for reading, with its sign."""
    return f"+{figure(value)}" if value > 0 else figure(value)


def span(interval: Interval | None) -> str:
    """Return an interval of a difference for reading; a dash for none."""
    return f"{change(interval[0])} to {change(interval[1])}" if interval else "–"


_MOVED = "{name} went from {base} to {tuned}{unit}"
_SENTENCES: dict[Kind, str] = {
    "gain": f"Gain. {_MOVED} (95 % interval of the difference: {{span}}).",
    "loss": f"Worse than the base model. {_MOVED} (95 % interval of the difference: {{span}}).",
    "no gain": f"No gain. {_MOVED}; this may be chance: the 95 % interval of the difference ({{span}}) contains 0.",
    "too few rows to tell": (
        f"Too few rows to tell. {_MOVED} on {{rows}} held-out rows; "
        "at least {fewest} are needed, so hold out more rows."
    ),
}
_SAME = "No gain. {name} stayed at {base}{unit} on every row."


def _words(measure: Measure) -> dict[str, str]:
    return {
        "name": measure.name,
        "base": figure(measure.base),
        "tuned": figure(measure.tuned),
        "unit": f" {measure.unit}" if measure.unit else "",
        "span": span(measure.difference_interval),
    }


def _kind(measure: Measure, rows: int) -> Kind:
    interval = measure.difference_interval
    if interval is None or rows < FEWEST_ROWS:
        return "too few rows to tell"
    if interval.low <= 0 <= interval.high:
        return "no gain"
    return "gain" if (interval.low > 0) == (measure.better == "higher") else "loss"


def _forgets(forgetting: Evaluation | None) -> bool:
    interval = forgetting.measures[0].difference_interval if forgetting else None
    return interval is not None and interval.low > FORGETTING_BOUND


def _on_neutral_text(forgetting: Evaluation | None, forgets: bool) -> str:
    if forgetting is None:
        return ""
    measure = forgetting.measures[0]
    moved = f"the loss on neutral text changed by {change(measure.difference)} {measure.unit}"
    interval = f"({span(measure.difference_interval)})"
    if forgets:
        return f" Forgetting: {moved} {interval}, clearly more than the allowed {FORGETTING_BOUND:g}."
    return f" No clear forgetting: {moved} {interval}."
