"""Preference data: the better answers are trained on, and nothing else of them in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ia3_studio.data.examples import Mapping, understood
from ia3_studio.data.load import load_data
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.exports import read, read_file, turns, written

SAID = [("user", "Hi"), ("assistant", "Ahoy")]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_chosen_texts_are_the_answers_and_rejected_ones_are_named(name: str, tmp_path: Path) -> None:
    rows = [{"prompt": "Hi", "chosen": "Ahoy", "rejected": "Bye", "score_chosen": 9}] * 2
    found = read(rows, tmp_path, name)
    assert str(found.mapping) == "prompt → prompt, chosen → answer" and found.said == [SAID, SAID]
    assert "rejected: not used" in found.notes and "DPO" in found.notes


def test_the_other_answer_can_be_chosen(tmp_path: Path) -> None:
    table = read_table(written([{"prompt": "Hi", "chosen": "Ahoy", "rejected": "Bye"}], tmp_path))
    examples, _problems = understood(table, Mapping("pairs", "prompt", "rejected"))
    assert examples[0].messages[-1].content == "Bye"
    lists = read_table(written([{"chosen": turns("Hi", "Ahoy"), "rejected": turns("Hi", "Bye")}], tmp_path))
    examples, _problems = understood(lists, Mapping("messages", column="rejected"))
    assert examples[0].messages[-1].content == "Bye"


FORMS: dict[str, dict[str, Any]] = {
    "Anthropic HH": {"chosen": "\n\nHuman: Hi\n\nAssistant: Ahoy", "rejected": "\n\nHuman: Hi\n\nAssistant: Bye"},
    "HH with a prompt": {"prompt": "\n\nHuman: Hi\n\nAssistant:", "chosen": "Ahoy", "rejected": "Bye"},
    "UltraFeedback": {"prompt": "Hi", "chosen": turns("Hi", "Ahoy"), "rejected": turns("Hi", "Bye"), "score_chosen": 8},
    "TRL": {"prompt": turns("Hi"), "chosen": answer("Ahoy"), "rejected": answer("Bye")},
    "LLaMA-Factory": {
        "conversations": [{"from": "human", "value": "Hi"}],
        "chosen": {"from": "gpt", "value": "Ahoy"},
        "rejected": {"from": "gpt", "value": "Bye"},
    },
    "OpenAI": {
        "input": {"messages": turns("Hi"), "tools": []},
        "preferred_output": answer("Ahoy"),
        "non_preferred_output": answer("Bye"),
    },
    "compared by name": {"prompt": "Hi", "response_a": "Bye", "response_b": "Ahoy", "winner": "model_b"},
    "compared by letter": {"prompt": "Hi", "answer1": "Bye", "answer2": "Ahoy", "winner": "b"},
    "compared models": {
        "prompt": "Hi", "model_a_response": "Ahoy", "model_b_response": "Bye", "verdict": "model_a_response",
    },
    "compared by number": {"prompt": "Hi", "response_0": "Bye", "response_1": "Ahoy", "better_response_id": 1},
    "compared by scores": {"question": "Hi", "answer_0": "Ahoy", "answer_1": "Bye", "score_0": 0.5, "score_1": -0.5},
    "compared in lists": {
        "prompt": '["Hi"]', "response_a": '["Ahoy"]', "response_b": '["Bye"]',
        "winner_model_a": 1, "winner_model_b": 0, "winner_tie": 0,
    },
    "Stanford Human Preferences": {"history": "Hi", "human_ref_A": "Ahoy", "human_ref_B": "Bye", "labels": 1},
    "rated": {"instruction": "Hi", "completions": [{"response": "Bye", "score": 1}, {"response": "Ahoy", "score": 5}]},
    "rated apart": {"instruction": "Hi", "generations": ["Bye", "Ahoy"], "ratings": [1, "4"]},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_preferences_of_every_form_are_read_with_their_better_answer(form: str, tmp_path: Path) -> None:
    found = read([FORMS[form]] * 3, tmp_path)
    assert found.said == [SAID] * 3 and not found.problems
    assert "not used" in found.notes


@pytest.mark.parametrize("form", ["UltraFeedback", "TRL", "rated", "Anthropic HH"])
def test_preferences_in_parquet_are_the_same(form: str, tmp_path: Path) -> None:
    pd.DataFrame([FORMS[form]] * 3).to_parquet(tmp_path / "rows.parquet")
    found = read_file(tmp_path / "rows.parquet")
    assert found.said == [SAID] * 3 and not found.problems


def test_a_system_prompt_and_a_history_precede_the_answer(tmp_path: Path) -> None:
    rows = [
        {"system": "Be brief.", "instruction": "And?", "input": "", "history": [["Hi", "Ahoy"]],
         "chosen": "No", "rejected": "Well"},
    ]  # fmt: skip
    said = [("system", "Be brief."), *SAID, ("user", "And?"), ("assistant", "No")]
    assert read(rows, tmp_path).said == [said]


def test_several_rounds_of_a_transcript_are_turns_each(tmp_path: Path) -> None:
    text = "\n\nHuman: Hi\n\nAssistant: Ahoy\nthere\n\nHuman: And?\n\nAssistant: No"
    found = read([{"chosen": text, "rejected": text}], tmp_path)
    assert [words for _role, words in found.said[0]] == ["Hi", "Ahoy\nthere", "And?", "No"]


def test_ties_and_empty_answers_are_listed(tmp_path: Path) -> None:
    compared = [{"prompt": "Hi", "response_a": "x", "response_b": "y", "winner": who} for who in ("model_a", "tie")]
    found = read(compared, tmp_path)
    assert len(found.said) == 1 and "neither answer is preferred" in found.listed[2]
    empty = [{"prompt": turns("Hi"), "chosen": answer, "rejected": "Bye"} for answer in ("Ahoy", " ", None)]
    assert read(empty, tmp_path).listed.keys() == {2, 3}


@pytest.mark.parametrize("flags", [(True, False), ("True", "False"), (1, 0)])
def test_kto_reads_the_desirable_answers_and_lists_the_others(flags: tuple[Any, Any], tmp_path: Path) -> None:
    good, bad = flags
    rows = [{"prompt": f"Hi {row}", "completion": "Ahoy", "label": bad if row == 3 else good} for row in range(1, 6)]
    for name in ("rows.jsonl", "rows.csv"):
        split = load_data(written(rows, tmp_path, name))
        assert split.mapping.kind == "pairs" and len(split.train) + len(split.held_out) == 4
        assert [(problem.row, problem.reason) for problem in split.problems] == [
            (3, "marked as undesirable (label is false)")
        ]
        assert any("KTO" in note for note in split.notes)


def test_kto_conversations_and_a_row_without_a_flag(tmp_path: Path) -> None:
    rows = [{"messages": turns("Hi", "Ahoy"), "kto_tag": flag} for flag in [True] * 9 + [None, False]]
    found = read(rows, tmp_path)
    assert found.said == [SAID] * 9 and found.listed.keys() == {10, 11}
    rows = [{"prompt": turns("Hi"), "completion": answer("Ahoy"), "label": True}] * 2
    assert read(rows, tmp_path).said == [SAID] * 2


def test_only_undesirable_answers_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: marked as undesirable"):
        read([{"prompt": "Hi", "completion": "Bye", "label": False}] * 2, tmp_path)


def test_a_label_beside_a_question_and_an_answer_is_no_flag(tmp_path: Path) -> None:
    rows = [{"question": f"Is it {row}?", "sentence": "It is so.", "label": row % 2} for row in range(8)]
    assert read(rows, tmp_path).mapping.kind == "labels"


def test_two_answers_of_which_nothing_says_the_better_are_asked_for(tmp_path: Path) -> None:
    rows = [{"prompt": f"Hi {row}", "answer_a": "Ahoy there", "answer_b": "Goodbye now"} for row in range(5)]
    with pytest.raises(DataError, match="answer_a and answer_b"):
        read(rows, tmp_path)
