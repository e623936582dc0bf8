"""Which adapter does each row of a batch use in this call?

An assignment is made by the thread that calls the model and seen by no other, so that several chats share one model.
Row i of the assignment is row i of the batch; where generation expands its rows (beams, several answers), each row is
repeated in place, as ``repeat_interleave`` does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.errors import SelectionError
from ia3_studio.method.product import strengthen
from ia3_studio.method.sites import Selection, Side, Site

Key = tuple[str, Side]
"""One side of one module."""


@dataclass(frozen=True, eq=False)
class HookPoint:
    """One side of one module, with the sites that share its channels (k and v of a fused projection do)."""

    path: str
    side: Side
    channels: int
    """Width of the activation that is scaled."""
    sites: tuple[Site, ...]
    axis: int = -1
    """Where the channels of that activation are; a convolution has them before its space."""

    @property
    def key(self) -> Key:
        """Return what identifies this hook point in the model."""
        return self.path, self.side


class Vectors:
    """One adapter's vectors on one model: a flat tensor, and which of its elements scale which module."""

    def __init__(
        self,
        selection: Selection,
        hook_points: tuple[HookPoint, ...],
        flat: Tensor,
        heads: Mapping[str, nn.Module] | None = None,
    ) -> None:
        self.selection = selection
        self.flat = flat
        self.heads = dict(heads or {})
        """Modules that stand in for the model's own, by path."""
        self.hook_points = {point.key: point for point in hook_points}
        starts, reached = {}, 0
        for site in selection:
            starts[site] = reached
            reached += site.size
        self._ranges = {point.key: tuple((starts[site], site.size) for site in point.sites) for point in hook_points}

    @property
    def state(self) -> tuple[int, int]:
        """Return a version that changes whenever the vectors change."""
        return self.flat._version, self.flat.data_ptr()

    def scales(self) -> dict[Key, Tensor]:
        """Return each hook point's scale, shape (channels,).

        The flat tensor is split once, not sliced per hook point: every slice of its own would cost a gradient as long
        as the whole tensor. A split node saves no tensor, so that several backward passes may go through it.
        """
        pieces = torch.split(self.flat, [site.size for site in self.selection])
        by_site = dict(zip(self.selection, pieces, strict=True))
        return {key: _spread(point, [by_site[site] for site in point.sites]) for key, point in self.hook_points.items()}

    def scale(self, key: Key) -> Tensor | None:
        """Return one hook point's scale, shape (channels,), or None where these vectors do not act."""
        if key not in self.hook_points:
            return None
        return _spread(self.hook_points[key], [self.flat.narrow(0, start, size) for start, size in self._ranges[key]])


