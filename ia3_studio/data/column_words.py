"""Which words in the name of a column say its part? In the languages of the lexicon."""

from __future__ import annotations

import re

from ia3_studio.data.column_names import bare_name, name_words, says
from ia3_studio.data.lexicon.concepts import words_for

_SCALE = re.compile(
    r"\b(?:out of|sur|von|de|su|van|op|av|af|z|из|dari)\s*(?:5|6|7|10|20|100)\b|/\s*(?:5|6|10|20|100)\b"
    r"|\b[01]\s*(?:-|–|—|\.\.|to|bis|à|a|al|до|～|~)\s*(?:5|6|7|10|20|100)\b|満点|分制",
    re.IGNORECASE,
)
"""How the name of a rating says between which numbers it is."""
_GRADES = frozenset(("note", "notes", "noten"))


def is_scale(name: str, *, holds_numbers: bool) -> bool:
    """Say whether a column of numbers is a rating by its name: with its scale, or a grade as French and German say it.

    Example:
        >>> is_scale("Qualité (sur 5)", holds_numbers=True), is_scale("Note", holds_numbers=False)
        (True, False)
    """
    return holds_numbers and (_SCALE.search(name) is not None or says(name, _GRADES))


ASKED = words_for("asked")
"""Words for what is asked."""
ANSWERED = words_for("answered")
"""Words for what answers."""
CONTEXTS = words_for("context")
"""Words for a text that a question is about."""
ASKED_ABOUT_WORDS = words_for("text", "document")
"""Words for a text that a question beside it is about where it is longer."""
DECIDING = words_for("deciding")
"""Words for which of two answers is the better one."""
WHO_ASKS = words_for("asker")
WHO_ANSWERS = words_for("answerer")
SAID = words_for("said", "message")
"""Words for what somebody said."""
READ = words_for("read", "text", "message")
"""Words for a text that is read, such as a review."""
LABELED = words_for("label")
"""Words for what a text is judged to be."""
WEAK = words_for("weak")
"""Words that make a column a label only where no other is one."""
FLAGGING = frozenset(("is", "has"))
"""Words that make a column a label where they begin its name, as in is_spam, but not inside a question."""
PRICED = words_for("price")
"""Words for a measurement that is usually predicted of a description."""
AMOUNTS = words_for("amount")
OBSERVED = words_for("observed")
"""Words for a measurement beside which others are computed."""
COMPUTED = words_for("computed")
"""Words for what a model or a formula said."""
RELATED = words_for("related")
"""Words for labels of two texts."""
IN_ORDER = words_for("steps")
"""Words for lists that are one answer together, item by item."""
INGREDIENTS = words_for("ingredients")
"""Words for what something is made of."""
DATA = words_for("data")
"""Words for data that a text is written from."""
RESULT = words_for("result")
"""Words for a text that was made of another one beside it."""
PROBLEMS = words_for("problem")
"""Words for what a solution answers."""
WORSE = words_for("worse")
"""Words for answers that are not to be given."""
CODE = words_for("code")
"""Words for what a message is written about."""
FAULTY = words_for("faulty")
"""Words for a text of which another one beside it is the correction."""
WRONG = words_for("wrong")
"""Words for the other choices."""
WHOLE = words_for("whole")
"""Words for a whole text, of which another column is a short description."""
RIGHT = words_for("right")
"""Words for the right one of several choices."""
ORIGINAL = words_for("original")
"""Words for a text of which another one beside it was made."""
MADE = words_for("made", "summary", "translation", "correction")
"""Words for a text that is made of another one, whatever stands beside them."""
CONVERTED = words_for("converted", "translation", "correction")
"""Words for what another text was turned into, which are answers also beside a category of both."""
TITLED = words_for("title")
"""Words that end the name of what stands above a text."""
ABOUT_TEXTS = frozenset(
    ("title", "headline", "author", "authors", "creator", "poet", "name", "username", "user", "artist")
)
"""Names of columns that say something about a text: what it is called, who wrote it."""


def is_about_text(name: str) -> bool:
    """Say whether a column is called a title or an author."""
    return bare_name(name) in ABOUT_TEXTS or bool({"title", "headline"}.intersection(name_words(name)))
