"""How does an evaluation go on when a forward pass runs out of memory? Its rows are measured in two halves.

What a row gives does not depend on the rows next to it, except for rounding. Where several processes share the weights,
the others wait inside the pass, so that nothing can be repeated: then the error says how many rows the pass had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ia3_studio.models.out_of_memory import give_memory_back, is_out_of_memory
from ia3_studio.models.sharding import is_sharded

Row = TypeVar("Row")
Found = TypeVar("Found")


class FullPassError(MemoryError):
    """A pass that processes share ran out of memory.

    Args:
        rows: that the pass had.
    """

    def __init__(self, rows: int) -> None:
        super().__init__(f"out of memory in a pass of {rows} rows")
        self.rows = rows


class WithinMemory(Generic[Row, Found]):
    """A measurement of rows that is repeated with fewer at once where memory runs out.

    Args:
        measure: returns what it finds of each row, in their order.
        model: that it measures with.

    Example:
        >>> WithinMemory(lambda rows: [2 * row for row in rows], None)([1, 2, 3])
        [2, 4, 6]
    """

    def __init__(self, measure: Callable[[Sequence[Row]], Sequence[Found]], model: Any) -> None:
        self._measure = measure
        self._is_sharded = is_sharded(model)
        self._parts = 1
        """Into how many parts rows are cut; those that come next are as many tokens."""

    def __call__(self, rows: Sequence[Row]) -> list[Found]:
        """Return what is found of each row.

        Raises:
            MemoryError: also one row at a time needs more memory than there is, or the weights are shared.
        """
        while True:
            try:
                return [found for part in self._cut(rows) for found in self._measure(part)]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if self._is_sharded:
                    raise FullPassError(len(rows)) from error
                if self._parts >= len(rows):
                    raise
            # Outside of the except block: the error holds on to the tensors of the pass.
            give_memory_back()
            self._parts *= 2

    def _cut(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        size = max(1, -(-len(rows) // self._parts))
        return (rows[start : start + size] for start in range(0, len(rows), size))
