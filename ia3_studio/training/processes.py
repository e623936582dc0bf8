"""How does multi-process training work? Each process takes its share of every batch, and gradients are summed.

Every process has the whole model and makes the same batches. (IA)³ has few trainable parameters, so only the gradient
is communicated, once per optimizer step, after the last micro-batch. What depends on one process alone (it is asked to
stop, it runs out of memory, it fails) is put to a vote before anybody acts on it: one that went on alone would wait for
the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

from ia3_studio.errors import (
    FailedAloneError,
    FullMemoryError,
    LostProcessError,
    RowMemoryError,
    StudioError,
    TrainingError,
)
from ia3_studio.models.device import gpu_name
from ia3_studio.models.out_of_memory import is_out_of_memory
from ia3_studio.models.sharding import is_disconnection

Row = TypeVar("Row")


class Outcome(IntEnum):
    """What has become of one process's part of some work."""

    DONE = 0
    STOPPED = 1
    """It was asked to stop."""
    OUT_OF_MEMORY = 2
    FAILED = 3


@dataclass(frozen=True)
class Vote:
    """What every process said, in the order of their ranks."""

    outcomes: tuple[Outcome, ...]
    shares: tuple[float, ...]
    budgets: tuple[float, ...]
    """Tokens per forward pass that fit the memory of each."""

    def any(self, outcome: Outcome) -> bool:
        """Say whether a process has come to this outcome."""
        return outcome in self.outcomes

    @property
    def share(self) -> float:
        """Return the sum of all shares."""
        return sum(self.shares)


