"""Which columns are prompts, and which are answers, each by its own name?"""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import bare_name, name_words, named, says, says_first, says_last
from ia3_studio.data.column_profile import Profile, cells_of, is_plain, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, DATA, TITLED, WORSE
from ia3_studio.data.label_candidates import label_candidates
from ia3_studio.data.label_contents import holds_long_texts, is_class
from ia3_studio.data.label_names import MOSTLY, is_judged
from ia3_studio.data.label_signs import is_rated
from ia3_studio.data.pair_cells import (
    LONGER,
    LONGEST_NAME,
    answer_path,
    are_questions,
    are_single_words,
    are_terms,
    has_numbers,
    holds_lists_of_texts,
    is_answer_text,
)
from ia3_studio.data.pair_names import (
    ANSWER_NAMES,
    FROM_WHERE,
    NUMBERED,
    PROMPT_NAMES,
    READ_NAMES,
    TEXT_ANSWERS,
    TITLES,
)
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd

_GIVEN = frozenset(("resps", "responses", "outputs", "generations", "predictions", "preds", "references"))
"""Words of columns of lists that were answered rather than asked."""


def prompt_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that are called prompts; "source" and the like only where their cells are texts of their own.

    Where a row is from has few different values, each of which comes again.
    """
    found = named(columns, PROMPT_NAMES)
    found.sort(key=lambda name: bare_name(name) == "query")  # which a question may be asked of a database by
    found = [name for name in found if not _is_constant(frame, name)] or found
    return [
        name for name in found
        if bare_name(name) not in FROM_WHERE
        or holds_lists_of_texts(frame, name)
        or not ((each := profile(frame, name)).is_label or each.different < 2 or 2 * each.different < len(frame)
                or each.is_identifier)
    ]  # fmt: skip


def _is_constant(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are the same in all of many rows."""
    each = profile(frame, name)
    return each.different == 1 and each.filled > MOSTLY and len(frame) > _FEW


_FEW = 4
"""Rows up to which a prompt may be the same in all of them, as long as other columns differ."""


def answer_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that are called answers; those called targets are not where they hold classes."""
    found = [
        name for name in named(columns, ANSWER_NAMES)
        if not (bare_name(name) in ("target", "targets") and _is_no_answer(frame, columns, name))
    ]  # fmt: skip
    found = found or _first_by_number(columns) or of_sizes(frame, columns)[:1]
    texts = [name for name in named(columns, TEXT_ANSWERS) if is_answer_text(frame, name)]
    if any(is_judged(name) and profile(frame, name).is_label for name in columns):
        found = [name for name in found if not _is_longest_summary(frame, columns, name)]
    if _labels_texts(frame, columns):
        texts = [name for name in texts if bare_name(name) not in _SAY_WHY]
    texts = texts or [name for name in columns if _is_query(name) and is_answer_text(frame, name)]
    if not texts and not named(columns, ("query",)):
        texts = [name for name in named(columns, ("sql",)) if not is_plain(frame, name)]
    if named(columns, ("article", "document", "full_text", "paper")):
        texts += named(columns, ("abstract",))
    if not (found or texts) and named(columns, ("prompt", "instruction", "input")):
        texts = [name for name in named(columns, ("text", "story", "content")) if is_answer_text(frame, name)]
    found = _worked_out(frame, columns, found) + [_in_plain(frame, columns, name) for name in found]
    found = found or texts or [name for name in named(columns, ("label",)) if _is_long_label(frame, columns, name)]
    return found or [name for name in columns if _is_made_of_answers(frame, name)] or _with_opposite(columns)


def _first_by_number(columns: Sequence[str]) -> list[str]:
    """Return the first of several answers in columns by number, in a list: answer_1, or human_ref_1."""
    return (
        named(columns, NUMBERED)[:1]
        or [name for name in columns if "".join(name_words(name)[-2:]) in NUMBERED and f"{name[:-1]}2" in columns][:1]
    )


def _is_longest_summary(frame: pd.DataFrame, columns: Sequence[str], name: str) -> bool:
    """Say whether a summary is far longer than any text beside it, which it cannot sum up, as that of a book."""
    others = [profile(frame, other).length for other in columns if other != name]
    return bare_name(name) in ("summary", "synopsis") and profile(frame, name).length > _FAR_LONGER * max(
        others, default=0
    )


_FAR_LONGER = 2
"""Times that a summary is longer than a text of which it is none."""


def _is_no_answer(frame: pd.DataFrame, columns: Sequence[str], target: str) -> bool:
    """Say whether a column called a target holds classes, or what a label beside it is about: an object, a name."""
    if is_class(frame, target) or has_numbers(frame, target):
        return True
    labels = [name for name in named(columns, ("label", "labels", "gold_label")) if profile(frame, name).is_label]
    judged = bool(labels) or is_rated(frame, columns)
    return judged and (not is_plain(frame, target) or profile(frame, target).length < LONGEST_NAME / 2)


def _is_long_label(frame: pd.DataFrame, columns: Sequence[str], name: str) -> bool:
    """Say whether a column called a label holds texts, and no other column could be the label."""
    if not holds_long_texts(frame, name):
        return False
    filled = {other: each for other in columns if other != name and (each := profile(frame, other)).filled > MOSTLY}
    return all(is_about_row(other) for other in label_candidates(frame, filled))


def of_sizes(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns of summaries that are called after their sizes, those that most rows fill first.

    Or else those of several answers that a row has, told apart by what follows: answer_formal and answer_brief.
    """
    words = {name: name_words(name) for name in columns}
    sized = [
        name for name, each in words.items() if each[:1] == ["summary"] and each[1:] and _SIZES.issuperset(each[1:])
    ]
    return sorted(sized, key=lambda name: -profile(frame, name).filled) or _answered_twice(frame, columns)


