"""How does multi-process training work? Each process takes its share of every batch, and gradients are summed.

Every process has the whole model and makes the same batches. (IA)³ has few trainable parameters, so only the gradient
is communicated, once per optimizer step, after the last micro-batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import distributed, nn

from ia3_studio.errors import TrainingError

Row = TypeVar("Row")


class Processes:
    """The processes of one job, as seen by one of them.

    Example:
        >>> Processes().share([1, 2, 3])
        [1, 2, 3]
    """

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank = rank
        self.count = count

    def share(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows that this process works on; the processes' shares together are all rows."""
        return rows[self.rank :: self.count]

    def all_reduce(self, value: float, device: torch.device) -> float:
        """Return the sum of all processes' values."""
        if self.count == 1:
            return value
        summed = torch.tensor([value], dtype=torch.float64, device=device)
        distributed.all_reduce(summed)
        return summed.item()

    def any(self, mine: bool, device: torch.device) -> bool:
        """Say whether any process says yes; all of them must ask, and all get the same answer."""
        return mine if self.count == 1 else self.all_reduce(float(mine), device) > 0

    @contextmanager
    def together(self, device: torch.device) -> Iterator[None]:
        """Do this process's share of some work inside this block; continue only if all processes succeeded.

        Otherwise the other processes would wait forever for a failed one.

        Raises:
            TrainingError: another process failed; where it is this one, its own error is raised.
        """
        try:
            yield
        except Exception:
            self.any(True, device)  # the others learn of it, and end too
            raise
        if self.any(False, device):
            raise TrainingError(
                "Another process of this job failed, so this one ends too; see its log for the reason. Fix "
                "it, then start or resume the job."
            )

    def all_reduce_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make every gradient the sum of all processes' gradients. **Changes the gradients in place.**"""
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:  # this process had no row in the batch
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)


def launched() -> Processes:
    """Return the processes started by ``accelerate launch`` or ``torchrun``; a single one otherwise.

    **Joins them into a group**, through accelerate, if they are not one yet.

    Raises:
        TrainingError: they cannot be connected: each would silently train alone.
    """
    wanted = int(os.environ.get("WORLD_SIZE", "1"))
    if distributed.is_available() and distributed.is_initialized():
        return Processes(distributed.get_rank(), distributed.get_world_size())
    if wanted < 2:
        return Processes()
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env

    # Without being told, accelerate joins no processes on a machine that has no accelerator.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available())
    if state.num_processes != wanted:
        raise TrainingError(
            f"{wanted} processes were launched but {state.num_processes} could be connected; launch them with "
            "`accelerate launch` or `torchrun`, or use a single process."
        )
    return Processes(state.process_index, state.num_processes)
