"""Which columns say who wrote a text, where, when, or about which thing, rather than what it is?"""

from __future__ import annotations

from ia3_studio.data.column_names import name_words, says, says_last
from ia3_studio.data.lexicon.concepts import words_for

_WORDS_OF_A_NAME = 4
"""Words of a name; more of them are a question."""
ABOUT_ROW = words_for("people", "places", "things", "row")
"""Words for who wrote a text, where, when, and about which thing: a label only where there is no other."""


def is_about_row(name: str) -> bool:
    """Say whether a column is called after who wrote a text, where, when, or about which thing, in a few words."""
    return len(name_words(name)) <= _WORDS_OF_A_NAME and says(name, ABOUT_ROW) and not says_last(name, _SAID_BY_USERS)


_SAID_BY_USERS = frozenset(("rating", "score", "stars", "suggestion", "recommendation", "recommended", "sentiment"))
"""Words that end the name of a label, also behind one for a person, as of user_rating."""
