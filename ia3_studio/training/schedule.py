"""Which rows and which learning rate has each optimizer step?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

from ia3_studio.training.batches import batches, batches_by_length
from ia3_studio.training.config import TrainConfig

Row = TypeVar("Row")


def total_steps(rows: int, config: TrainConfig) -> int:
    """Return how many optimizer steps a job of so many rows takes."""
    steps = max(1, round(config.epochs * math.ceil(rows / config.batch_size)))
    return min(steps, config.max_steps) if config.max_steps else steps


def learning_rate(step: int, total: int, config: TrainConfig) -> float:
    """Return the rate of a step (1 … total): linear warm-up to the peak, then linear decay that ends above 0."""
    warm = math.ceil(config.warmup_ratio * total)
    share = step / warm if step <= warm else (total - step + 1) / (total - warm)
    return config.learning_rate * min(1.0, share)


def schedule(
    rows: Sequence[Row], config: TrainConfig, total: int, lengths: Sequence[int] | None, done: int = 0
) -> Iterator[tuple[float, list[Row]]]:
    """Yield (epochs done after it, rows) for each optimizer step.

    Args:
        lengths: of the rows, to put similar ones together; None puts any rows together.
        done: optimizer steps to skip, since they were already taken.
    """
    each = math.ceil(len(rows) / config.batch_size)
    order: list[list[int]] = []
    for number in range(done, total):
        epoch, place = divmod(number, each)
        if place == 0 or not order:
            dealt = (config.batch_size, config.seed, epoch)
            order = batches(len(rows), *dealt) if lengths is None else batches_by_length(lengths, *dealt)
        yield epoch + (place + 1) / each, [rows[row] for row in order[place]]
