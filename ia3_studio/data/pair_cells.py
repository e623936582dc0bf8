"""What do the cells of a column of prompts or answers hold: questions, terms, lists, texts inside objects?"""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import is_unspaced, says_last
from ia3_studio.data.column_profile import cells_of, is_list_of_texts, is_plain, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, READ
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.language_names import LANGUAGES
from ia3_studio.data.paths import is_listed, paths_in, split_path, texts_within, value_at
from ia3_studio.data.turns import text_of_parts

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_PAIR = 8
"""Mean characters of the texts of two columns that are a prompt and its answer."""
_INSIDE = ("text", "spans", "value", "content", "answer", "output", "response", "input_text")
"""Keys of an answer that is an object."""
_NAMED = ("entity_name",)
"""Keys of what a thing that is an answer is called."""
_LOOKED_AT = 50
_MOSTLY_ASKED = 0.8


def is_copy(frame: pd.DataFrame, name: str, answer: str) -> bool:
    """Say whether a column holds the answers with hardly anything else, as the original of a code does."""
    longer = profile(frame, name).length > _HARDLY_LONGER * profile(frame, answer).length
    return not longer and contains(frame, name, answer)


_HARDLY_LONGER = 1.5
"""Times that a text is longer than one in it, up to which it is the same one."""


def contains(frame: pd.DataFrame, prompt: str, answer: str) -> bool:
    """Say whether nearly every prompt has the answer in it, as a text that was made of both for training has."""
    pairs = zip(_first_values(frame, prompt), _first_values(frame, answer), strict=False)
    texts = [(asked, said.strip()) for asked, said in pairs if isinstance(asked, str) and isinstance(said, str)]
    long = [(asked, said) for asked, said in texts if len(said) >= (2 if is_unspaced(said) else SHORTEST_PAIR)]
    return bool(long) and sum(said in asked for asked, said in long) > _MOSTLY_ASKED * len(long)


def _first_values(frame: pd.DataFrame, path: str) -> list[Any]:
    """Return the first cells of a column, or the values at a path inside them."""
    if path in frame.columns:
        return frame[path].tolist()[:_LOOKED_AT]  # type: ignore[no-any-return]
    found = split_path(path, frame.columns)
    return [value_at({found[0]: cell}, path) for cell in frame[found[0]].tolist()[:_LOOKED_AT]] if found else []


LONGER = 3.0
"""Times that a text is longer than one that it is made of, or than the result that it comes to."""


