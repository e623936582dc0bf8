"""Which keys and values of earlier conversations do those of a batch go on from, and which do they leave for others?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.models.kept_prefixes import Prefix, cache_from, states_of

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.chat.answers import Row
    from ia3_studio.models.kept_prefixes import KeptPrefixes


def resumed(kept: KeptPrefixes, rows: Sequence[Row]) -> tuple[Any, int]:
    """Return a cache that the prompts of all rows can go on from, and its width in tokens; None and 0 without one.

    All rows go on at the same column, so that the one with the most new tokens decides how many are computed.
    """
    if not all(row.key for row in rows):
        return None, 0
    found = [kept.longest(row.key, row.prompt) for row in rows]
    longest = max(len(row.prompt) for row in rows)
    # A prompt's last token is computed in any case: its logits are asked for.
    new = max(max(1, len(row.prompt) - count) for row, (_prefix, count) in zip(rows, found, strict=True))
    width = longest - new
    if width <= 0:
        return None, 0
    parts = [(prefix, max(0, len(row.prompt) - new)) for row, (prefix, _count) in zip(rows, found, strict=True)]
    return cache_from(parts, width), width


def remember(kept: KeptPrefixes, row: Row, cache: Any, number: int, mask: Tensor, *, keeps_answers: bool) -> None:
    """Keep the keys and values of one row of a batch, if its cache holds those of all tokens."""
    if not row.key:
        return
    columns = mask[number].nonzero()[:, 0]
    tokens = tuple(row.prompt + row.ids)[: len(columns) if keeps_answers else len(row.prompt)]
    if states := states_of(cache, number, columns[: len(tokens)]):
        kept.keep(Prefix(row.key, tokens, states))
