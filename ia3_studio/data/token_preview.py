"""How does a model see an example? Its tokens, which of them are trained, and what is truncated.

The tokens come from the functions that training uses, with no limit; the limit is applied to what they return, so that
what is cut can be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any, Literal

from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.data.word_tokens import word_tokens
from ia3_studio.data.words import read_whole, special_texts
from ia3_studio.errors import DataError

UNLIMITED = 10**9
MOST_MEASURED = 2_000
"""Examples whose tokens are counted: about a second for every thousand."""
Mark = Literal["read", "trained", "truncated"]
Preview = Callable[[Example], "TokenPreview"]
"""Returns an example as the model sees it."""


@dataclass(frozen=True)
class Part:
    """Tokens that a model reads in one go."""

    ids: tuple[int, ...]
    trained: tuple[bool, ...]
    """Whether each token is trained, as long as ``ids``."""
    kept: tuple[bool, ...]
    """Whether each token is within the limit, as long as ``ids``."""


@dataclass(frozen=True)
class TokenPreview:
    """One example as a model sees it."""

    row: int
    """Number of its data row, starting at 1."""
    parts: tuple[Part, ...]
    labels: tuple[str, ...] = ()
    """What a classifier is to answer."""
    notes: tuple[str, ...] = ()
    """Notes on differences between the example and its tokens."""
    names: tuple[str, ...] = ()
    """What the parts are called, where they are shown one by one: "chosen", "rejected"."""

    @property
    def tokens(self) -> int:
        """Return how many tokens there are before anything is cut."""
        return sum(len(part.ids) for part in self.parts)

    @property
    def kept(self) -> int:
        """Return how many tokens are within the limit."""
        return sum(sum(part.kept) for part in self.parts)

    @property
    def trained(self) -> int:
        """Return the number of trained tokens within the limit."""
        fates = (fate for part in self.parts for fate in zip(part.trained, part.kept, strict=True))
        return sum(trained and kept for trained, kept in fates)

    @property
    def is_truncated(self) -> bool:
        """Say whether the limit cuts anything off."""
        return self.kept < self.tokens

    def pieces(self, tokenizer: Any) -> Iterator[tuple[str, Mark]]:
        """Yield the example as text, special tokens included, in runs of tokens with one fate."""
        for part in self.parts:
            yield from _pieces(part, tokenizer)

    def named_pieces(self, tokenizer: Any) -> Iterator[tuple[str, tuple[tuple[str, Mark], ...]]]:
        """Yield each named part as its name and its pieces; nothing where parts have no names."""
        for name, part in zip(self.names, self.parts, strict=False):
            yield name, tuple(_pieces(part, tokenizer))


@dataclass(frozen=True)
class Survey:
    """How long examples are, counted on some of them."""

    seen: tuple[TokenPreview, ...]
    of: int
    """Examples there are; ``seen`` are spread evenly over them."""
    limit: int
    """Most tokens of an example, or of each part an encoder-decoder reads and writes."""
    refused: tuple[tuple[int, str], ...] = ()
    """Rows that the model's chat template refuses, and why."""

    @property
    def is_whole(self) -> bool:
        """Say whether every example was looked at."""
        return len(self.seen) + len(self.refused) == self.of

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the tokens of each example, before anything is cut."""
        return tuple(each.tokens for each in self.seen)

    @property
    def truncated(self) -> tuple[int, ...]:
        """Return the rows that lose a part to the limit."""
        return tuple(each.row for each in self.seen if each.is_truncated)

    @property
    def tokens(self) -> int:
        """Return the tokens within the limit of all examples, those not looked at as long as the others on average."""
        return self._of_all(sum(each.kept for each in self.seen))

    @property
    def trained(self) -> int:
        """Return the trained tokens of all examples, as :attr:`tokens` does."""
        return self._of_all(sum(each.trained for each in self.seen))

    def _of_all(self, counted: int) -> int:
        return round(counted * self.of / max(len(self.seen) + len(self.refused), 1))


def survey(examples: Sequence[Example], preview: Preview, max_length: int, most: int = MOST_MEASURED) -> Survey:
    """Return how a model sees examples: all of them, or ``most`` that are spread evenly, the longest among them.

    Args:
        examples: in the order of the data.
        preview: returns one example as the model sees it, or raises a DataError that it cannot be trained on.
        max_length: the limit that ``preview`` marks.
        most: examples that are looked at.
    """
    seen: list[TokenPreview] = []
    refused: list[tuple[int, str]] = []
    for example in _spread(examples, most):
        try:
            seen.append(preview(example))
        except DataError as error:
            refused.append((example.row, str(error)))
    return Survey(tuple(seen), len(examples), max_length, tuple(refused))


def longest_place(examples: Sequence[Example]) -> int:
    """Return the place of the longest example, by its characters."""
    return max(range(len(examples)), key=lambda place: characters(examples[place]))


def characters(example: Example) -> int:
    """Return how long an example is as text."""
    said = sum(len(turn.content) for turn in (*example.messages, *example.rejected))
    return said + sum(map(len, (example.text, example.second, *example.words, *example.choices)))


def _spread(examples: Sequence[Example], most: int) -> Sequence[Example]:
    if len(examples) <= most:
        return examples
    places = {round(step * (len(examples) - 1) / (most - 2)) for step in range(most - 1)}
    places.add(longest_place(examples))
    return [examples[place] for place in sorted(places)]


def first_kept(tokens: int, most: int, ends: bool = False) -> tuple[bool, ...]:
    """Return which tokens are kept where only the first are, or the first and (``ends``) the last of all."""
    if tokens <= most:
        return (True,) * tokens
    return tuple(place < most - ends or (ends and place == tokens - 1) for place in range(tokens))


def reasons(notes: Sequence[Problem]) -> tuple[str, ...]:
    """Return what notes say."""
    return tuple(note.reason for note in notes)


def kept_of_texts(example: Example, tokenizer: Any, max_length: int) -> tuple[bool, ...]:
    """Return which tokens of one or two texts are kept: the tokenizer cuts each text's end, and none of its own."""
    texts = (example.text, *filter(None, [example.second]))
    if not tokenizer.is_fast:
        return _kept_by_ids(texts, tokenizer, max_length)
    specials = special_texts(tokenizer)
    whole = read_whole(texts, tokenizer, specials).sequence_ids()
    room = Counter(read_whole(texts, tokenizer, specials, truncation=True, max_length=max_length).sequence_ids())
    before: Counter[int | None] = Counter()
    kept: list[bool] = []
    for text in whole:
        kept.append(text is None or before[text] < room[text])
        before[text] += 1
    return tuple(kept)


