"""Claims on rows that nobody labeled: those of a test set are one group of skipped rows, and no class of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.findings import examine
from ia3_studio.data.load import load_data
from ia3_studio.data.problem import Problem, skipped_sentences
from ia3_studio.data.split import DataSplit
from tests.data.exports import written
from tests.data.schema_shapes import plain

TAGS = ("quay", "pier", "crane")
TRAIN, TEST = 60, 24


def read(cell: Callable[[int], Any], folder: Path, name: str = "label", *, splits: bool = False) -> DataSplit:
    """Return texts with a label each, of which the last 24 are those of a test set."""
    records = [{"text": plain(n), name: cell(n)} for n in range(TRAIN + TEST)]
    if splits:
        records = [{**each, "split": "train" if n < TRAIN else "test"} for n, each in enumerate(records)]
    return load_data(written(records, folder))


def skipped(split: DataSplit) -> dict[str, int]:
    """Return the reasons for which rows are skipped, and how many are."""
    return {reason.words: len(reason.rows) for reason in examine(split).left_out}


def tags(n: int) -> str:
    return ";".join({TAGS[n % 3], TAGS[n // 2 % 3]})


def test_rows_without_a_label_are_one_group(tmp_path: Path) -> None:
    split = read(lambda n: TAGS[n % 3] if n < TRAIN else None, tmp_path)
    assert skipped(split) == {"the label (label) is empty": TEST}
    assert len(list(skipped_sentences(split.problems))) == 1


def test_the_log_has_a_sentence_for_each_reason_and_names_the_first_rows() -> None:
    problems = [*(Problem(row, "it is empty") for row in range(1, 12)), Problem(40, "it is torn")]
    assert list(skipped_sentences(problems)) == [
        "11 rows are skipped: it is empty (rows 1, 2, 3, 4, 5, 6, 7, 8 and 3 more)",
        "row 40 is skipped: it is torn",
    ]


@pytest.mark.parametrize("absent", [-1, "unknown", 99])
def test_the_only_label_of_a_test_split_that_no_training_row_has_is_none(absent: Any, tmp_path: Path) -> None:
    split = read(lambda n: n % 2 if n < TRAIN else absent, tmp_path, splits=True)
    assert skipped(split) == {f"the label (label) is {absent}, which stands for none": TEST}
    assert {label for each in (*split.train, *split.held_out) for label in each.labels} == {"0", "1"}


def test_a_test_split_of_one_class_that_training_rows_have_keeps_its_labels(tmp_path: Path) -> None:
    split = read(lambda n: n % 2 if n < TRAIN else 1, tmp_path, splits=True)
    assert not split.problems and len(split.held_out) == TEST


def test_minus_one_beside_numbers_from_0_stands_for_no_label_where_it_is_rare_or_ends_the_table(tmp_path: Path) -> None:
    assert skipped(read(lambda n: -1 if n == 17 else n % 3, tmp_path)).keys() == {
        "the label (label) is -1, which stands for none"
    }
    assert sum(skipped(read(lambda n: n % 3 if n < TRAIN else -1, tmp_path)).values()) == TEST


@pytest.mark.parametrize("cell", [lambda n: n % 3 - 1, lambda n: n % 4 - 1, lambda n: (n * 7 // 6) % 5 - 2])
def test_minus_one_is_a_class_where_it_is_as_frequent_as_the_others(cell: Any, tmp_path: Path) -> None:
    split = read(cell, tmp_path)
    assert not split.problems and "-1" in {label for each in split.train for label in each.labels}


def test_rows_without_any_of_several_labels_are_skipped_where_a_whole_part_has_none(tmp_path: Path) -> None:
    assert skipped(read(lambda n: tags(n) if n < TRAIN else "", tmp_path, "tags")) == {
        "the labels (tags) are empty": TEST
    }
    split = read(lambda n: tags(n) if n < TRAIN else None, tmp_path, "tags", splits=True)
    assert skipped(split) == {"the labels (tags) are empty": TEST}


def test_rows_here_and_there_without_any_of_several_labels_have_none_of_them_and_are_counted(tmp_path: Path) -> None:
    split = read(lambda n: tags(n) if n % 4 else "", tmp_path, "tags")
    assert not split.problems
    assert "21 rows have no label in tags: none of the labels holds for these." in split.notes


def test_a_table_sorted_by_its_labels_keeps_the_rows_without_any(tmp_path: Path) -> None:
    cells = sorted(tags(n) if n < TRAIN else "" for n in range(TRAIN + TEST))
    assert not read(lambda n: cells[n], tmp_path, "tags").problems


def flags(n: int, yes: Any, no: Any) -> dict[str, Any]:
    return {name: yes if (n + 1) % place == 0 else no for place, name in enumerate(TAGS, start=2)}


def test_a_row_whose_yes_and_no_are_all_empty_was_not_labeled(tmp_path: Path) -> None:
    records = [{"text": plain(n), **(flags(n, 1, 0) if n % 6 else dict.fromkeys(TAGS))} for n in range(48)]
    assert skipped(load_data(written(records, tmp_path))) == {"the labels (quay, pier, crane) are empty": 8}


def test_an_empty_cell_says_no_where_the_others_hold_a_cross(tmp_path: Path) -> None:
    records = [{"text": plain(n), **flags(n, "x", "")} for n in range(48)]
    split = load_data(written(records, tmp_path))
    assert not split.problems and any(not each.labels for each in split.train)


def test_a_question_mark_among_words_is_no_label(tmp_path: Path) -> None:
    split = read(lambda n: "?" if n % 5 == 0 else TAGS[n % 3], tmp_path)
    assert skipped(split) == {"the label (label) is empty": 17}


def test_words_without_labels_and_choices_without_a_right_one_say_so(tmp_path: Path) -> None:
    words = [{"tokens": plain(n).split(), "ner_tags": [n % 3] * len(plain(n).split())} for n in range(20)]
    words += [{"tokens": plain(n).split(), "ner_tags": []} for n in range(20, 26)]
    assert skipped(load_data(written(words, tmp_path))) == {"the labels (ner_tags) are empty": 6}
    choices = [{"question": f"{plain(n)}?", "choices": TAGS, "answer": n % 3 if n < 20 else None} for n in range(26)]
    assert skipped(load_data(written(choices, tmp_path))) == {"the correct choice (answer) is empty": 6}
