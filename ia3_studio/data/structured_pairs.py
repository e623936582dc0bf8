"""Which rows answer data, or answer with a list? A table and its description, a task and its steps, nested answers."""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.asked_data import ASIDE, is_structured
from ia3_studio.data.column_names import bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import cells_of, is_list_of_texts, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, ASKED, DATA, IN_ORDER, INGREDIENTS, MADE, ORIGINAL, WHOLE
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, structure_of

if TYPE_CHECKING:
    import pandas as pd

GOALS = frozenset(("task", "goal", "objective", "title", "name", "topic", "query", "instruction", "recipe", "dish",
                   "aufgabe", "ziel", "rezept", "receta", "recette", "ricetta", "receita"))  # fmt: skip
"""Words for what is to be done in steps."""
_WRITTEN = frozenset(("text", "texts", "description", "sentence", "target", "reference", "references", "ref", "summary",
                      "lexicalization", "lexicalisation", "lexicalizations", "lexicalisations", "lex",
                      "verbalization", "verbalizations", "caption", "comment", "report", "narrative"))  # fmt: skip
"""Words for texts that are written from data."""
_FINAL = ("final", "target", "long")
"""Words of the likeliest of several texts inside an object."""


def beside_structures(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return prompt and answer where one of them is made of lists or objects; None for other tables."""
    structured = [name for name in columns if is_structured(frame, name)]
    if not structured:
        return None
    texts = [each.name for name in columns if name not in structured and _is_read(each := profile(frame, name))]
    return (
        _nested_answer(frame, texts, structured)
        or _shortened_lists(frame, texts, structured)
        or _steps(frame, texts, structured)
        or _written_from_data(frame, texts, structured)
        or _said_otherwise(frame, texts, structured)
        or _parsed(frame, texts, structured)
    )


def _parsed(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return the only text and the only object that is called what is expected of it, such as a command.

    Of a prompt, that is the only object that does not say what else is known of it.
    """
    objects = [name for name in structured if all(isinstance(each, Record) for each in structures_of(frame, name))]
    expected = [name for name in objects if says_last(name, _EXPECTED)]
    if not expected and len(texts) == 1 and says_last(texts[0], ASKED):
        expected = [name for name in objects if says_last(name, _FOUND) and not _answers_in_text(frame, name)]
    if not expected and len(structured) == 1 and set(map(bare_name, texts)) <= {"prompt", "instruction"}:
        expected = [name for name in objects if not says_last(name, _ASIDE) and not is_about_row(name)]
    if len(texts) != 1 or len(expected) != 1:
        return None
    return Mapping("pairs", texts[0], expected[0])


_EXPECTED = frozenset(("gold", "expected", "target", "formula", "parse", "ast", "command", "program", "frame", "amr",
                       "semantics", "form", "json"))  # fmt: skip
"""Words for an object that a text is to be turned into."""
_FOUND = frozenset(("result", "analysis", "diagnosis", "assessment", "verdict", "classification"))
"""Words for an object that a program found for what a person asked."""
_ASIDE = ASIDE | {"context", "input", "inputs", "extra", "extras", "options", "schema", "tools", "tool", "kwargs",
                  "checks", "criteria", "rubric", "tests", "usage", "variables", "args"}  # fmt: skip
"""Words for an object that says something else of a prompt."""


def _answers_in_text(frame: pd.DataFrame, name: str) -> bool:
    """Say whether objects hold a text that is called an answer, beside which the rest says how it was found."""
    return any(says_last(key, ANSWERED) and not is_structured(frame, f"{name}.{key}") for key in _keys(frame, name))


def _said_otherwise(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return the only text and the only list of texts, where these are as long as it: the same in other words."""
    if len(texts) != 1 or len(structured) != 1:
        return None
    lists = structures_of(frame, structured[0])
    said = [each for value in lists if is_list_of_texts(value) for each in value]
    if not said or not all(map(is_list_of_texts, lists)) or len(said) < _SEVERAL * len(lists):
        return None
    length = sum(map(len, said)) / len(said)
    own = profile(frame, texts[0]).length
    alike = (
        max(length, own) < _AS_LONG * min(length, own) and sum(len(each.split()) > 1 for each in said) > len(said) / 2
    )
    return Mapping("pairs", texts[0], structured[0]) if alike else None


_SEVERAL, _AS_LONG = 1.5, 2
"""Texts of a list on average, and times that they may be longer than the text beside it, or shorter."""


def recipes(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return ingredients, behind what is made of them, and the instructions; whatever else is known of a recipe."""
    columns = [name for name in columns if "translated" not in name_words(name)]
    told = [name for name in columns if says_last(name, IN_ORDER) and _may_tell(frame, name)]
    needed = [name for name in columns if says_last(name, INGREDIENTS)]
    if len(told) != 1 or not needed:
        return None
    made = [name for name in columns if says_last(name, GOALS) and _is_read(profile(frame, name))]
    return Mapping("pairs", made[0], told[0], needed[0]) if made else Mapping("pairs", needed[0], told[0])


def _may_tell(frame: pd.DataFrame, name: str) -> bool:
    return _are_texts(frame, name) if is_structured(frame, name) else profile(frame, name).length > _SHORTEST


def _is_read(each: Any) -> bool:
    return each.is_text and each.filled > MOSTLY and not each.is_label and each.different > 1


def _nested_answer(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return the only question and the path of the answers in a list of objects beside it."""
    asked = [name for name in texts if says_last(name, ASKED)]
    if len(asked) != 1:
        return None
    found = [
        f"{name}.{key}" for name in structured for key in _keys(frame, name)
        if says_last(key, ANSWERED) and not any(says_last(other, ASKED) for other in _keys(frame, name))
        and _are_texts(frame, f"{name}.{key}")
    ]  # fmt: skip
    return Mapping("pairs", asked[0], _likeliest(found)) if found else None


def _shortened_lists(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return the sentences of a text and those of its abstract, which are one answer together, both in lists."""
    lists = [name for name in structured if not texts and _are_texts(frame, name)]
    made = [name for name in lists if says(name, MADE)]
    read = [name for name in lists if name not in made and says(name, WHOLE)]
    return Mapping("pairs", read[0], made[0], lists="lines") if len(made) == len(read) == 1 else None


def _steps(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return the only text, or one that says what is to be done, and the list of steps beside it."""
    lists = [name for name in structured if says(name, IN_ORDER | _ACTION) and _are_texts(frame, name)]
    told = [name for name in texts if says_last(name, GOALS | ASKED)]
    asked = texts if len(texts) == 1 else told
    if not lists and told:  # steps that are objects are written as JSON
        lists = [name for name in structured if says_last(name, IN_ORDER) and _are_lists_of_objects(frame, name)]
    return Mapping("pairs", asked[0], lists[0]) if len(lists) == 1 and asked else None


def _are_lists_of_objects(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and all(
        is_listed(value) and all(isinstance(each, Record) for each in value) for value in values
    )


_ACTION = frozenset(("action",))


def _written_from_data(frame: pd.DataFrame, texts: Sequence[str], structured: Sequence[str]) -> Mapping | None:
    """Return data and the text that was written from them, which may stand inside the objects of another column."""
    data = [name for name in structured if says(name, DATA) and "id" not in name_words(name)]
    data = [name for name in data if not says(name, ANSWERED)]
    if not data:
        return None
    written = [name for name in texts if says_last(name, _WRITTEN)]
    written += [
        name for name in structured if name not in data and says_last(name, _WRITTEN) and _are_texts(frame, name)
    ]
    inner = [
        f"{name}.{key}" for name in structured if name not in data for key in _keys(frame, name)
        if says_last(key, _WRITTEN) and _are_texts(frame, f"{name}.{key}")
    ]  # fmt: skip
    answer = written[0] if len(written) == 1 else _likeliest(inner)
    return Mapping("pairs", _only_inside(frame, _whole(data)), answer) if answer else None


def _whole(data: Sequence[str]) -> str:
    """Return the column of all data before one of a part of them, and what was made of originals before these."""
    known = named(data, ("table", "tripleset", "triples", "mr"))
    made = (name for name in data if not any(word in bare_name(name) for word in ORIGINAL if len(word) > _SHORT_WORD))
    return next(iter([*known, *made, data[0]]))


_SHORT_WORD = 5
"""Letters of words that may stand inside of others by chance."""


def _only_inside(frame: pd.DataFrame, name: str) -> str:
    """Return the path of the lists of texts that are all that objects hold; of any other column its name."""
    keys = _keys(frame, name)
    values = structures_of(frame, name)
    held = [structure_of(value.get(keys[0])) for value in values if isinstance(value, Record)] if len(keys) == 1 else []
    texts = [is_list_of_texts(value) or isinstance(value, str) for value in held]
    return f"{name}.{keys[0]}" if texts and len(texts) == len(values) and all(texts) else name


def _likeliest(paths: Sequence[str]) -> str:
    return max(paths, key=lambda path: any(word in _FINAL for word in name_words(path)), default="")


def _keys(frame: pd.DataFrame, name: str) -> list[str]:
    """Return the keys of the objects of a column, or of those in its lists."""
    values = structures_of(frame, name)
    inner = [each for value in values for each in (value if is_listed(value) else [value])]
    return list(dict.fromkeys(str(key) for each in inner if isinstance(each, Record) for key in each))


def _are_texts(frame: pd.DataFrame, path: str) -> bool:
    """Say whether the values at a path are texts or lists of texts, which are longer than names."""
    values = [value for value in cells_of(frame, path) if value is not None]
    found = [structure_of(value) for value in values]
    texts = [text for value in found for text in (value if is_list_of_texts(value) else [value])]
    return bool(texts) and all(isinstance(text, str) for text in texts) and _mean(texts) > _SHORTEST


_SHORTEST = 15
"""Mean characters of texts that are an answer rather than names."""


def _mean(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / len(texts)
