"""Which rows are in XML? Elements of one name side by side, such as the items of a feed or the units of a TMX."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ia3_studio.data.json_rows import frame_of_records
from ia3_studio.data.parsing import Found
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TEXT = "text"
MOST_DEEP = 30
"""Elements inside each other."""
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def read_xml(name: str, text: str) -> Found:
    """Read the rows of an XML document; a unit of a translation memory (TMX) is a column for each language.

    Raises:
        DataError: it is damaged, defines entities (which could expand without end), or holds no repeated element.
    """
    root = _parsed(name, text)
    units = [unit for unit in root.iter() if _bare(unit.tag) == "tu"]
    if len(units) > 1 and _bare(root.tag) == "tmx":
        records, form = units, "TMX"
        rows = [_translations(unit) for unit in units]
    else:
        records = _repeated(root)
        if len(records) < 2:
            raise DataError(f"{name} contains no element that repeats as rows do; save the rows as CSV or JSON.")
        rows = [_row(record) for record in records]
        form = f"XML, a row per <{_bare(records[0].tag)}>"
    others = sum(1 for _ in root.iter()) - sum(1 for record in records for _ in record.iter())
    notes = (f"Not used: {others:,} elements outside these rows.",) if others > _FEW else ()
    return Found(frame_of_records(name, rows), form, notes=notes)


_FEW = 3
"""Elements around rows: a root, a body, a header."""


def _parsed(name: str, text: str) -> Element:
    from xml.etree import ElementTree

    if _ENTITY.search(text):
        raise DataError(f"{name} defines entities (<!ENTITY), which are not expanded; save it without them.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DataError(f"{name} cannot be read as XML: {error}; fix the file.") from error
    if _depth(root) > MOST_DEEP:
        raise DataError(f"{name} has more than {MOST_DEEP} elements inside each other; it holds no rows.")
    return root


def _depth(root: Element) -> int:
    """Return how many elements stand inside each other, or one more than may do so."""
    level, deep = [root], 0
    while level and deep <= MOST_DEEP:
        level, deep = [child for element in level for child in element], deep + 1
    return deep


def _bare(tag: Any) -> str:
    """Return the name of an element or attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def _with_space(tag: Any) -> str:
    """Return the name of an element behind the last word of its namespace, as "content:encoded"."""
    space = str(tag).rpartition("}")[0].strip("{/")
    return f"{re.split(r'[/:#]', space)[-1]}:{_bare(tag)}" if space else _bare(tag)


def _translations(unit: Element) -> dict[str, Any]:
    """Return the text of a unit in each language."""
    found: dict[str, Any] = {}
    for variant in unit:
        if _bare(variant.tag) == "tuv":
            language = variant.get(_LANGUAGE) or variant.get("lang") or ""
            segment = next((each for each in variant if _bare(each.tag) == "seg"), None)
            found[language] = _segment(segment) if segment is not None else ""
    return found


def _segment(element: Element) -> str:
    """Return the text of a segment without the native codes of its format, which stand in elements of their own."""
    inner = (f"{_segment(each) if _bare(each.tag) in ('hi', 'sub') else ''}{each.tail or ''}" for each in element)
    return f"{element.text or ''}{''.join(inner)}"


def _repeated(root: Element) -> list[Element]:
    """Return the elements of the name and depth that hold most of the document, of those that repeat."""
    groups: dict[tuple[str, ...], list[Element]] = {}
    for path, element in _walk(root, ()):
        groups.setdefault(path, []).append(element)
    found = {path: each for path, each in groups.items() if len(each) > 1 and _is_record(each)}
    if not found:
        found = {path: each for path, each in groups.items() if len(each) > 1 and _own_text(each[0])}
    highest = min(map(len, found), default=0)
    return max((each for path, each in found.items() if len(path) == highest), key=len, default=[])


def _walk(element: Element, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Element]]:
    path = (*above, _bare(element.tag))
    yield path, element
    for child in element:
        yield from _walk(child, path)


def _is_record(elements: list[Element]) -> bool:
    """Say whether elements have fields: children or attributes besides their text, mostly the same ones."""
    keys = Counter(key for each in elements for key in {*map(_bare, each.keys()), *(_bare(c.tag) for c in each)})
    own = sum(_own_text(each) for each in elements)
    return bool(keys) and max(keys.values()) > len(elements) / 2 and len(keys) + (own > 0) > 1


def _own_text(element: Element) -> bool:
    return bool((element.text or "").strip())


def _row(element: Element) -> dict[str, Any]:
    """Return the attributes, the children and the text of an element as columns."""
    value = _value(element)
    return value if isinstance(value, dict) else {TEXT: value}


def _value(element: Element) -> Any:
    """Return an element as text, or as an object of its attributes and children; a repeated child is a list.

    An element of prose with marked words inside is its text.
    """
    attributes = {_bare(key): value for key, value in element.items()}
    if _is_prose(element):
        words = "".join(element.itertext()).strip()
        return {**attributes, TEXT: words} if attributes else words
    found: dict[str, Any] = dict(attributes)
    children: dict[str, list[Any]] = {}
    tags = {str(child.tag) for child in element}
    shared = {name for name, count in Counter(map(_bare, tags)).items() if count > 1}
    for child in element:
        name = _bare(child.tag)
        children.setdefault(_with_space(child.tag) if name in shared else name, []).append(_value(child))
    for key, values in children.items():
        found[key if key not in found else f"{key} (element)"] = values[0] if len(values) == 1 else values
    return found


def _is_prose(element: Element) -> bool:
    return len(element) == 0 or _own_text(element) or any((child.tail or "").strip() for child in element)
