"""What is said of columns of which nobody can tell what they are, or which of them is meant?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ia3_studio.data.choice_columns import choices_without_answer
from ia3_studio.data.column_names import named, says
from ia3_studio.data.column_profile import is_plain, profile, structures_of
from ia3_studio.data.column_words import ANSWERED
from ia3_studio.data.label_contents import holds_several
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.opposed_names import degrees, twin_place
from ia3_studio.data.pair_names import PROMPT_NAMES
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.paths import is_listed
from ia3_studio.data.read_texts import is_fact_among
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES as ASKED_NAMES
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FORMS = (
    "a prompt and an answer column (such as prompt/answer, question/response, instruction/input/output), a messages or"
    " conversations column, a text and a label column, or a text column"
)


def unrecognized(frame: pd.DataFrame, columns: Sequence[str]) -> DataError:
    """Return what is said of columns of which none of the ways to read them fits."""
    if {column.lower() for column in columns} in ({"role", "content"}, {"from", "value"}):
        return DataError(
            "The rows are the turns of one conversation; use one row per conversation, with a messages list."
        )
    if all(is_plain(frame, name) and not _has_words(frame, name) for name in columns):
        return DataError(
            f"The columns {shown_names(columns)} are not recognized: none holds texts, only numbers, dates, addresses "
            f"or ids. Give a file with {FORMS}."
        )
    if all(is_plain(frame, name) and _holds_labels_at_most(frame, name, len(columns)) for name in columns):
        return DataError(
            f"The columns {shown_names(columns)} are not recognized: none holds texts, only labels, numbers, dates or "
            f"ids. Add the column of the texts that are labeled, or give a file with {FORMS}."
        )
    return DataError(
        f"The columns {shown_names(columns)} are not recognized; rename them to {FORMS}, or choose "
        "the task and its columns (Parsing options)."
    )


def _holds_labels_at_most(frame: pd.DataFrame, name: str, columns: int) -> bool:
    """Say whether a column holds nothing but labels, several of them in a cell, or no words at all."""
    each = profile(frame, name)
    are_labels = each.is_label or holds_several(frame, each) or is_fact_among(frame, each, columns)
    return are_labels or not _has_words(frame, name)


def _has_words(frame: pd.DataFrame, name: str) -> bool:
    """Say whether some cells of a column are lists, or hold a word that stands alone or beside another one."""
    values = structures_of(frame, name)
    return any(is_listed(value) or (isinstance(value, str) and _WORD.search(value[:2000])) for value in values)


_WORD = re.compile(r"[^\W\d_]\s+[^\W\d_]|^[^\W\d_]+$|[\u0e00-\u0eff\u3040-\u9fff]")


def refuse_undecided(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Refuse two answers to one prompt, called by letters, of which nothing says which is better.

    Raises:
        DataError: it names them; of answers with numbers, the first is as good as the others.
    """
    named_so = [name for name in columns if says(name, ANSWERED)]
    if not any(twin_place(*pair) == ("a", "b") for pair in combinations(named_so, 2)):
        named_so = []  # their cells, of which there may be many, need not be looked at
    held = {name: profile(frame, name) for name in named_so}
    answers = [name for name, each in held.items() if each.is_text or (each.length > 0 and not each.is_label)]
    pairs = [pair for pair in combinations(answers, 2) if twin_place(*pair) == ("a", "b")]
    if len(pairs) == 1 and len(answers) == 2 and named(columns, (*PROMPT_NAMES, *ASKED_NAMES)):
        one, other = pairs[0]
        raise DataError(
            f"The columns {one} and {other} are two answers to one prompt, and no column says which is better; select"
            " one of them as the target column."
        )
    if compared := degrees(columns):
        raise DataError(
            f"The columns {compared[0][0]} and {compared[0][1]} are two texts of which one has more of something than "
            "the other, with no prompt; choose the task Preferences and the better one as the target column, or add "
            "a column of prompts."
        )
    if choices := choices_without_answer(frame, columns):
        which = f"column {choices[0]} holds" if len(choices) == 1 else f"columns {shown_names(choices)} are"
        raise DataError(
            f"The {which} choices, and no column says which is right; add a column of the "
            "right choice, or select the columns of a prompt and an answer."
        )
    return None
