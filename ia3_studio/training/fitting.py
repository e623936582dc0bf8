"""Does every row fit the model? Checked before the first step, to avoid an obscure index error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.arrow_rows import ArrowRows
from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.preference_rows import JudgedRow, PairRow
from ia3_studio.data.targets import TargetRow
from ia3_studio.errors import TrainingError
from ia3_studio.models.limits import ADVICE, ModelLimits, limits_of


def tokens_of(row: Any) -> tuple[int, ...]:
    """Return all tokens of a row, read or written; none of a row without tokens."""
    if isinstance(row, ChoiceRow):
        return (*row.prompt, *(token for choice in row.choices for token in choice))
    if isinstance(row, TargetRow):
        return (*row.input_ids, *row.labels)
    if isinstance(row, PairRow):
        return (*row.input_ids, *row.rejected_ids)
    if isinstance(row, JudgedRow):
        return (*row.input_ids, *row.other_ids)
    return tuple(getattr(row, "input_ids", ()))


def lengths_of(row: Any, encoder_decoder: bool) -> tuple[int, int]:
    """Return how many tokens of a row are read at most, and written at most, in one go."""
    if isinstance(row, ChoiceRow):
        longest = max(len(choice) for choice in row.choices)
        return (len(row.prompt), longest) if encoder_decoder else (len(row.prompt) + longest, 0)
    if isinstance(row, TargetRow):
        return len(row.input_ids), len(row.labels)
    if isinstance(row, PairRow):
        return max(len(row.input_ids), len(row.rejected_ids)), 0
    if isinstance(row, JudgedRow):
        return max(len(row.input_ids), len(row.other_ids)), 0
    return len(getattr(row, "input_ids", ())), 0


def require_fitting(model: Any, rows: Sequence[Any]) -> None:
    """Check that a model can compute every row. Rows on disk were checked when they were made.

    Raises:
        TrainingError: a row is longer than the model's positions, or contains a token without an embedding.
    """
    if isinstance(rows, ArrowRows) or not hasattr(model, "config"):
        return
    limits, apart = limits_of(model), bool(getattr(model.config, "is_encoder_decoder", False))
    for place, row in enumerate(rows):
        number = getattr(row, "row", place + 1)
        if unknown := limits.beyond(tokens_of(row)):
            raise TrainingError(
                f"Row {number} contains the token {unknown[0]}, but the model's embedding has "
                f"{limits.vocabulary:,} rows, numbered from 0; {ADVICE}."
            )
        if limits.is_hard:
            _require_short(number, lengths_of(row, apart), limits)


def _require_short(number: int, lengths: tuple[int, int], limits: ModelLimits) -> None:
    for length, most in zip(lengths, (limits.positions, limits.written), strict=True):
        if most and length > most:
            raise TrainingError(
                f"Row {number} has {length:,} tokens but the model has {most:,} positions; tokenize the rows "
                f"with a max length of at most {most:,}."
            )
