"""Files that many people have: lists of words, tickets with canned replies, flags of facts, numbers of classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import DataSplit, load_data
from tests.data.exports import put
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, mood, rows, said

WORDS = (
    "das Haus",
    "der Baum",
    "die Brücke",
    "gehen",
    "schnell",
    "das Meer",
    "der Hafen",
    "leise",
    "der Anker",
    "Brot",
)
MEANT = ("house", "tree", "bridge", "to go", "fast", "sea", "port", "quiet", "anchor", "bread")


def examples_of(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


@pytest.mark.parametrize("sign", [" - ", " – ", ": "])
def test_a_list_of_words_and_their_shorter_translations_is_prompts_and_answers(sign: str, tmp_path: Path) -> None:
    text = "".join(f"{word}{sign}{meant}\n" for word, meant in zip(WORDS, MEANT, strict=True))
    found = examples_of(load_data(put(text, tmp_path, "words.txt")))
    assert [[turn.content for turn in each.messages] for each in found][:2] == [
        ["das Haus", "house"],
        ["der Baum", "tree"],
    ]


@pytest.mark.parametrize("amount", ["200 g", "3", "7:15"])
def test_a_list_of_things_and_their_amounts_stays_a_text(amount: str, tmp_path: Path) -> None:
    text = "".join(f"{word} von dort - {amount}\n" for word in WORDS)
    assert load_data(put(text, tmp_path, "list.txt")).mapping.kind == "text"


def test_replies_that_come_again_are_answers_where_they_are_sentences(tmp_path: Path) -> None:
    replies = [f"Your parcel left our warehouse in Turku, dear customer, and arrives by ferry {n}." for n in range(4)]
    tickets = rows(lambda n: f'{mood(n)},{plain(n)},"{replies[n % 4]}",high,{mood(n)}', 40,
                   "subject,body,answer,priority,tag_1")  # fmt: skip
    split = load_data(put(tickets, tmp_path, "tickets.csv"))
    assert str(split.mapping) == "body → prompt, answer → answer" and "tag_1" in split.unused


def test_a_short_answer_that_comes_again_stays_the_label_of_its_text(tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{mood(n)}", 40, "body,answer")
    assert str(load_data(put(table, tmp_path, "a.csv")).mapping) == "body → text, answer → label"


def test_a_verdict_apart_from_flags_of_facts_is_the_label(tmp_path: Path) -> None:
    posts = rows(lambda n: f"{n},{n % 2},{n // 2 % 2},{n // 3 % 2},{plain(n)},full,{int(n % 5 == 0)}", 40,
                 "job_id,telecommuting,has_logo,has_questions,description,hours,fraudulent")  # fmt: skip
    split = load_data(put(posts, tmp_path, "posts.csv"))
    assert str(split.mapping) == "description → text, fraudulent → label"
    assert {"telecommuting", "has_logo", "has_questions"} <= {*split.unused}


@pytest.mark.parametrize("names", ["text,toxic,rude,threat", "text,toxic,rude,note,threat"])
def test_flags_of_several_verdicts_are_several_labels(names: str, tmp_path: Path) -> None:
    table = rows(lambda n: f"{plain(n)},{n % 2},{n // 2 % 2},{'x,' * ('note' in names)}{int(n % 5 == 0)}", 40, names)
    assert load_data(put(table, tmp_path, "flags.csv")).mapping.parts == ("toxic", "rude", "threat")


def test_numbers_of_several_classes_in_a_cell_get_the_names_of_a_list(tmp_path: Path) -> None:
    cells = ("0", "1,3", "2", "3", "0,4", "4", "1")
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(rows(lambda n: f"{plain(n)}\t{cells[n % 7]}\t{n:07x}", 28))
    (tmp_path / "emotions.txt").write_text("joy\nfear\nanger\nhope\npride\n")
    split = load_data(tmp_path)
    assert split.mapping.target == "multi" and any("emotions.txt" in note for note in split.notes)
    assert {("joy", "pride"), ("fear", "hope"), ("fear",)} <= {each.labels for each in split.train}


def test_measurements_beside_a_list_that_their_parts_exceed_stay_numbers(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text(rows(lambda n: f"{said(n)} {asked(n)}\t{n % 9},{n % 7}", 40))
    (tmp_path / "classes.txt").write_text("joy\nfear\nanger\n")
    assert load_data(tmp_path).mapping.target == "number"
