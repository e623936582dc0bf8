"""What a file holds beside what is learned is named: a key inside objects, an entry of a document, a comment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from ia3_studio.data.load import DataSplit
from tests.data.every_shape import EVERY_SHAPE
from tests.data.shapes import Shape, asked, lines, said

_REMARK = "A remark that the keeper never asked for"


def _records(shape: Shape) -> list[dict[str, Any]]:
    """Return the records of a shape that is JSON Lines or an array of objects; none for any other."""
    if not isinstance(shape.content, str) or Path(shape.name).suffix not in (".json", ".jsonl"):
        return []
    try:
        if shape.name.endswith(".json"):
            document = json.loads(shape.content)
        else:
            document = [json.loads(line) for line in shape.content.splitlines() if line.strip()]
    except ValueError:
        return []
    return document if isinstance(document, list) and all(isinstance(row, dict) for row in document) else []


def _objects_in_lists(value: Any) -> Iterator[dict[str, Any]]:
    for each in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        if isinstance(each, dict) and isinstance(value, list):
            yield each
        yield from _objects_in_lists(each)


_LISTED = [each for each in EVERY_SHAPE if any(any(_objects_in_lists(row)) for row in _records(each))][::3]


def _learned(split: DataSplit) -> Counter[str]:
    return Counter(repr(replace(example, row=0)) for example in (*split.train, *split.held_out))


@pytest.mark.parametrize("shape", _LISTED, ids=lambda shape: shape.what)
def test_a_text_that_is_added_to_the_objects_of_lists_is_learned_or_named(shape: Shape, tmp_path: Path) -> None:
    before = load_data(shape.write(tmp_path))
    records = _records(shape)
    for row, record in enumerate(records):
        for place, each in enumerate([*_objects_in_lists(record)]):
            each["zzq"] = f"{_REMARK}, number {row} of {place}"
    text = json.dumps(records) if shape.name.endswith(".json") else "".join(f"{json.dumps(row)}\n" for row in records)
    after = load_data(replace(shape, content=text).write(tmp_path))
    named = any("zzq" in each for each in (*after.unused, *after.notes, str(after.mapping)))
    assert named or _REMARK in repr((*after.train, *after.held_out))
    if _REMARK not in repr((*after.train, *after.held_out)):
        assert str(after.mapping) == str(before.mapping) and _learned(after) == _learned(before)


def test_the_keys_of_turns_are_named_in_preferences_too(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        question = {"role": "user", "content": asked(row), "name": "Ada"}
        return {
            side: [question, {"role": "assistant", "content": f"{side}, {said(row)}"}]
            for side in ("chosen", "rejected")
        }

    path = tmp_path / "pairs.jsonl"
    path.write_text(lines(record))
    assert set(load_data(path).unused) == {"chosen[].name", "rejected[].name"}


def test_a_text_in_few_of_the_rows_is_named_with_its_path_and_what_is_learned_never_is(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        notes = [{"body": f"{_REMARK} on night {row}", "by": "Ada"}] if row % 5 == 0 else []
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": asked(row), "notes": notes}]},
                             {"role": "assistant", "content": f"<p>{said(row)}</p>"}]}  # fmt: skip

    path = tmp_path / "talks.jsonl"
    path.write_text(lines(record, 40))
    assert load_data(path).unused == ("messages[].content[].notes[].body",)


def test_entries_of_a_document_beside_its_rows_and_inside_its_articles_are_named_once(tmp_path: Path) -> None:
    pairs = [{"prompt": asked(row), "answer": said(row)} for row in range(12)]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps({"version": 2, "data": pairs, "authors": [{"name": "Ada"}, {"name": "Bo"}]}))
    assert [note for note in load_data(path).notes if "version, authors" in note]
    path.write_text(json.dumps({"data": pairs}))
    assert not load_data(path).notes
    articles = [
        {"curator": "Ada", "paragraphs": [{"context": asked(row), "qas": [
            {"id": str(row), "question": asked(row), "answers": [{"text": "north pier", "answer_start": 3}]}]}]}
        for row in range(12)
    ]  # fmt: skip
    path.write_text(json.dumps({"data": articles}))
    (note,) = load_data(path).notes
    assert "data[].curator" in note and "context" not in note and "answers" not in note


def test_comments_between_json_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "noted.jsonl"
    path.write_text("# by Ada\n" + lines(lambda row: {"prompt": asked(row), "answer": "# " + said(row)}) + " // end\n")
    assert [note for note in load_data(path).notes if "comments (2)" in note]


def test_messages_beside_their_type_are_read_whatever_else_stands_there(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        turns = (("human", asked(row)), ("ai", said(row)))
        return {"messages": [{"type": kind, "data": {"content": text}, "zone": "UTC+2"} for kind, text in turns]}

    path = tmp_path / "talks.jsonl"
    path.write_text(lines(record))
    split = load_data(path)
    assert not split.problems and "messages[].zone" in split.unused


@pytest.mark.parametrize("shape", [each for each in EVERY_SHAPE if _records(each)][::9], ids=lambda shape: shape.what)
def test_a_number_that_is_added_to_each_record_is_used_or_named(shape: Shape, tmp_path: Path) -> None:
    records = [{**record, "zzq": 3 * row + 1} for row, record in enumerate(_records(shape))]
    text = json.dumps(records) if shape.name.endswith(".json") else "".join(f"{json.dumps(row)}\n" for row in records)
    after = load_data(replace(shape, content=text).write(tmp_path))
    assert any("zzq" in each for each in (*after.unused, *after.notes, str(after.mapping)))


def test_columns_that_a_shape_reads_are_not_named_and_those_that_change_nothing_are(tmp_path: Path) -> None:
    def record(row: int) -> dict[str, Any]:
        talk, turn = divmod(row, 2)
        return {"conversation_id": talk, "turn": turn, "role": ("user", "assistant")[turn], "zone": f"zone {row % 3}",
                "content": (asked, said)[turn](talk)}  # fmt: skip

    path = tmp_path / "turns.jsonl"
    path.write_text(lines(record, 24))
    (note,) = [note for note in load_data(path).notes if note.startswith("Not used")]
    assert "zone (24)" in note and not any(name in note for name in ("conversation_id", "turn", "role", "content"))


def test_a_row_of_empty_cells_is_listed_and_the_kind_of_the_others_stays(tmp_path: Path) -> None:
    named = ("<ship><tide>", "<pier>", "<tide>", "<ship><pier>")
    rows = [f"{said(row).replace(',', '')},{named[row % 4]}" for row in range(24)]
    path = tmp_path / "posts.csv"
    path.write_text("\n".join(("Body,Tags", *rows[:3], ",", *rows[3:], "")))
    split = load_data(path)
    assert "several labels" in str(split.mapping) and [problem.row for problem in split.problems] == [4]


@pytest.mark.parametrize("form", ["columns", "keys"])
def test_short_entries_beside_columns_or_keyed_rows_are_named_and_change_nothing(form: str, tmp_path: Path) -> None:
    texts = {"text": [f"the fog came in over pier {n}" for n in range(20)], "label": ["bad", "good"] * 10}
    keyed = {f"q{n}": {"question": asked(n), "answer": said(n)} for n in range(20)}
    alone = texts if form == "columns" else keyed
    beside = {"version": "1.0", "info": {"author": "a"}, "sources": [{"by": "me"}]}
    (tmp_path / "alone.json").write_text(json.dumps(alone))
    (tmp_path / "beside.json").write_text(json.dumps({**beside, **alone}))
    expected, split = load_data(tmp_path / "alone.json"), load_data(tmp_path / "beside.json")
    assert split.train == expected.train and split.held_out == expected.held_out
    assert any(all(name in note for name in beside) for note in split.notes)


def test_the_rows_of_a_document_are_more_than_the_lists_beside_them(tmp_path: Path) -> None:
    rows = [{"text": f"fog {n} over the pier", "label": "good" if n % 2 else "bad"} for n in range(4)]
    document = {"labels": ["good", "bad", "mild", "hot", "cold"], "ids": [1, 2, 3, 4, 5], "data": rows}
    (tmp_path / "rows.json").write_text(json.dumps(document))
    split = load_data(tmp_path / "rows.json")
    assert split.mapping.kind == "labels" and len((*split.train, *split.held_out)) == 4


def test_a_text_inside_choices_that_is_found_elsewhere_by_chance_is_still_named(tmp_path: Path) -> None:
    def why(n: int) -> str:
        return f"{'abcdefghijkl'[n] * 17} is why it was moored there {'abcdefghijkl'[n] * 17}"

    def options(n: int) -> list[dict[str, object]]:
        return [{"text": f"Pier {n + m}", "isCorrect": m == 1, "rationale": why(n)} for m in range(3)]

    rows = [{"question": f"Where lay ship {n}?", "answerOptions": options(n)} for n in range(12)]
    rows[0]["question"] = f"What is {'a' * 17}?"
    (tmp_path / "quiz.json").write_text(json.dumps(rows))
    split = load_data(tmp_path / "quiz.json")
    assert split.mapping.kind == "choices" and "answerOptions[].rationale" in split.unused
