"""Which answers does a model prefer? The base model and the tuned one, on pairs or labeled answers they never saw.

A model prefers the answer with the higher log probability per token, as a sum would prefer short answers whatever they
say. What DPO, IPO and KTO train, the log ratio to the base model, is 0 for the base model; it is reported as a reward.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.batches import label_count
from ia3_studio.training.compare import NATS, mean_of, measured, share
from ia3_studio.training.divided import as_progress, divided
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.processes import Processes
from ia3_studio.training.report import Evaluation, Measure, Progress, RowChange, largest_changes
from ia3_studio.training.row_statistics import auc, mean_gap, share_gap
from ia3_studio.training.within_memory import WithinMemory

Work = Generator[Progress, None, Evaluation]
ACCURACY = "Preference accuracy"
Decode = Callable[[Sequence[int]], str]
"""From tokens to text."""


def evaluate_preferences(
    model: Any,
    attachment: Attachment,
    rows: Sequence[PairRow] | Sequence[JudgedRow],
    beta: float,
    budget: int = 1024,
    decode: Decode | None = None,
    processes: Processes | None = None,
) -> Work:
    """Measure which answers base and tuned model prefer; yield the progress.

    Of pairs: the share whose chosen answer is preferred, the margin, the mean reward margin and the length bias. Of
    labeled answers: the share of (desirable, undesirable) pairs in which the desirable answer is the likelier one, and
    the mean rewards of both labels.

    Args:
        model: a causal language model that carries ``attachment``.
        rows: what was never trained on.
        beta: that of the training, by which log ratios become rewards.
        budget: tokens per forward pass; bounds memory.
        decode: makes texts of the answers of rows that changed; None shows none.
        processes: those that divide the rows; None if this one evaluates all.

    Raises:
        TrainingError: there are no rows, or a log probability is NaN or infinite.
    """
    began = perf_counter()
    if not rows:
        raise TrainingError("There are no held-out preferences to evaluate; hold out other rows.")
    model.eval()
    sides = [side for row in rows for side in (row.sides if isinstance(row, PairRow) else (row.answer,))]
    base, tuned = yield from _both(model, attachment, sides, budget, len(rows), processes)
    pairs = [row for row in rows if isinstance(row, PairRow)]
    if pairs:
        found = _of_pairs(pairs, base, tuned, beta, decode)
    else:
        found = _of_labels([row for row in rows if isinstance(row, JudgedRow)], base, tuned, beta)
    return replace(found, seconds=perf_counter() - began)


def _both(
    model: Any,
    attachment: Attachment,
    sides: Sequence[TokenRow],
    budget: int,
    rows: int,
    processes: Processes | None,
) -> Generator[Progress, None, tuple[list[float], list[float]]]:
    """Return each side's summed log probability under the base and the tuned model, in nats."""
    with attachment.strengths(0):
        loss = CausalLoss(model)
    groups = list(loss.micro_batches(sides, budget))

    def measure(group: Sequence[TokenRow]) -> list[tuple[float, float]]:
        losses = []
        for strength in (0, 1):
            with attachment.strengths(strength):
                losses.append(loss.row_losses(group))
        return list(zip(*losses, strict=True))

    work = divided(groups, WithinMemory(measure, model), processes)
    parts = yield from as_progress(work, 0, 2 * rows, 2 * rows)
    found: dict[int, Sequence[float]] = {}
    for group, part in zip(groups, parts, strict=True):
        found.update(zip(map(id, group), part, strict=True))
    base, tuned = ([-_finite(side, found[id(side)][strength]) for side in sides] for strength in (0, 1))
    return base, tuned


def _finite(side: TokenRow, loss: float) -> float:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The log probability of an answer of row {side.row} is NaN or infinite, so the base and the tuned model "
            "cannot be compared; train again with a lower learning rate."
        )
    return loss


