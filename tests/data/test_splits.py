"""What is held out keeps to its share, is never empty, and has no copy among what is learned."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from ia3_studio.data import large
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data
from ia3_studio.data.split import drawn_split

REPEATED = (14, 24)
"""Seeds that draw the repeated row of the large file to be held out."""


def asked(row: int, prompt: str) -> Example:
    return Example(row, (Message("user", prompt), Message("assistant", "yes")))


def mixture(seed: int) -> list[Example]:
    """Return rows of which some have copies, some a label, and some come in several from one row."""
    draw = random.Random(seed)
    found: list[Example] = []
    kinds = draw.randint(2, 40)
    labeled = draw.random() < 0.5
    for kind in range(kinds):
        for _copy in range(draw.choice((1, 1, 1, 2, 5, 50))):
            row = len(found) + 1
            label = str(kind % draw.randint(1, 5))
            found.append(Example(row, text=f"text {kind}", labels=(label,)) if labeled else asked(row, f"text {kind}"))
    draw.shuffle(found)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_held_out_share_holds_for_any_copies_and_labels(seed: int) -> None:
    rows, share = mixture(seed), random.Random(seed).choice((0.05, 0.1, 0.3))
    train, held_out, notes = drawn_split(rows, share, seed)
    assert train and held_out and len(train) + len(held_out) == len(rows)

    def content(side: tuple[Example, ...]) -> set[object]:
        return {(each.messages, each.text) for each in side}

    assert not content(train) & content(held_out)
    wanted = round(share * len(rows))
    smallest = min(Counter((each.messages, each.text) for each in rows).values())
    assert len(held_out) <= max(wanted, smallest)
    assert notes or 2 * len(held_out) >= wanted


def test_a_row_repeated_on_purpose_is_learned_and_told() -> None:
    rows = [
        *(asked(n, "Who are you?") for n in range(1, 61)),
        *(asked(n, f"Is pier {n} free?") for n in range(61, 101)),
    ]
    for seed in range(20):
        train, held_out, notes = drawn_split(rows, 0.1, seed)
        assert len(held_out) == 10 and sum(each.messages[0].content == "Who are you?" for each in train) == 60
        assert "60 of 100" in notes[0] and notes[0].endswith("groups are not split, so it is in the training rows.")


def test_a_note_says_how_many_are_held_out_instead() -> None:
    rows = [asked(n, f"Is pier {n // 20} free?") for n in range(40)]
    assert drawn_split(rows, 0.1, 0)[2][0].endswith("groups are not split, so 20 instead of 4 are held out.")


def test_rows_without_copies_are_split_without_a_word() -> None:
    assert drawn_split([asked(n, f"Is pier {n} free?") for n in range(1, 41)], 0.25, 3)[2] == ()


def test_labels_whose_shares_are_rounded_up_are_no_group_that_had_to_stay_together() -> None:
    rows = [Example(row, text=f"text {row}", labels=(str(row % 3),)) for row in range(1, 201)]
    _train, held_out, notes = drawn_split(rows, 0.1, 0)
    assert len(held_out) == 21 and not notes


def test_a_large_file_keeps_to_the_share_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE_BYTES", 1)
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "many.jsonl"
    prompts = ["Who are you?"] * 600 + [f"Is pier {n} free?" for n in range(400)]
    path.write_text("".join(json.dumps({"prompt": each, "answer": "yes"}) + "\n" for each in prompts))
    told = 0
    for seed in (0, 1, *REPEATED):
        split = load_data(path, held_out=0.1, seed=seed)
        sides = [{each.messages[0].content for each in side} for side in (split.train, split.held_out)]
        assert not sides[0] & sides[1] and 0 < len(split.held_out) <= 150
        told += bool(split.notes)
    assert told == len(REPEATED)


def test_an_example_that_belongs_to_two_groups_joins_them() -> None:
    made = [(1, "X"), (2, "Y"), (3, "X"), (3, "Y"), *((row, f"other {row}") for row in range(4, 12))]
    examples = [Example(row, text=text) for row, text in made]
    for seed in range(20):
        train, held_out, _notes = drawn_split(examples, 0.4, seed)
        assert not {each.row for each in train} & {each.row for each in held_out}
        assert not {each.text for each in train} & {each.text for each in held_out}
