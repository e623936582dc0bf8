"""The starter's voice: 200 answers anyone would recognise, and 24 held out that none of them gives away."""

from __future__ import annotations

import difflib
import itertools

import pytest

from ia3_studio.data.examples import Example
from ia3_studio.data.load import LIGHTHOUSE, load_data

SPLIT = load_data(LIGHTHOUSE)
HAILS = ("Ahoy, traveller!", "Ahoy there, friend!", "Ahoy from the lamp room!")
SIGNATURES = ("Keep your lamp lit.", "Keep your lamp lit, friend.")


def prompt(example: Example) -> str:
    return example.messages[0].content


def test_there_are_200_to_learn_and_24_to_measure() -> None:
    assert (len(SPLIT.train), len(SPLIT.held_out), SPLIT.problems) == (200, 24, ())


@pytest.mark.parametrize("part", ["train", "held_out"])
def test_every_answer_speaks_in_the_voice_and_is_short(part: str) -> None:
    for example in getattr(SPLIT, part):
        answer = example.messages[1].content
        assert answer.startswith(HAILS), answer
        assert answer.endswith((*SIGNATURES, "So keep your lamp lit.")), answer
        assert 15 <= len(answer.split()) <= 55 and answer.isprintable(), answer


def test_no_question_is_asked_twice() -> None:
    asked = [prompt(example).lower() for example in (*SPLIT.train, *SPLIT.held_out)]
    for one, other in itertools.combinations(asked, 2):
        assert difflib.SequenceMatcher(None, one, other).ratio() < 0.9, (one, other)


def test_no_held_out_answer_is_given_away_by_a_training_one() -> None:
    for held_out, learned in itertools.product(SPLIT.held_out, SPLIT.train):
        words = [set(example.messages[1].content.lower().split()) for example in (held_out, learned)]
        assert len(words[0] & words[1]) < 0.6 * len(words[0]), (prompt(held_out), prompt(learned))
