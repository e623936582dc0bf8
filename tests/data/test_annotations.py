"""Exports of annotation tools: labels, spans and answers are read, and nothing of them is dropped in silence."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.spans import Span, tagged
from ia3_studio.errors import DataError
from tests.data.exports import Found, read, read_file, written

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = "Ann Lee lives in Oslo."
WORDS = ("Ann", "Lee", "lives", "in", "Oslo", ".")
TAGS = ("B-PER", "I-PER", "O", "O", "B-LOC", "O")
SPANS = [(0, 7, "PER"), (17, 21, "LOC")]


def labels(found: Found) -> list[tuple[str, ...]]:
    return [example.labels for example in found.examples]


def task(*annotations: dict[str, Any], text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": text, "source": "x"}, "annotations": list(annotations), "predictions": [], **more}


def annotation(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "completed_by": 1, "was_cancelled": False, "result": list(results), **more}


def result(kind: str, value: Any, name: str = "mood", **others: Any) -> dict[str, Any]:
    key = "text" if kind == "textarea" else kind
    return {"type": kind, "from_name": name, "to_name": "text", "value": {**others, key: value}}


def studio_span(start: int, end: int, label: str, text: str = TEXT) -> dict[str, Any]:
    return result("labels", [label], "ner", start=start, end=end, text=text[start:end])


LABEL_STUDIO: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "choices": (result("choices", ["good"]), "text → text, mood → label", ("good",)),
    "several choices": (result("choices", ["b", "a"]), "text → text, mood → several labels", ("a", "b")),
    "taxonomy": (result("taxonomy", [["sea", "ship"]]), "text → text, mood → label", ("sea / ship",)),
    "rating": (result("rating", 4), "text → text, mood → label", ("4",)),
    "number": (result("number", 2.5), "text → text, mood → number", ("2.5",)),
}


@pytest.mark.parametrize("kind", LABEL_STUDIO)
def test_label_studio_results_of_every_kind_are_read(kind: str, tmp_path: Path) -> None:
    given_result, mapping, expected = LABEL_STUDIO[kind]
    found = read([task(annotation(given_result))] * 2, tmp_path)
    assert str(found.mapping) == mapping and labels(found) == [expected] * 2
    assert "Label Studio export, 2 tasks" in found.table.description


def test_label_studio_texts_are_answers(tmp_path: Path) -> None:
    answer = result("textarea", ["She lives in the capital of Norway, at the sea."], "reply")
    found = read([task(annotation(answer))] * 2, tmp_path)
    assert found.said[0] == [("user", TEXT), ("assistant", "She lives in the capital of Norway, at the sea.")]


def test_label_studio_counts_and_lists_what_is_not_used(tmp_path: Path) -> None:
    good, bad = result("choices", ["good"]), result("choices", ["bad"])
    tasks = [
        task(annotation(good), annotation(bad), annotation(good), predictions=[{}]),
        task(annotation(bad, was_cancelled=True)),
        task(),
        task(annotation(bad), annotation(good, ground_truth=True)),
        task(annotation(good, result("rating", 3, "stars"))),
        task(annotation(good, was_cancelled=True), annotation(bad)),
        task(annotation(good), text=" "),
    ]
    found = read(tasks, tmp_path)
    assert labels(found) == [("good",), ("good",), ("good",), ("bad",)]
    assert found.listed.keys() == {2, 3, 7} and "canceled" in found.listed[2] and "annotated" in found.listed[3]
    for counted in (
        "by others (3)",
        "that differ (2)",
        "predictions (1)",
        "canceled annotations (1)",
        "stars (rating) (1)",
    ):
        assert counted in found.notes


def test_label_studio_pictures_are_refused_by_name(tmp_path: Path) -> None:
    boxes = task(annotation(result("rectanglelabels", ["ship"])))
    with pytest.raises(DataError, match="Label Studio export whose annotations are of the type 'rectanglelabels'"):
        read([boxes] * 2, tmp_path)


MIN = {"id": 1, "annotator": 2, "annotation_id": 3, "created_at": "2024-01-01T10:00:00Z", "lead_time": 12.5}
SPAN_OBJECTS = [{"start": s, "end": e, "labels": [label], "text": TEXT[s:e]} for s, e, label in SPANS]


def minimal(number: int, **values: Any) -> dict[str, Any]:
    return {**MIN, "id": number, "text": f"{TEXT} {number}", **values}


@pytest.mark.parametrize("name", ["rows.json", "rows.csv"])
def test_minimal_label_studio_exports_are_read(name: str, tmp_path: Path) -> None:
    as_cell: Callable[[Any], Any] = json.dumps if name.endswith("csv") else lambda value: value
    several = [minimal(1, topic=as_cell({"choices": ["a", "b"]})), minimal(2, topic="a")]
    found = read(several, tmp_path, name)
    assert str(found.mapping) == "text → text, topic → several labels" and labels(found) == [("a", "b"), ("a",)]
    tagged_rows = [minimal(1, ner=as_cell(SPAN_OBJECTS)), minimal(1, ner=as_cell(SPAN_OBJECTS)), minimal(2, ner=None)]
    found = read(tagged_rows, tmp_path, name)
    assert labels(found) == [(*TAGS, "O")] and found.listed.keys() == {2, 3} and "row 1" in found.listed[2]
    stars = [minimal(n, stars=as_cell([{"rating": n}])) for n in range(1, 5)]
    assert labels(read(stars, tmp_path, name)) == [("1",), ("2",), ("3",), ("4",)]
    plain = [minimal(n, sentiment=("good", "bad")[n % 2]) for n in range(8)]
    found = read(plain, tmp_path, name)
    assert str(found.mapping) == "text → text, sentiment → label" and "annotator (8)" in found.notes


TOOLS: dict[str, Any] = {
    "Label Studio": [task(annotation(*(studio_span(*span) for span in SPANS)))],
    "Doccano": [{"id": 1, "text": TEXT, "label": SPANS}],
    "Doccano, older": [{"id": 1, "text": TEXT, "meta": {}, "labels": SPANS}],
    "Doccano with relations": [
        {
            "id": 1, "text": TEXT, "relations": [], "Comments": [],
            "entities": [{"id": 1, "label": n, "start_offset": s, "end_offset": e} for s, e, n in SPANS],
        }
    ],
    "spaCy": [[TEXT, {"entities": SPANS}]],
    "an editor for spaCy": {"classes": ["PER", "LOC"], "annotations": [[TEXT, {"entities": SPANS}], None]},
    "Prodigy": [
        {
            "text": TEXT, "answer": "accept", "spans": [{"start": s, "end": e, "label": n} for s, e, n in SPANS],
            "_input_hash": 1, "_task_hash": 1, "_view_id": "ner_manual",
        }
    ],
    "Vertex AI": [
        {
            "textContent": "x", "text": TEXT,
            "textSegmentAnnotations": [{"startOffset": s, "endOffset": e, "displayName": name} for s, e, name in SPANS],
        }
    ],
    "Argilla": [
        {
            "id": "a", "status": "completed", "fields": {"text": TEXT}, "metadata": {},
            "responses": {"ner": [{"value": [{"start": s, "end": e, "label": label} for s, e, label in SPANS]}]},
            "suggestions": {},
        }
    ],
    "Argilla 1": [
        {
            "text": TEXT, "tokens": list(WORDS), "prediction": None, "status": "Validated", "id": "x",
            "annotation": [[label, s, e] for s, e, label in SPANS],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_spans_of_every_tool_become_words_with_tags(tool: str, tmp_path: Path) -> None:
    found = read(TOOLS[tool], tmp_path)
    assert found.mapping.kind == "tags"
    assert [(example.words, example.labels) for example in found.examples] == [(WORDS, TAGS)]
    assert "cuts a word is left out" in found.notes


def test_a_text_without_spans_has_none_and_a_text_without_annotation_is_listed(tmp_path: Path) -> None:
    rows = [{"text": TEXT, "label": spans} for spans in (SPANS, [], None)]
    found = read(rows, tmp_path, "rows.jsonl")
    assert labels(found) == [TAGS, ("O",) * 6] and found.listed.keys() == {3}


FAULTS = {
    "cuts a word": [[0, 5, "PER"]],
    "overlaps another one": [[0, 7, "PER"], [4, 13, "ORG"]],
    "ends after the text": [[17, 99, "LOC"]],
    "contains no word": [[3, 4, "PER"]],
    "is empty or begins before the text": [[5, 5, "PER"]],
    "is not 'Bergen' in the text": [{"start": 17, "end": 21, "label": "LOC", "text": "Bergen"}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_span_that_is_no_whole_words_is_listed_with_its_reason(fault: str, tmp_path: Path) -> None:
    rows = [{"text": TEXT, "entities": FAULTS[fault]}, {"text": TEXT, "entities": SPANS}]
    found = read(rows, tmp_path)
    assert labels(found) == [TAGS] and fault in found.listed[1]


def test_spans_that_count_emoji_as_two_are_found_by_their_text() -> None:
    text = "\U0001f600\U0001f600 Ann in Oslo"
    assert tagged(text, [Span(12, 16, "LOC", "Oslo")])[1][-1] == "B-LOC"
    assert tagged(text, [Span(10, 14, "LOC", "Oslo")])[1][-1] == "B-LOC"
    with pytest.raises(UnusableError, match="is not 'Oslo'"):
        tagged(text, [Span(11, 15, "LOC", "Oslo")])


def test_words_are_found_in_every_script() -> None:
    assert tagged("東京都にहिन्दी e\u0301a\u200b!", [Span(0, 2, "LOC")]) == (
        ["東", "京", "都", "に", "हिन्दी", "e\u0301a", "!"],
        ["B-LOC", "I-LOC", "O", "O", "O", "O", "O"],
    )


LETTERS = st.text(
    st.characters(categories=["L", "M", "N", "P", "S", "Zs"], max_codepoint=0x1FFFF), min_size=1, max_size=40
)


@CALM
@given(text=LETTERS, places=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4))
def test_every_span_is_found_again_in_its_words_or_refused(text: str, places: list[tuple[int, int]]) -> None:
    spans = [Span(min(place), max(place), "X") for place in places]
    try:
        words, tags = tagged(text, spans)
    except UnusableError:
        return
    assert "".join(words) == "".join(text.split())
    found, at = [], -1
    for word, tag in zip(words, tags, strict=True):
        at = text.index(word, at + 1)
        if tag.startswith("B-"):
            found.append([at, at + len(word)])
        elif tag.startswith("I-"):
            found[-1][1] = at + len(word)
        at += len(word) - 1
    trimmed = {tuple(_trimmed(text, span.start, span.end)) for span in spans}
    assert {tuple(each) for each in found} == trimmed


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inside = text[start:end]
    return start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip())


def test_doccano_labels_are_single_several_or_answers(tmp_path: Path) -> None:
    single = [{"id": n, "text": f"{TEXT} {n}", "label": [("good", "bad")[n % 2]]} for n in range(4)]
    found = read([*single, {"id": 9, "text": TEXT, "label": []}], tmp_path, "rows.jsonl")
    assert found.mapping.target == "single" and labels(found)[0] == ("good",) and found.listed.keys() == {5}
    several = [*single, {"id": 9, "text": TEXT, "label": ["good", "long"], "Comments": []}]
    assert read(several, tmp_path, "rows.jsonl").mapping.target == "multi"
    answers = [{"id": n, "text": TEXT, "label": [f"A translation of the text, which is number {n}."]} for n in range(3)]
    assert read(answers, tmp_path, "rows.jsonl").mapping.kind == "pairs"


def test_spacys_categories_are_labels(tmp_path: Path) -> None:
    rows = [[f"{TEXT} {n}", {"cats": {"good": float(n % 2), "bad": float(1 - n % 2)}}] for n in range(4)]
    assert labels(read(rows, tmp_path)) == [("bad",), ("good",), ("bad",), ("good",)]


def prodigy(number: int, answer: str = "accept", **others: Any) -> dict[str, Any]:
    return {"text": f"{TEXT} {number}", "answer": answer, "_input_hash": number, "_task_hash": number, **others}


def test_prodigys_accepted_answers_are_read_and_the_others_listed(tmp_path: Path) -> None:
    rows = [
        prodigy(1, label="good"), prodigy(2, label="bad"), prodigy(3, "reject", label="bad"),
        prodigy(4, "ignore", label="bad"), prodigy(1, label="good", _annotator_id="b"),
    ]  # fmt: skip
    found = read(rows, tmp_path, "rows.jsonl")
    assert labels(found) == [("good",), ("bad",)] and found.listed.keys() == {3, 4, 5}
    assert "'reject'" in found.listed[3] and "row 1" in found.listed[5]


def test_prodigys_answers_to_one_label_are_yes_and_no(tmp_path: Path) -> None:
    rows = [prodigy(n, ("accept", "reject")[n % 2], label="spam") for n in range(4)]
    assert labels(read(rows, tmp_path)) == [("spam",), ("not spam",)] * 2


def test_prodigys_choices_are_labels(tmp_path: Path) -> None:
    options = [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]
    rows = [prodigy(1, options=options, accept=["b", "a"]), prodigy(2, options=options, accept=["b"])]
    found = read(rows, tmp_path)
    assert found.mapping.target == "multi" and labels(found) == [("a", "b"), ("b",)]


def test_prodigys_own_words_are_kept(tmp_path: Path) -> None:
    text = "Ann's here"
    tokens = [{"text": text[s:e], "start": s, "end": e, "id": n} for n, (s, e) in enumerate([(0, 3), (3, 5), (6, 10)])]
    row = {**prodigy(1), "text": text, "tokens": tokens, "spans": [{"start": 0, "end": 3, "label": "PER"}]}
    assert read([row], tmp_path).examples[0].words == ("Ann", "'s", "here")


ARGILLA: dict[str, list[dict[str, Any]]] = {
    "nested": [
        {
            "id": str(n), "status": "completed", "fields": {"text": f"{TEXT} {n}"}, "metadata": {}, "vectors": {},
            "suggestions": {"mood": {"value": "bad", "score": 0.5, "agent": "m"}},
            "responses": {"mood": [{"value": value, "user_id": "u"} for value in values]},
        }
        for n, values in enumerate((["good"], ["good", "bad"], []))
    ],
    "flat": [
        {
            "id": str(n), "status": "completed", "_server_id": "s", "text": f"{TEXT} {n}", "mood.suggestion": "bad",
            "mood.suggestion.agent": "m", "mood.responses": values, "mood.responses.users": ["u"] * len(values or ()),
            "mood.responses.status": states,
        }
        for n, (values, states) in enumerate(
            ((["good"], ["submitted"]), (["good", "bad"], ["submitted", "submitted"]), (["bad"], ["draft"]))
        )
    ],
    "feedback": [
        {
            "text": f"{TEXT} {n}", "external_id": str(n), "metadata": "{}", "mood-suggestion": "bad",
            "mood": [{"user_id": "u", "value": value, "status": "submitted"} for value in values],
        }
        for n, values in enumerate((["good"], ["good", "bad"], []))
    ],
    "first version": [
        {"text": f"{TEXT} {n}", "prediction": [["bad", 0.5]], "annotation": value, "status": "Validated", "id": str(n)}
        for n, value in enumerate(("good", "good", None))
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", ARGILLA)
def test_argillas_records_of_every_version_are_read(form: str, tmp_path: Path) -> None:
    found = read(ARGILLA[form], tmp_path)
    assert labels(found) == [("good",), ("good",)] and found.listed.keys() == {3}
    assert "Argilla export, 3 records" in found.table.description and "suggestions (3)" in found.notes
    assert form == "first version" or ("responses of others (1)" in found.notes and "differ (1)" in found.notes)


def test_argillas_answers_and_ratings(tmp_path: Path) -> None:
    def record(values: dict[str, Any]) -> dict[str, Any]:
        responses = {name: [{"value": value, "user_id": "u"}] for name, value in values.items()}
        return {"id": "1", "fields": {"prompt": "Hi"}, "responses": responses, "suggestions": {}, "status": "completed"}

    long = "A long answer that nobody takes for a label of a text."
    assert read([record({"reply": long})] * 2, tmp_path).said[0][1] == ("assistant", long)
    assert labels(read([record({"stars": 3}), record({"stars": 5})], tmp_path)) == [("3",), ("5",)]
    several = read([record({"topics": ["a", "b"]}), record({"topics": ["a"], "stars": 1})], tmp_path)
    assert labels(several) == [("a", "b"), ("a",)] and "answers to stars (1)" in several.notes


def test_an_intent_beside_entities_is_the_label(tmp_path: Path) -> None:
    examples = [
        {"text": f"{TEXT} {n}", "intent": ("ask", "tell")[n % 2],
         "entities": [{"start": 17, "end": 21, "value": "Oslo", "entity": "LOC"}]}
        for n in range(4)
    ]  # fmt: skip
    found = read({"rasa_nlu_data": {"common_examples": examples}}, tmp_path)
    assert str(found.mapping) == "text → text, intent → label"


def test_brats_texts_are_read_line_by_line(tmp_path: Path) -> None:
    text = f"{TEXT}\n\n\U0001f600 Bo stays.\nNothing\n"
    bo = text.index("Bo")
    annotations = (
        f"T1\tPER 0 7\tAnn Lee\nT2\tLOC 17 21\tOslo\nR1\tLivesIn Arg1:T1 Arg2:T2\nT3\tPER {bo} {bo + 2}\tBo\n"
        f"T4\tX {bo} {bo + 2};{bo + 3} {bo + 5}\tBo st\n#1\tAnnotatorNotes T1\tsure\n"
    )
    with zipfile.ZipFile(tmp_path / "brat.zip", "w") as file:
        file.writestr("a.txt", text)
        file.writestr("a.ann", annotations)
        file.writestr("annotation.conf", "[entities]")
    found = read_file(tmp_path / "brat.zip")
    assert labels(found) == [TAGS, ("O",)] and found.listed.keys() == {2}
    assert "brat" in found.table.description and "(2)" in found.notes and "annotation.conf" in found.notes


SPAN_LISTS = st.lists(st.tuples(st.integers(-2, 30), st.integers(-2, 30), st.sampled_from(["A", "B", ""])), max_size=3)


@CALM
@given(rows=st.lists(st.tuples(LETTERS | st.just(""), st.none() | SPAN_LISTS), min_size=1, max_size=8))
def test_every_text_with_spans_is_used_or_listed(rows: list[tuple[str, Any]], tmp_path: Path) -> None:
    path = written([{"text": text, "label": spans} for text, spans in rows], tmp_path, "rows.jsonl")
    try:
        found = read_file(path)
    except DataError:
        return
    used = {example.row for example in found.examples}
    assert not used & found.listed.keys() and used | found.listed.keys() == set(range(1, len(rows) + 1))


def test_labels_that_were_rejected_are_not_learned_without_prodigys_hashes_either(tmp_path: Path) -> None:
    rows = [{"text": f"Berth {n}", "label": "ab"[n % 2], "answer": ("reject", "accept")[n > 1]} for n in range(6)]
    found = read(rows, tmp_path)
    assert labels(found) == [("a",), ("b",), ("a",), ("b",)] and found.listed.keys() == {1, 2}


def test_texts_that_were_accepted_or_rejected_have_that_as_their_label(tmp_path: Path) -> None:
    said = ("accept", "reject", "ignore", "accept")
    rows = [{"text": f"Berth {n}", "answer": each, "_input_hash": n, "_task_hash": n} for n, each in enumerate(said)]
    found = read(rows, tmp_path)
    assert labels(found) == [("accept",), ("reject",), ("accept",)] and found.listed.keys() == {3}
