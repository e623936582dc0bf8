"""Which keys of a list of objects are prompt and answer?"""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import is_one_word, name_words, named, says_last
from ia3_studio.data.column_profile import is_plain, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, CONTEXTS
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_names import ANSWER_NAMES, CONTEXT_NAMES, PROMPT_NAMES
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd


def nested_pairs(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a mapping of rows whose list of objects holds the answers, such as an instruction and its instances."""
    prompts = named(columns, PROMPT_NAMES)
    if prompts and any(is_plain(frame, name) for name in named(columns, ANSWER_NAMES)):
        return None
    for name in columns:
        if _TESTS.intersection(name_words(name)):
            continue
        cells = structures_of(frame, name)
        inner = cells[0][0] if cells and isinstance(cells[0], list) and cells[0] else None
        fields = list(inner) if isinstance(inner, dict) else []
        called = named(fields, ANSWER_NAMES) or [each for each in fields if is_one_word(each, ANSWERED)]
        answers = [each for each in called if inner and not _holds_objects(inner[each])]
        contexts = named(fields, CONTEXT_NAMES)
        asked = named(fields, PROMPT_NAMES) or [each for each in prompts if each != name]
        if not asked and contexts:  # the task, and what it is done with
            asked = [each for each in columns if each != name and profile(frame, each).is_text][:1] or contexts[:1]
            contexts = [each for each in contexts if each not in asked]
        if asked and asked[0] in fields and not contexts:  # what all questions of a row are about
            contexts = [each for each in columns if says_last(each, CONTEXTS) and profile(frame, each).is_text]
        if answers and asked:
            return Mapping("pairs", asked[0], answers[0], contexts[0] if contexts else "", nested=name)
    return None


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Record) or (is_listed(value) and any(isinstance(each, Record) for each in value))


_TESTS = frozenset(("test", "tests"))
"""Words of columns of test cases, whose outputs are no answers."""
