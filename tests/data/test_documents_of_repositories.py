"""Claims on JSON as people keep it in repositories: rows deep in objects, quizzes, reviews, chats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import ParsingOptions, load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, said


def read(folder: Path, document: Any, name: str = "file.json", **chosen: Any) -> DataSplit:
    """Return a document as it is read from a file of JSON."""
    (folder / name).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return load_data(folder / name, parsing=ParsingOptions(**chosen))


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def turns(split: DataSplit) -> list[list[tuple[str, str]]]:
    return [[(turn.role, turn.content) for turn in each.messages] for each in examples(split)]


# rows inside objects


def chat(n: int) -> dict[str, Any]:
    talk = [{"role": "user", "content": asked(n)}, {"role": "assistant", "content": said(n)}]
    return {"id": f"c{n}", "title": f"Pier {n}", "messages": talk}


def test_conversations_under_the_ids_of_people_are_rows(tmp_path: Path) -> None:
    document = {"ann": {"x1": chat(1), "x2": chat(2)}, "bo": {"x3": chat(3)}, "nobody": {}}
    split = read(tmp_path, document)
    assert turns(split) == [[("user", asked(n)), ("assistant", said(n))] for n in (1, 2, 3)]


def scene(*names: str) -> dict[str, Any]:
    return {"portrait": "a.png", "lines": [{"speaker": name, "text": f"{name} is at the pier."} for name in names]}


def test_lists_of_the_same_kind_in_other_objects_are_not_lost(tmp_path: Path) -> None:
    """Until now, the only object with one list was read, and those in the object beside it were not."""
    document = {"pier": {"one": scene("Ann", "Bo"), "two": scene("Bo", "Ann")}, "last": scene("Ann", "Bo", "Ann")}
    split = read(tmp_path, document, speaker="Bo")
    assert [len(each.messages) for each in examples(split)] == [2, 2, 3]


def test_objects_in_an_object_are_rows_beside_what_is_said_of_the_whole(tmp_path: Path) -> None:
    terms = {f"term {n}": {"question": asked(n), "answer": said(n)} for n in range(6)}
    split = read(tmp_path, {"meta": {"made": "2024-05-01", "parts": {"a": 1, "b": 2}}, "terms": terms})
    assert turns(split)[0] == [("user", asked(0)), ("assistant", said(0))]
    assert any("meta" in note for note in split.notes)


def test_settings_inside_settings_are_no_rows(tmp_path: Path) -> None:
    document = {"model": {"name": "small", "size": 3}, "training": {"rate": 0.1, "steps": {"warm": 10, "all": 90}}}
    with pytest.raises(DataError, match="no list of rows"):
        read(tmp_path, document)


def test_of_two_lists_without_a_sentence_the_far_longer_one_is_the_rows(tmp_path: Path) -> None:
    said_so = [{"text": f"pier {n}", "date": 1_600_000_000 + n} for n in range(24)]
    split = read(tmp_path, {"messages": said_so, "online": [{"name": "ann"}]})
    assert len(examples(split)) == 24
    assert any("online" in note for note in split.notes)


def test_objects_over_several_lines_are_read_under_a_name_for_lines(tmp_path: Path) -> None:
    objects = (json.dumps({"input": asked(n), "output": {"pier": n, "open": True}}, indent=2) for n in range(4))
    text = "\n".join(each.replace("{\n  ", "{", 1) for each in objects)
    (tmp_path / "examples.jsonl").write_text(text, encoding="utf-8")
    split = load_data(tmp_path / "examples.jsonl")
    assert [talk[0] for talk in turns(split)] == [("user", asked(n)) for n in range(4)]
    assert json.loads(turns(split)[2][1][1]) == {"pier": 2, "open": True}


def test_a_damaged_first_line_is_still_a_damaged_line(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": asked(n), "answer": said(n)}) for n in range(30)]
    (tmp_path / "rows.jsonl").write_text("\n".join([lines[0][:-9], *lines[1:]]), encoding="utf-8")
    split = load_data(tmp_path / "rows.jsonl")
    assert len(examples(split)) == 29
    assert [each.row for each in split.problems] == [1]


# answers


def test_lists_called_a_beside_q_are_the_answers_rather_than_hints(tmp_path: Path) -> None:
    quiz = [{"Q": asked(n), "A": [f"Pier {n}"], "hint": f"It is near the {n}th buoy", "score": 10} for n in range(8)]
    split = read(tmp_path, quiz)
    assert turns(split)[3] == [("user", asked(3)), ("assistant", "Pier 3")]
    assert "hint" in split.unused


def test_an_a_beside_a_b_is_no_answer_to_q(tmp_path: Path) -> None:
    quiz = [{"Q": asked(n), "A": [f"Pier {n}"], "B": [f"Buoy {n}"], "right": "AB"[n % 2]} for n in range(8)]
    try:
        split = read(tmp_path, quiz)
    except DataError:
        return
    assert split.mapping.kind != "pairs" or split.mapping.answer != "A"


def test_an_object_of_checks_is_no_answer_where_a_text_is_called_one(tmp_path: Path) -> None:
    cases = [
        {"query": asked(n), "expected": {"should_mention": [f"pier {n}"], "max_words": 90}, "model_reply": said(n)}
        for n in range(8)
    ]
    split = read(tmp_path, cases)
    assert turns(split)[0] == [("user", asked(0)), ("assistant", said(0))]
    assert "expected" in split.unused


def test_an_expected_object_of_values_is_the_answer(tmp_path: Path) -> None:
    cases = [{"query": asked(n), "expected": {"pier": n, "ferry": "late"}, "model_reply": said(n)} for n in range(8)]
    assert read(tmp_path, cases).mapping.answer == "expected"


# labels


def review(n: int) -> dict[str, Any]:
    stars = (5, 2, 3, 4, 1, 5, 2, 4)[n % 8]
    kind = ("Ropes", "Lamps", "Ropes", "Bells")[n % 4]
    return {"content": f"The thing of day {n} held for {n + 2} storms.", "productName": f"No. {n}", "category": kind,
            "rating": stars}  # fmt: skip


def test_the_category_of_what_is_rated_is_not_the_label_of_the_review(tmp_path: Path) -> None:
    split = read(tmp_path, [review(n) for n in range(8)])
    assert (split.mapping.column, split.mapping.answer) == ("content", "rating")
    assert "category" in split.unused


def test_a_category_without_a_thing_that_is_rated_stays_the_label(tmp_path: Path) -> None:
    texts = [{"text": each["content"], "category": each["category"]} for each in map(review, range(16))]
    assert read(tmp_path, texts).mapping.answer == "category"


def test_a_label_that_the_text_repeats_is_a_name(tmp_path: Path) -> None:
    snippets = [{"label": f"@pier {n}", "insertText": f"@pier {n}", "detail": "a tag"} for n in range(8)]
    with pytest.raises(DataError, match="not recognized"):
        read(tmp_path, snippets)


def test_premises_and_hypotheses_without_a_label_are_refused(tmp_path: Path) -> None:
    pairs = [{"premise": said(n), "hypothesis": f"The {n}th pier is closed."} for n in range(8)]
    with pytest.raises(DataError, match="no column says whether it does"):
        read(tmp_path, pairs)
    with pytest.raises(DataError, match="no column says whether it does"):
        read(tmp_path, [{"Prämisse": said(n), "Hypothese": f"The {n}th pier is closed."} for n in range(8)])
    labeled = [{**each, "label": ("neutral", "entailment")[n % 2]} for n, each in enumerate(pairs)]
    assert read(tmp_path, labeled).mapping.kind == "labels"


# talks


def message(n: int, mine: bool) -> dict[str, Any]:
    return {
        "sender": "I" if mine else f"Ann {n}",
        "text": said(n) if mine else asked(n),
        "time": "later",
        "isMine": mine,
    }


def test_own_messages_are_the_answers_to_those_of_others(tmp_path: Path) -> None:
    document = {f"c{n}": [message(n, mine=False), message(n, mine=True)] for n in range(6)}
    document["alone"] = [message(9, mine=False)]
    split = read(tmp_path, document)
    assert turns(split) == [[("user", asked(n)), ("assistant", said(n))] for n in range(6)]
    assert any("isMine" in note for note in split.notes)
    assert len(split.problems) == 1


def dialogue(n: int) -> list[dict[str, str]]:
    return [{"speaker": "Star", "text": asked(n)}, {"speaker": "Alex", "text": said(n)}]


def test_scenes_that_nobody_has_written_yet_do_not_hide_the_others(tmp_path: Path) -> None:
    scenes = [
        {"title": f"Scene {n}", "status": "ready" if n < 3 else "planned", "lines": dialogue(n) if n < 3 else []}
        for n in range(8)
    ]
    with pytest.raises(DataError, match="choose the speaker"):
        read(tmp_path, scenes)
    split = read(tmp_path, scenes, speaker="Alex")
    assert turns(split) == [[("user", asked(n)), ("assistant", said(n))] for n in range(3)]
