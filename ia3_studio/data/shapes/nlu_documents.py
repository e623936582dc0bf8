"""Which rows are in a document of intents and slots? Of Rasa, Snips, Watson Assistant, wit.ai and PolyAI.

A row has a text, its intent if the tool has one, and its slots as labeled spans.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.shapes.shape import is_text, listed

TEXT, INTENT, SLOTS = "text", "intent", "entities"
_FEW = "intent of a few texts"
"""The column of intents that most texts have none of, so that slots are what is learned."""
_PHRASES = ("examples", "utterances", "patterns", "phrases", "samples")
"""Keys of the list of phrases of an intent."""

NluRows = tuple[Sequence[Any], str]
"""Rows, and the form of the document."""


def nlu_rows(document: Any) -> NluRows | None:
    """Return the rows of a document of intents or slots and its form; None for any other document."""
    if isinstance(document, list):
        return _value_spans(document)
    for read in (_rasa, _snips, _listed_intents, _wit):
        if found := read(document):
            return found
    return None


def _rasa(document: dict[str, Any]) -> NluRows | None:
    """Return the examples of Rasa's training data."""
    inner = document.get("rasa_nlu_data")
    examples = listed(inner.get("common_examples")) if isinstance(inner, dict) else []
    return (examples, "Rasa training data") if examples else None


def _snips(document: dict[str, Any]) -> NluRows | None:
    """Return the utterances of the intents of Snips NLU, which stand in parts; parts with a name are slots."""
    named = document.get("intents")
    held = named if isinstance(named, dict) else {}
    said = {name: listed(each.get("utterances")) for name, each in held.items() if isinstance(each, dict)}
    phrases = [
        (name, listed(each.get("data")) if isinstance(each, dict) else []) for name in said for each in said[name]
    ]
    known = phrases and all(parts and all(isinstance(part, dict) for part in parts) for _name, parts in phrases)
    return ([{**_joined(parts), INTENT: name} for name, parts in phrases], "Snips NLU data") if known else None


def _joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the text of an utterance that stands in parts, and its slots."""
    text, slots = "", []
    for part in parts:
        said = str(part.get("text", ""))
        if slot := part.get("slot_name"):
            slots.append({"start": len(text), "end": len(text) + len(said), "value": said, "entity": slot})
        text += said
    return {TEXT: text, SLOTS: slots}


def _listed_intents(document: dict[str, Any]) -> NluRows | None:
    """Return the intents of a document that has other lists as well, such as those of entities."""
    intents = listed(document.get("intents"))
    known = [each for each in intents if isinstance(each, dict) and any(listed(each.get(key)) for key in _PHRASES)]
    return (intents, "JSON object with intents") if known and len(known) == len(intents) else None


def _wit(document: dict[str, Any]) -> NluRows | None:
    """Return the texts of wit.ai, whose values are JSON; the entity called intent is that of the text."""
    rows = [each for each in listed(document.get("data")) if isinstance(each, dict)]
    slots = [slot for each in rows for slot in listed(each.get(SLOTS)) if isinstance(slot, dict)]
    if not slots or not all(is_text(each.get(TEXT)) for each in rows) or not all(map(_is_json_value, slots)):
        return None
    intents = [slot for slot in slots if slot.get("entity") == INTENT]
    name = INTENT if 2 * len(intents) > len(rows) else _FEW
    found = []
    for each in rows:
        held = [slot for slot in listed(each.get(SLOTS)) if isinstance(slot, dict)]
        intent = next((json.loads(slot["value"]) for slot in held if slot.get("entity") == INTENT), None)
        found.append({**each, name: intent, SLOTS: [slot for slot in held if slot.get("entity") != INTENT]})
    return found, "wit.ai data"


def _is_json_value(slot: dict[str, Any]) -> bool:
    value = slot.get("value")
    return isinstance(value, str) and value.startswith('"') and value.endswith('"') and "entity" in slot


def _value_spans(document: Sequence[Any]) -> NluRows | None:
    """Return the texts of PolyAI's data of slots; a place that is left out is the first one."""
    texts = [each.get("userInput") if isinstance(each, dict) else None for each in document]
    if not texts or not all(isinstance(each, dict) and is_text(each.get(TEXT)) for each in texts):
        return None
    rows = []
    for each in document:
        rest = {key: value for key, value in each.items() if key not in ("userInput", "labels")}
        slots = [
            {"start": span.get("startIndex", 0), "end": span.get("endIndex"), "label": slot.get("slot")}
            for slot in listed(each.get("labels"))
            if isinstance(slot, dict) and isinstance(span := slot.get("valueSpan"), dict)
        ]
        rows.append({TEXT: each["userInput"][TEXT], **rest, SLOTS: slots})
    return rows, "texts with slots (PolyAI)"
