"""What else could data be? Other ways to read them are offered, each can be used, and none needs more than moments."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.examples import read_examples
from ia3_studio.data.load import DataChoice, load_data, look_at, split_table
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.other_readings import MOST_READINGS, Reading, other_readings, ways_to_read
from ia3_studio.data.parsing import ParsingOptions
from ia3_studio.errors import DataError, OneFileError
from tests.data.every_shape import EVERY_SHAPE
from tests.data.shapes import Shape

SECONDS = 20.0


def others(path: Path) -> tuple[Mapping | None, tuple[Reading, ...]]:
    """Return how a file is read, None if it is refused, and the other ways that are offered."""
    table, files = None, ()
    try:
        table = look_at(path)
        used: Mapping | None = split_table(path.name, table).mapping
    except DataError as error:
        used, files = None, error.files if isinstance(error, OneFileError) else ()
    return used, other_readings(path, table, used, None, files)


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


REVIEWS = [
    {"heading": f"On ferry {row}", "body": f"Crossing number {row} was rather long and {('calm', 'rough')[row % 2]}.",
     "stars": "1245"[row % 4], "route": ("north", "south", "east")[row % 3]}
    for row in range(24)
]  # fmt: skip


def test_each_other_label_each_pair_and_each_text_is_offered(tmp_path: Path) -> None:
    used, offered = others(written(tmp_path / "reviews.json", REVIEWS))
    assert used and used.answer == "stars"
    ways = {str(each.mapping) for each in offered}
    assert {str(Mapping("labels", column="body", answer="route")), str(Mapping("text", column="body")),
            str(Mapping("pairs", "heading", "body"))} <= ways  # fmt: skip
    assert str(used) not in ways


def test_a_pair_can_be_turned_round(tmp_path: Path) -> None:
    rows = "".join(f"Is berth {row} free?\tBerth {row} is free.\n" for row in range(12))
    used, offered = others(written(tmp_path / "pairs.tsv", "prompt\tanswer\n" + rows))
    assert used == Mapping("pairs", "prompt", "answer")
    assert Mapping("pairs", "answer", "prompt") in [each.mapping for each in offered]


def test_ids_and_what_is_the_same_in_all_rows_are_not_offered(tmp_path: Path) -> None:
    rows = [{"id": f"r-{row}", "source": "log", "note": f"The tide was high on day {row}"} for row in range(12)]
    _used, offered = others(written(tmp_path / "notes.json", rows))
    assert not [each for each in offered if {"id", "source"} & {each.mapping.answer, each.mapping.column}]


def test_refused_columns_can_be_read_by_one_of_the_ways_that_are_offered(tmp_path: Path) -> None:
    rows = [{"premise": f"Boat {row} is at sea.", "hypothesis": f"Boat {row} sails."} for row in range(12)]
    used, offered = others(path := written(tmp_path / "pairs.json", rows))
    assert used is None
    assert Mapping("pairs", "premise", "hypothesis") in [each.mapping for each in offered]
    assert len(load_data(path, mapping=offered[0].mapping, parsing=offered[0].parsing).train) > 1


def test_another_list_of_a_document_is_offered_with_what_stands_beside_it(tmp_path: Path) -> None:
    scenes = [
        {
            "place": f"pier {n}",
            "lines": [{"who": "Ann", "said": f"Ship {n} has come in"}, {"who": "Bo", "said": f"Aye, {n}"}],
        }
        for n in range(8)
    ]
    _used, offered = others(path := written(tmp_path / "play.json", {"play": {"made": 1, "scenes": scenes}}))
    found = [each for each in offered if each.parsing and each.parsing.rows == "play.scenes[].lines"]
    assert found and found[0].example.row == 1
    assert {"place", "who", "said"} <= set(look_at(path, found[0].parsing).frame.columns)


def test_no_way_is_offered_that_leaves_a_single_row(tmp_path: Path) -> None:
    pier = {"place": "pier 1", "talk": {"ann": "Ship 1 is in", "bo": "Aye, 1"}}
    used, offered = others(path := written(tmp_path / "odd.json", {"left": [[1, 2]], "right": {"deeper": [pier]}}))
    assert used is None and offered
    for each in offered:
        assert load_data(path, mapping=each.mapping, parsing=each.parsing).train


def test_another_form_of_a_text_is_offered(tmp_path: Path) -> None:
    text = "GREETING\nGood day\nHello there\n\nPARTING\nSee you soon\nSo long then\n"
    _used, offered = others(path := written(tmp_path / "said.txt", text))
    ways = {each.parsing.rows: each for each in offered if each.parsing}
    labeled = load_data(path, mapping=ways["labels above their lines"].mapping,
                        parsing=ways["labels above their lines"].parsing)  # fmt: skip
    examples = sorted((*labeled.train, *labeled.held_out), key=lambda each: each.row)
    assert [(each.text, each.labels) for each in examples][1:3] == [
        ("Hello there", ("GREETING",)),
        ("See you soon", ("PARTING",)),
    ]


def test_each_speaker_and_each_file_that_can_be_chosen_is_offered(tmp_path: Path) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    written(folder / "answers.csv", "question,answer\n" + "".join(f"Where is {n}?,At pier {n}.\n" for n in range(9)))
    written(folder / "moods.csv", "text,label\n" + "".join(f"It went so {n},{'ab'[n % 2]}\n" for n in range(9)))
    used, offered = others(folder)
    assert used is None and {each.parsing.sheet for each in offered if each.parsing} == {"answers.csv", "moods.csv"}
    chat = "".join(f"[{n % 12 + 1}/2/24, 10:{n:02}] {('Ann', 'Bo')[n % 2]}: message {n}\n" for n in range(14))
    used, offered = others(written(tmp_path / "chat.txt", chat))
    assert used is None and {"Ann", "Bo"} <= {each.parsing.speaker for each in offered if each.parsing}


@pytest.mark.parametrize("shape", EVERY_SHAPE[::9], ids=lambda shape: shape.what.encode("ascii", "replace").decode())
def test_every_way_that_is_offered_is_another_one_and_reads_the_data(shape: Shape, tmp_path: Path) -> None:
    path = shape.write(tmp_path)
    used, offered = others(path)
    assert used and len(offered) <= MOST_READINGS
    for each in offered:
        choice = DataChoice.from_text(DataChoice(str(path), each.mapping, each.parsing).to_text())
        table = look_at(path, choice.parsing)
        assert choice.mapping and each.example.row in [
            example.row for example in read_examples(table, choice.mapping)[0]
        ]
        assert each.parsing or each.mapping != used


def test_the_detected_way_comes_first_and_a_refusal_without_any_way_is_raised(tmp_path: Path) -> None:
    ways = ways_to_read(written(tmp_path / "reviews.json", REVIEWS))
    assert ways[0].mapping.answer == "stars" and len(ways) > 2
    refused = written(tmp_path / "pairs.json", [{"premise": f"Boat {n} sails.", "hypothesis": f"It {n} floats."}
                                                for n in range(9)])  # fmt: skip
    assert ways_to_read(refused)[0].mapping.kind in ("pairs", "text")
    with pytest.raises(DataError, match=r"nothing\.csv"):
        ways_to_read(tmp_path / "nothing.csv")
    with pytest.raises(DataError):
        ways_to_read(written(tmp_path / "letter.docx", "a letter"))


def test_a_place_that_is_not_there_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = written(tmp_path / "play.json", REVIEWS)
    with pytest.raises(DataError, match=r"'acts'.*auto-detect"):
        load_data(path, parsing=ParsingOptions(rows="acts"))
    text = written(tmp_path / "note.txt", "One line.\nAnother line.\n")
    with pytest.raises(DataError, match=r"'no form'.*auto-detect"):
        load_data(text, parsing=ParsingOptions(rows="no form"))


def _words(count: int) -> str:
    return " ".join(
        random.Random(count).choices(["ship", "port", "berth", "fee", "late", "call", "wind", "tide", "crew"], k=count)
    )


HOSTILE = {
    "wide.csv": ",".join(f"c{n}" for n in range(1_500)) + "\n" + (",".join(["ship port"] * 1_500) + "\n") * 40,
    "nested.json": json.dumps({f"k{n}": {f"j{m}": [{"a": "so it"}] * 3 for m in range(30)} for n in range(200)}),
    "deep.json": "[" * 300 + "{}" + "]" * 300,
    "long.txt": _words(120_000),
    "lines.txt": "".join(f"{_words(6)} {n}\n" for n in range(20_000)),
    "cells.jsonl": (json.dumps({"x": {"y": [{"z": _words(20)}] * 20}, "t": _words(30)}) + "\n") * 800,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_other_ways_are_looked_for_no_longer_than_moments(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / name, HOSTILE[name])
    try:
        table = look_at(path)
    except DataError:
        table = None
    began = time.process_time()
    other_readings(path, table, None)
    assert time.process_time() - began < SECONDS


def test_a_first_row_that_may_be_data_is_offered_as_data(tmp_path: Path) -> None:
    terms = "bow,Bug stern,Heck port,Backbord helm,Ruder keel,Kiel mast,Mast sail,Segel hull,Rumpf deck,Deck rope,Tau"
    path = written(tmp_path / "terms.csv", terms.replace(" ", "\n") + "\n")
    _used, offered = others(path)
    rows = {len(look_at(path, each.parsing).frame) for each in offered}
    assert rows == {9, 10}


def test_damaged_lines_are_named_where_the_rows_are_at_another_place(tmp_path: Path) -> None:
    rows = [json.dumps({"id": n, "turns": [f"Is pier {n} free?", f"Pier {n} is free."]}) for n in range(20)]
    rows[7] = rows[7][:-4]
    path = written(tmp_path / "talks.jsonl", "\n".join(rows))
    found = look_at(path, ParsingOptions(rows="[].turns"))
    assert len(found.frame) == 38 and any("line 8" in note for note in found.notes)
