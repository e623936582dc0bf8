"""Blocks of two lines in two languages are pairs; poems, refrains, subtitles and tags in blocks of two are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.language_blocks import language_blocks
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from tests.data.dialect_shapes import ENGLISH, GERMAN
from tests.data.exports import put_all

POEM = (
    "The fog came down upon the bay,", "And all the boats were gone,",
    "The bell was ringing through the day,", "The light was burning on,",
    "The keeper climbed the winding stair,", "His lantern in his hand,",
    "He smelled the winter in the air,", "The salt upon the land,",
    "A ship was calling from the deep,", "A voice was on the wind,",
    "The town below was fast asleep,", "The shutters all were pinned,",
    "He turned the lamp toward the sea,", "He let the signal fly,",
    "And every mast that used to be", "Rose up against the sky,",
    "The morning found him at the door,", "His lantern cold and grey,",
    "The ships were anchored by the shore,", "The fog had gone away.",
)  # fmt: skip


def blocks(*sides: tuple[str, ...]) -> str:
    return "\n\n".join("\n".join(each) for each in zip(*sides, strict=True))


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def test_a_line_and_its_translation_below_are_a_pair_and_comments_are_named(tmp_path: Path) -> None:
    text = f"# Written down at the harbor\n\n{blocks(ENGLISH, GERMAN)}\n"
    split = load_data(put_all(tmp_path, {"corpus.txt": text}) / "corpus.txt")
    found = examples(split)
    assert [[turn.content for turn in each.messages] for each in found] == [
        list(pair) for pair in zip(ENGLISH, GERMAN, strict=True)
    ]
    assert "Not used: lines that are comments (1)." in split.notes


def test_a_comment_above_the_two_lines_of_a_block_is_no_part_of_it() -> None:
    text = blocks(ENGLISH, GERMAN).replace("The boy", "# of a child\nThe boy")
    rows = language_blocks(text)
    assert rows and rows["source"] == [*ENGLISH] and rows["target"] == [*GERMAN]


def test_sentences_of_a_test_without_translations_are_put_aside_and_named(tmp_path: Path) -> None:
    alone = "\n\n".join(f"The ship {n} is in the harbor." for n in range(6))
    split = load_data(put_all(tmp_path, {"dev.txt": blocks(ENGLISH, GERMAN), "test.txt": alone}))
    assert split.mapping.kind == "pairs" and len(examples(split)) == 10 and not split.problems
    assert "Not read: test.txt." in split.notes


@pytest.mark.parametrize(
    "text",
    [
        blocks(POEM[::2], POEM[1::2]),
        blocks(ENGLISH, tuple(f"{line[:-1]}, and the sea is calm." for line in reversed(ENGLISH))),
        blocks(ENGLISH, ("Heave ho, heave ho!",) * 10),
        blocks(ENGLISH, tuple("DT NN VBZ IN DT NN ." if n % 2 else "PRP VBD DT NN IN NN ." for n in range(10))),
        blocks(ENGLISH[:6], GERMAN[:6]),
        "\n\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{line}" for n, line in enumerate(ENGLISH, 10)),
    ],
    ids=["couplets", "sentences that go on", "a refrain", "tags below words", "few blocks", "subtitles"],
)
def test_blocks_of_two_lines_that_are_no_translations_are_no_pairs(text: str) -> None:
    assert language_blocks(text) is None


def test_a_text_with_many_other_blocks_is_no_corpus_of_pairs() -> None:
    assert language_blocks(f"{blocks(ENGLISH, GERMAN)}\n\nThe end.\n\nDas Ende.") is None
