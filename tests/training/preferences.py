"""Preferences of random tokens, for models that are trained in milliseconds."""

from __future__ import annotations

import random

from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.data.tokens import TokenRow


def answer_rows(prompt: tuple[int, ...], generator: random.Random, number: int) -> TokenRow:
    """Return a prompt with a random answer, which is trained."""
    answer = tuple(generator.randint(3, 96) for _ in range(generator.randint(2, 9)))
    return TokenRow((*prompt, *answer), (*(-100 for _ in prompt), *answer), number, False)


def pairs_of(count: int, seed: int = 0) -> list[PairRow]:
    """Return pairs of answers to prompts of 3 to 12 tokens."""
    generator = random.Random(seed)
    rows = []
    for number in range(1, count + 1):
        prompt = tuple(generator.randint(3, 96) for _ in range(generator.randint(3, 12)))
        chosen, rejected = (answer_rows(prompt, generator, number) for _ in range(2))
        rows.append(PairRow(chosen.input_ids, chosen.labels, rejected.input_ids, rejected.labels, number, False))
    return rows


def judged_of(count: int, seed: int = 0) -> list[JudgedRow]:
    """Return answers with a label, every third of them undesirable."""
    rows = []
    for pair in pairs_of(count, seed):
        answer, other = pair.sides
        rows.append(
            JudgedRow(answer.input_ids, answer.labels, pair.row % 3 > 0, other.input_ids, other.labels, pair.row, False)
        )
    return rows
