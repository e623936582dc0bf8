"""The neutral text: sixty different paragraphs, clean, of one length, with code and sums among them."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path

import ia3_studio
from ia3_studio.data.load import load_data
from ia3_studio.data.neutral import neutral_texts

TEXTS = [example.text for example in neutral_texts()]
DOCS = Path(ia3_studio.__file__).parents[1] / "docs"


def test_there_are_sixty_short_paragraphs_in_order() -> None:
    assert [example.row for example in neutral_texts()] == list(range(1, 61))
    assert all(40 <= len(text.split()) <= 80 for text in TEXTS)


def test_no_two_paragraphs_begin_alike_or_share_much() -> None:
    assert len({" ".join(text.split()[:3]) for text in TEXTS}) == 60
    words = [frozenset(text.lower().split()) for text in TEXTS]
    assert max(len(one & other) / len(one | other) for one, other in combinations(words, 2)) < 0.3
    assert SequenceMatcher(None, TEXTS[0], TEXTS[1]).ratio() < 0.5


def test_every_text_is_clean_and_plain() -> None:
    for text in TEXTS:
        assert text == text.strip() and text.isascii()
        assert all(line == line.rstrip() and line.isprintable() for line in text.split("\n"))


def test_code_and_sums_are_among_them() -> None:
    code = [text for text in TEXTS if "\n" in text]
    sums = [text for text in TEXTS if sum(character.isdigit() for character in text) >= 4]
    assert len(code) >= 5 and len(sums) >= 8
    assert sum(number in TEXTS[52] for number in ("27", "54", "150")) == 3 and (4 + 8 + 150) / 3 == 54


def test_nothing_of_it_is_learned_from_the_starter() -> None:
    split = load_data("lighthouse")
    said = " ".join(message.content for example in (*split.train, *split.held_out) for message in example.messages)
    assert not [text for text in TEXTS if text.split(". ")[0] in said]


def test_the_docs_say_whose_it_is() -> None:
    assert "neutral.jsonl" in (page := (DOCS / "evaluation.md").read_text(encoding="utf-8")) and "Apache-2.0" in page
