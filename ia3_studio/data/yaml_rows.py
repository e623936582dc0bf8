"""Which rows are in YAML? A list of objects, as in JSON, or the examples of Rasa's files."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.intent_lists import without_slots
from ia3_studio.data.json_documents import rows_of_json
from ia3_studio.data.json_leftovers import outside_rows
from ia3_studio.data.json_rows import frame_of_records
from ia3_studio.data.parsing import Found
from ia3_studio.errors import DataError

MOST_CHARACTERS = 20_000_000
"""YAML is read at about 1 MB per second."""


def read_yaml(name: str, text: str) -> Found:
    """Read a YAML document, or several; all values are texts, so that "no" and "1.10" stay what they are.

    Raises:
        DataError: it is too large, damaged, repeats parts by name (which could expand without end), or holds no rows.
    """
    document = parsed_yaml(text, name)
    if rows := _rasa_examples(document):
        said, notes = _said(rows)
        return Found(frame_of_records(name, said), "Rasa training data in YAML", notes=notes)
    records, form = rows_of_json(name, document)
    frame = frame_of_records(name, records)
    return Found(frame, form.replace("JSON", "YAML"), notes=outside_rows(document, records))


def parsed_yaml(text: str, name: str = "") -> Any:
    """Return a YAML document, or a list of several.

    Raises:
        DataError: it is too large, damaged, or repeats parts by name.
    """
    import yaml

    if len(text) > MOST_CHARACTERS:
        raise DataError(f"{name} has {len(text):,} characters of YAML; save the rows as JSON lines (.jsonl).")

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # builds nothing but texts, lists and objects
    try:
        if "&" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
            raise DataError(f"{name} repeats parts by an alias (*name), which is not read; write them out.")
        documents = [each for each in yaml.load_all(text, loader) if each not in (None, "")]
    except (yaml.YAMLError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}," if place else ""
        problem = getattr(error, "problem", None) or "its structure is too deep"
        raise DataError(f"{name}{where} cannot be read as YAML: {problem}; fix the file.") from error
    return documents[0] if len(documents) == 1 else documents


def _rasa_examples(document: Any) -> list[dict[str, str]]:
    """Return a row for each example of an intent: {"nlu": [{"intent": "greet", "examples": "- hi\\n- hello"}]}."""
    groups = document.get("nlu") if isinstance(document, dict) else None
    rows: list[dict[str, str]] = []
    for group in groups if isinstance(groups, list) else ():
        if isinstance(group, dict) and isinstance(group.get("intent"), str):
            listed = group.get("examples", "")
            if isinstance(listed, list):  # each an object, for what else is said of it
                texts = [str(each.get("text", "")).strip() for each in listed if isinstance(each, dict)]
            else:
                lines = str(listed).splitlines()
                texts = [line.strip()[1:].strip() for line in lines if line.strip().startswith("-")]
            rows += [{"text": text, "intent": group["intent"]} for text in texts if text]
    return rows


def _said(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return examples without the kinds of their entities, and a note on how many have some."""
    said = [{**row, "text": without_slots(row["text"])} for row in rows]
    marked = sum(one != other for one, other in zip(rows, said, strict=True))
    return said, (f"Not used: entities marked in the texts ({marked:,} texts).",) if marked else ()
