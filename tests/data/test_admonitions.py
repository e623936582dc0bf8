"""Blocks of Markdown that ask and open to an answer are pairs; the front matter above a page is no text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ia3_studio.data.admonitions import opened_questions
from ia3_studio.data.example import Example
from ia3_studio.data.front_matter import without_front_matter
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.data.table import ParsingOptions
from tests.data.exports import put, put_all

HEAD = "---\ntitle: Berths\ntags:\n  - harbor\n# shown in a menu\nicon: anchor\n---\n\n"


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


def said(split: DataSplit) -> list[list[str]]:
    return [[turn.content for turn in each.messages] for each in examples(split)]


def block(n: int, begin: str = '??? question "Finding berth {}"') -> str:
    return (
        f'{begin.format(n)}\n    Berth {n} is behind the crane.\n\n    ### Steps\n\n    1. Pass the crane {n}.\n'
        f'    2. Moor.\n\n    !!! tip "Is it late?"\n        Ring the bell {n}.\n\n'
    )  # fmt: skip


@pytest.mark.parametrize(
    "begin",
    ['??? question "Finding berth {}"', '???+ faq "Finding berth {}"', '!!! question inline "Finding berth {}"'],
)
def test_titles_of_blocks_are_asked_and_what_is_set_in_below_is_the_answer(begin: str, tmp_path: Path) -> None:
    text = f"{HEAD}# Berths\n\nOpen a question.\n\n" + "".join(
        f'<a id="b{n}"></a>\n{block(n, begin)}' for n in range(4)
    )
    split = load_data(put(text, tmp_path, "faq.md"))
    assert len(said(split)) == 4
    assert said(split)[1] == [
        "Finding berth 1",
        "Berth 1 is behind the crane.\n\n### Steps\n\n1. Pass the crane 1.\n2. Moor.\n\n"
        '!!! tip "Is it late?"\n    Ring the bell 1.',
    ]
    assert "Not used: 6 lines outside of the questions and answers." in split.notes
    assert "Not used: the front matter (title, tags, icon)." in split.notes


def test_blocks_of_any_kind_whose_titles_ask_are_questions_and_others_stay_outside(tmp_path: Path) -> None:
    asked = "".join(f'!!! info "Is berth {n} free?"\n\tBerth {n} is free.\n' for n in range(4))
    split = load_data(put(f'{asked}\n!!! warning "Fog"\n    Mind the fog.\n', tmp_path, "faq.md"))
    assert said(split)[3] == ["Is berth 3 free?", "Berth 3 is free."] and len(said(split)) == 4
    assert "Not used: 2 lines outside of the questions and answers." in split.notes


def test_callouts_are_questions_too() -> None:
    rows = opened_questions("\n".join(f"> [!faq]- Berth {n}\n> It is free.\n>\n> - Moor {n}.\n" for n in range(3)))
    assert rows == {
        "prompt": [f"Berth {n}" for n in range(3)],
        "answer": [f"It is free.\n\n- Moor {n}." for n in range(3)],
    }


def test_questions_inside_a_block_that_does_not_ask_are_found() -> None:
    text = '!!! note "All questions"\n' + "".join(
        f'    ??? question "Berth {n}?"\n        Free {n}.\n' for n in range(3)
    )
    rows = opened_questions(text)
    assert rows and rows["answer"] == [f"Free {n}." for n in range(3)]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f'!!! note "Berth {n}"\n    It is free.\n\n' for n in range(5)),
        "".join(block(n) for n in range(2)),
        "".join(block(n) for n in range(3)) + "The harbor is old, and so are its walls.\n\n" * 60,
        "Really???\n\n" * 5,
    ],
    ids=["notes", "two", "mostly other text", "question marks"],
)
def test_pages_with_few_questions_in_blocks_are_not_read_as_these(text: str) -> None:
    assert opened_questions(text) is None


def test_hostile_pages_are_looked_at_in_a_short_time() -> None:
    start = time.perf_counter()
    for text in ('??? question "' * 50_000, '??? question "a"\n' * 50_000, "??? question " + " " * 500_000,
                 '!!! q "a?"\n' + "\n" * 300_000 + '!!! q "a?"\n', "---\n" + "a: b\n" * 100_000):  # fmt: skip
        opened_questions(text)
        without_front_matter("a.md", text)
    assert time.perf_counter() - start < 5


def test_front_matter_is_no_part_of_plain_texts_of_markdown_however_they_are_read(tmp_path: Path) -> None:
    pages = "\n\n".join(f"The pier {n} lies north of the quay." for n in range(6))
    path = put(f"{HEAD}{pages}\n", tmp_path, "pier.md")
    for parsing in (ParsingOptions(), ParsingOptions(plain=True), ParsingOptions(rows="paragraphs")):
        split = load_data(path, parsing=parsing)
        assert next(each.text for each in examples(split)) == "The pier 0 lies north of the quay."
        assert "Not used: the front matter (title, tags, icon)." in split.notes


def test_front_matter_of_several_pages_is_named_once(tmp_path: Path) -> None:
    pages = {f"page{name}.md": f"{HEAD}# {name}\n\nThe {name} is old.\n" for name in ("pier", "quay", "mole")}
    split = load_data(put_all(tmp_path, pages))
    assert {each.text for each in examples(split)} >= {"# pier\n\nThe pier is old."}
    assert split.notes.count("Not used: the front matter (title, tags, icon).") == 1


def test_front_matter_of_toml_is_known_too() -> None:
    assert without_front_matter("a.md", '+++\ntitle = "Pier"\n[menu]\nname = "x"\n+++\nText.')[1] == ("title", "name")


@pytest.mark.parametrize(
    "text",
    [
        "---\nThe pier is old.\n---\nText.",
        "---\nAnn: Hi\nBo: Ahoy\nAnn: Late?\n---\nText.",
        "---\nQ: Late?\nA: No.\n---\nQ: Full?\nA: Yes.\n---\n",
        "---\ntitle: nothing else\n---\n",
        "---\ntitle: without end\n\nText.",
    ],
    ids=["a text between rules", "a talk", "records", "nothing else", "no end"],
)
def test_other_lines_between_rules_stay(text: str) -> None:
    assert without_front_matter("a.md", text) == (text, ())
    assert without_front_matter("a.txt", HEAD + "Text.") == (HEAD + "Text.", ())
