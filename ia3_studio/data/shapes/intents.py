"""How are intents with their example phrases read? Each phrase is a text of its own, with the intent as its label."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, frame_of, is_text, listed
from ia3_studio.data.split_names import ORIGIN

PHRASE_NAMES = ("patterns", "examples", "utterances", "phrases", "samples", "trainingphrases", "variants",
                "sampleutterances", "trainingsamples", "queries", "expressions",
                "beispiele", "muster", "äußerungen", "phrasen", "sätze", "ejemplos", "patrones", "frases", "enunciados",
                "exemples", "énoncés", "motifs", "esempi", "frasi", "esempidifrasi", "exemplos", "padrões",
                "voorbeelden",
                "zinnen", "przykłady", "wzorce", "примеры", "фразы", "шаблоны", "örnekler", "kalıplar", "exempel",
                "příklady", "示例", "例句", "例子", "语料", "例文", "発話", "예시", "예문")  # fmt: skip
_INTENTS = ("tag", "intent", "intentname", "absicht", "intención", "intencion", "etiqueta", "intention", "étiquette",
            "intento", "etichetta", "intenção", "intencao", "intentie", "intencja", "etykieta", "намерение", "интент",
            "тег", "niyet", "etiket", "avsikt", "záměr", "意图", "意圖", "インテント", "의도")  # fmt: skip
"""Names that say by themselves that texts in a list are phrases of one intent, where each row has another one."""
INTENT_NAMES = (*_INTENTS, "name", "label", "category")

KEY = "key"
"""What the keys of an object of rows are called."""


def _phrases(cell: Any) -> list[str]:
    value = structure_of(cell)
    if is_list_of_texts(value):
        return list(value)
    texts = [_text(each) for each in listed(value)]
    return texts if texts and all(texts) else []


def _text(phrase: Any) -> str:
    """Return the text of a phrase that is an object and names no speaker; empty for anything else."""
    if not isinstance(phrase, dict) or {"role", "from", "speaker", "sender", "author"} & phrase.keys():
        return ""
    return next((phrase[key] for key in ("text", "utterance", "phrase", "value") if is_text(phrase.get(key))), "")


def _intent(rows: Rows) -> str:
    """Return the column of intents; those of an object of them by their names are its keys.

    Beside these, phrases and what is said in reply stand in lists: an object of words with their definitions and
    examples is none of intents.
    """
    if intent := rows.find(INTENT_NAMES):
        return intent
    others = [name for name in rows.columns if name not in (KEY, ORIGIN, rows.find(PHRASE_NAMES))]
    are_lists = all(rows.mostly(name, lambda cell: isinstance(structure_of(cell), list)) for name in others)
    return KEY if rows.columns[:1] == [KEY] and are_lists else ""


def _has_intents(rows: Rows) -> bool:
    phrases, intent = rows.find(PHRASE_NAMES), _intent(rows)
    has_some = rows.any(phrases, lambda cell: bool(_phrases(cell)))  # what is said where nothing fits has none
    are_phrases = has_some and rows.mostly(phrases, lambda cell: bool(_phrases(cell)) or structure_of(cell) == [])
    return are_phrases and rows.mostly(intent, is_text)


def _has_named_intents(rows: Rows) -> bool:
    """Say whether each row is an intent of its own with several phrases, which are not what two say by turns then."""
    intent = _intent(rows)
    names = [str(cell) for cell in rows.sample(intent)]
    of_objects = rows.mostly(
        rows.find(PHRASE_NAMES), lambda cell: isinstance(next(iter(listed(structure_of(cell))), 0), dict)
    )
    is_called_so = intent in rows.named(_INTENTS) and rows.mostly(intent, lambda cell: " " not in str(cell).strip())
    return (of_objects or is_called_so) and _has_intents(rows) and len(set(names)) == len(names) > 1


def _read_intents(rows: Rows) -> Recognized:
    phrases, intent = rows.find(PHRASE_NAMES), _intent(rows)
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
    notes += [f"Not used: {empty:,} {'intent' if empty == 1 else 'intents'} without {phrases}."] if empty else []
    mapping = Mapping("labels", column="text", answer="label")
    form = f"intents with their {phrases}"
    return Recognized(frame_of(list(enumerate(records, start=1))), form, notes=tuple(notes), mapping=mapping)


SHAPES = (Shape("intents", _has_intents, _read_intents, by_row=False),)
NAMED = (Shape("intents with phrases", _has_named_intents, _read_intents, by_row=False),)
"""Tried before the shapes of what two say by turns."""
