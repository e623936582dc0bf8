"""Which rows are in XML? Elements of one name side by side, such as the items of a feed or the units of a TMX."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ia3_studio.data.aiml import is_aiml, read_aiml
from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.json_rows import frame_of_records
from ia3_studio.data.parsing import Found, shown_names
from ia3_studio.data.xml_grids import grid_of
from ia3_studio.data.xml_leftovers import outside_texts
from ia3_studio.data.xml_translations import translation_units
from ia3_studio.data.xml_values import bare_tag, is_prose, named_fields, own_text, row_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_DEEP = 30
"""Elements inside each other."""
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_DECLARED = re.compile(r"\s*(?:<\?xml[^>]{0,1000}\?>)?\s*")
_JUNK = "junk after document element"
Path = tuple[str, ...]


def read_xml(name: str, text: str) -> Found:
    """Read the rows of an XML document; a unit of a translation memory (TMX) is a column for each language.

    Of a bot in AIML, they are its prompts and answers.

    Raises:
        DataError: it is damaged, defines entities (which could expand without end), or holds no repeated element.
    """
    root = parsed_xml(name, text)
    if is_aiml(root):
        return read_aiml(name, root)
    records, rows, form = translation_units(root)
    told: set[str] | None = None
    if not records and (grid := grid_of(name, root)):
        return grid
    if not records:
        records, around = _repeated(root)
        if len(records) < 2:
            raise DataError(f"{name} contains no element that repeats as rows do; save the rows as CSV or JSON.")
        rows = [{**row_of(record), **around.get(id(record), {})} for record in records]
        told = {name for each in around.values() for name in each}
        form = f"XML, a row per <{bare_tag(records[0].tag)}>"
    left = outside_texts(root, records, told)
    notes = (f"Not used outside these rows: {shown_names(left)}.",) if left else ()
    return Found(frame_of_records(name, rows), form, notes=notes)


def parsed_xml(name: str, text: str) -> Element:
    """Return the root of a document; rows without an element around them get one.

    Raises:
        DataError: it is damaged, defines entities, or has very many elements inside each other.
    """
    from xml.etree import ElementTree

    if _ENTITY.search(text):
        raise DataError(f"{name} defines entities (<!ENTITY), which are not expanded; save it without them.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        if _JUNK not in str(error):
            raise DataError(f"{name} cannot be read as XML: {error}; fix the file.") from error
        try:  # rows without an element around them
            root = ElementTree.fromstring(f"<rows>{_DECLARED.sub('', text, count=1)}</rows>")
        except ElementTree.ParseError as within:
            raise DataError(f"{name} cannot be read as XML: {within}; fix the file.") from within
    if _depth(root) > MOST_DEEP:
        raise DataError(f"{name} has more than {MOST_DEEP} elements inside each other; it holds no rows.")
    return root


def _depth(root: Element) -> int:
    """Return how many elements stand inside each other, or one more than may do so."""
    level, deep = [root], 0
    while level and deep <= MOST_DEEP:
        level, deep = [child for element in level for child in element], deep + 1
    return deep


def _repeated(root: Element) -> tuple[list[Element], dict[int, dict[str, Any]]]:
    """Return the elements that are rows, and the short values around each by its identity.

    They are the outermost elements that repeat and have fields; where these hold no text but in one list of elements
    that have, these.
    """
    groups: dict[Path, list[Element]] = {}
    for path, element in _walk(root, ()):
        groups.setdefault(path, []).append(element)
    fields = {path: _field_tags(each) for path, each in groups.items()}
    groups = {path: each for path, each in groups.items() if path[-1] not in fields.get(path[:-1], ())}
    found = {path: each for path, each in groups.items() if len(each) > 1 and _is_record(each)}
    if not found:
        found = {path: each for path, each in groups.items() if len(each) > 1 and own_text(each[0])}
    highest = min(map(len, found), default=0)
    path = max((path for path in found if len(path) == highest), key=lambda path: len(found[path]), default=())
    if path and (texts := _texts_of_class(path, groups)):
        return groups[texts], _around(found[path], 1, texts[-1])
    if path and (inner := _only_list(path, found)):
        return found[inner], _around(found[path], len(inner) - len(path))
    return found.get(path, []), {}


def _field_tags(parents: list[Element]) -> set[str]:
    """Return the names of elements that are fields of rows, which their attributes name; of a single parent, none."""
    if len(parents) < 2:
        return set()
    are_named: dict[str, bool] = {}
    for parent in parents[:_LOOKED_AT]:
        fields = named_fields(parent)
        for child in parent:
            tag = bare_tag(child.tag)
            are_named[tag] = are_named.get(tag, True) and id(child) in fields
    return {tag for tag, is_named in are_named.items() if is_named}


def _texts_of_class(path: Path, groups: dict[Path, list[Element]]) -> Path:
    """Return the path of the texts that are all that stands in elements of a class each; empty if there are none.

    The name of these elements, or an attribute of theirs, is a word for a label.
    """
    outer = groups[path][:_LOOKED_AT]
    tags = {bare_tag(child.tag) for element in outer for child in element}
    attributes = {bare_tag(key) for element in outer for key in element.attrib}
    are_classes = any(says(name, LABELED) for name in (path[-1], *attributes))
    if len(tags) != 1 or not attributes or not are_classes:
        return ()
    inner = (*path, tags.pop())
    several = len(groups.get(inner, ())) > _SEVERAL * len(groups[path])
    return inner if several and all(is_prose(each) for each in groups[inner][:_LOOKED_AT]) else ()


def _only_list(path: Path, found: dict[Path, list[Element]]) -> Path:
    """Return the path of the elements inside others that hold all their text; empty where there are none."""
    inner = [other for other in found if len(other) > len(path) and other[: len(path)] == path]
    inner = [other for other in inner if len(found[other]) > _SEVERAL * len(found[path])]
    first = min(inner, key=len, default=())
    if not first or not any(map(_has_text, found[first][:_LOOKED_AT])):
        return ()
    below = first[len(path) :]
    return () if any(_has_text(element, below) for element in found[path][:_LOOKED_AT]) else first


_SEVERAL, _LOOKED_AT, _WORDS_OF_A_TEXT = 1.5, 20, 3


def _has_text(element: Element, but: Path = ()) -> bool:
    """Say whether an element has text of several words, or attributes of several elements, but for those at a path."""
    kept = [inner for path, inner in _walk(element, ()) if not but or path[1 : 1 + len(but)] != but]
    texts = [text for each in kept for text in (*each.attrib.values(), each.text or "")]
    several = bool(but) and any(len(each.attrib) > 1 for each in kept[1:])
    return several or any(len(text.split()) > _WORDS_OF_A_TEXT for text in texts)


def _around(elements: list[Element], levels: int, row: str = "") -> dict[int, dict[str, Any]]:
    """Return the attributes and short texts of elements, behind their name, for each element so far inside of them.

    Args:
        row: the name of these elements, where they are such texts themselves.
    """
    found: dict[int, dict[str, Any]] = {}
    for element in elements:
        name = bare_tag(element.tag)
        texts = {bare_tag(child.tag): (child.text or "").strip() for child in element
                 if is_prose(child) and bare_tag(child.tag) != row}  # fmt: skip
        outer = {f"{name} {bare_tag(key)}": value for key, value in (*element.items(), *texts.items())}
        level = [element]
        for _level in range(levels):
            level = [child for each in level for child in each]
        found |= {id(each): outer for each in level}
    return found


def _walk(element: Element, above: Path) -> Iterator[tuple[Path, Element]]:
    path = (*above, bare_tag(element.tag))
    yield path, element
    for child in element:
        yield from _walk(child, path)


def _is_record(elements: list[Element]) -> bool:
    """Say whether elements have fields, mostly the same ones, besides their text."""
    looked = elements[:_SAMPLE]
    keys = Counter(key for each in looked for key in row_of(each))
    return len(keys) > 1 and max(keys.values()) > len(looked) / 2


_SAMPLE = 50
