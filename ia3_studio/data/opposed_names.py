"""How do two names of columns differ: in a letter or number, as better and worse, or as opposites?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from ia3_studio.data.column_names import is_unspaced, name_words, says
from ia3_studio.data.column_words import ANSWERED
from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import pairs_for

_TWINS = (("a", "b"), ("1", "2"), ("0", "1"))


def twin_place(one: str, other: str) -> tuple[str, str] | None:
    """Return the letters or numbers in which alone two names differ, such as "a" and "b"; None for other names.

    Example:
        >>> twin_place("answer_a", "answer_b"), twin_place("answer1", "answer2"), twin_place("a", "answer")
        (('a', 'b'), ('1', '2'), None)
    """
    parts = _differences(one, other)
    is_twin = len(parts) == 1 and parts[0] in _TWINS and len(name_words(one)) > 1
    return parts[0] if is_twin else None


def twins(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of names, each in their order, that differ in a letter or a number alone.

    Of very many names, each is looked for among the others, not compared with them.

    Example:
        >>> twins(["prompt", "answer_a", "answer_b"])
        [('answer_a', 'answer_b')]
    """
    places: dict[tuple[str, ...], list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(tuple(name_words(name)), []).append(place)
    found: list[tuple[str, str]] = []
    for place, name in enumerate(names):
        words = tuple(name_words(name))
        others = (
            (*words[:at], after, *words[at + 1 :])
            for at, word in enumerate(words)
            for before, after in _TWINS
            if word == before and len(words) > 1
        )
        behind = sorted(second for other in others for second in places.get(other, ()) if second > place)
        found += [(name, names[second]) for second in behind]
    return found


def _differences(one: str, other: str) -> list[tuple[str, str]]:
    """Return the words in which two names of equally many words differ, in pairs; nothing for other names."""
    words, others = name_words(one), name_words(other)
    return [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]] if len(words) == len(others) else []


_BETTER = frozenset(pair for pair in pairs_for("better") if not is_unspaced(pair[0]) and " " not in pair[0])
"""Words for the better and the worse of two answers."""
_BETTER_PHRASES = pairs_for("better") - _BETTER
"""The same of several words, and in scripts without spaces between them."""
_EDITED = frozenset((
    ("edited", "original"), ("corrected", "original"), ("improved", "original"), ("revised", "original"),
    ("revised", "draft"), ("edited", "draft"), ("final", "draft"),
))  # fmt: skip
"""Words for an answer that somebody made better, and for what it was."""
_ALONE = frozenset((
    "winner", "better", "best", "preferred", "accepted", "chosen", "winning", "win", "good", "desirable",
))  # fmt: skip
"""Words for the better answer that say so without a word for an answer."""


_SAID_OF_BETTER = frozenset(better for better, _worse in (*_BETTER, *_EDITED)) | {"preferred"}


@lru_cache(4_000)
def may_be_preferred(name: str) -> bool:
    """Say whether a name has a word for the better one of two answers, without which it is none in any pair."""
    plain = folded(name).casefold().replace("_", " ")
    return not _SAID_OF_BETTER.isdisjoint(name_words(name)) or any(
        better in plain for better, _worse in _BETTER_PHRASES
    )


@lru_cache(4_000)
def is_preferred(one: str, other: str) -> bool:
    """Say whether two names are those of the better and the worse answer to a prompt.

    They differ in one word; where that could say something of reviews or of triplets, another word is for an answer.

    Example:
        >>> is_preferred("good_answer", "bad_answer"), is_preferred("winner", "loser"), is_preferred("pos", "neg")
        (True, True, False)
    """
    first, second = (folded(name).casefold().replace("_", " ") for name in (one, other))
    if any(better in first and first.replace(better, worse) == second for better, worse in _BETTER_PHRASES):
        return says(one, ANSWERED)
    words, others = ([word for word in name_words(name) if word != "non"] for name in (one, other))
    if len(words) != len(others):
        return False
    parts = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    differs = parts[0] if parts else (words[0], others[0]) if words and "non" in name_words(other) else ("", "")
    is_better = differs in _BETTER or ("non" in name_words(other) and differs == ("preferred", "preferred"))
    left = [word for word in words if word != differs[0]]
    is_better = is_better or (differs in _EDITED and any(word in ANSWERED for word in left))
    named = says(" ".join(left), ANSWERED) or any({word, word.removesuffix("s")} & _SAMPLES for word in left)
    return len(parts) < 2 and is_better and (named or (not left and differs[0] in _ALONE))


_SAMPLES = frozenset((
    "resp", "text", "texts", "sample", "message", "generation", "summary", "summaries", "y", "conversation", "sentence",
))  # fmt: skip
"""Words for what a model wrote, other than answers."""
_OPPOSED = frozenset(map(frozenset, pairs_for("opposed")))
"""Two words each, one for what is good and one for what is bad."""


@lru_cache(4_000)
def are_opposed(one: str, other: str) -> bool:
    """Say whether two names differ in one word, which says the opposite: columns of what was good and what was bad.

    Example:
        >>> are_opposed("Positive_Review", "Negative_Review"), are_opposed("pros", "cons"), are_opposed("a", "b")
        (True, True, False)
    """
    parts = _differences(one, other)
    return len(parts) == 1 and frozenset(parts[0]) in _OPPOSED


def may_be_opposed(name: str) -> bool:
    """Say whether a name has a word of two opposed ones, without which it has no opposite."""
    return not _OPPOSED_WORDS.isdisjoint(name_words(name))


_OPPOSED_WORDS = frozenset(word for pair in _OPPOSED for word in pair)


def degrees(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of names that differ in "less" and "more" alone."""
    compared = [name for name in names if not {"less", "more"}.isdisjoint(name_words(name))]
    return [pair for pair in combinations(compared, 2) if are_degrees(*pair)]


@lru_cache(4_000)
def are_degrees(one: str, other: str) -> bool:
    """Say whether two names differ in "less" and "more" alone, as those of two texts that were compared.

    Example:
        >>> are_degrees("less_toxic", "more_toxic"), are_degrees("more", "less"), are_degrees("less", "most")
        (True, False, False)
    """
    parts = _differences(one, other)
    return len(parts) == 1 and {*parts[0]} == {"less", "more"} and len(name_words(one)) > 1
