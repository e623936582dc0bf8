"""Which tokens may come next? Those that followed the last few tokens earlier, or that rounded weights write.

A response often repeats: a name, a phrase of the prompt, the line that it began. And rounded weights write nearly the
same in little more than half the time. Tokens that are guessed are read together with the last one, in hardly more time
than that alone, and each is kept if the model itself writes it there: the text is the same, and comes in fewer steps
(speculative decoding, Leviathan et al. 2023, https://arxiv.org/abs/2211.17192; prompt lookup, Saxena
2023; drafts of the model itself, Zhang et al. 2023, https://arxiv.org/abs/2309.08168). What is drawn for a guess is
drawn again for the token, by the same random number, so that a seed gives the same text, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
Write = Callable[[int], list[list[int]]]
"""(count) → so many tokens of each row, or fewer where it ends, as rounded weights write them."""
_AGREED, _ASSUMED = 0.99, 50
"""How often rounded weights write the same token, before that was seen, and for as many tokens this counts:
``benchmarks/drafts.py`` measures it."""
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


@dataclass(frozen=True)
class Agreement:
    """How many tokens rounded weights wrote that the exact ones take, and that they do not take."""

    right: float = _AGREED * _ASSUMED
    wrong: float = (1 - _AGREED) * _ASSUMED

    @property
    def share(self) -> float:
        """Return the share that is right."""
        return self.right / (self.right + self.wrong)


class Drafts:
    """What may come next in each conversation of a batch, where reading more tokens costs the machine hardly more."""

    def __init__(self, rows: Sequence[Row], costs: RowCosts, rounded: RowCosts | None = None) -> None:
        """Prepare to guess.

        Args:
            rows: conversations.
            costs: of the exact weights.
            rounded: of weights that write nearly the same; None without any.
        """
        self._costs, self._rounded = costs, rounded
        self._lookups = {id(row): PromptLookup(row.prompt) for row in rows} if costs.seconds else {}
        self.agreement = Agreement()
        """Of the rounded weights with the exact ones, in these conversations."""
        self._are_written = False

    def of(self, rows: Sequence[Row], write: Write | None = None) -> list[list[int]]:
        """Return the tokens that may come next in each of these rows; none where guessing does not pay.

        Args:
            rows: those that go on.
            write: lets rounded weights write, if there are any.
        """
        most, self._are_written = self._costs.most // len(rows) - 1, False
        if most < 1:
            return [[] for _row in rows]
        left = [min(most, row.most - len(row.ids) - 1) for row in rows]
        drafts = [self._draft(row, count) for row, count in zip(rows, left, strict=True)]
        count, speed = self._paying(drafts)
        if write is not None and self._rounded is not None:
            written, faster = self._written(len(rows), min(left))
            if faster > speed:
                self._are_written = True
                return write(written)
        return [draft.tokens[:count] for draft in drafts]

    def told(self, rows: Sequence[Row], guessed: Sequence[Sequence[int]], counts: Sequence[int]) -> None:
        """Learn how many of the last guesses of each row were right, so that more or fewer are written next."""
        if self._are_written:
            wrong = sum(
                count < len(guesses) and not row.ended
                for row, guesses, count in zip(rows, guessed, counts, strict=True)
            )
            self.agreement = Agreement(self.agreement.right + sum(counts), self.agreement.wrong + wrong)

    def _written(self, rows: int, most: int) -> tuple[int, float]:
        """Return how many tokens rounded weights should write ahead of each row, and the tokens a second expected."""
        if self._rounded is None or not self._rounded.seconds:
            return 0, 0.0
        each, agreed = self._rounded.of(rows, self._costs.seconds[1]), self.agreement.share
        speeds = {0: 0.0}
        for count in range(1, most + 1):
            expected = sum(agreed**number for number in range(count + 1))
            speeds[count] = rows * expected / (self._costs.of(rows * (1 + count)) + count * each)
        best = max(speeds, key=speeds.__getitem__)
        return best, speeds[best] / _GAIN

    def _draft(self, row: Row, most: int) -> Draft:
        lookup = self._lookups[id(row)]
        lookup.extend(row.ids[len(lookup) - len(row.prompt) :])
        return lookup.draft(most)

    def _paying(self, drafts: Sequence[Draft]) -> tuple[int, float]:
        """Return how many guesses of each row are read together, and the tokens a second expected: the most."""
        speeds = [
            (len(drafts) + sum(draft.expected(count) for draft in drafts)) / self._costs.of(len(drafts) * (1 + count))
            for count in range(1 + max(len(draft.tokens) for draft in drafts))
        ]
        best = max(range(len(speeds)), key=speeds.__getitem__)
        best = best if speeds[best] > _GAIN * speeds[0] else 0
        return best, speeds[best]
