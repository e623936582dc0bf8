"""Which test files can hold a test of the markers asked for? Told by their text, without importing them."""

from __future__ import annotations

import re
from itertools import chain, combinations

MARKER = re.compile(r"mark\.(\w+)")
OF_THE_FILE = re.compile(r"^pytestmark = .*", re.MULTILINE)
WORD = re.compile(r"[^\W\d]\w*")


def may_match(asked: str, source: str) -> bool:
    """Say whether a test of a file can have the markers asked for, by the markers that its text names.

    Args:
        asked: an expression such as "worker and not starter"; one that is more than names and operators may match.
        source: of the file, which names each of its markers as ``mark.name``.
    """
    words = set(WORD.findall(asked)) - {"and", "or", "not"}
    if WORD.sub("", asked).strip(" ()"):
        return True
    always = words.intersection(MARKER.findall("".join(OF_THE_FILE.findall(source)[-1:])))
    some = words.intersection(MARKER.findall(source)) - always
    subsets = chain.from_iterable(combinations(some, count) for count in range(len(some) + 1))
    return any(eval(asked, {}, {word: word in always or word in subset for word in words}) for subset in subsets)
