"""What does an element of XML hold? A text, or an object of its attributes and children."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import RIGHT

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TEXT = "text"
_NAMING = ("name", "key")
"""Attributes by which elements of one name are told apart, as the fields of a row."""


def bare_tag(tag: Any) -> str:
    """Return the name of an element or attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def row_of(element: Element) -> dict[str, Any]:
    """Return the attributes, the children and the text of an element as columns."""
    value = value_of(element)
    return value if isinstance(value, dict) else {TEXT: value}


def value_of(element: Element) -> Any:
    """Return an element as text, or as an object of its attributes and children; a repeated child is a list.

    An element of prose with marked words inside is its text. The attributes of a child that is text stand beside it,
    behind its name. Children that an attribute names, such as ``<field name="label">``, are called so.
    """
    attributes = {bare_tag(key): value for key, value in element.items()}
    if is_prose(element):
        words = _text_of(element)
        return words if not attributes else {**attributes, **({TEXT: words} if words else {})}
    found: dict[str, Any] = dict(attributes)
    children: dict[str, list[Any]] = {}
    leaves: dict[str, bool] = {}
    tags = {str(child.tag) for child in element}
    shared = {name for name, count in Counter(map(bare_tag, tags)).items() if count > 1}
    fields = named_fields(element)
    for child in element:
        name = bare_tag(child.tag)
        name = fields.get(id(child)) or (_with_space(child.tag) if name in shared else name)
        children.setdefault(name, []).append(_text_of(child) if id(child) in fields else value_of(child))
        leaves[name] = leaves.get(name, True) and is_prose(child)
    for key, values in children.items():
        name = key if key not in found else f"{key} (element)"
        values = _with_verdicts(values) if leaves[key] else values
        beside = _attributes(values) if leaves[key] and not _are_judged(values) else {}
        values = [value[TEXT] for value in values] if beside else values
        found[name] = values[0] if len(values) == 1 else values
        found |= {f"{name} {attribute}": given for attribute, given in beside.items()}
    only = next(iter(found.values())) if len(found) == len(children) == 1 else None
    return only if _are_judged(only) else found


def _with_verdicts(values: Sequence[Any]) -> list[Any]:
    """Return texts of which an attribute says that some are right as objects that all say whether they are.

    Example:
        >>> _with_verdicts(["four", {"right": "true", "text": "five"}])
        [{'text': 'four', 'is_right': False}, {'text': 'five', 'is_right': True}]
    """
    told = {key for value in values if isinstance(value, dict) for key in value if key != TEXT}
    texts = [value.get(TEXT) if isinstance(value, dict) else value for value in values]
    if len(values) < _FEWEST_CHOICES or len(told) != 1 or not all(isinstance(text, str) for text in texts):
        return list(values)
    key = next(iter(told))
    said = [str(value.get(key, "")).strip().lower() if isinstance(value, dict) else "" for value in values]
    if not says(key, RIGHT) or not set(said) <= {"", *_YES, *_NO} or not set(said) & _YES:
        return list(values)
    return [{TEXT: text, _IS_RIGHT: word in _YES} for text, word in zip(texts, said, strict=True)]


def _are_judged(value: Any) -> bool:
    """Say whether a value is a list of choices that all say whether they are right."""
    return isinstance(value, list) and all(isinstance(each, dict) and _IS_RIGHT in each for each in value)


_IS_RIGHT = "is_right"
_FEWEST_CHOICES = 2
_YES, _NO = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))


def _attributes(values: Sequence[Any]) -> dict[str, Any]:
    """Return what stands beside the texts of objects that all have one, each under its key; a list for several."""
    if not all(isinstance(value, dict) and TEXT in value for value in values):
        return {}
    keys = dict.fromkeys(key for value in values for key in value if key != TEXT)
    return {key: values[0][key] if len(values) == 1 else [value.get(key) for value in values] for key in keys}


def named_fields(element: Element) -> dict[int, str]:
    """Return the names of children that an attribute alone tells apart, each by the identity of its element."""
    named: dict[tuple[str, str], list[Element]] = {}
    for child in element:
        if len(child.attrib) == 1 and (key := bare_tag(next(iter(child.attrib)))) in _NAMING and is_prose(child):
            named.setdefault((key, str(child.tag)), []).append(child)
    found: dict[int, str] = {}
    for (key, _tag), alike in named.items():
        names = [next(iter(child.attrib.values())) for child in alike]
        if len({*names}) == len(names) > (key == "name"):
            found |= {id(child): name for child, name in zip(alike, names, strict=True)}
    return found


def is_prose(element: Element) -> bool:
    """Say whether an element holds text alone, between or inside of which other elements may stand."""
    return (
        len(element) == 0 or own_text(element) or any((child.tail or "").strip() for child in element)
        or _are_words(element)
    )  # fmt: skip


def _are_words(element: Element) -> bool:
    """Say whether the children of an element are the words of a sentence, one after the other."""
    if len(element) < _FEWEST_WORDS or len({child.tag for child in element}) > 2:
        return False
    return all(bare_tag(child.tag) in _WORD_TAGS and len(child) == 0 for child in element)


_FEWEST_WORDS = 3
_WORD_TAGS = frozenset(("w", "c", "pc", "tok", "token", "word"))


def own_text(element: Element) -> bool:
    """Say whether an element has text of its own, before its first child."""
    return bool((element.text or "").strip())


def _text_of(element: Element) -> str:
    """Return the text of an element and of those in it; words without blanks between them get these."""
    if len(element) and _are_words(element) and not any((child.tail or "")[:1].isspace() for child in element):
        return " ".join("".join(child.itertext()).strip() for child in element)
    return "".join(element.itertext()).strip()


def _with_space(tag: Any) -> str:
    """Return the name of an element behind the last word of its namespace, as "content:encoded"."""
    space = str(tag).rpartition("}")[0].strip("{/")
    return f"{re.split(r'[/:#]', space)[-1]}:{bare_tag(tag)}" if space else bare_tag(tag)
