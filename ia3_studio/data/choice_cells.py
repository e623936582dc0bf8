"""Which choices does a cell hold, and which of them does another cell say is right?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Record
from typing import Any

from ia3_studio.data.choice_letters import LETTERS, letter_of
from ia3_studio.data.column_names import name_words
from ia3_studio.data.label_names import label_name
from ia3_studio.data.lettered import joined_choices, lettered
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import is_listed
from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.scripts import words_of


def choices_in(value: Any, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the choices in a cell, and the keys by which an answer can name them, if there are any.

    They are a list of texts, a list of objects with a text and a label each, an object of such lists, or an object with
    a text for each key; or a text in which they stand behind letters or with a sign between them.
    """
    if isinstance(value, dict):
        texts = choice_texts(value)
        if texts is not None:
            keys: Any = next((each for each in value.values() if each is not texts and _are_keys(each, len(texts))), ())
            keys = value.get("label", value.get("labels", keys))
            return tuple(map(label_name, keys)) if is_listed(keys) else (), tuple(map(str, texts))
        return tuple(map(str, value)), tuple(whole(str(each), "a choice") for each in value.values())
    if isinstance(value, str) and (found := lettered(value)):
        return tuple(found), tuple(found.values())
    if isinstance(value, str) and (texts := joined_choices(value)):
        return (), tuple(texts)
    if not is_listed(value):
        raise UnusableError(f"the choices ({column}) are not a list")
    if (key := _choice_key(value)) is not None:
        ids = [name for name in _CHOICE_IDS if name != key]
        named = ((each[name] for name in ids if name in each and not isinstance(each[name], bool)) for each in value)
        names = tuple(label_name(next(ids, "")) for ids in named)
        return names if all(names) else (), tuple(whole(str(each[key]), "a choice") for each in value)
    if any(isinstance(each, dict) for each in value):
        raise UnusableError(f"the choices ({column}) are objects of which no key is the text of each")
    return (), tuple(whole(_joined(each), "a choice") for each in value)


def choice_texts(value: Record[Any, Any]) -> Any:
    """Return the list of the choices in an object of lists; None where it has none.

    It is called so, or it is the only list of as many texts as there are letters or numbers in the other one.
    """
    named = value.get("text", value.get("choices"))
    if is_listed(named):
        return named
    lists = [each for each in value.values() if is_listed(each)]
    keys = [each for each in lists if _are_keys(each, len(each))]
    texts = [each for each in lists if not any(each is other for other in keys)]
    fits = len(texts) == len(keys) == 1 and len(texts[0]) == len(keys[0])
    return texts[0] if fits and all(isinstance(each, str) for each in texts[0]) else None


def _are_keys(value: Any, count: int) -> bool:
    """Say whether a value is a list of so many letters or numbers in order."""
    if not is_listed(value) or len(value) != count or not 1 < count <= len(LETTERS):
        return False
    said = [letter_of(label_name(each)) for each in value]
    return said in (
        [*LETTERS[:count]], [str(place) for place in range(count)], [str(place + 1) for place in range(count)]
    )  # fmt: skip


def _joined(choice: Any) -> str:
    """Return a choice as text; one of several words, as of an analogy, with commas between them."""
    return ", ".join(map(str, choice)) if is_listed(choice) else str(choice)


_CHOICE_TEXTS = ("text", "atext", "content", "value", "answer", "option", "option_text", "choice",
                 "texto", "texte", "testo", "tekst", "текст", "文本", "内容", "enunciado", "respuesta")  # fmt: skip
_CHOICE_IDS = ("label", "key", "aid", "id", "identifier", "letter", "option_id", "letra", "lettre", "lettera",
               "buchstabe", "litera", "буква", "字母", "value")  # fmt: skip
"""Keys of the text and of the name of a choice that is an object."""


