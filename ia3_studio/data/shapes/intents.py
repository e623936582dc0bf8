"""How are intents with their example phrases read? Each phrase is a text of its own, with the intent as its label."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.examples import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, frame_of, is_text

PHRASE_NAMES = ("patterns", "examples", "utterances", "phrases", "samples", "trainingphrases", "variants",
                "sampleutterances", "trainingsamples", "queries", "expressions")  # fmt: skip
INTENT_NAMES = ("tag", "intent", "name", "label", "intentname", "category")


def _phrases(cell: Any) -> list[str]:
    value = structure_of(cell)
    return list(value) if is_list_of_texts(value) else []


def _has_intents(rows: Rows) -> bool:
    phrases, intent = rows.find(PHRASE_NAMES), rows.find(INTENT_NAMES)
    return rows.mostly(phrases, lambda cell: bool(_phrases(cell))) and rows.mostly(intent, is_text)


def _read_intents(rows: Rows) -> Recognized:
    phrases, intent = rows.find(PHRASE_NAMES), rows.find(INTENT_NAMES)
    texts: list[tuple[str, Any]] = []
    empty = 0
    for _row, record in rows.records():
        found = _phrases(record.get(phrases))
        empty += not found
        texts += [(each, record.get(intent)) for each in found]
    records = [{"text": text, "label": label} for text, label in texts]
    others = [name for name in rows.columns if name not in (phrases, intent)]
    notes = [f"Each of the {phrases} is a row of its own, with its {intent} as label; rows are counted so."]
    notes += [f"Not used: {', '.join(others)}."] if others else []
    notes += [f"{empty:,} intents have no {phrases}."] if empty else []
    mapping = Mapping("labels", column="text", answer="label")
    form = f"intents with their {phrases}"
    return Recognized(frame_of(list(enumerate(records, start=1))), form, notes=tuple(notes), mapping=mapping)


SHAPES = (Shape("intents", _has_intents, _read_intents, by_row=False),)
