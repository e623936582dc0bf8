"""What of an XML document is in none of its rows? Texts beside them, attributes around them, notes on translations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.xml_values import bare_tag, own_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OF_TRANSLATIONS = frozenset(("tuv", "seg", "source", "target", "src", "ref", "p"))
"""Elements of units of translations that are read."""


def outside_texts(root: Element, records: Sequence[Element], told: Collection[str] | None) -> list[str]:
    """Return the paths of texts that are in no row, and of the attributes of elements around rows, each once.

    What the root says of the whole file, and what attributes say in a header, is not among them.

    Args:
        root: of the document.
        records: the elements that are rows.
        told: what elements around the rows say in columns; None of units of translations, of which only some is read.
    """
    inside = {id(record) for record in records}
    around = set() if told is None else _around(root, inside)
    found: dict[str, None] = {}
    waiting = [(root, "", "")]
    while waiting:
        element, path, above = waiting.pop()
        name = bare_tag(element.tag)
        if path:
            found |= {path: None} if own_text(element) and f"{above} {name}" not in (told or ()) else {}
            keys = map(bare_tag, element.attrib) if id(element) in around else ()
            found |= {f"{path}.{key}": None for key in keys if f"{name} {key}" not in (told or ())}
        children = [child for child in element if id(child) not in inside]
        waiting += [(child, f"{path}.{bare_tag(child.tag)}".strip("."), name) for child in reversed(children)]
    return [*found, *(_beside_texts(records) if told is None else ())]


def _around(root: Element, inside: Collection[int]) -> set[int]:
    """Return the identities of the elements around some others."""
    parents = {id(child): element for element in root.iter() for child in element}
    found: set[int] = set()
    for record in inside:
        above = parents.get(record)
        while above is not None and id(above) not in found:
            found.add(id(above))
            above = parents.get(id(above))
    return found


def _beside_texts(units: Sequence[Element]) -> list[str]:
    """Return the names of elements beside the texts of units that hold something, such as notes, each once."""
    found: dict[str, None] = {}
    for unit in units:
        for each in (unit, *(child for child in unit if bare_tag(child.tag) == "tuv")):
            names = ((bare_tag(child.tag), child) for child in each)
            found |= {
                f"{bare_tag(each.tag)}.{name}": None for name, child in names
                if name not in _OF_TRANSLATIONS and "".join(child.itertext()).strip()
            }  # fmt: skip
    return list(found)
