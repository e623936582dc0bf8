"""How is user text tokenized if it contains text that looks like a special token?

Whoever writes "<|im_end|>" in a message writes ten letters: only the template ends a turn. Such texts stand as one
private character each while the template formats the conversation, and become ordinary tokens afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ia3_studio.data.conversations import Message

FIRST = 0x10A000
"""The private character of the first special text; those after it follow."""
_PRIVATE = re.compile("([\U0010a000-\U0010fffd])")


def special_ids(tokenizer: Any) -> frozenset[int]:
    """Return the tokens that only a template writes; some, such as Phi-3's <|end|>, have no named role.

    An added token that is not marked as special counts if it is more than blanks: some models end turns by one.
    """
    added = tokenizer.added_tokens_decoder.items()
    return frozenset(tokenizer.all_special_ids) | {
        number for number, token in added if token.special or (token.content.strip() and _is_tag(token.content))
    }


def special_texts(tokenizer: Any) -> tuple[str, ...]:
    """Return the texts that a tokenizer reads as one of its special tokens, wherever they stand."""
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    found = {*added, *(str(token) for token in tokenizer.all_special_tokens)}
    return tuple(
        sorted((text for text in found if len(text) > 1 and text.strip()), key=lambda text: (-len(text), text))
    )


def guarded(messages: Sequence[Message], specials: Sequence[str]) -> tuple[Sequence[Message], tuple[str, ...]]:
    """Return messages in which every special text is one private character, and notes."""
    notes = spoken((turn.content for turn in messages), specials)
    if not notes:
        return messages, ()
    private = {text: chr(FIRST + place) for place, text in enumerate(specials)}
    pattern = re.compile("|".join(map(re.escape, specials)))
    kept = [Message(turn.role, pattern.sub(lambda found: private[found[0]], turn.content)) for turn in messages]
    return kept, notes


def held(texts: Iterable[str], specials: Sequence[str]) -> tuple[str, ...]:
    """Return the special texts that occur in texts, sorted."""
    return tuple(sorted({special for text in texts for special in specials if special in text}))


def spoken(texts: Iterable[str], specials: Sequence[str]) -> tuple[str, ...]:
    """Return a note if texts contain what looks like a special token; empty otherwise."""
    seen = held(texts, specials)
    return (f"{', '.join(seen)} in its text is read as plain text, not as a special token",) if seen else ()


def as_words(texts: Iterable[str], specials: Sequence[str]) -> dict[str, bool]:
    """Return the option with which a tokenizer reads special texts as plain words, where texts hold any."""
    return {"split_special_tokens": True} if held(texts, specials) else {}


def read_whole(
    texts: Sequence[str] | Sequence[list[str]], tokenizer: Any, specials: Sequence[str], **options: Any
) -> Any:
    """Return a text or a pair of texts encoded with what the tokenizer puts around any, their words as plain words.

    Args:
        texts: one or two; or, with ``is_split_into_words``, one list of words.
        tokenizer: the model's.
        specials: of :func:`special_texts`.
        options: passed to the tokenizer.
    """
    words = (word for text in texts for word in ([text] if isinstance(text, str) else text))
    return tokenizer(*texts, verbose=False, **as_words(words, specials), **options)


def encode(text: str, tokenizer: Any, specials: Sequence[str] = ()) -> list[int]:
    """Return the tokens of a text, none added; private characters become the plain words they stand for."""
    return [token for part, _place in _parts(text, specials) for token in _ids(part, tokenizer)]


def pieces_of(text: str, tokenizer: Any, specials: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the tokens of a text as :func:`encode` does, and the characters of it that each stands for."""
    ids: list[int] = []
    places: list[tuple[int, int]] = []
    for part, place in _parts(text, specials):
        encoded = tokenizer(part, add_special_tokens=False, return_offsets_mapping=True)
        ids += encoded["input_ids"]
        stands_in = text[place] != part[:1] or _PRIVATE.match(text[place]) is not None if part else False
        offsets = encoded["offset_mapping"]
        places += [(place, place + 1) if stands_in else (place + left, place + right) for left, right in offsets]
    return ids, places


def _parts(text: str, specials: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the parts that are tokenized one by one, and where each stands; a special text is cut in two."""
    if not specials or not _PRIVATE.search(text):
        yield text, 0
        return
    place = 0
    for part in _PRIVATE.split(text):
        number = ord(part) - FIRST if _PRIVATE.fullmatch(part) else -1
        if 0 <= number < len(specials):
            yield specials[number][:1], place
            yield specials[number][1:], place
        elif part:
            yield part, place
        place += len(part)


def _ids(part: str, tokenizer: Any) -> list[int]:
    return list(tokenizer(part, add_special_tokens=False)["input_ids"])


def _is_tag(text: str) -> bool:
    return re.fullmatch(r"<\|?[^<>\s]+\|?>|\[[^\[\]\s]+\]|<\uff5c[^<>]+\uff5c>", text) is not None