def kept_of_words(example: Example, tokenizer: Any, max_length: int) -> tuple[bool, ...]:
    """Return which tokens of words are kept: the last words' tokens are cut, and none of the tokenizer's own."""
    whole = word_tokens(example.words, tokenizer, UNLIMITED).words
    room = sum(word is not None for word in word_tokens(example.words, tokenizer, max_length).words)
    places = accumulate(word is not None for word in whole)
    return tuple(word is None or before <= room for word, before in zip(whole, places, strict=True))


def _kept_by_ids(texts: Sequence[str], tokenizer: Any, max_length: int) -> tuple[bool, ...]:
    """Return which tokens are kept: those that both ends of the row share with the truncated row.

    Exact for one text; of two, tokens cut from the first may be shown as cut from the second.
    """
    specials = special_texts(tokenizer)
    whole = list(read_whole(texts, tokenizer, specials)["input_ids"])
    cut = list(read_whole(texts, tokenizer, specials, truncation=True, max_length=max_length)["input_ids"])
    alike = next((place for place, (one, other) in enumerate(zip(whole, cut, strict=False)) if one != other), len(cut))
    behind = len(cut) - alike
    return tuple(place < alike or place >= len(whole) - behind for place in range(len(whole)))


def _pieces(part: Part, tokenizer: Any) -> Iterator[tuple[str, Mark]]:
    fates: list[Mark] = [
        "truncated" if not kept else "trained" if trained else "read"
        for trained, kept in zip(part.trained, part.kept, strict=True)
    ]
    runs = [(mark, len(list(run))) for mark, run in groupby(fates)]
    shown = ""
    for (mark, _length), end in zip(runs, accumulate(length for _mark, length in runs), strict=True):
        # Decoded with all that stands before: decoded alone, some tokenizers drop the space a run begins with.
        text = str(tokenizer.decode(part.ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False))
        yield text[len(shown) :], mark
        shown = text