def _choice_key(value: Iterable[Any]) -> str | None:
    """Return the key of the texts of choices that are objects; None for other choices.

    It is a usual name, or the only key whose values are texts that differ and are no ids. Labels of several words are
    what is shown of a choice, whatever is said of it besides.
    """
    choices = list(value)
    if not choices or not all(isinstance(each, dict) for each in choices):
        return None
    shared = [key for key in choices[0] if all(key in each for each in choices)]
    others = [key for key in shared if key not in _CHOICE_IDS and not _is_id(str(key)) and _all_differ(choices, key)]
    usual = next((key for key in _CHOICE_TEXTS if key in shared), None)
    if not usual and _SHOWN in shared and _are_sentences(choices):
        return _SHOWN
    others = others or [key for key in shared if key == _SHOWN and _all_differ(choices, key)]
    return usual or (others[0] if len(others) == 1 else None)


_SHOWN, _WORDS_OF_A_TEXT = "label", 3


def _are_sentences(choices: Sequence[dict[str, Any]]) -> bool:
    """Say whether the labels of choices are texts of several words, of which no two are alike."""
    long = [_all_differ([each], _SHOWN) and len(words_of(each[_SHOWN])) >= _WORDS_OF_A_TEXT for each in choices]
    return _all_differ(choices, _SHOWN) and 2 * sum(long) > len(long)


def _is_id(key: str) -> bool:
    return name_words(key)[-1:] in (["id"], ["uuid"], ["url"], ["link"])


def _all_differ(choices: Sequence[dict[str, Any]], key: str) -> bool:
    """Say whether objects have texts under a key, of which no two are alike."""
    texts = [each[key] for each in choices]
    return all(isinstance(text, str) and text.strip() for text in texts) and len({*texts}) == len(texts)


def marks_of(value: Any, path: str, inside: str) -> list[bool] | None:
    """Return which of the choices a list of objects marks as right, where only the right ones have the mark.

    None where all of them have it, none has, or it says more than yes.

    Args:
        value: the choices.
        path: where the mark stands, such as ``options.correct``.
        inside: where the choices stand.
    """
    key = path.removeprefix(f"{inside}.")
    if key == path or not is_listed(value) or not all(isinstance(each, dict) for each in value):
        return None
    marks = [each.get(key) for each in value]
    are_sparse = any(key not in each for each in value) and any(key in each for each in value)
    return [mark is True for mark in marks] if are_sparse and {*map(type, marks)} <= {bool, type(None)} else None


def right_choice(cell: Any, keys: Sequence[str], choices: Sequence[str], mapping: Mapping) -> int:
    """Return the index of the correct choice, given by its key, number, letter or text, or by a 1 among zeros.

    Raises:
        UnusableError: none is given, or one that is not among the choices.
    """
    if cell is None or cell == "":
        raise UnusableError(f"the correct choice ({mapping.answer}) is empty")
    if is_listed(cell):
        flags = [each in (1, True) for each in cell]
        if len(cell) == len(choices) > 1 and sum(flags) == 1 and all(each in (0, 1) for each in cell):
            return flags.index(True)
        if len(cell) == len(choices) and all(each in (0, 1) for each in cell):
            raise UnusableError(f"{sum(flags)} of the choices are correct ({mapping.answer}), instead of one")
        if len(cell) != 1:
            raise UnusableError(f"the correct choice ({mapping.answer}) is {len(cell)} values instead of one")
        cell = cell[0]
    number = whole_number(label_name(cell)) if mapping.by_number else None
    if number is not None and 0 <= number - mapping.counted_from < len(choices):
        return number - mapping.counted_from
    if cell in choices:
        return choices.index(cell)
    said, bare = label_name(cell), [choice.strip() for choice in choices]
    if said in keys:
        return list(keys).index(said)
    if bare.count(said) == 1:
        return bare.index(said)
    letters = [chr(ord("a") + place) for place in range(len(choices))]
    if (letter := letter_of(said)) in letters:
        return letters.index(letter)
    number = whole_number(said)
    if number is not None and 0 <= number - mapping.counted_from < len(choices):
        return number - mapping.counted_from
    called = [part.partition(".")[0].lower() for part in mapping.parts[mapping.asked :]]
    named = [place for place, part in enumerate(mapping.parts[mapping.asked :]) if part.lower() == said.lower()]
    named = named or [place for place, name in enumerate(called) if name == said.lower()]
    if len(named) == 1 and len(choices) > 1:
        return named[0]
    raise UnusableError(
        f"the correct choice ({mapping.answer}) is {said!r}, which is not one of the {len(choices)} choices"
    )