class RowAssignment:
    """The vectors and strength of each row; None stands for the base model. One row applies to the whole batch."""

    def __init__(self, rows: tuple[tuple[Vectors | None, float], ...], noun: str) -> None:
        self._rows = tuple((None if strength == 0 else vectors, strength) for vectors, strength in rows)
        self._distinct = tuple({id(vectors): vectors for vectors, _ in self._rows if vectors}.values())
        self._noun = noun
        self._made: tuple[tuple[Any, ...], dict[Key, Tensor | None]] = ((), {})

    def scale(self, key: Key) -> Tensor | None:
        """Return a hook point's scale, (channels,) or (rows, channels); None where no row is scaled there.

        All scales are made together and kept until a number, or the mode that autograd runs in, changes.
        """
        if torch.compiler.is_compiling():  # a compiled graph cannot ask for versions and addresses
            return self._mix([vectors.scale(key) if vectors else None for vectors, _ in self._rows])
        return self.scales().get(key)

    def scales(self) -> Mapping[Key, Tensor | None]:
        """Return the scales of all hook points as :meth:`scale` does, made together."""
        modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        made_for = (*(vectors.state for vectors in self._distinct), *modes)
        made = self._made
        if made[0] != made_for:
            made = self._made = (made_for, self._make())  # one assignment: other threads see both or neither
        return made[1]

    def equals(self, other: RowAssignment) -> bool:
        """Return whether the other assigns the same vectors and strengths."""
        return len(self._rows) == len(other._rows) and all(
            mine[0] is theirs[0] and mine[1] == theirs[1] for mine, theirs in zip(self._rows, other._rows, strict=True)
        )

    def uses(self, vectors: Vectors) -> bool:
        """Say whether any row uses these vectors."""
        return vectors in self._distinct

    def heads(self, path: str) -> tuple[nn.Module | None, ...]:
        """Return each row's own module at a path, None where the row takes the model's."""
        return tuple(vectors.heads.get(path) if vectors else None for vectors, _ in self._rows)

    def broadcast(self, scale: Tensor, activation: Tensor, path: str) -> Tensor:
        """Return a scale in the shape that multiplies this activation.

        Args:
            scale: (channels,), or (rows, channels).
            activation: (batch, …, channels), the batch a multiple of the rows.
            path: the module, for the message.

        Raises:
            SelectionError: the batch size is not a multiple of the rows, or rows cannot be separated here.
        """
        if scale.dim() == 1:
            return scale
        batch = activation.shape[0]
        if mixes_rows(path):
            raise SelectionError(
                f"{path} is an expert whose tokens are not grouped by row, so it cannot be scaled per row; "
                "run the rows in separate batches."
            )
        each = self.repeats(batch)
        if each > 1:
            scale = scale.repeat_interleave(each, dim=0)
        return scale.view(batch, *[1] * (activation.dim() - 2), scale.shape[-1])

    def repeats(self, batch: int) -> int:
        """Return how many rows of a batch one row of the assignment stands for.

        Raises:
            SelectionError: the batch is no multiple of the rows.
        """
        if batch % len(self._rows):
            raise SelectionError(f"{len(self._rows)} {self._noun} were given for a batch of {batch} rows.")
        return batch // len(self._rows)

    def _make(self) -> dict[Key, Tensor | None]:
        scales = {id(vectors): vectors.scales() for vectors in self._distinct}
        keys = dict.fromkeys(key for vectors in self._distinct for key in vectors.hook_points)
        return {key: self._mix([scales[id(v)].get(key) if v else None for v, _ in self._rows]) for key in keys}

    def _mix(self, scales: list[Tensor | None]) -> Tensor | None:
        like = next((scale for scale in scales if scale is not None), None)
        if like is None:
            return None
        strong = [
            torch.ones_like(like) if scale is None else strengthen(scale, strength)
            for scale, (_, strength) in zip(scales, self._rows, strict=True)
        ]
        return strong[0] if len(strong) == 1 else torch.stack(strong)


class ActiveAssignment(threading.local):
    """The assignment of the running thread, or None where it has made none.

    Thread-local and not a context variable: torch.compile follows the one and breaks its graph at the other.
    """

    def __init__(self) -> None:
        # Set for every thread: torch.compile watches attributes that exist, not those that are missing.
        self.assignment: RowAssignment | None = None

    def __reduce__(self) -> tuple[type[ActiveAssignment], tuple[()]]:
        return ActiveAssignment, ()  # a copied model starts with no assignment made

    @contextmanager
    def during(self, assignment: RowAssignment) -> Iterator[None]:
        """Make an assignment for this thread inside a ``with`` block."""
        before, self.assignment = self.assignment, assignment
        try:
            yield
        finally:
            self.assignment = before


def mixes_rows(path: str) -> bool:
    """Say whether a module sees tokens without the rows they come from, as the experts of a mixture do."""
    return any(part.startswith("expert") for part in path.split("."))


def _spread(point: HookPoint, pieces: list[Tensor]) -> Tensor:
    """Return the sites' scales on their channels and ones elsewhere, shape (channels,).

    Made by concatenation, not by indexing: a node that saves an index allows one backward pass only.
    """
    spans = [span for site in point.sites for span in site.spans]
    if not spans:
        return pieces[0]
    numbers = torch.cat(pieces).split([stop - start for start, stop in spans])
    scale: list[Tensor] = []
    reached = 0
    for (start, stop), part in sorted(zip(spans, numbers, strict=True), key=lambda pair: pair[0]):
        scale += [part.new_ones(start - reached), part]
        reached = stop
    return torch.cat([*scale, numbers[0].new_ones(point.channels - reached)])
