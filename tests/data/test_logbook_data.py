"""The text-to-text starter: every line of the log says what its call says, and nothing held out is learned."""

from __future__ import annotations

import re
from pathlib import Path

import ia3_studio
from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data

SPLIT = load_data("logbook")
LINE = re.compile(r"(BERTH|PILOT|TOW|FUEL|CARGO|DEPART) \| ([\w ]+), (\w+) \| (\d+) aboard \| ([a-z ]+) \| \d\d:\d\d")


def halves(example: Example) -> tuple[str, str]:
    call, line = (turn.content for turn in example.messages)
    return call, line


def test_there_are_240_calls_to_learn_and_40_to_measure() -> None:
    assert (len(SPLIT.train), len(SPLIT.held_out)) == (240, 40) and str(
        SPLIT.mapping
    ) == "prompt → prompt, answer → answer"


def test_every_line_names_the_vessel_and_the_place_of_its_call() -> None:
    for call, line in map(halves, (*SPLIT.train, *SPLIT.held_out)):
        found = LINE.fullmatch(line)
        assert found, line
        _what, name, kind, _people, place = found.groups()
        assert name in call and kind in call.lower() and place in call


def test_nothing_held_out_is_learned_and_some_vessels_are_new() -> None:
    learned = {halves(example)[0] for example in SPLIT.train}
    assert learned.isdisjoint(halves(example)[0] for example in SPLIT.held_out)
    vessels = [
        {halves(each)[1].split(" | ")[1].split(",")[0] for each in part} for part in (SPLIT.train, SPLIT.held_out)
    ]
    assert len(vessels[1] - vessels[0]) >= 5


def test_the_rows_are_in_the_package() -> None:
    assert (Path(ia3_studio.__file__).parent / "data" / "starters" / "logbook.held_out.jsonl").is_file()