def _of_pairs(
    rows: Sequence[PairRow], base: Sequence[float], tuned: Sequence[float], beta: float, decode: Decode | None
) -> Evaluation:
    lengths = [(label_count([chosen]), label_count([rejected])) for chosen, rejected in (row.sides for row in rows)]
    one, other = (list(_margins(scores, lengths)) for scores in (base, tuned))
    gains = [(after - before) * beta for before, after in zip(base, tuned, strict=True)]
    rewards = [chosen - rejected for chosen, rejected in _by_two(gains)]
    measures = (
        share(ACCURACY, [margin > 0 for margin in one], [margin > 0 for margin in other]),
        mean_of("Preference margin", NATS, "higher", one, other),
        mean_of("Reward margin", "", "higher", [0.0] * len(rows), rewards),
        *_length_bias(lengths, one, other),
    )
    changes = [_change(row, before, after, decode) for row, before, after in zip(rows, one, other, strict=True)]
    return Evaluation("preferences", measures, len(rows), 0.0, changes=largest_changes(changes, "higher"))


def _margins(scores: Sequence[float], lengths: Sequence[tuple[int, int]]) -> Iterator[float]:
    """Yield how much likelier each chosen answer is than its rejected one, in nats per token."""
    for (chosen, rejected), (one, other) in zip(_by_two(scores), lengths, strict=True):
        yield chosen / one - rejected / other


def _by_two(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    return zip(values[::2], values[1::2], strict=True)


def _length_bias(
    lengths: Sequence[tuple[int, int]], base: Sequence[float], tuned: Sequence[float]
) -> tuple[Measure, ...]:
    """Return how far the share of longer answers that are preferred is from that of the data; none without any."""
    longer = [(chosen > rejected) - (chosen < rejected) for chosen, rejected in lengths]
    both = [
        [
            (float((margin > 0) == (sign > 0)), float(sign > 0))
            for sign, margin in zip(longer, margins, strict=True)
            if sign
        ]
        for margins in (base, tuned)
    ]
    return (measured("Length bias", "", "lower", share_gap, *both),) if both[0] else ()


def _change(row: PairRow, base: float, tuned: float, decode: Decode | None) -> RowChange:
    """Return what became of a pair; the texts are the answers that each model prefers."""
    texts = ("", "")
    if decode:
        chosen, rejected = (decode([token for token in side.labels if token != IGNORED]) for side in row.sides)
        texts = (chosen if base > 0 else rejected, chosen if tuned > 0 else rejected)
    return RowChange(row.row, base, tuned, *texts)


def _of_labels(rows: Sequence[JudgedRow], base: Sequence[float], tuned: Sequence[float], beta: float) -> Evaluation:
    lengths = [label_count([row.answer]) for row in rows]
    means = [[score / length for score, length in zip(scores, lengths, strict=True)] for scores in (base, tuned)]
    rewards = [(after - before) * beta for before, after in zip(base, tuned, strict=True)]
    measures: list[Measure] = []
    if 0 < sum(row.desirable for row in rows) < len(rows):
        one, other = ([(score, float(row.desirable)) for row, score in zip(rows, each, strict=True)] for each in means)
        gained = [(reward, float(row.desirable)) for row, reward in zip(rows, rewards, strict=True)]
        nothing = [(0.0, float(row.desirable)) for row in rows]
        measures += [
            measured(ACCURACY, "", "higher", auc, one, other),
            measured("Reward margin", "", "higher", mean_gap, nothing, gained),
        ]
    for wanted, name in ((True, "desirable"), (False, "undesirable")):
        found = [(before, after) for row, before, after in zip(rows, *means, strict=True) if row.desirable is wanted]
        if found:
            title, better = f"Log probability of {name} answers", "higher" if wanted else "lower"
            measures.append(mean_of(title, NATS, better, *zip(*found, strict=True)))  # type: ignore[arg-type]
    changes = [RowChange(row.row, *moved) for row, *moved in zip(rows, *means, strict=True) if row.desirable]
    return Evaluation("preferences", tuple(measures), len(rows), 0.0, changes=largest_changes(changes, "higher"))
