"""Rows of random tokens, for models that are trained in milliseconds."""

from __future__ import annotations

import random

from ia3_studio.data.tokens import TokenRow


def rows_of(count: int, seed: int = 0) -> list[TokenRow]:
    """Return rows of 4 to 20 tokens whose second half is trained."""
    generator = random.Random(seed)
    rows = []
    for number in range(count):
        length = generator.randint(4, 20)
        ids = tuple(generator.randint(3, 96) for _ in range(length))
        labels = tuple(token if place >= length // 2 else -100 for place, token in enumerate(ids))
        rows.append(TokenRow(ids, labels, number + 1, False))
    return rows