def _answered_twice(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the texts whose names begin with the same word for an answer, where there are several."""
    texts = [name for name in columns if says_first(name, _WRITTEN) and is_answer_text(frame, name)]
    first = {name: name_words(name)[0] for name in texts if len(name_words(name)) > 1}
    return [name for name in first if list(first.values()).count(first[name]) > 1]


_WRITTEN = ANSWERED | {"explanation", "output"}
_SIZES = frozenset(("long", "short", "tiny", "brief", "full", "detailed", "concise"))


def _is_query(name: str) -> bool:
    """Say whether a column is called a query in a language of its own, rather than what is there before it."""
    words = name_words(name)
    language = next((place for place, word in enumerate(words) if word in QUERY_LANGUAGES), len(words))
    return language < len(words) and words[language + 1 :] in _QUERIES and not _BEFORE_A_QUERY.intersection(words)


QUERY_LANGUAGES = frozenset(("sql", "sparql", "cypher", "graphql", "mql", "kql", "xquery", "xpath"))
_QUERIES: tuple[list[str], ...] = ([], ["query"], ["statement"], ["code"])
_BEFORE_A_QUERY = frozenset(("setup", "validation", "test", "schema", "context", "create", "ddl", "original", "bad"))


def _labels_texts(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a table has a column that is called a label, holds one, and stands beside texts, not prompts."""
    labels = [name for name in named(columns, ("label", "labels", "gold_label")) if profile(frame, name).is_label]
    return bool(labels) and not named(columns, PROMPT_NAMES)


_SAY_WHY = frozenset(("explanation", "rationale", "reasoning", "explanationtext", "rationaletext", "reasoningtext"))
"""Answers that only say why a text has its label, where it has one."""


def _in_plain(frame: pd.DataFrame, columns: Sequence[str], name: str) -> str:
    """Return the column of the plain text of answers that are objects, as summary_text is of summary; else the same."""
    values = structures_of(frame, name)
    objects = [value for value in values if is_listed(value) and any(isinstance(each, Record) for each in value)]
    plain = (
        [] if is_plain(frame, name) and not objects else named(columns, (f"{name}_text", f"{name.rstrip('s')}_text"))
    )
    return next((each for each in plain if profile(frame, each).length), name)


def _with_opposite(columns: Sequence[str]) -> list[str]:
    """Return the column of answers beside one whose name differs from its own by a "not", in a list."""
    words = {name: name_words(name) for name in columns if says(name, ANSWERED)}
    positive = {
        tuple(word for word in each if word not in _NOT): name for name, each in words.items() if _NOT & {*each}
    }
    return [name for name, each in words.items() if tuple(each) in positive][:1]


_NOT = frozenset(("not", "non"))


def _worked_out(frame: pd.DataFrame, columns: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Return the much longer solution, in a list, where the only answer is a result that it can be checked by."""
    solved = [name for name in answers if says_last(name, _SOLVED)]
    answers = [name for name in answers if name not in solved]
    if len(answers) != 1 or bare_name(answers[0]) not in (*_CHECKED, "answer"):
        return []
    length = max(profile(frame, answers[0]).length, 1.0)
    texts = [each for name in columns if name not in answers and (each := profile(frame, name)).is_text]
    return [
        each.name for each in texts
        if says_last(each.name, _SOLUTIONS) and each.filled > MOSTLY and each.length > LONGER * length
        and (bare_name(answers[0]) in _CHECKED or _shows(frame, each.name, answers[0]))
    ][:1]  # fmt: skip


def _shows(frame: pd.DataFrame, solution: str, answer: str) -> bool:
    """Say whether a solution holds the answer at its end, in most rows."""
    pairs = list(zip(cells_of(frame, solution), cells_of(frame, answer), strict=False))
    ends = [str(result).strip() in str(text)[-_AT_ITS_END - len(str(result)) :] for text, result in pairs]
    return says_last(solution, _SOLVED) and sum(ends) > MOSTLY * len(ends)


_SOLVED = frozenset(("solution",))
_AT_ITS_END = 40
"""Characters behind a result that ends a solution."""
_CHECKED = frozenset(("expectedanswer", "finalanswer", "groundtruth", "groundtruthanswer", "goldanswer"))
"""Names of results by which an answer is checked."""
_SOLUTIONS = frozenset(("solution", "solutions", "response", "rationale", "derivation"))


def _is_made_of_answers(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column is called answers in one of several words, and holds lists or objects of texts."""
    if not says_last(name.removesuffix("_spans"), ANSWERED) or says(name, WORSE):
        return False
    if holds_lists_of_texts(frame, name) or _holds_one_number(frame, name):
        return True
    return answer_path(frame, name) != name


def _holds_one_number(frame: pd.DataFrame, name: str) -> bool:
    """Say whether each cell is a list of a number, as solutions of equations are."""
    values = structures_of(frame, name)
    return bool(values) and all(
        is_listed(each) and len(each) == 1 and isinstance(each[0], int | float) for each in values
    )


def read_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column that an answer was written for: one so named, or else the first of texts or lists of texts."""
    found = [name for name in named(columns, READ_NAMES) if is_plain(frame, name) and profile(frame, name).filled > 0]
    texts = [each.name for name in columns if may_be_read(each := profile(frame, name))]
    texts.sort(key=lambda name: not says(name, DATA))
    lists = [name for name in columns if holds_lists_of_texts(frame, name) and not _GIVEN & set(name_words(name))]
    asked = [name for name in texts if bare_name(name) in TITLES and are_questions(frame, name)]
    bodies = asked or [name for name in texts if bare_name(name) not in TITLES and not says_last(name, TITLED)]
    bodies = [name for name in bodies if not are_single_words(frame, name)] or bodies
    return (found or bodies or lists or texts or [name for name in columns if are_terms(frame, name)])[:1]


def may_be_read(each: Profile) -> bool:
    """Say whether a column holds texts in most rows that are no labels."""
    return each.is_text and each.filled > MOSTLY and not each.is_label and each.different > 1
