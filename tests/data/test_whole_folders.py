"""Whole folders as people drop them: what is read of them together, and what is named beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.ui.upload_names import name_together
from tests.data.exports import put, put_all
from tests.data.shapes import asked, said


def texts(split: DataSplit) -> dict[str, str]:
    """Return the texts and their labels."""
    return {each.text: each.labels[0] for each in (*split.train, *split.held_out)}


def phrases(intent: str, count: int = 4) -> str:
    """Return what is said for an intent, in parts."""
    parts: list[dict[str, Any]] = [
        {"id": f"{intent}{n}", "data": [{"text": f"{intent} a "}, {"text": f"berth {n}", "alias": "berth"}],
         "isTemplate": n == count - 1}
        for n in range(count)
    ]  # fmt: skip
    return json.dumps(parts)


def test_what_is_said_for_intents_is_read_beside_the_settings_and_answers_of_an_agent(tmp_path: Path) -> None:
    answers = {"name": "book", "responses": [{"messages": [{"speech": said(1)}]}], "events": []}
    files = {
        "agent.json": json.dumps({"language": "en", "webhook": {"url": ""}}),
        "entities/berth_entries_en.json": json.dumps([{"value": "one", "synonyms": ["one", "first"]}] * 4),
        "intents/book.json": json.dumps(answers),
        "intents/book_usersays_en.json": phrases("book"),
        "intents/free the pier.json": json.dumps({**answers, "name": "free the pier"}),
        "intents/free the pier_usersays_pt-br.json": phrases("free the pier"),
    }
    split = load_data(put_all(tmp_path, files))
    assert texts(split)["book a berth 0"] == "book"
    assert texts(split)["free the pier a berth 2"] == "free the pier"
    notes = " ".join(split.notes)
    assert len(texts(split)) == 6 and "2 templates" in notes
    assert all(name in notes for name in ("agent.json", "berth_entries_en.json", "intents/book.json"))


def test_files_that_are_called_so_but_hold_other_rows_are_no_intents(tmp_path: Path) -> None:
    records = [{"prompt": asked(n), "answer": said(n)} for n in range(8)]
    for name in ("a_usersays_en.json", "b_usersays_en.json"):
        put(json.dumps([{**each, "answer": f"{name} {each['answer']}"} for each in records]), tmp_path, name)
    assert load_data(tmp_path).mapping.kind == "pairs"


def test_texts_in_lists_of_messages_by_language_are_counted_as_not_used(tmp_path: Path) -> None:
    for language, word in (("en", "Berth"), ("de", "Liegeplatz")):
        messages = {f"key{n}": f"{word} {n} is free" for n in range(8)}
        put(json.dumps({**messages, "days": [{"name": f"{word} day"}, "x"], "per": 3}), tmp_path, f"{language}.json")
    split = load_data(tmp_path)
    assert split.mapping.kind == "pairs" and [note for note in split.notes if "4 texts in lists" in note]


def test_several_uploads_are_called_after_the_largest_of_them(tmp_path: Path) -> None:
    files = {name: put("x" * size, tmp_path, name) for name, size in (("b.csv", 9), ("a.csv", 9), ("c.csv", 2))}
    assert name_together(files) == "a.csv and 2 more"
    assert name_together({"1/c.csv": files["c.csv"], "b.csv": files["b.csv"]}) == "b.csv and 1 more"
