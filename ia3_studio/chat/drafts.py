"""Which tokens may come next? Those that followed the last few tokens earlier in the conversation.

A response often repeats: a name, a phrase of the prompt, the line that it began. Tokens that are guessed are read
together with the last one, in hardly more time than that alone, and each is kept if the model itself writes it there:
the text is the same, and comes in fewer steps (prompt lookup decoding, Saxena 2023, after Leviathan et al. 2023,
https://arxiv.org/abs/2211.17192; here nothing is drawn for a guess, so that a seed gives the same text, too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ia3_studio.chat.answers import Row
    from ia3_studio.models.row_costs import RowCosts

RIGHT = (0.0, 0.2, 0.45, 0.55, 0.75)
"""How often the first guess is right where the last 0, 1, 2, … tokens were found earlier, on everyday prompts and
instructions: ``benchmarks/drafts.py`` measures it."""
RIGHT_NEXT = (0.0, 0.55, 0.6, 0.68, 0.84)
"""The same of each further guess, after right ones."""
LONGEST = len(RIGHT) - 1
"""Of the last tokens, as many as this are looked up."""
_GAIN = 1.05
"""Guesses are read where so many times as many tokens a second are expected: what is expected is not exact."""


@dataclass(frozen=True)
class Draft:
    """Tokens that may come next."""

    tokens: list[int] = field(default_factory=list)
    known: int = 0
    """Of the last tokens, as many were found earlier: the more, the surer."""

    def expected(self, count: int) -> float:
        """Return how many of the first so many are right, on average."""
        first, each = RIGHT[self.known], RIGHT_NEXT[self.known]
        return sum(first * each**number for number in range(min(count, len(self.tokens))))


class PromptLookup:
    """The tokens of one conversation so far, and what followed each few of them."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        """Where the latest continuation of some tokens begins; the last tokens of all have none yet."""
        self.extend(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def extend(self, tokens: Sequence[int]) -> None:
        """Add tokens at the end."""
        for token in tokens:
            for length in range(1, min(LONGEST, len(self._tokens)) + 1):
                self._after[tuple(self._tokens[-length:])] = len(self._tokens)
            self._tokens.append(token)

    def draft(self, most: int) -> Draft:
        """Return up to so many tokens that may come next; none if the last token is new."""
        for known in range(min(LONGEST, len(self._tokens)), 0, -1):
            begin = self._after.get(tuple(self._tokens[-known:]))
            if begin is not None:
                return Draft(self._from(begin, most), known)
        return Draft()

    def _from(self, begin: int, count: int) -> list[int]:
        """Return the tokens from a place on; what repeats itself up to the end goes on repeating."""
        found = self._tokens[begin : begin + count]
        while found and len(found) < count:
            found.append(found[len(found) - (len(self._tokens) - begin)])
        return found


class Drafts:
    """What may come next in each conversation of a batch, where reading more tokens costs the machine hardly more."""

    def __init__(self, rows: Sequence[Row], costs: RowCosts) -> None:
        self._costs = costs
        self._lookups = {id(row): PromptLookup(row.prompt) for row in rows} if costs.seconds else {}

    def of(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the tokens that may come next in each of these rows; none where guessing does not pay."""
        most = self._costs.most // len(rows) - 1
        if most < 1:
            return [[] for _row in rows]
        drafts = [self._draft(row, min(most, row.most - len(row.ids) - 1)) for row in rows]
        count = self._paying(drafts)
        return [draft.tokens[:count] for draft in drafts]

    def _draft(self, row: Row, most: int) -> Draft:
        lookup = self._lookups[id(row)]
        lookup.extend(row.ids[len(lookup) - len(row.prompt) :])
        return lookup.draft(most)

    def _paying(self, drafts: Sequence[Draft]) -> int:
        """Return how many guesses of each row are read together: those that let most tokens a second be expected."""
        speeds = [
            (len(drafts) + sum(draft.expected(count) for draft in drafts)) / self._costs.of(len(drafts) * (1 + count))
            for count in range(1 + max(len(draft.tokens) for draft in drafts))
        ]
        best = max(range(len(speeds)), key=speeds.__getitem__)
        return best if speeds[best] > _GAIN * speeds[0] else 0
