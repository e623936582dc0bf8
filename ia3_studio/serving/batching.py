"""How do requests for different adapters share the passes of one model? Continuous batching.

Each round reads at most one chunk of one waiting prompt, and then gives every answer one token more: an answer begins
and ends without waiting for the others, and a long prompt holds nobody up for longer than a chunk takes.

Greedy answers are those that each request would get alone. Rounding depends on how many rows a product has, so that two
tokens within rounding of each other could change places: where the two likeliest are that close, the row is read again
alone, from its first token, in chunks that depend on nothing else, and that decides. It is the same whoever else asks.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ia3_studio.chat.variants import with_variants
from ia3_studio.data.answer_end import ends_of
from ia3_studio.errors import StudioError
from ia3_studio.models.kept_prefixes import KeptPrefixes, Prefix, cache_from
from ia3_studio.models.machine import system_memory
from ia3_studio.serving.generation import Failed, Generation, as_told
from ia3_studio.serving.next_token import Likeliest, choose, near, two_likeliest
from ia3_studio.serving.row import Row
from ia3_studio.serving.row_batch import Rows, SharedRows
from ia3_studio.serving.row_trial import cannot_share
from ia3_studio.serving.separate_rows import SeparateRows

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.models.decoder_parts import Scales
    from ia3_studio.models.loaded import LoadedModel

CHUNK = 64
"""Tokens of a prompt that are read between two tokens of the others; on a GPU eight times as many."""
MOST_ADAPTERS = 128
"""Adapters that stay on the model after their last answer."""
logger = logging.getLogger("ia3_studio.serving")


@dataclass(eq=False)
class _Reading:
    """A text that is being read alone."""

    rows: list[Row]
    """That go on from it: all choices of a generation, or one row that is read again."""
    ids: list[int]
    done: int = 0
    """Tokens that are read."""
    cache: Any = None
    is_whole: bool = True
    """Whether it is read from its first token, and not on from kept keys and values."""


class Batching:
    """The answers in progress on one loaded model. One thread uses it, which need not be the one that made it."""

    def __init__(
        self,
        loaded: LoadedModel,
        most_rows: int,
        turn: AbstractContextManager[Any] | None = None,
        *,
        rounds: bool = False,
    ) -> None:
        """Put a handle for adapters on a model; **the model has hooks until** :meth:`close`.

        Args:
            loaded: a causal model.
            most_rows: answers in progress.
            turn: held while the model is called, where others use it too.
            rounds: let a model in float16 or bfloat16 share passes, whose answers then depend on who else asks.
        """
        from ia3_studio.method import serve

        self._loaded, self._model = loaded, loaded.model
        self._most_rows = most_rows
        self._turn = turn or nullcontext()
        with self._turn:
            self._reason = cannot_share(self._model, rounds=rounds)
            self._batch = self._no_rows()
            self._serving = serve(self._model, {})
        self._rows: list[Row] = []
        self._readings: deque[_Reading] = deque()
        self._reserved = 0
        self._ends = frozenset(ends_of(self._model, loaded.tokenizer))
        self._near = near(self._model.dtype)
        self._chunk = CHUNK if self._model.device.type == "cpu" else 8 * CHUNK
        self._kept = KeptPrefixes() if self._model.device.type == "cpu" and not self._reason else None

    @property
    def rows(self) -> int:
        """Return the answers in progress, those whose prompt is being read included."""
        return self._reserved

    @property
    def note(self) -> str:
        """Return why rows run one after the other; empty if they share passes."""
        return self._reason

    def advance(self, waiting: deque[Generation]) -> bool:
        """Begin what there is room for, read one chunk, give every answer a token; return whether there is more to do.

        **Generations are taken from the left of the queue.** An error ends the request whose pass raised it; one that
        belongs to no request ends all, and is raised.
        """
        try:
            with torch.inference_mode():
                self._drop_gone()
                self._admit(waiting)
                if self._readings:
                    self._read_on()
                if self._rows:
                    self._step()
        except Exception as error:
            self.fail(error)
            raise
        return bool(self._readings or self._rows)

    def fail(self, error: BaseException) -> None:
        """Tell all who wait for an answer that none will come, and forget them."""
        for generation in {row.generation for row in self._everyone()}:
            generation.deliver(Failed(as_told(error)))
        self._forget()

    def pause(self) -> list[Row]:
        """Take all answers in progress out; :meth:`resume` goes on with them, of this or another batching."""
        rows = [row for row in self._everyone() if not row.generation.is_gone]
        self._forget()
        return rows

    def resume(self, rows: Sequence[Row]) -> None:
        """Go on with answers that were taken out: the text of each is read again alone."""
        for row in rows:
            try:
                self._require(row.generation)
            except Exception as error:  # damaged
                self._refuse(row.generation, error)
                continue
            self._readings.append(_Reading([row], row.text_ids))
            self._reserved += 1

    def close(self) -> None:
        """Take the adapters off the model."""
        with self._turn:
            self._serving.detach()

    def _forget(self) -> None:
        self._batch = self._no_rows()
        self._rows, self._readings, self._reserved = [], deque(), 0

    def _no_rows(self) -> Rows:
        return SeparateRows(self._model) if self._reason else SharedRows(self._model)

    @staticmethod
    def _refuse(generation: Generation, error: Exception) -> None:
        """Tell one generation that it ends without its answer; its rows leave before the next round."""
        if generation.is_gone:  # another of its rows was told
            return
        if not isinstance(error, StudioError):
            logger.error("an answer failed", exc_info=error)
        generation.deliver(Failed(as_told(error)))
        generation.cancel()

    def _everyone(self) -> list[Row]:
        return [*self._rows, *(row for reading in self._readings for row in reading.rows)]

    def _drop_gone(self) -> None:
        """Forget the rows that nobody listens to any more, and those that took too long."""
        now = time.monotonic()
        over = {row.generation for row in self._everyone() if row.generation.deadline < now}
        for generation in over:
            self._refuse(generation, generation.timed_out())
        for number in reversed(range(len(self._rows))):
            if self._rows[number].generation.is_gone:
                self._leave(number)
        for reading in [each for each in self._readings if each.rows[0].generation.is_gone]:
            self._readings.remove(reading)
            self._reserved -= len(reading.rows)

    def _admit(self, waiting: deque[Generation]) -> None:
        while waiting:
            first = waiting[0]
            if first.is_gone or first.deadline < time.monotonic():
                waiting.popleft()
                if not first.is_gone:
                    first.deliver(Failed(first.timed_out()))
            elif self._reserved and not self._has_room(first):
                return
            else:
                self._begin(waiting.popleft())

    def _has_room(self, generation: Generation) -> bool:
        """Return whether there are rows, and memory for all of them as long as they may become."""
        rows = self._reserved + len(generation.choices)
        if rows > self._most_rows:
            return False
        longest = max(each.longest for each in (generation, *(row.generation for row in self._everyone())))
        needed = self._batch.nbytes(rows, longest) - self._batch.nbytes(len(self._rows), 0)
        return self._model.device.type != "cpu" or needed <= system_memory().free // 2

    def _begin(self, generation: Generation) -> None:
        try:
            self._require(generation)
        except Exception as error:  # made for another model, or damaged
            self._refuse(generation, error)
            return
        rows = [Row(generation, each, self._loaded.tokenizer, self._model.device) for each in generation.choices]
        reading = _Reading(rows, list(generation.prompt))
        if self._kept is not None:
            prefix, count = self._kept.longest(rows[0].key, generation.prompt)
            reading.done = min(count, len(reading.ids) - 1)  # the last token's logits are asked for
            reading.cache = cache_from([(prefix, reading.done)], reading.done) if reading.done else None
            reading.is_whole = not reading.done
        self._reserved += len(rows)
        self._readings.append(reading)

    def _require(self, generation: Generation) -> None:
        """Put a generation's adapter on the model, unless it is there; the ones not used any more go for it."""
        adapter = generation.adapter
        if adapter is None or adapter.name in self._serving.names:
            return
        used = {row.variant.adapter for row in self._everyone()}
        idle = [name for name in self._serving.names if name not in used]
        with self._turn, torch.inference_mode(False):
            for name in idle[: max(0, len(self._serving.names) + 1 - MOST_ADAPTERS)]:
                self._serving.remove(name)
            self._serving.add(adapter.name, adapter.adapter)

    def _read_on(self) -> None:
        """Read one chunk of the first waiting text; at its end its rows take their next token."""
        reading = self._readings[0]
        try:
            logits = self._read_chunk(reading)
        except Exception as error:  # a foreign forward may raise anything; the other requests go on
            self._refuse(reading.rows[0].generation, error)
            logits = None
        if reading.done < len(reading.ids) and not reading.rows[0].generation.is_gone:
            return
        self._readings.popleft()
        self._reserved -= len(reading.rows)
        if logits is None:
            return
        likeliest = two_likeliest(logits[None])[0]
        for row in reading.rows:
            if self._takes(row, logits, likeliest, decides=reading.is_whole):
                self._reserved += 1
                self._batch.enter(reading.cache, len(reading.ids))
                self._rows.append(row)

    def _read_chunk(self, reading: _Reading) -> Tensor:
        """Read one chunk of a text; return the logits of its last token, shape (vocabulary,)."""
        chunk = len(reading.ids) if self._reason else self._chunk
        ids = torch.tensor([reading.ids[reading.done : reading.done + chunk]], device=self._model.device)
        with self._scaling([reading.rows[0]]):
            logits, reading.cache = self._batch.read(ids, reading.done, reading.cache)
        reading.done += ids.shape[1]
        return logits

    def _step(self) -> None:
        """Give every answer in progress one token more."""
        rows = list(self._rows)
        found = self._batch.step(
            [row.ids[-1] for row in rows], lambda numbers: self._scaling([rows[n] for n in numbers])
        )
        likeliest = two_likeliest(found)
        for number in reversed(range(len(rows))):
            outcome = found[number]
            if isinstance(outcome, Exception):
                self._refuse(rows[number].generation, outcome)
                self._leave(number, keeps=False)
            elif not self._takes(rows[number], outcome, likeliest[number]):
                self._leave(number)

    def _takes(self, row: Row, scores: Tensor, likeliest: Likeliest | None, *, decides: bool = False) -> bool:
        """Let a row take its next token; return whether it goes on **in the batch**.

        Args:
            row: the row.
            scores: logits, shape (vocabulary,).
            likeliest: the two likeliest tokens by these.
            decides: whether its text was read alone, so that these logits stand however close two of them are.
        """
        if row.generation.is_gone:  # another of its rows was refused
            return False
        try:
            choice = choose(row, scores, likeliest, self._near)
            if not (choice.is_sure or decides or self._reason):
                self._readings.append(_Reading([row], row.text_ids))
                self._reserved += 1
                return False
            return row.take(choice.token, scores, self._ends)
        except Exception as error:  # numbers that are not finite, or a tokenizer that raises
            self._refuse(row.generation, error)
            return False

    def _leave(self, number: int, *, keeps: bool = True) -> None:
        """Take a row out of the batch, and keep its keys and values for the next message."""
        row = self._rows[number]
        if keeps and self._kept is not None and (states := self._batch.states(number)) is not None:
            self._kept.keep(Prefix(row.key, tuple(row.text_ids[: states[0][0].shape[1]]), states))
        self._batch.leave(number)
        self._rows[number] = self._rows[-1]
        self._rows.pop()
        self._reserved -= 1

    @contextmanager
    def _scaling(self, rows: Sequence[Row]) -> Iterator[Scales]:
        with self._turn, with_variants(self._serving, [row.variant for row in rows]):
            yield self._serving.scales()
