"""Which columns are a prompt and its answer by one of the words in their names?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import LONGEST_LABEL, Profile, cells_of, is_label_name, profile
from ia3_studio.data.column_words import (
    AMOUNTS,
    ASKED,
    CONVERTED,
    FAULTY,
    IN_ORDER,
    LABELED,
    MADE,
    ORIGINAL,
    PROBLEMS,
    READ,
    RESULT,
    SAID,
    WHO_ANSWERS,
    WORSE,
)
from ia3_studio.data.head_words import head_of, is_answer_name, is_asked_name
from ia3_studio.data.label_candidates import label_candidates
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.label_contents import is_class, is_workflow
from ia3_studio.data.label_names import LABEL_NAMES, MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import LONGER
from ia3_studio.data.pair_names import LONG_CONTEXTS, READ_NAMES, TITLES
from ia3_studio.data.read_texts import is_titled
from ia3_studio.data.structured_pairs import GOALS

if TYPE_CHECKING:
    import pandas as pd


def by_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return columns whose names say it in one of several words, such as user_message and bot_response.

    A text that is read, such as content, is a prompt only where no column is a label by its name.
    """
    profiles = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each.name for each in profiles if not each.is_label and each.different > 1]
    texts = [name for name in texts if not _are_tags(frame, name)]
    kept = [name for name in texts if not says(name, WORSE)]
    asked = [name for name in texts if is_asked_name(name)] or _asked_again(profiles)
    answers = [name for name in kept if name not in asked and is_answer_name(name)]
    asked = asked or [name for name in texts if name not in answers and says(name, PROBLEMS)]
    if not asked and not named(columns, LABEL_NAMES):
        asked = named([name for name in texts if name not in answers], READ_NAMES)
    if not answers and asked:
        answers = [name for name in kept if name not in asked and says(name, WHO_ANSWERS) and says(name, SAID)]
    is_open = not (asked and answers) and not _is_judged(frame, columns)
    turned = [name for name in kept if says_last(head_of(name), CONVERTED)]
    if len(turned) == 1 and not (asked and answers) and not _is_judged(frame, _not_of_things(columns)):
        others = [name for name in texts if name not in turned and not is_titled(name)]
        if read := _whole_text(frame, others):
            return Mapping("pairs", read, turned[0])
    made = [name for name in kept if is_open and says_last(head_of(name), MADE) and not _is_of_applicant(name, columns)]
    made = made or [name for name in (_long_headline(frame, kept), _note_on_talk(texts)) if is_open and name][:1]
    made = (
        [name for name in made if not says_last(name, _ABSTRACTS)] if len(made) == len(("abstract", "other")) else made
    )
    whole = _whole_text(frame, [name for name in texts if name not in made]) if len(made) == 1 else ""
    if whole and not (
        says_last(head_of(made[0]), _ABSTRACTS) and profile(frame, made[0]).length > profile(frame, whole).length
    ):
        asked, answers = [whole], made
    replies = [name for name in answers if _is_reply(frame, name)]
    if not asked and answers and (replies or not _is_judged(frame, columns)):
        answers = replies or answers
        asked = [name for name in texts if name not in answers and says(name, READ)]
    faulty = [name for name in texts if says(name, FAULTY)]
    if not answers and len(texts) == 2 and len(faulty) == 1 and not _is_judged(frame, columns):
        asked, answers = faulty, [name for name in texts if name not in faulty]
    noted = _note_on_code(texts)
    if noted and not _is_judged(frame, columns):
        asked, answers = noted[:1], noted[1:]
    asks = bool(asked) and says_last(asked[0], ASKED)  # what stands beside a question is not asked
    if not answers and len(texts) == 2 and not asks and only_facts_beside(frame, columns):
        first = [name for name in texts if says(name, ORIGINAL)]
        answers = [name for name in kept if name not in first and (first or says(name, RESULT))]
        asked = [name for name in texts if name not in answers]
    if not answers and (work := _commented(texts)) and not _is_judged(frame, columns):
        written, comment = work
        task = next((name for name in asked if name not in work), "")
        return Mapping("pairs", task or written, comment, written if task else "")
    if not (asked and answers):
        asked, answers = _how_to(frame, columns, kept)
    return Mapping("pairs", asked[0], answers[0]) if asked and answers else None


