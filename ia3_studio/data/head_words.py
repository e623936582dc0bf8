"""Which of the words in a name says what a column is: that of a question, of an answer, or another one?"""

from __future__ import annotations

import re

from ia3_studio.data.column_names import name_words, says, says_first, says_last
from ia3_studio.data.column_words import ANSWERED, ASKED, SAID, WHO_ASKS
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.lexicon.concepts import all_words, words_for, words_in

_OF = words_for("of")
"""Words after which a name goes on, so that what stands before them says what it is."""
_ANY_TEXT = words_for("text") | {"notes", "note", "body", "message", "content", "details", "column"}
"""Words after which a name is what it is without them."""
_AT_END = _ANY_TEXT | LANGUAGES
_TEXT_FIRST = words_for("text", noun_first=True)
"""Words of languages in which what a text is stands behind them."""
_GENITIVES = (words_for("asked genitive"), "question"), (words_for("answered genitive"), "answer")
"""Questions and answers as they are written next to a word for a text, and what they are alone."""
_ASKS_FIRST = words_for("asked", noun_first=True) - words_in("en", "asked")
_ANSWERS_FIRST = words_for("answered", noun_first=True) - words_in("en", "answered")
"""Words of languages in which what describes a noun follows it, as in "soluzione adottata", and not of English."""
_IN_PARENTHESES = re.compile(r"\s{0,9}[(（\[][^)）\]]{0,200}[)）\]]\s*$")


def is_answer_name(name: str) -> bool:
    """Say whether a name is that of an answer: it ends with a word for one, or begins with it in some languages.

    Example:
        >>> is_answer_name("texto de respuesta"), is_answer_name("Antwort der Stadt"), is_answer_name("type of answer")
        (True, True, False)
    """
    head = head_of(name)
    return says_last(head, ANSWERED) or says_first(head, _ANSWERS_FIRST)


def is_asked_name(name: str) -> bool:
    """Say whether a name is that of what is asked, also by who says it, as in "customer message"."""
    if says(name, WHO_ASKS) and says(name, SAID) and not says(name, ANSWERED):
        return True
    head = head_of(name)
    return says_last(head, ASKED) or says_first(head, _ASKS_FIRST)


def head_of(name: str) -> str:
    """Return the words of a name that say what it is.

    A language, a word for any text, a number or a letter at its end go, a word for any text at its beginning, what
    stands in parentheses, and what follows a word such as "of".

    Example:
        >>> head_of("response_en"), head_of("texto de la pregunta"), head_of("question of the customer")
        ('response', 'pregunta', 'question')
    """
    whole = name_words(name)
    words = name_words(_IN_PARENTHESES.sub("", name)) or whole
    if len(words) > 1 and words[0] in _TEXT_FIRST:
        words = _without_of(words[1:])
    words = words[: next((place for place, word in enumerate(words) if place and word in _OF), len(words))]
    while len(words) > 1 and (words[-1] in _AT_END or len(words[-1]) == 1):
        if "_".join(words[-2:]) in all_words():  # such as "short content", which is a summary
            break
        words.pop()
    if len(words) > 1 and words[-1] == "title" and says_last(words[-2], ASKED):
        words.pop()  # the title of a question is what is asked
    if words == whole:
        return name
    plain = next((plain for forms, plain in _GENITIVES if words[-1:] and words[-1] in forms), "")
    return plain or " ".join(words)


def _without_of(words: list[str]) -> list[str]:
    """Return words without those such as "of" before them, unless there are no others."""
    return words[next((place for place, word in enumerate(words) if word not in _OF), 0) :]
