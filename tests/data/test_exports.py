"""Documents of every known tool, damaged anywhere, are read or refused; every row of what is read is accounted for."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ia3_studio.data.examples import understood
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.load import load_data
from ia3_studio.data.shapes.recognize import SHAPES, shape_of
from ia3_studio.data.shapes.shape import Rows
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data import test_annotations, test_chat_exports, test_chat_logs, test_dialogue_shapes, test_preferences
from tests.data.download_shapes import candidates
from tests.data.exports import turns, written
from tests.data.test_properties import VALUES
from tests.data.vendor_shapes import boxed, extracted, spans_of_job, ticket, tracked

CALM = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

DOCUMENTS: dict[str, Any] = {
    **{name: [form] * 3 for name, form in (*test_preferences.FORMS.items(), *test_dialogue_shapes.FORMS.items())},
    **test_chat_logs.LOGS,
    **test_annotations.TOOLS,
    **{f"Argilla, {name}": records for name, records in test_annotations.ARGILLA.items()},
    "candidates": [candidates(n) for n in range(3)],
    "a worse answer": [{"messages": turns("Hi?", f"Ahoy {n}"), "rejected_response": "No."} for n in range(3)],
    "votes": [{"text": f"Hi {n}", "annotators": {"label": ["a", "b", "a"], "annotator_id": [1, 2, 3]}}
              for n in range(3)],
    "MOSS": [{"chat": {"turn_1": {"Human": f"<|Human|>: Hi {n}<eoh>", "MOSS": "<|MOSS|>: Ahoy<eom>"}}}
             for n in range(3)],
    "marked answers": [{"question": f"Hi {n}", "answers": [{"text": "Ahoy", "selected": True}, {"text": "No"}]}
                       for n in range(3)],
    "KTO": [{"prompt": "Hi", "completion": "Ahoy", "label": row < 3} for row in range(4)],
    "ChatGPT": [test_chat_exports.chatgpt()] * 3,
    "Claude": [{"uuid": "1", "name": "x", "chat_messages": [{"sender": "human", "text": "Hi", "uuid": "u"},
                                                            {"sender": "assistant", "text": "Ahoy", "uuid": "a"}]}] * 3,
    "flat trees": test_chat_exports.FLAT,
    "trees": [{"prompt": {"text": "Hi", "role": "prompter", "replies": [{"text": "Ahoy", "role": "assistant"}]}}] * 3,
    "turns": [{"conversation_id": row // 2, "turn": row % 2, **turn} for row, turn in enumerate(turns(*"abcdef"))],
    "named turns": [{"chat_id": 1, "speaker": "AB"[row % 2], "text": f"{row}"} for row in range(4)],
    "exchanges": [{"session_id": 1, "user": f"Hi {row}", "assistant": "Ahoy"} for row in range(3)],
    "Label Studio, minimal": [test_annotations.minimal(n, ner=test_annotations.SPAN_OBJECTS) for n in range(3)],
    "Doccano, labels": [{"id": n, "text": f"Hi {n}", "label": ["ab"[n % 2]]} for n in range(4)],
    "spaCy, categories": [["Hi", {"cats": {"a": 1.0, "b": 0.0}}]] * 3,
    "TRL": [{"prompt": turns("a")[:1], "completion": turns("a", "b")[1:]} for _row in range(3)],
    "CoQA": [{"story": "s", "questions": ["a", "b"], "answers": ["c", f"{row}"]} for row in range(3)],
    "intents": [{"tag": f"topic {row}", "patterns": ["Hi", f"Ahoy {row}"]} for row in range(3)],
    "words": [{"sentence_id": row // 2, "word": f"w{row}", "tag": ("B-X", "O")[row % 2]} for row in range(6)],
    "log": [{"date": f"2024-03-01 10:0{n}:00", "sender": "AB"[n % 2], "body": f"{n}"} for n in range(6)],
    "Intercom": [{"source": {"body": f"<p>Hi {n}</p>", "author": {"type": "user"}}, "conversation_parts": {
                      "conversation_parts": [{"body": "<p>Ahoy</p>", "author": {"type": "admin"}}]}} for n in range(3)],
    "Freshdesk": [{"description_text": f"Hi {n}", "conversations": [{"incoming": False, "body_text": "Ahoy"}]}
                  for n in range(3)],
    "segments": [{"data": [{"text": "To "}, {"text": f"Turku{n}", "entity": "port"}]} for n in range(3)],
    "Mattermost": [{"type": "post", "post": {"user": "ab"[n % 2], "message": f"{n}", "create_at": n}}
                   for n in range(4)],
    "judged parts": [{"text": f"Ferry {n}", "aspects": [{"term": "Ferry", "polarity": "ab"[n % 2]}]} for n in range(3)],
    "CLUENER": [{"text": f"Ferry {n}", "label": {"ship": {"Ferry": [[0, 4]]}}} for n in range(3)],
    "Matrix": [{"type": "m.room.message", "sender": f"@{n % 2}:x", "content": {"msgtype": "m.text", "body": f"{n}"},
                "origin_server_ts": n} for n in range(4)],
    "triplets": [{"query": f"Hi {row}", "pos": ["Ahoy"], "neg": ["Bye"]} for row in range(3)],
    "steps": [{"prompt": f"Hi {row}", "completions": ["a", "b"], "labels": [True, row < 2]} for row in range(3)],
    "best of a list": [{"info": {"post": f"Hi {row}"}, "summaries": [{"text": "a"}, {"text": "b"}], "choice": row % 2}
                       for row in range(3)],
    "transcripts": [{"utterances": ["patient: Hi", f"doctor: Ahoy {row}"]} for row in range(3)],
    "exams": [{"article": "s", "questions": ["a?", "b?"], "options": [["c", "d"]] * 2, "answers": ["A", "B"]}] * 3,
    "MRQA": [{"context": "s", "qas": [{"question": "a?", "answers": [f"{row}"]}]} for row in range(3)],
    "ranked": [{"instruction": f"Hi {row}", "output": ["Ahoy", "Bye"]} for row in range(3)],
    "Label Studio, comparisons": [
        {"id": n, "data": {"prompt": "Hi", "answer1": "Ahoy", "answer2": "Bye"},
         "annotations": [{"result": [{"type": "pairwise", "to_name": "answer1,answer2",
                                      "value": {"selected": ("left", "right")[n % 2]}}]}]} for n in range(3)],
    "Prodigy, labels": [test_annotations.prodigy(n, label="ab"[n % 2]) for n in range(4)],
    "languages": [{"texts": [{"lang": "en", "text": f"Hi {n}"}, {"lang": "de", "text": "Ahoy"}]} for n in range(3)],
    "signed": [{"prompt": f"Hi {n}", "response_1": "Ahoy", "response_2": "Bye", "preference": (-1, 1)[n % 2]}
               for n in range(4)],
    "phrases": [{"name": f"t{n}", "utterances": [{"text": "Hi"}, {"text": f"Ahoy {n}"}]} for n in range(3)],
    "halves": [{"chat_id": n // 4, ("user_msg", "bot_msg")[n % 2]: f"Line {n}"} for n in range(12)],
    "two speakers": [{"Vorgang": f"V{n // 4}", "Wer": "AB"[n % 2], "Was": f"Line {n}"} for n in range(16)],
    "answers in an object": [{"prompt": f"Hi {n}", "responses": {"good": "Ahoy", "bad": "Bye"}} for n in range(3)],
    "words that are objects": [{"words": [{"text": "Ferry", "tag": "B-SHIP"}, {"text": f"{n}", "tag": "O"}]}
                               for n in range(3)],
    "spans beside labels": [{"text": f"Ferry {n} to Turku", "spans": [[0, 5]], "span_labels": ["ship"]}
                            for n in range(3)],
    "answers by places": [{"question": f"Where to, {n}?", "passage": f"Ferry {n} to Turku", "start": 0, "end": 5}
                          for n in range(3)],
    "roles in front of texts": [{"chat_id": n // 2, "text": f"{('user', 'bot')[n % 2]}: Line {n}"} for n in range(6)],
    "labeling job": [spans_of_job(n) for n in range(3)],
    "tickets": [ticket(n) for n in range(3)],
    "Labelbox": [boxed(n) for n in range(3)],
    "display names": [extracted(n) for n in range(3)],
    "events": [tracked(n) for n in range(3)],
    "wide": [{"user_1": f"Hi {n}", "bot_1": "Ahoy", "user_2": "Bye?", "bot_2": "Bye"} for n in range(3)],
    "several answers": [{"question": f"Hi {n}", "answer_1": "Ahoy", "answer_2": "No", "answer_3": "Yes", "best": 1}
                        for n in range(3)],
    "labeled turns": [{"messages": turns(f"Hi {n}"), "label": "ab"[n % 2]} for n in range(4)],
    "trees of rows": [{"role": "user", "text": f"Hi {n}", "children": [{"role": "assistant", "text": "Ahoy"}]}
                      for n in range(3)],
}  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document in which a few values are replaced or removed."""
    document = copy.deepcopy(DOCUMENTS[draw(st.sampled_from(sorted(DOCUMENTS)))])
    for _time in range(draw(st.integers(1, 3))):
        here = document
        while True:
            places = list(here) if isinstance(here, dict) else list(range(len(here)))
            if not places:
                break
            place = draw(st.sampled_from(places))
            if isinstance(here[place], dict | list) and draw(st.integers(0, 3)):
                here = here[place]
                continue
            if draw(st.booleans()) or isinstance(here, list):
                here[place] = draw(VALUES)
            else:
                del here[place]
            break
    return document