def _is_reply(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column is called an answer and no more, as "reply of the shop" is, and holds sentences."""
    each = profile(frame, name)
    return len(name_words(head_of(name))) == 1 and each.length > LONGEST_LABEL and 2 * each.different > len(frame)


def asked_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns of texts whose names end with a word for what is asked, the first of them, in a list."""
    asked = (name for name in columns if says_last(head_of(name), ASKED) and bare_name(name) not in _OPENINGS)
    asked = (name for name in asked if not named([name], LONG_CONTEXTS))
    found = (profile(frame, name) for name in asked)
    return [
        each.name for each in found
        if each.is_text and each.filled > MOSTLY and each.different > 1 and not each.is_label
    ][:1]  # fmt: skip


_OPENINGS = frozenset(("systemprompt", "systemmessage", "systeminstruction"))


_ABSTRACTS = frozenset(("abstract",))
"""What is made of a text, but read where something else is made of it."""


def _are_tags(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are several labels each, by the name of their column and by what they hold."""
    return is_label_name(name, LABELED) and label_kind(cells_of(frame, name), name) == "multi"


EXPECTED = frozenset(("gold", "expected"))
"""Words for what is to be found, which is nothing that is asked."""


def _asked_again(profiles: Sequence[Profile]) -> list[str]:
    """Return the column of questions that are asked in many rows each, in a list, beside answers that differ."""
    varied = {each.name for each in profiles if not each.is_label}
    asked = [each.name for each in profiles if each.is_label and is_asked_name(each.name)]
    return asked if len(asked) == 1 and any(is_answer_name(name) for name in varied) else []


def _how_to(frame: pd.DataFrame, columns: Sequence[str], texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the column of what is to be made or done and that of the instructions for it; two empty lists for none."""
    told = [name for name in texts if says_last(name, IN_ORDER)]
    if len(told) != 1 or _is_judged(frame, _not_of_things(columns)):
        return [], []
    length = profile(frame, told[0]).length
    goals = [name for name in texts if says_last(name, GOALS) and profile(frame, name).length < length]
    return (goals[:1], told) if goals else ([], [])


def _not_of_things(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if bare_name(name) not in _OF_THINGS]


_OF_THINGS = frozenset(
    (
        "category",
        "categories",
        "topic",
        "tags",
        "cuisine",
        "difficulty",
        "grade",
        "subject",
        "level",
        "domain",
        "field",
        "type",
        "genre",
    )
)
"""Labels of what is made or done, which do not make instructions a text that is sorted."""


def _long_headline(frame: pd.DataFrame, texts: Sequence[str]) -> str:
    """Return the longer of two columns of titles, which is a summary of the text below them; empty if it is not."""
    above = sorted((name for name in texts if bare_name(name) in TITLES), key=lambda n: profile(frame, n).length)
    length = profile(frame, above[-1]).length if len(above) > 1 else 0.0
    below = [name for name in texts if name not in above and profile(frame, name).length > LONGER * length]
    return above[-1] if below and length >= _SHORTEST_SUMMARY else ""


_SHORTEST_SUMMARY = 60
"""Mean characters of a headline that says what a text says rather than what it is about."""


def _note_on_talk(texts: Sequence[str]) -> str:
    """Return the only text beside a dialogue, which was written on it; empty where there are more or fewer."""
    talks = named(texts, _TALKS)
    others = [name for name in texts if name not in talks]
    return others[0] if len(talks) == len(others) == 1 else ""


_TALKS = ("dialogue", "dialog", "conversation", "transcript")


def _is_of_applicant(name: str, columns: Sequence[str]) -> bool:
    """Say whether a resume is what somebody applies for a job with, rather than a summary, which it is in French."""
    words = {word for column in columns for word in name_words(column)}
    return name_words(name)[-1:] == ["resume"] and bool(words & _OF_JOBS)


_OF_JOBS = frozenset(("job", "jobs", "jd", "position", "vacancy", "candidate", "applicant", "skills", "hired", "role"))


def _commented(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return what a learner wrote and what a teacher wrote on it, each the only one of its kind; None without both."""
    comments = [name for name in texts if says_last(name, _COMMENTS)]
    works = [name for name in texts if name not in comments and says(name, _WORKS) and not is_asked_name(name)]
    return (works[0], comments[0]) if len(works) == len(comments) == 1 else None


_WORKS = frozenset(("essay", "submission", "homework", "assignment", "draft", "manuscript"))
_COMMENTS = frozenset(("feedback", "comment", "comments", "critique", "remarks"))


def _note_on_code(texts: Sequence[str]) -> list[str]:
    """Return a change of code and the message that was written on it; an empty list where one is missing."""
    changes = [name for name in texts if says_last(name, _CHANGES)]
    notes = [name for name in texts if says_last(name, _MESSAGES)]
    return [changes[0], notes[0]] if changes and len(notes) == 1 and not named(texts, _TASKS) else []


_CHANGES, _MESSAGES = frozenset(("diff", "patch")), frozenset(("msg", "message"))
_TASKS = ("problem_statement", "instruction", "prompt", "issue", "task")
"""Columns of what code was changed for, which a patch answers."""


def _whole_text(frame: pd.DataFrame, texts: Sequence[str]) -> str:
    """Return the longest of several texts, titles aside; empty where there is none."""
    bodies = [name for name in texts if bare_name(name) not in TITLES]
    first = [name for name in bodies if says(name, ORIGINAL)]
    return first[0] if first else max(bodies, key=lambda name: profile(frame, name).length, default="")


def only_facts_beside(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether nothing could be a label but who or where, or an amount in numbers."""
    filled = {name: each for name in columns if (each := profile(frame, name)).filled > MOSTLY}
    return all(
        is_about_row(name) or (says(name, AMOUNTS) and profile(frame, name).is_number)
        for name in label_candidates(frame, filled)
    )


def _is_judged(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column is a label by a word of its name."""
    judged = (name for name in columns if is_label_name(name, LABELED) and not is_workflow(frame, name))
    return any(is_class(frame, name) and profile(frame, name).different > 1 for name in judged)
