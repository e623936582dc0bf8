"""Which files hold answers of a batch of requests, without what was asked? They are refused by that cause."""

from __future__ import annotations

from typing import NoReturn

from ia3_studio.data.shapes.shape import Rows, Shape
from ia3_studio.errors import DataError

RESULTS = ("response", "result")


def _are_results(rows: Rows) -> bool:
    """Say whether rows are results of a batch as APIs give them, with the ids of their requests."""
    is_one = (rows.mostly(name, lambda cell: isinstance(cell, dict)) for name in rows.named(RESULTS))
    return bool(rows.find(["customid"])) and any(is_one) and not rows.find(["body", "request", "prompt", "messages"])


def _refuse(rows: Rows) -> NoReturn:
    raise DataError(
        f"{rows.name} holds the answers of a batch without what was asked; join them with the requests by custom_id, "
        "and give one conversation per row, with a messages list."
    )


SHAPES = (Shape("results of a batch", _are_results, _refuse),)
