"""Are lines and those beside them in two languages? Told by their scripts, and by the words that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ia3_studio.data.scripts import words_of

_COMPARED, _FREQUENT, _MOST_SHARED = 500, 30, 0.35
"""Lines of two texts that are compared, their frequent words, and the share of these that two languages may share."""
_FEWEST = 5
"""Lines from which on something can be said."""
_FIRST_OTHER = "\u0370"
"""The first letter that is not Latin."""
_OTHER_SCRIPT = 0.6
"""How much more of the letters are Latin on one side where the scripts differ."""
_ENDS = ".!?…。！？؟।"
_ALIKE = 0.7
"""Share of lines that begin and end as the ones beside them do; of a sentence that goes on there, most do not."""


def are_of_one_language(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether two texts share most of their frequent words, which those in two languages do not."""
    words = (filter(str.isalpha, words_of(" ".join(lines[:_COMPARED]))) for lines in (one, other))
    first, second = ({word for word, _count in Counter(each).most_common(_FREQUENT)} for each in words)
    return min(len(first), len(second)) > 0 and _MOST_SHARED * min(len(first), len(second)) < len(first & second)


def are_in_two_languages(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether lines say in another language what those beside them say, and do not go on with them.

    Example:
        >>> are_in_two_languages(["Good morning."] * 5, ["Guten Morgen."] * 5)
        True
        >>> are_in_two_languages(["This is the house"] * 5, ["of my old friend."] * 5)
        False
    """
    one, other = one[:_COMPARED], other[:_COMPARED]
    if min(len(one), len(other)) < _FEWEST:
        return False
    if are_of_two_scripts(one, other):
        return True
    ends = sum((a.rstrip()[-1:] in _ENDS) == (b.rstrip()[-1:] in _ENDS) for a, b in zip(one, other, strict=False))
    begins = sum(_begins_small(a) == _begins_small(b) for a, b in zip(one, other, strict=False))
    return min(ends, begins) >= _ALIKE * len(one) and not are_of_one_language(*map(_without_names, (one, other)))


def are_of_two_scripts(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether the letters of one text are Latin, and those of the other one are not."""
    return abs(_latin(one) - _latin(other)) > _OTHER_SCRIPT


def _begins_small(line: str) -> bool:
    first = next(filter(str.isalpha, line), "")
    return first.islower()


def _without_names(lines: Sequence[str]) -> list[str]:
    """Return lines without the words in capitals: names are the same in all languages."""
    return [" ".join(word for word in line.split() if not word[:1].isupper()) for line in lines]


def _latin(lines: Sequence[str]) -> float:
    """Return the share of Latin letters among all."""
    letters = [letter for line in lines for letter in line if letter.isalpha()]
    return sum(letter < _FIRST_OTHER for letter in letters) / max(1, len(letters))