@CALM
@given(document=damaged())
def test_a_damaged_document_of_any_tool_is_read_or_refused(document: Any, tmp_path: Path) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        table = read_table(path)
        if table.speakers:
            table = read_table(path, ParsingOptions(speaker=table.speakers[0]))
        mapping = infer_columns(table)
    except DataError as refused:
        assert str(refused).endswith((".", "…")) and len(str(refused)) < 1500, str(refused)
        return
    examples, problems = understood(table, mapping)
    used, listed = {example.row for example in examples}, {problem.row for problem in problems}
    assert not used & listed
    assert used | listed == {*table.frame.index.tolist(), *(problem.row for problem in table.problems)}
    assert all(count >= 0 for count in table.unused.values())


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_document_has_a_known_shape_and_can_be_read_plain(name: str, tmp_path: Path) -> None:
    path = written(DOCUMENTS[name], tmp_path)
    table, plain = read_table(path), read_table(path, ParsingOptions(plain=True))
    assert table.mapping or table.undecided or table.description != plain.description or "turns in" in name
    assert plain.mapping is None and not plain.speakers


def test_every_shape_is_that_of_a_document(tmp_path: Path) -> None:
    found = set()
    for document in DOCUMENTS.values():
        plain = read_table(written(document, tmp_path), ParsingOptions(plain=True))
        shape = shape_of(Rows("", plain.frame))
        found |= {shape.name} if shape else set()
    elsewhere = {
        "Discord table",
        "WhatsApp chat",
        "turns without an id",
        "results of a batch",
        "Moodle questions",
        "choices that say which is right",
        "questions with accepted answers",
        "several labels with # between them",
        "Chatwoot export",
        "passages with annotations (BioC)",
        "conversations whose turns have versions",
        "Grok export",
        "answers to questions on a text, each right or wrong",
        "texts in columns by number",
        "texts with edits of their characters",
        "tables side by side",
        "labels in columns by number",
        "talks with candidates",
        "relations in texts",
        "answers and scores in objects",
        "Gemini activity of Google Takeout",
        "places as texts",
        "requests and the tools that they call",
        "words with labeled spans of words",
        "prompts with places that are filled in",
    }  # as CSV, as text and as XML, in another list, or refused; see their own tests
    assert {shape.name for shape in SHAPES} - found <= elsewhere


def test_notes_of_a_shape_are_those_of_the_split(tmp_path: Path) -> None:
    rows = [{"prompt": f"Hi {row}", "chosen": "Ahoy", "rejected": "Bye"} for row in range(4)]
    assert any("preferred to those in rejected" in note for note in load_data(written(rows, tmp_path)).notes)
