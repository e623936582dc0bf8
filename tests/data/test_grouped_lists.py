"""Rows in lists under keys inside other keys are all read, with the keys as columns; so are texts of lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from ia3_studio.data.example import Example
from ia3_studio.data.split import DataSplit
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError

BERTHS = ("north quay", "south quay", "old pier", "fuel dock")


def read(folder: Path, name: str, content: Any) -> DataSplit:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name)


def rows(folder: Path, content: Any, name: str = "rows.json") -> list[dict[str, Any]]:
    (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return [
        {str(key): cell for key, cell in row.items() if cell == cell}  # not the gaps
        for row in read_table(folder / name).frame.to_dict("records")
    ]


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def asked(subject: str, level: str, count: int = 3) -> list[dict[str, Any]]:
    return [
        {"pergunta": f"{subject}, {level}: what lies at mark {n}?", "opcoes": list(BERTHS), "resposta": "ABCD"[n % 4]}
        for n in range(count)
    ]


def subjects() -> dict[str, Any]:
    return {
        "ropes": {"U1": {"title": "Knots", "easy": asked("ropes", "easy"), "hard": asked("ropes", "hard")}},
        "tides": {"U1": {"title": "Ebb", "easy": asked("tides", "easy"), "hard": []}},
    }


def test_questions_under_subject_unit_and_level_are_all_read(tmp_path: Path) -> None:
    split = read(tmp_path, "quiz.json", subjects())
    found = examples(split)
    assert len(found) == 9 and split.mapping.kind == "choices"
    assert found[8].text == "tides, easy: what lies at mark 2?" and found[8].labels == ("old pier",)
    assert {"key", "key 2", "key 3", "title"} <= {*split.unused}


def test_the_keys_and_what_stands_beside_a_list_are_columns_of_its_rows(tmp_path: Path) -> None:
    found = rows(tmp_path, subjects())
    assert [found[8][name] for name in ("key", "key 2", "key 3", "title")] == ["tides", "U1", "easy", "Ebb"]


def test_a_list_in_one_branch_does_not_hide_those_of_another(tmp_path: Path) -> None:
    document = {"a": {"u": {"x": asked("a", "x"), "y": asked("a", "y")}}, "b": {"u": {"x": asked("b", "x")}}}
    assert len(rows(tmp_path, document)) == 9


def test_keys_that_are_names_of_splits_hold_rows_out(tmp_path: Path) -> None:
    document = {each: {level: asked(each, level) for level in ("easy", "hard")} for each in ("train", "test")}
    split = read(tmp_path, "splits.json", document)
    assert {each.text.partition(",")[0] for each in split.held_out} == {"test"} and len(split.train) == 6


def test_many_values_beside_a_list_are_one_column_that_is_named(tmp_path: Path) -> None:
    many = {f"note{n}": f"said {n}" for n in range(60)}
    document = {"ropes": {"U1": {**many, "easy": asked("r", "easy", 9), "hard": asked("r", "hard", 9)}}}
    assert "others" in rows(tmp_path, document)[0]


@pytest.mark.parametrize("ending", ["yaml", "toml"])
def test_yaml_and_toml_are_read_by_the_same_rule(tmp_path: Path, ending: str) -> None:
    if ending == "yaml":
        text = "".join(
            f"{ship}:\n  {day}:\n    - call: {ship} {day} calls the harbour\n      reply: Berth is yours, {ship}\n"
            f"    - call: {ship} {day} asks for a pilot\n      reply: The pilot comes at {day}, {ship}\n"
            for ship in ("Gull", "Tern")
            for day in ("one",)
        )
        text = text.replace("  one:\n", "  one:\n", 1) + "Auk:\n  two:\n    - call: Auk calls\n      reply: Wait\n"
    else:
        text = "".join(
            f"[[{ship}.{day}]]\ncall = '{ship} calls the harbour at {day}'\nreply = 'Berth {day} is yours, {ship}'\n"
            for ship in ("Gull", "Tern")
            for day in ("one", "two", "three")
        )
    split = read(tmp_path, f"calls.{ending}", text)
    assert split.mapping.kind == "pairs" and len(examples(split)) == (5 if ending == "yaml" else 6)


def test_an_object_in_the_place_of_a_list_is_a_list_of_one(tmp_path: Path) -> None:
    scenes: dict[str, Any] = {
        "pier": [{"text": f"The gull cries {n} times.", "color": f"ffff0{n % 2}"} for n in range(4)],
        "mast": {"text": "Nobody climbs today.", "color": "c2380e"},
        "deck": [{"text": f"Mop plank {n}, sailor.", "color": "6b7573"} for n in range(3)],
    }
    split = read(tmp_path, "scenes.json", scenes)
    assert [each.text for each in examples(split)][4] == "Nobody climbs today."
    assert split.mapping.answer != "color" and "color" in split.unused


def test_codes_of_colors_are_no_label_while_their_names_may_be(tmp_path: Path) -> None:
    codes = [{"text": f"The buoy {n} rings in fog.", "color": ("#fff", "#0a0b0c")[n % 2]} for n in range(12)]
    assert read(tmp_path, "codes.json", codes).mapping.kind == "text"
    names = [{**row, "color": ("red", "green")[n % 2]} for n, row in enumerate(codes)]
    assert read(tmp_path, "names.json", names).mapping.answer == "color"


def test_a_poem_in_a_list_of_lines_is_a_text_of_those_lines(tmp_path: Path) -> None:
    document = {
        "ann": {
            "ode": [
                [f"O harbour of the {n} lights,", "how still you lie at dawn"] + ["and sing"] * n for n in range(3)
            ],
            "song": [["Haul away the evening net,", "haul away, my love"], ["Row", "the moon is up", "my love"]],
        },
        "bo": {"ode": [["The fog has eaten all the ships,", "the bell has lost its tongue", "at noon"]]},
    }
    split = read(tmp_path, "poems.json", document)
    found = [each.text for each in examples(split)]
    assert len(found) == 6 and found[0] == "O harbour of the 0 lights,\nhow still you lie at dawn"
    assert {"key", "key 2"} <= {*split.unused, split.mapping.answer}


def test_lists_of_two_texts_each_are_pairs_and_those_that_ask_are_talks(tmp_path: Path) -> None:
    pairs = {
        kind: {kind * 2: [[f"{kind} {n}, is it late?", f"No, {kind} {n}."] for n in range(3)]} for kind in ("a", "b")
    }
    found = examples(read(tmp_path, "pairs.json", pairs))
    assert [turn.content for turn in found[0].messages] == ["a 0, is it late?", "No, a 0."]
    talks = {
        kind: {kind * 2: [[f"{kind} {n}, is it late?", f"No, {kind} {n}.", *["Thanks, keeper."] * n] for n in range(3)]}
        for kind in ("a", "b")
    }
    found = examples(read(tmp_path, "talks.json", talks))
    assert [turn.role for turn in found[2].messages][:2] == ["user", "assistant"]


def test_conversations_under_topics_of_topics_are_whole(tmp_path: Path) -> None:
    document = {
        topic: {
            f"s{n}": [
                {"role": "user", "content": f"Where is the {topic} {n}?"},
                {"role": "assistant", "content": f"The {topic} {n} is on the quay."},
            ]
            for n in range(3)
        }
        for topic in ("crane", "rope")
    }
    found = examples(read(tmp_path, "talks.json", document))
    assert len(found) == 6 and [turn.role for turn in found[5].messages] == ["user", "assistant"]


def test_texts_under_keys_of_keys_are_read_with_their_keys(tmp_path: Path) -> None:
    document = {
        ship: {mood: [f"The {ship} is {mood} on day {n} at sea" for n in range(count)] for mood, count in moods.items()}
        for ship, moods in (("gull", {"calm": 3, "wild": 4}), ("tern", {"slow": 2, "fast": 3}))
    }
    found = rows(tmp_path, document)
    assert len(found) == 12 and found[-1] == {
        "key": "tern",
        "key 2": "fast",
        "text": "The tern is fast on day 2 at sea",
    }


@pytest.mark.parametrize(
    "document",
    [
        {"build": {"steps": [{"uses": "a"}, {"run": "b"}]}, "test": {"steps": [{"run": "c", "if": "d"}]}},
        {"lint": {"select": ["E", "F"], "ignore": ["E501"]}, "paths": {"src": ["a/b", "c"]}},
        {port: {f"{port} a": [{"if": "late", "say": "Hurry"}], f"{port} b": [f"{n} miles to {port}" for n in range(9)]}
         for port in ("port", "mole")},
        {"users": {"all": [{"id": 1, "name": "Ann"}], "posts": [{"post": "Hello", "by": 1}]}, "v": {"x": 1}},
    ],
)  # fmt: skip
def test_settings_and_lists_of_unlike_things_are_still_no_rows(tmp_path: Path, document: Any) -> None:
    with pytest.raises(DataError, match="no list of rows"):
        read(tmp_path, "settings.json", document)


def test_keys_inside_each_other_without_end_are_looked_at_no_further(tmp_path: Path) -> None:
    document: Any = {"x": asked("a", "x"), "y": asked("a", "y")}
    for _level in range(40):
        document = {"deep": document}
    with pytest.raises(DataError, match="no list of rows"):
        read(tmp_path, "deep.json", document)
