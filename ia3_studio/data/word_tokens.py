"""Which tokens are the words of a text whose words are given apart? Those that the model reads in running text.

Byte-level vocabularies (RoBERTa, GPT-2, Llama 3) write the space before a word into its first token: a word without one
is another word to them. Whether a tokenizer loses the spaces of words given apart is tried on it, not looked up.
Tokenizers that are not fast do not say which word a token belongs to; there each word is encoded by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ia3_studio.data.scripts import is_unspaced
from ia3_studio.data.words import read_whole, special_texts
from ia3_studio.errors import DataError

_TRIAL = ("a", "b", "a")


@dataclass(frozen=True)
class WordTokens:
    """Tokens of words, special tokens included, cut to a limit."""

    ids: tuple[int, ...]
    words: tuple[int | None, ...]
    """The place of the word each token belongs to, None for special tokens; as long as ``ids``."""
    starts: tuple[bool, ...]
    """Whether a token is the first of its word but for the space before it; as long as ``ids``."""
    segments: tuple[int, ...]
    """As in :class:`ia3_studio.data.labels.LabelRow`."""
    truncated: bool
    """Whether the limit cut anything off."""
    unread: tuple[int, ...]
    """Places of words of which the tokenizer makes no token at all."""

    @property
    def firsts(self) -> tuple[int | None, ...]:
        """Return the place of each word at its first token, None at all other tokens."""
        return tuple(word if begins else None for word, begins in zip(self.words, self.starts, strict=True))


def word_tokens(words: Sequence[str], tokenizer: Any, max_length: int) -> WordTokens:
    """Return the tokens of words as the model reads them in running text.

    Raises:
        DataError: the tokenizer gives words apart other tokens than the text they make.
    """
    read = _fast if tokenizer.is_fast else _slow
    whole = read(words, tokenizer, loses_spaces(tokenizer))
    seen = {word for word in whole.words if word is not None}
    unread = tuple(place for place in range(len(words)) if place not in seen)
    return _cut(whole, tokenizer, max_length, unread)


def loses_spaces(tokenizer: Any) -> bool:
    """Say whether words given apart need the space before them written out.

    Raises:
        DataError: they give other tokens than running text either way.
    """
    running = _plain(" ".join(_TRIAL), tokenizer)
    if _apart(_TRIAL, tokenizer) == running:
        return False
    first, *others = _TRIAL
    if _apart((first, *(f" {word}" for word in others)), tokenizer) == running:
        return True
    raise DataError(
        f"Token classification needs the tokens of each word, but {type(tokenizer).__name__} tokenizes single "
        "words differently from the whole text; choose a model with another tokenizer."
    )


def _spaced(words: Sequence[str]) -> list[str]:
    """Return words with the space that stands before them in running text, for a tokenizer that would lose it.

    The first has one too, as in pre-training, where most words follow another.
    """
    joined = [bool(one and other) and is_unspaced(one[-1]) and is_unspaced(other[0]) for one, other in pairwise(words)]
    begins = bool(words) and bool(words[0]) and is_unspaced(words[0][0])
    return [
        word if glued or not word.strip() or word[0].isspace() else f" {word}"
        for word, glued in zip(words, (begins, *joined), strict=True)
    ]


def _plain(text: str, tokenizer: Any) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def _apart(words: Sequence[str], tokenizer: Any) -> list[int]:
    if tokenizer.is_fast:
        options = {"is_split_into_words": True, "add_special_tokens": False, "verbose": False}
        return list(tokenizer(list(words), **options)["input_ids"])
    return [token for word in words for token in _plain(word, tokenizer)]


def _fast(words: Sequence[str], tokenizer: Any, loses: bool) -> WordTokens:
    given = _spaced(words) if loses else list(words)
    read = read_whole([given], tokenizer, special_texts(tokenizer), is_split_into_words=True)
    places: list[int | None] = read.word_ids()
    starts = _first_of_each(places)
    if loses:
        starts = _behind_spaces(read["input_ids"], places, starts, tokenizer)
    segments = tuple(read.get("token_type_ids", ()))
    return WordTokens(tuple(read["input_ids"]), tuple(places), starts, segments, False, ())


def _slow(words: Sequence[str], tokenizer: Any, loses: bool) -> WordTokens:
    ids: list[int] = []
    places: list[int] = []
    specials = special_texts(tokenizer)
    for place, word in enumerate(_spaced(words) if loses else words):
        # A character model's space is a token of its own, and no space stands before a text.
        given = [word if place or not loses else word.lstrip()]
        tokens = read_whole(given, tokenizer, specials, add_special_tokens=False)["input_ids"]
        ids += tokens
        places += [place] * len(tokens)
    whole = tuple(tokenizer.build_inputs_with_special_tokens(ids))
    before = _begins_at(whole, tuple(ids), tokenizer)
    behind = len(whole) - before - len(ids)
    around: tuple[int | None, ...] = (*[None] * before, *places, *[None] * behind)
    starts = _behind_spaces(whole, around, _first_of_each(around), tokenizer)
    return WordTokens(whole, around, starts, (), False, ())


def _begins_at(whole: tuple[int, ...], ids: tuple[int, ...], tokenizer: Any) -> int:
    """Return the number of special tokens before the words."""
    for before in range(len(whole) - len(ids) + 1):
        if whole[before : before + len(ids)] == ids:
            return before
    raise DataError(
        f"{type(tokenizer).__name__} puts special tokens between words, so labels cannot be aligned with "
        "tokens; choose a model with a fast tokenizer."
    )


def _first_of_each(places: Sequence[int | None]) -> tuple[bool, ...]:
    return tuple(word is not None and places.index(word) == place for place, word in enumerate(places))


def _behind_spaces(
    ids: Sequence[int], places: Sequence[int | None], starts: Sequence[bool], tokenizer: Any
) -> tuple[bool, ...]:
    """Return the starts of words, moved after a token that is only the space before its word."""
    space = _plain(" ", tokenizer)
    found = list(starts)
    for place, begins in enumerate(starts[:-1]):
        if begins and [ids[place]] == space and places[place + 1] == places[place]:
            found[place], found[place + 1] = False, True
    return tuple(found)


def _cut(whole: WordTokens, tokenizer: Any, most: int, unread: tuple[int, ...]) -> WordTokens:
    """Return the tokens within a limit: the last ones of the words go, special tokens stay."""
    excess = len(whole.ids) - most
    inner = [place for place, word in enumerate(whole.words) if word is not None]
    gone = set(inner[len(inner) - min(excess, len(inner)) :]) if excess > 0 else set()
    kept = [place for place in range(len(whole.ids)) if place not in gone][: max(most, 1)]
    return WordTokens(
        tuple(whole.ids[place] for place in kept),
        tuple(whole.words[place] for place in kept),
        tuple(whole.starts[place] for place in kept),
        tuple(whole.segments[place] for place in kept) if whole.segments else (),
        excess > 0,
        unread,
    )
