"""Which column holds the text that a question is about?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, named, says, says_last
from ia3_studio.data.column_profile import profile, structures_of
from ia3_studio.data.column_words import ANSWERED, ASKED_ABOUT_WORDS, CONTEXTS, ORIGINAL, WORSE
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.pair_cells import LONGER, are_questions, contains, holds_lists_of_texts
from ia3_studio.data.pair_names import ASKED_ABOUT, LONG_CONTEXTS
from ia3_studio.data.pair_sides import may_be_read
from ia3_studio.data.passages import text_of_passages
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd


def long_context(frame: pd.DataFrame, columns: Sequence[str], prompt: str, answer: str) -> str:
    """Return the column of texts to which a prompt belongs; empty if there is none."""
    asked = profile(frame, prompt).length
    free = [name for name in columns if name not in (prompt, answer)]
    shortest = {name: asked for name in named(free, LONG_CONTEXTS)}
    if _is_question(frame, prompt):
        about = (name for name in free if says_last(name, ASKED_ABOUT_WORDS))
        shortest = dict.fromkeys(about, asked) | dict.fromkeys(named(free, ASKED_ABOUT), asked / 2) | shortest
        shortest |= dict.fromkeys(named(free, _REMARKS), _LONG_REMARK * asked)
    found = (profile(frame, name) for name in shortest if not contains(frame, name, prompt))
    long = (each.name for each in found if each.is_text and each.filled > MOSTLY and each.length > shortest[each.name])
    return (
        next(long, "")
        or _context_by_word(frame, free, answer)
        or _holding_answers(frame, free, prompt, answer)
        or _listed_context(frame, free, prompt)
    )


_REMARKS, _LONG_REMARK = ("note", "notes"), 2
"""Columns of remarks on a row, unless they are so many times as long as what is asked of them."""


def _listed_context(frame: pd.DataFrame, columns: Sequence[str], prompt: str) -> str:
    """Return the texts that a question was answered from, in lists or as passages with titles; empty if none are."""
    if not _is_question(frame, prompt):
        return ""
    given = (name for name in columns if says_last(name, CONTEXTS) or bare_name(name) in _PASSAGES)
    if found := next((name for name in given if _holds_passages(frame, name)), ""):
        return found
    called = (name for name in columns if says_last(name, CONTEXTS | ASKED_ABOUT_WORDS) and not says(name, WORSE))
    return next((name for name in called if holds_lists_of_texts(frame, name) and not _list_names(frame, name)), "")


def _holds_passages(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and sum(bool(text_of_passages(value)) for value in values) > MOSTLY * len(values)


_PASSAGES = ("ctxs", "documents", "docs", "sources", "retrieveddocuments", "retrievedpassages", "searchresults")
"""Other columns of passages."""


def _list_names(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most entries of lists are single words, such as names of the files that an answer is from."""
    entries = [str(entry) for value in structures_of(frame, name) if is_listed(value) for entry in value]
    return 2 * sum(entry.isascii() and len(entry.split()) < 2 for entry in entries) > len(entries)


def _holding_answers(frame: pd.DataFrame, columns: Sequence[str], prompt: str, answer: str) -> str:
    """Return the only long text next to questions, whatever it is called, in which nearly all answers stand.

    One that holds the questions as well was made of both.
    """
    if not _is_question(frame, prompt):
        return ""
    texts = [each.name for name in columns if may_be_read(each := profile(frame, name))]
    held = [name for name in texts if contains(frame, name, answer) and not contains(frame, name, prompt)]
    longest = LONGER * profile(frame, answer).length
    return held[0] if len(held) == 1 and profile(frame, held[0]).length > longest else ""


def _is_question(frame: pd.DataFrame, prompt: str) -> bool:
    return bare_name(prompt) in _QUESTIONS or are_questions(frame, prompt)


_QUESTIONS = frozenset(("question", "questions", "query", "instruction"))


def _context_by_word(frame: pd.DataFrame, columns: Sequence[str], answer: str) -> str:
    """Return the column whose name ends with a word for a context, or the original of a rewritten text; else nothing.

    So a question for a database has an sql_context, and an instruction to rewrite has an original text.
    """
    texts = [each.name for name in columns if may_be_read(each := profile(frame, name))]
    found = [name for name in texts if says_last(name, CONTEXTS) and not says(name, ANSWERED)]
    if not found and says(answer, REWRITTEN):
        found = [name for name in texts if says(name, ORIGINAL)]
    return next(iter(found), "")


REWRITTEN = frozenset(("rewritten", "revised", "edited", "corrected", "translated", "simplified", "paraphrased"))
"""Words for a text that was made of an original one as an instruction says."""
