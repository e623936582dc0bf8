"""Are the texts of a list one answer together, entry by entry, or several answers to one prompt?"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.column_words import IN_ORDER
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import split_path, structure_of, value_at

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.table import Table

_FEWEST_ENTRIES, _FEWEST_WORDS, _MOST_ALIKE = 3, 2, 0.25
"""Entries of a list and words of an entry, on average, from which on they can be the steps of one answer, and the share
of words that two of them in a row have in common at most: several answers to one prompt are alike."""
_MOST_LOOKED_AT = 200


def given_answers(frame: pd.DataFrame, answer: str) -> list[Any]:
    """Return what stands where the answers of a mapping are; nothing where the table has no such place."""
    path = split_path(answer, frame.columns)
    column = path[0] if path and answer not in frame.columns else answer
    cells = frame[column].tolist() if column in frame.columns else []
    return [value_at({column: cell}, answer) for cell in cells]


def written_list(text: str, answer: str) -> Any:
    """Return the list of texts that an answer is written as, by Python or in a column of several; else the text.

    A list that is JSON stays text in any other column: it may be what is to be learned, such as what was extracted.

    Example:
        >>> written_list("['Oslo', 'Turku']", "answer"), written_list('["Oslo"]', "answer")
        (['Oslo', 'Turku'], '["Oslo"]')
    """
    found = structure_of(text)
    if not is_list_of_texts(found):
        return text
    return found if name_words(answer.rpartition(".")[2])[-1:] in _SEVERAL or not _is_json(text) else text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


_SEVERAL = [
    [word]
    for word in ("answers", "solutions", "responses", "outputs", "completions", "references", "replies", "translations",
                 "paraphrases", "aliases")
]  # fmt: skip
"""What the last word of a column's name may be whose lists are several answers, also where they are written as JSON."""


def are_one_answer(answer: str, given: Sequence[Any]) -> bool:
    """Say whether the entries of each list are one answer together.

    The column is called steps or the like; or its name is in the singular, and its lists have several entries of a few
    words each that say different things.

    Example:
        >>> steps = ["Open the app", "Tap on the wheel", "Choose a language"]
        >>> are_one_answer("output", [steps]), are_one_answer("outputs", [steps]), are_one_answer("output", [["Oslo"]])
        (True, False, False)
    """
    name = answer.rpartition(".")[2]
    if says(name, IN_ORDER) or name_words(name)[-1:] in _PARTS:
        return True
    lists = [each for each in map(structure_of, given[:_MOST_LOOKED_AT]) if is_list_of_texts(each)]
    entries = [entry for each in lists for entry in each]
    if name.lower().endswith("s") or len(entries) < _FEWEST_ENTRIES * max(1, len(lists)):
        return False
    beside = [(_words(one), _words(other)) for each in lists for one, other in pairwise(each)]
    alike = sum(len(one & other) / max(1, len(one | other)) for one, other in beside)
    return sum(len(entry.split()) for entry in entries) >= _FEWEST_WORDS * len(entries) and (
        alike <= _MOST_ALIKE * len(beside)
    )


_PARTS = [
    [word]
    for word in (
        "points", "bullets", "facts", "takeaways", "highlights", "reasons", "findings", "items", "sentences", "lines",
        "paragraphs", "requirements", "objectives", "actions", "tasks", "recommendations", "tips", "arguments",
        "ingredients", "chapters", "stanzas", "verses", "messages",
    )
]  # fmt: skip
"""What the last word of a column's name may be whose lists are one answer: its entries are parts, not alternatives."""


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def listed_answer_note(table: Table, mapping: Mapping) -> tuple[str, ...]:
    """Return a sentence on what lists of texts are read as, where neither a name nor a person says it."""
    if mapping.kind != "pairs" or mapping.lists or says(mapping.answer.rpartition(".")[2], IN_ORDER):
        return ()
    given = given_answers(table.frame.head(_MOST_LOOKED_AT), mapping.answer)
    if not any(is_list_of_texts(each) and len(each) > 1 for each in map(structure_of, given)):
        return ()
    one = are_one_answer(mapping.answer, given)
    what = "one answer, an entry a line" if one else "several answers, an example each"
    return (f"A list in {mapping.answer} is read as {what}.",)