def has_numbers(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds lists of numbers, such as tokens."""
    values = structures_of(frame, name)
    return bool(values) and all(is_listed(value) and all(isinstance(each, int) for each in value) for value in values)


def is_answer_text(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds texts, or lists of texts, that are no labels."""
    if holds_lists_of_texts(frame, name):
        return True
    each = profile(frame, name)
    return each.is_text and not each.is_label and 2 * each.different > len(frame) * each.filled


def holds_lists_of_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column are lists of texts."""
    values = structures_of(frame, name)
    return bool(values) and sum(map(is_list_of_texts, values)) > MOSTLY * len(values)


def is_asked(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called a context can be a prompt of its own: it holds texts, or numbers to compute with."""
    each = profile(frame, name)
    if each.different < 2 and not holds_lists_of_texts(frame, name) and len(frame) > 2:
        return False
    if each.is_identifier and each.length:  # such as names of files
        return False
    return not each.is_label and (holds_lists_of_texts(frame, name) or each.length > 0 or each.is_number)


def are_single_words(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column have no blank, such as names of files and functions."""
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return 2 * sum(cell.isascii() and " " not in cell for cell in cells) > len(cells)


def are_keys(frame: pd.DataFrame, name: str) -> bool:
    """Say whether each cell is another word without blanks, and most are joined ones, as the keys of messages are.

    Example:
        >>> import pandas as pd
        >>> are_keys(pd.DataFrame({"context": ["menu-open", "menu-save", "term_07", "exit"]}), "context")
        True
    """
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    if any(len(cell) > _LONGEST_KEY for cell in cells):
        return False
    joined = sum(_KEY.fullmatch(cell) is not None for cell in cells)
    is_key = bool(cells) and all(cell.isascii() and len(cell.split()) == 1 for cell in cells)
    return is_key and len(set(cells)) == len(cells) and 2 * joined > len(cells)


_KEY = re.compile(r"[A-Za-z]\w{0,80}[-_.:/]\S{1,200}|[A-Za-z]{1,40}_?\d{1,9}")
"""Words that are joined by a sign, or numbered."""
_LONGEST_KEY = 300


def are_classes(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are names of classes, each a word that may join several, most of which stand in several rows.

    In a table of few rows they need not be few.
    """
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    words = all(_CLASS.fullmatch(cell) for cell in cells if cell)
    repeated = [cell for cell in cells if cells.count(cell) > 1] if words and len(cells) <= _FEW_ROWS else []
    return len(cells) >= _ENOUGH_ROWS and _NEARLY_ALL * len(cells) <= len(repeated)


_CLASS = re.compile(r"[^\W\d_][\w-]{1,39}")
_FEW_ROWS, _ENOUGH_ROWS, _NEARLY_ALL = 60, 6, 0.8
"""Rows of a table of few and of enough of them, and the share of them whose class stands in others."""


def are_terms(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds words or names, most of them different, such as those that a dictionary defines."""
    each = profile(frame, name)
    return each.length > 0 and not (each.is_label or each.is_identifier) and 2 * each.different > len(frame)


def bases(paths: Sequence[str]) -> set[str]:
    """Return paths and the columns in which they begin."""
    return {part for path in paths for part in (path, re.split(r"[.\[]", path)[0])}


def text_path(frame: pd.DataFrame, name: str) -> str:
    """Return the column, or the path of the text inside its objects; nothing where there is none."""
    if is_plain(frame, name):
        return name
    inner = [path for path in paths_in(frame[[name]]) if path.rpartition(".")[2] in ("stem", "raw", *_INSIDE)]
    return next(iter(sorted(inner, key=len)), "")


def asked_path(frame: pd.DataFrame, name: str) -> str:
    """Return the path of what is asked inside the objects of a column; empty where they hold none."""
    if is_plain(frame, name):
        return ""
    inner = [path for path in paths_in(frame[[name]]) if path.rpartition(".")[2] in _ASKED_INSIDE]
    return next(iter(sorted(inner, key=len)), "")


def text_of_context(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """Return the path of the text inside the objects of a column that is called a context; empty if there is none."""
    found = (text_path(frame, name) for name in columns if not is_plain(frame, name))
    return next((path for path in found if path and profile(frame, path).is_text), "")


def context_inside(frame: pd.DataFrame, prompt: str) -> str:
    """Return the path of the context that stands in the same object as what is asked; empty if there is none."""
    if prompt in map(str, frame.columns) or "." not in prompt:
        return ""
    base = prompt.rpartition(".")[0]
    return next((path for key in _CONTEXTS_INSIDE if (path := f"{base}.{key}") != prompt and cells_of(frame, path)), "")


_CONTEXTS_INSIDE = ("context", "passage", "document", "text", "article")
_ASKED_INSIDE = ("question", "query", "prompt", "instruction")


def answer_path(frame: pd.DataFrame, name: str) -> str:
    """Return the column of an answer, or the path of its text inside objects: the first of several."""
    values = structures_of(frame, name)
    if not values:
        return name
    objects = [value for value in values if isinstance(value, Record)]
    lists = [value for value in values if is_listed(value)]
    if 2 * len(objects) > len(values):
        names = {str(key).lower(): key for value in objects for key in value}
        for key in (names[each] for each in _INSIDE if each in names):
            inner = [value[key] for value in objects if value.get(key) is not None]
            if inner and 2 * len(inner) > len(objects):
                return f"{name}.{key}" + ("[0]" if all(is_listed(each) for each in inner) else "")
        if in_language := _in_a_language(name, objects):
            return in_language
        key = _answer_key(_filled_in(objects))
        inner = [value.get(key) for value in objects] if key else []
        return f"{name}.{key}" + ("[0]" if all(map(is_listed, inner)) else "") if key else name  # or it is the answer
    first = next((value[0] for value in lists if len(value)), None)  # the first question may have no answer
    if isinstance(first, Record):
        if any(map(text_of_parts, lists)):
            return name
        alone = _NAMED if all(len(each) < 2 for each in lists) else ()  # several things are one answer together
        return next((f"{name}[0].{key}" for key in (*_INSIDE, _answer_key(first), *alone) if key in first), name)
    return name


def _filled_in(objects: Sequence[Record[Any, Any]]) -> dict[Any, Any]:
    """Return the keys of some objects, each with its first value that is not empty: a question may have no answer."""
    found: dict[Any, Any] = {}
    for each in objects[:_LOOKED_AT]:
        found |= {key: value for key, value in each.items() if not found.get(key)}
    return found


def _are_places(value: Any) -> bool:
    """Say whether a value is a list of numbers, such as where answers begin."""
    return is_listed(value) and all(isinstance(each, int | float) for each in value)


def _in_a_language(name: str, objects: Sequence[Record[Any, Any]]) -> str:
    """Return the path of the text of answers in several languages, in English or else the first; empty for others."""
    keys = list(dict.fromkeys(str(key) for each in objects for key in each))
    if not keys or not all(re.split(r"[-_]", key.lower())[0] in LANGUAGES for key in keys):
        return ""
    key = "en" if "en" in keys else keys[0]
    inner = [each[key] for each in objects if each.get(key)]
    if inner and all(isinstance(each, str) for each in inner):
        return f"{name}.{key}"
    first = [each[0] for each in inner if is_listed(each) and len(each)]
    if not first or len(first) < len(inner) or not all(isinstance(each, Record) for each in first):
        return ""
    return next((f"{name}.{key}[0].{each}" for each in _INSIDE if each in first[0]), "")


_PHRASE = 2
"""Words that a name may have, and a phrase has more of."""


def _answer_key(value: Record[Any, Any]) -> str:
    """Return the only key of an object of texts that is called an answer or a text, in one of several words."""
    held = [str(key) for key, each in value.items() if isinstance(each, str) or is_list_of_texts(each)]
    answers = [key for key in held if says_last(key, ANSWERED)]
    parts = any(isinstance(each, Record) or (is_listed(each) and not _are_places(each)) for each in value.values())
    parts = parts and not all(is_list_of_texts(each) or _are_places(each) for each in value.values())
    found = answers or ([] if parts else [key for key in held if says_last(key, READ)])
    if not found and parts and len(held) == 1 and isinstance(value[held[0]], str):
        found = [key for key in held if len(value[key].split()) > _PHRASE]  # beside what it is made of
    return found[0] if len(found) == 1 and not _says_more_than(value, found[0]) else ""


def _says_more_than(value: Record[Any, Any], key: str) -> bool:
    """Say whether objects inside an object hold sentences that a text next to them does not, so that all is the answer.

    What the text is made of, such as its entities, says no more.
    """
    parts = [each for name, each in value.items() if str(name) != key and isinstance(each, Record)]
    return any(len(text.split()) > _PHRASE and text.strip() not in str(value[key]) for text in texts_within(parts))


LONGEST_NAME = 40
"""Mean characters of names rather than answers."""


def are_questions(frame: pd.DataFrame, name: str) -> bool:
    """Say whether nearly all cells of a column end with a question mark."""
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return sum(cell.endswith(("?", "？", "؟")) for cell in cells) >= _MOSTLY_ASKED * len(cells) > 0
