"""The starter of preferences: short answers over padded ones, and nothing held out is learned."""

from __future__ import annotations

from pathlib import Path

import ia3_studio
from ia3_studio.data.load import load_data

SPLIT = load_data("beacon")
PAIRS = (*SPLIT.train, *SPLIT.held_out)


def test_there_are_179_pairs_to_learn_and_40_to_measure() -> None:
    assert (len(SPLIT.train), len(SPLIT.held_out)) == (179, 40)
    assert SPLIT.mapping.kind == "preferences" and not SPLIT.problems


def test_every_chosen_answer_is_short_and_much_shorter_than_the_rejected_one() -> None:
    for example in PAIRS:
        chosen, rejected = (turns[-1].content.split() for turns in (example.messages, example.rejected))
        assert len(chosen) <= 20 and len(rejected) >= 3 * len(chosen), example.messages[0].content


def test_every_prompt_is_asked_once_and_padding_begins_in_many_ways() -> None:
    assert len({example.messages[0].content for example in PAIRS}) == len(PAIRS)
    openings = {" ".join(example.rejected[-1].content.split()[:4]) for example in PAIRS}
    assert len(openings) > 0.95 * len(PAIRS)


def test_the_rows_are_in_the_package() -> None:
    assert (Path(ia3_studio.__file__).parent / "data" / "starters" / "beacon.held_out.jsonl").is_file()
