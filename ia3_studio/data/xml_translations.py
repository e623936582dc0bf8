"""Which texts and translations are in XML? The units of a translation memory (TMX), and of XLIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ia3_studio.data.xml_values import bare_tag

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_MARKED = frozenset(("hi", "sub", "g", "mrk", "pc", "sm", "em"))
"""Elements whose text is of the sentence; others hold the codes of a format."""


def translation_units(root: Element) -> tuple[list[Element], list[dict[str, Any]], str]:
    """Return the units of a document of translations, their texts, and what it is called; nothing for any other."""
    kind = bare_tag(root.tag)
    if kind == "tmx":
        units = [unit for unit in root.iter() if bare_tag(unit.tag) == "tu"]
        return (units, [_by_language(unit) for unit in units], "TMX") if len(units) > 1 else ([], [], "")
    if kind == "xliff":
        units = [unit for unit in root.iter() if any(bare_tag(child.tag) == "source" for child in unit)]
        return units, [_source_and_target(unit) for unit in units], "XLIFF"
    return [], [], ""


def _by_language(unit: Element) -> dict[str, Any]:
    """Return the text of a unit in each language."""
    found: dict[str, Any] = {}
    for variant in unit:
        if bare_tag(variant.tag) == "tuv":
            language = variant.get(_LANGUAGE) or variant.get("lang") or ""
            segment = next((each for each in variant if bare_tag(each.tag) == "seg"), None)
            found[language] = _segment(segment) if segment is not None else ""
    return found


def _source_and_target(unit: Element) -> dict[str, Any]:
    found = {name: "" for name in ("source", "target")}
    for child in unit:
        if bare_tag(child.tag) in found:
            found[bare_tag(child.tag)] = _segment(child)
    return found


def _segment(element: Element) -> str:
    """Return the text of a segment without the native codes of its format, which stand in elements of their own."""
    inner = (f"{_segment(each) if bare_tag(each.tag) in _MARKED else ''}{each.tail or ''}" for each in element)
    return f"{element.text or ''}{''.join(inner)}"
