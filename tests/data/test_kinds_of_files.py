"""In a folder of several kinds of files, those with something to learn from are read and the others are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.exports import put_all

CALLS = [f"The ferry {n} waits at the quay for the fog to lift" for n in range(12)]
MOODS = ["calm", "wild", "calm"]


def lines(texts: list[str]) -> str:
    return "\n".join(texts) + "\n"


def examples(split: DataSplit) -> list[Example]:
    return sorted((*split.train, *split.held_out), key=lambda each: each.row)


@pytest.mark.parametrize(
    ("one", "other"),
    [("test_contents", "test_labels"), ("docs", "classes"), ("x_sentences", "x_tags"), ("comments", "sentiments")],
)
def test_a_label_a_line_beside_texts_is_theirs_and_the_first_line_is_no_header(
    one: str, other: str, tmp_path: Path
) -> None:
    put_all(tmp_path, {f"{one}.txt": lines([f" {text} \t " for text in CALLS]), f"{other}.txt": lines(MOODS * 4)})
    found = examples(load_data(tmp_path))
    assert [(each.text, each.labels[0]) for each in found] == list(zip(CALLS, MOODS * 4, strict=True))


def test_texts_and_labels_of_each_split_are_one_table(tmp_path: Path) -> None:
    files = {
        f"{part}_{side}.txt": lines(each[:count])
        for part, count in (("train", 12), ("test", 6))
        for side, each in (("contents", CALLS), ("classes", MOODS * 4))
    }
    split = load_data(put_all(tmp_path, files))
    assert (len(split.train), len(split.held_out)) == (12, 6) and split.train[1].labels == ("wild",)


def test_as_many_lines_that_are_texts_themselves_are_no_labels(tmp_path: Path) -> None:
    other = [f"What the ferry {n} told the harbor about the fog" for n in range(12)]
    put_all(tmp_path, {"contents.txt": lines(CALLS), "tags.txt": lines(other)})
    assert load_data(tmp_path).mapping.answer == "label"  # of the file, which a note tells
    assert {each.labels for each in examples(load_data(tmp_path))} == {("contents",), ("tags",)}


PRICES = "date,open,close,volume\n" + lines([f"2024-03-{n + 10},{n + 3}.5,{n + 4}.25,{n}00" for n in range(12)])


def test_a_table_of_numbers_beside_texts_by_class_is_put_aside_and_named(tmp_path: Path) -> None:
    files = {"calm.txt": lines(CALLS[:6]), "wild.txt": lines(CALLS[6:]), "prices.csv": PRICES}
    split = load_data(put_all(tmp_path, files))
    assert {label for each in examples(split) for label in each.labels} == {"calm", "wild"}
    assert len(examples(split)) == 12 and "Not read: prices.csv." in split.notes


def test_settings_beside_texts_by_class_are_put_aside_and_named(tmp_path: Path) -> None:
    settings = json.dumps({"rate": 0.1, "layers": {"first": 3}})
    files = {"calm.txt": lines(CALLS[:6]), "wild.txt": lines(CALLS[6:]), "run.json": settings}
    split = load_data(put_all(tmp_path, files))
    assert len(examples(split)) == 12 and "Not read: run.json." in split.notes


def test_a_table_with_words_is_read_beside_texts_of_lines(tmp_path: Path) -> None:
    table = "text,label\n" + lines([f"{text},{MOODS[n % 3]}" for n, text in enumerate(CALLS)])
    split = load_data(put_all(tmp_path, {"a.txt": lines(CALLS), "b.txt": lines(CALLS), "rows.csv": table}))
    assert str(split.mapping) == "text → text, label → label" and len(examples(split)) == 12


def test_numbers_of_texts_whose_names_are_numbers_are_not_put_aside(tmp_path: Path) -> None:
    files = {f"{n}.txt": lines(CALLS) for n in range(3)}
    with pytest.raises(DataError):
        load_data(put_all(tmp_path, {**files, "scores.csv": "id,score\n0,3\n1,4\n2,5\n"}))


def test_lists_of_texts_in_several_files_are_conversations_and_not_sorted_by_file(tmp_path: Path) -> None:
    def talks(topic: str) -> str:
        said = "".join(f"- - Is the {topic} {n} open?\n  - The {topic} {n} opens at noon.\n" for n in range(6))
        return f"categories:\n- {topic}\nconversations:\n{said}"

    files = {"harbor.yml": talks("harbor"), "market.yml": talks("market"), "more.txt": "Ahoy!\nAhoy, sailor.\n"}
    split = load_data(put_all(tmp_path, files))
    assert split.mapping.kind == "messages" and len(examples(split)) == 12
    assert {"origin"} == {*split.unused} and "Not read: more.txt." in split.notes


def test_the_first_pair_of_a_list_of_pairs_is_no_name_of_its_columns(tmp_path: Path) -> None:
    for topic, first in (("loans", ["Home loans", "What would you like to know about home loans?"]),
                         ("cards", ["keeper", "Welcome to the harbor office."])):  # fmt: skip
        pairs = [first, *([f"When is window {n} open?", f"Window {n} is open at noon."] for n in range(5))]
        (tmp_path / f"{topic}.yml").write_text("".join(f"- - {json.dumps(a)}\n  - {json.dumps(b)}\n" for a, b in pairs))
    split = load_data(tmp_path)
    assert str(split.mapping) == "column 1 → prompt, column 2 → answer" and len(split.train) + len(split.held_out) == 12
    named = [["question", "answer"], *([f"When is window {n} open?", f"At noon, window {n}."] for n in range(5))]
    (tmp_path / "named.json").write_text(json.dumps(named))
    assert load_data(tmp_path / "named.json").mapping.prompt == "question"
