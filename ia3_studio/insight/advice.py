"""What to try next? Rules on plain numbers of a run, each with the number it is based on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ia3_studio.insight.verdict import Verdict
from ia3_studio.training.config import LOW_RATE

HARDLY = 0.003
"""Mean |scale − 1| below which vectors have hardly moved."""
STILL_FALLING = 0.02
"""Share of the held-out loss by which it fell over the last quarter of a run that could have gone on."""
RISEN = 0.01
"""Share above the lowest held-out loss at which the last one counts as risen."""
FEW_ROWS = 20
MANY_ROUNDS = 4


@dataclass(frozen=True)
class Facts:
    """What the rules look at; None stands for what is not known."""

    learning_rate: float
    epochs: float
    held_out: Sequence[tuple[int, float]]
    """(step, held-out loss), in order."""
    rows: int
    """Held-out rows."""
    spread: float | None
    """Mean |scale − 1| over all parameters."""
    verdict: Verdict | None = None
    enough: float | None = None
    """Share of the largest deviations that brings most of the gain, if measured."""


def advice(facts: Facts) -> tuple[str, ...]:
    """Return what to try next, the most telling first; one sentence each."""
    kind = facts.verdict.kind if facts.verdict else ""
    found = [
        _low_rate(facts) if kind != "gain" else "",
        _ruined(facts) if kind == "loss" else "",
        _still_falling(facts),
        _risen(facts),
        _forgets(facts),
        _few_rows(facts),
        _prunable(facts),
    ]
    said = tuple(sentence for sentence in found if sentence)
    if said:
        return said
    if kind == "gain":
        return (
            "No problem found: chat with the model, try other strengths, and re-run with another seed to "
            "check that the gain is stable.",
        )
    return ("Try a higher learning rate and more epochs in a sweep, and check the training rows.",)


def _low_rate(facts: Facts) -> str:
    moved = "" if facts.spread is None else f", and the scales changed by only {facts.spread:.4f} on average"
    if facts.learning_rate < LOW_RATE:
        return (
            f"The learning rate {facts.learning_rate:g} is too low for (IA)³{moved}: rates that suit LoRA "
            "hardly change these vectors. Try 0.003 to 0.03."
        )
    if facts.spread is not None and facts.spread < HARDLY:
        return (
            f"The vectors have hardly changed (mean |scale − 1| {facts.spread:.4f}) at the learning rate "
            f"{facts.learning_rate:g}; try a rate three to ten times higher, or more epochs."
        )
    return ""


def _ruined(facts: Facts) -> str:
    return (
        f"The tuned model is worse than the base model: lower the learning rate ({facts.learning_rate:g}), or "
        "select fewer sites; a strength below 1 in the chat may already help."
    )


def _still_falling(facts: Facts) -> str:
    if len(facts.held_out) < MANY_ROUNDS:
        return ""
    last_step = facts.held_out[-1][0]
    before = [loss for step, loss in facts.held_out if step <= 0.75 * last_step][-1:]
    last = facts.held_out[-1][1]
    if before and before[0] - last > STILL_FALLING * before[0]:
        return (
            f"The held-out loss was still falling at the end ({before[0]:.3f} → {last:.3f} over the last "
            f"quarter): try more than {facts.epochs:g} epochs."
        )
    return ""


def _risen(facts: Facts) -> str:
    if not facts.held_out:
        return ""
    step, lowest = min(facts.held_out, key=lambda each: each[1])
    last_step, last = facts.held_out[-1]
    if step and step < last_step and last > (1 + RISEN) * lowest:
        return (
            f"The held-out loss was lowest at step {step:,} ({lowest:.3f}) and rose to {last:.3f}: the run "
            "overfits its training rows; use fewer epochs, more rows, early stopping or decay towards 1."
        )
    return ""


def _forgets(facts: Facts) -> str:
    if facts.verdict and facts.verdict.forgets:
        return (
            "Forgetting: the loss on neutral text increased. Try a strength of 0.5 to 0.8 in the chat, fewer "
            "layers, or decay towards 1."
        )
    return ""


def _few_rows(facts: Facts) -> str:
    if facts.rows < FEW_ROWS:
        return f"Only {facts.rows} rows were held out, so intervals are wide; hold out more rows for a clearer result."
    return ""


def _prunable(facts: Facts) -> str:
    if facts.enough is not None and facts.enough <= 0.5:
        return (
            f"The largest {facts.enough:.0%} of the parameters account for most of the gain: a pruned adapter "
            "is enough."
        )
    return ""
