"""The starter style data: one voice throughout, and nothing held out is ever learned."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import pytest

import ia3_studio

STARTERS = Path(ia3_studio.__file__).parent / "data" / "starters"
HAILS = ("Ahoy, traveller! ", "Ahoy there, traveller! ", "Ahoy, good traveller! ")
SIGNATURES = (" Keep your lamp lit.", " Fair winds, and keep your lamp lit.", " I'll keep the lamp lit.")
SAME_QUESTION = 0.8  # difflib ratio of two lower-cased prompts from which they count as one question reworded

Pair = tuple[str, str]


def pairs(name: str) -> list[Pair]:
    lines = (STARTERS / name).read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert all(record.keys() == {"prompt", "answer"} for record in records)
    return [(record["prompt"], record["answer"]) for record in records]


@pytest.fixture(scope="module")
def train() -> list[Pair]:
    return pairs("lighthouse.jsonl")


@pytest.fixture(scope="module")
def held_out() -> list[Pair]:
    return pairs("lighthouse.held_out.jsonl")


def alike(first: str, second: str) -> bool:
    # The two cheap upper bounds spare nearly all of the 25,000 full comparisons.
    matcher = SequenceMatcher(None, first.lower(), second.lower(), autojunk=False)
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(bound() >= SAME_QUESTION for bound in bounds)


def test_there_are_200_pairs_to_learn_and_24_to_measure(train: list[Pair], held_out: list[Pair]) -> None:
    assert (len(train), len(held_out)) == (200, 24)


def test_no_two_prompts_ask_the_same_within_or_across_the_files(train: list[Pair], held_out: list[Pair]) -> None:
    prompts = [prompt for prompt, _ in train + held_out]
    assert [(first, second) for first, second in combinations(prompts, 2) if alike(first, second)] == []


def test_no_two_answers_say_the_same(train: list[Pair], held_out: list[Pair]) -> None:
    words = [frozenset(answer.lower().split()) for _, answer in train + held_out]
    shared = max(len(first & second) / len(first | second) for first, second in combinations(words, 2))
    assert shared < 0.5  # of the words of both


def test_every_answer_opens_with_a_hail_and_closes_with_a_signature(train: list[Pair], held_out: list[Pair]) -> None:
    answers = [answer for _, answer in train + held_out]
    assert [answer for answer in answers if not (answer.startswith(HAILS) and answer.endswith(SIGNATURES))] == []


def test_both_files_hold_every_hail_and_every_signature(train: list[Pair], held_out: list[Pair]) -> None:
    for answers in ([answer for _, answer in train], [answer for _, answer in held_out]):
        assert all(any(answer.startswith(hail) for answer in answers) for hail in HAILS)
        assert all(any(answer.endswith(signature) for answer in answers) for signature in SIGNATURES)


def test_every_answer_is_short_and_says_something(train: list[Pair], held_out: list[Pair]) -> None:
    lengths = {answer: len(answer.split()) for _, answer in train + held_out}
    assert {answer: words for answer, words in lengths.items() if not 15 <= words <= 55} == {}


def test_every_text_is_one_clean_printable_line(train: list[Pair], held_out: list[Pair]) -> None:
    texts = [text for pair in train + held_out for text in pair]
    assert [text for text in texts if not text or not text.isprintable() or text != " ".join(text.split())] == []


def test_the_keeper_is_no_pirate(train: list[Pair], held_out: list[Pair]) -> None:
    words = {word.strip('.,;:!?"').lower() for _, answer in train + held_out for word in answer.split()}
    assert words & {"arr", "arrr", "matey", "mateys", "ye", "yer", "landlubber", "avast", "aye", "booty"} == set()
