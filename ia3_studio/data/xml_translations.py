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
    documents = [each for each in root.iter() if {"src", "ref"} <= {bare_tag(child.tag) for child in each}]
    pairs = [_sentences(document) for document in documents]
    if documents and all(pairs):
        return documents, [row for rows in pairs for row in rows], "XML, documents with their translations"
    return [], [], ""


def _sentences(document: Element) -> list[dict[str, Any]]:
    """Return a row for each segment of a document and of its first translation; nothing unless both have as many."""
    sides = {name: next(child for child in document if bare_tag(child.tag) == name) for name in ("src", "ref")}
    source, target = (
        [_segment(each).strip() for each in side.iter() if bare_tag(each.tag) == "seg"] for side in sides.values()
    )
    languages = [side.get("lang") or name for name, side in zip(("source", "target"), sides.values(), strict=True)]
    if len(source) != len(target) or languages[0] == languages[1]:
        return []
    return [dict(zip(languages, pair, strict=True)) for pair in zip(source, target, strict=True)]


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
