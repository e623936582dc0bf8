"""Question banks of learning platforms: the right choice is the one that is marked, whatever stands first."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio import load_data
from ia3_studio.data.example import Example
from ia3_studio.data.quiz_texts import quiz_questions
from tests.data.shapes import asked

PIERS = ("north", "south", "east")


def examples(folder: Path, name: str, text: str) -> list[Example]:
    path = folder / name
    path.write_text(text)
    split = load_data(path)
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def aiken(row: int) -> str:
    offered = "".join(f"{letter}. {pier}\n" for letter, pier in zip("ABC", PIERS, strict=True))
    return f"{row + 1}. {asked(row)}\n{offered}ANSWER: {'ABC'[row % 3]}\n\n"


def gift(row: int) -> str:
    offered = " ".join(f"{'=' if place == row % 3 else '~'}{pier}" for place, pier in enumerate(PIERS))
    return f"// a comment\n::Q{row}:: {asked(row)} {{{offered}}}\n\n"


def moodle(row: int) -> str:
    offered = "".join(
        f'<answer fraction="{100 if place == row % 3 else 0}"><text>&lt;p&gt;{pier}&lt;/p&gt;</text></answer>'
        for place, pier in enumerate(PIERS)
    )
    return (
        f'<question type="multichoice"><name><text>Q{row}</text></name><questiontext format="html">'
        f"<text><![CDATA[<p>{asked(row)}</p>]]></text></questiontext>{offered}</question>"
    )


def moodle_bank(questions: str) -> str:
    return f'<quiz><question type="category"><category><text>top</text></category></question>{questions}</quiz>'


BANKS = {
    "a.txt": "".join(map(aiken, range(12))),
    "b.txt": "".join(map(gift, range(12))),
    "c.xml": moodle_bank("".join(map(moodle, range(12)))),
}


@pytest.mark.parametrize("name", BANKS)
def test_the_right_choice_of_a_question_bank_is_the_marked_one(name: str, tmp_path: Path) -> None:
    found = examples(tmp_path, name, BANKS[name])
    assert [(each.text, each.choices, each.labels) for each in found] == [
        (asked(row), PIERS, (PIERS[row % 3],)) for row in range(12)
    ]


def test_a_question_of_moodle_without_one_right_choice_is_listed(tmp_path: Path) -> None:
    essay = '<question type="essay"><questiontext><text>Tell of a storm.</text></questiontext></question>'
    path = tmp_path / "a.xml"
    path.write_text(moodle_bank("".join(map(moodle, range(12))) + essay))
    split = load_data(path)
    assert ["(type essay)" in each.reason for each in split.problems] == [True]


def test_choices_of_gift_may_have_weights_remarks_and_escaped_marks() -> None:
    block = "Which is {=100\\=100 # of course ~%50%about so ~never} true?"
    assert quiz_questions(f"{block}\n\n{block}") == {
        "question": ["Which is _____ true?"] * 2,
        "choices": [["100=100", "about so", "never"]] * 2,
        "answer": ["100=100"] * 2,
    }


@pytest.mark.parametrize("text", ["A. one\nB. two\nANSWER: A\n\nplain text", "f(x) = {1}\n\ng(x) = {2}", "Who?\n\nMe."])
def test_other_texts_are_no_quizzes(text: str) -> None:
    assert quiz_questions(text) is None
