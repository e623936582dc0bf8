"""A chosen column says what the rows are where nothing can be guessed; where all can be guessed, it does not."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import Table
from ia3_studio.ui.chosen_parts import chosen_mapping, with_system
from tests.data.shapes import asked, mood, said


def table(**columns: Any) -> Table:
    frame = pd.DataFrame({name: [cell(n) for n in range(12)] for name, cell in columns.items()}, dtype=object)
    return Table(frame.set_axis(range(1, 13), axis=0), "", "")


UNDECIDED = table(prompt=asked, answer_a=said, answer_b=lambda n: f"No berth is free at {n}.", kind=mood)


def mapping_of(rows: Table, first: str = "", answer: str = "") -> Mapping | None:
    return chosen_mapping(rows, "", first, "", answer, "", (), "", "")


def test_one_choice_answers_the_question_which_answer_is_the_target() -> None:
    assert mapping_of(UNDECIDED, answer="answer_b") == Mapping("pairs", "prompt", "answer_b")


def test_a_target_of_few_values_makes_the_rows_labeled_texts() -> None:
    assert mapping_of(UNDECIDED, first="answer_a", answer="kind") == Mapping("labels", column="answer_a", answer="kind")


def test_an_input_alone_is_completed_by_the_likeliest_target() -> None:
    found = mapping_of(UNDECIDED, first="kind")
    assert found and (found.kind, found.prompt) == ("pairs", "kind") and found.answer in ("answer_a", "answer_b")


def test_columns_that_stay_from_a_guess_do_not_keep_a_new_guess_from_being_made() -> None:
    assert mapping_of(table(prompt=asked, answer=said), first="prompt", answer="prompt") is None


def test_a_column_of_any_name_can_be_chosen_as_the_system_prompt() -> None:
    rows = table(prompt=asked, answer=said, voice=lambda n: f"{mood(n)} as a captain")
    found = with_system(rows, chosen_mapping(rows, "", "", "", "", "", (), "", ""), "voice")
    assert found == Mapping("pairs", "prompt", "answer", system="voice")
    labels = chosen_mapping(rows, "labels", "prompt", "", "voice", "", (), "", "")
    assert with_system(rows, labels, "voice") == Mapping("labels", column="prompt", answer="voice")
    pairs = chosen_mapping(rows, "pairs", "prompt", "", "answer", "", (), "", "")
    assert with_system(rows, pairs, "answer") == Mapping("pairs", "prompt", "answer")