class Processes:
    """The processes of one job, as seen by one of them.

    Args:
        rank: the number of this process, from 0.
        count: how many processes there are.
        device: where small tensors for the other processes are made.

    Example:
        >>> Processes().share([1, 2, 3])
        [1, 2, 3]
    """

    def __init__(self, rank: int = 0, count: int = 1, device: str | torch.device = "cpu") -> None:
        self.rank = rank
        self.count = count
        self.has_ended = False
        """Whether the processes have learned that one of them failed: nothing is left to vote on."""
        self.is_cut_off = False
        """Whether the others do not answer any more."""
        self._device = torch.device(device)

    def share(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows that this process works on; the processes' shares together are all rows."""
        return self.share_of(self.rank, rows)

    def share_of(self, rank: int, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows that a process works on."""
        return rows[rank :: self.count]

    def gather(self, values: Sequence[float]) -> list[list[float]]:
        """Return the values of every process, by rank; all of them must ask with as many values.

        Raises:
            LostProcessError: another process does not answer.
        """
        if self.count == 1:
            return [list(values)]
        said = torch.zeros((self.count, len(values)), dtype=torch.float64, device=self._device)
        said[self.rank] = torch.tensor(values, dtype=torch.float64)
        self._answered(lambda: distributed.all_reduce(said))
        found: list[list[float]] = said.tolist()
        return found

    def vote(self, outcome: Outcome = Outcome.DONE, share: float = 0.0, budget: float = 0.0) -> Vote:
        """Tell all processes what has become of this one's part, and return what has become of all parts.

        Args:
            outcome: of this process.
            share: what it adds to a sum.
            budget: tokens per forward pass that fit its memory.

        Raises:
            StudioError: another process failed; the message names it and says why.
        """
        said = self.gather([float(outcome), share, budget])
        vote = Vote(
            tuple(Outcome(int(each[0])) for each in said),
            tuple(each[1] for each in said),
            tuple(each[2] for each in said),
        )
        if vote.any(Outcome.FAILED) and outcome is not Outcome.FAILED:
            self._learn(None)
        return vote

    def any(self, mine: bool) -> bool:
        """Say whether any process says yes; all of them must ask, and all get the same answer."""
        return self.vote(Outcome.STOPPED if mine else Outcome.DONE).any(Outcome.STOPPED)

    def finish(self) -> None:
        """Vote for the last time: all parts are done, and from here on each process goes on alone."""
        self.vote()
        self.has_ended = True

    def tell(self, error: BaseException) -> None:
        """Let the other processes learn at their next vote that this one failed; they end as well."""
        if self.count == 1 or self.has_ended:
            return
        self.vote(Outcome.FAILED)
        self._learn(error)

    def leave(self, error: BaseException, doing: str, tokens: int = 0, parts: int = 0) -> LostProcessError:
        """Return the error with which this process ends alone, where the others wait for it inside a forward pass.

        They cannot vote there. They lose the connection as soon as this process has ended.

        Args:
            error: what went wrong here, or that another process has ended so.
            doing: what this process was doing, as the end of a sentence.
            tokens: per pass of training that may fit the memory if these did not; 0 if fewer are no way on.
            parts: into how many parts a pass of the evaluation may fit the memory; 0 if smaller ones are no way on.
        """
        self.has_ended = self.is_cut_off = True
        who = f"Process {self.rank} of {self.count}"
        if is_out_of_memory(error):
            if tokens or parts:
                return FullMemoryError(f"{who} ran out of memory {doing}", tokens, parts)
            return FailedAloneError(
                f"{who} ran out of memory {doing}, inside a pass that all processes share: use more processes, a "
                "smaller model, sharding 'offload' with one process, or a lower max length in a new run."
            )
        if is_disconnection(error):
            return self._cut_off()
        return FailedAloneError(f"{who}, {doing}: {self._told(error)}")

    def _cut_off(self) -> LostProcessError:
        return LostProcessError(
            f"Process {self.rank} of {self.count} lost the connection to the others: one of them ended, or did not "
            "answer in time."
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Do some work inside this block; continue only if all processes succeeded.

        Raises:
            StudioError: another process failed; where it is this one, its own error is raised.
        """
        try:
            yield
        except Exception as error:
            self.tell(error)
            raise
        self.vote()

    def same(self, what: str, *values: float) -> None:
        """Compare what must be the same for all processes.

        Raises:
            TrainingError: it is not; all processes raise it.
        """
        if self.count == 1:
            return
        self.vote()
        said = self.gather(values)
        other = next((rank for rank, each in enumerate(said) if each != said[0]), None)
        if other is not None:
            self.has_ended = True
            raise TrainingError(
                f"Process {other} of this run has other {what} than process 0; give all processes the same files."
            )

    def all_said(self, words: str) -> list[str]:
        """Return what every process says, by rank.

        Raises:
            StudioError: another process failed.
        """
        if self.count == 1:
            return [words]
        self.vote()
        return self._exchanged(words)

    def from_first(self, make: Callable[[], bytes]) -> bytes:
        """Return the bytes that process 0 makes.

        Raises:
            StudioError: process 0 failed.
        """
        made = b""
        with self.together():
            if self.rank == 0:
                made = make()
        if self.count == 1:
            return made
        length = int(self.gather([float(len(made))])[0][0])
        sent = self._bytes(made, length) if self.rank == 0 else self._bytes(b"", length)
        self._answered(partial(distributed.broadcast, sent, 0))
        return sent.cpu().numpy().tobytes()[:length]

    def align(self, tensors: Iterable[Tensor]) -> None:
        """Give tensors the values that process 0 has. **Changes them in place.**"""
        if self.count == 1:
            return
        self.vote()
        for tensor in tensors:
            self._answered(partial(distributed.broadcast, tensor.data, 0))

    def all_reduce_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make every gradient the sum of all processes' gradients. **Changes the gradients in place.**"""
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:  # this process had no row in the batch
                parameter.grad = torch.zeros_like(parameter)
            self._answered(partial(distributed.all_reduce, parameter.grad))

    def _learn(self, error: BaseException | None) -> None:
        """Exchange what went wrong; raise it where another process failed."""
        self.has_ended = True
        is_for_good = isinstance(error, TrainingError) and not isinstance(error, RowMemoryError)
        mine = "" if error is None else ("!" if is_for_good else "?") + self._told(error)
        said = self._exchanged(mine)
        if error is not None:
            return
        rank, sentence = next((rank, each) for rank, each in enumerate(said) if each)
        kind = TrainingError if sentence.startswith("!") else LostProcessError
        raise kind(f"Process {rank} of {self.count}: {sentence[1:]}")

    def _exchanged(self, words: str) -> list[str]:
        """Return what every process says, by rank: as text, since torch's own exchange runs code of whoever sends."""
        mine = words.encode()
        lengths = [int(each[0]) for each in self.gather([float(len(mine))])]
        said = [self._bytes(b"", max(lengths)) for _rank in lengths]
        self._answered(partial(distributed.all_gather, said, self._bytes(mine, max(lengths))))
        return [bytes(each.tolist()[:length]).decode() for each, length in zip(said, lengths, strict=True)]

    def _bytes(self, content: bytes, length: int) -> Tensor:
        """Return bytes as a tensor, followed by zeros."""
        return torch.frombuffer(bytearray(content.ljust(max(length, 1), b"\0")), dtype=torch.uint8).to(self._device)

    @staticmethod
    def _told(error: BaseException) -> str:
        if isinstance(error, StudioError):
            return str(error)
        if is_out_of_memory(error):
            return "it ran out of memory; free some, lower the max length, or choose a smaller model."
        detail = " ".join(str(error).split())[:200]
        return f"it failed with {type(error).__name__}{f' ({detail})' if detail else ''}; see the log."

    def _answered(self, collective: Callable[[], object]) -> None:
        """Run a collective operation; a lost process and one that does not answer are one error."""
        try:
            collective()
        except (RuntimeError, ValueError) as error:  # torch has no narrower one for a closed connection
            self.has_ended = self.is_cut_off = True
            raise self._cut_off() from error


def launched(seconds: float = 1800.0) -> Processes:
    """Return the processes started by ``accelerate launch`` or ``torchrun``; a single one otherwise.

    **Joins them into a group**, through accelerate, if they are not one yet.

    Args:
        seconds: how long a process waits for the others, before it takes them for lost.

    Raises:
        TrainingError: they cannot be connected: each would silently train alone.
    """
    wanted = int(os.environ.get("WORLD_SIZE", "1"))
    if distributed.is_available() and distributed.is_initialized():
        return Processes(distributed.get_rank(), distributed.get_world_size(), _device())
    if wanted < 2:
        return Processes()
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env

    # Without being told, accelerate joins no processes on a machine that has no accelerator.
    cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
    if not cpu and torch.cuda.is_available():  # before the group is made: else NCCL may take the first GPU for all
        torch.cuda.set_device(gpu_name())
    state = PartialState(cpu=cpu, timeout=timedelta(seconds=seconds))
    if state.num_processes != wanted:
        raise TrainingError(
            f"{wanted} processes were launched but {state.num_processes} could be connected; launch them with "
            "`accelerate launch` or `torchrun`, or use a single process."
        )
    return Processes(state.process_index, state.num_processes, _device())


def _device() -> str:
    """Return where the group's backend takes tensors from."""
    return "cpu" if "gloo" in str(distributed.get_backend()) else gpu_name()
