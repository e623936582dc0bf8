"""Preference data: two answers to one prompt, or an answer with a label; what cannot be compared is listed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ia3_studio.data.chosen_columns import mapping_of
from ia3_studio.data.examples import understood
from ia3_studio.data.export_rows import export_rows
from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import read_table
from ia3_studio.errors import DataError
from tests.data.exports import Found, read, read_file, turns, written

SAID = [("user", "Hi"), ("assistant", "Ahoy")]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


REFUSED = [("user", "Hi"), ("assistant", "Bye")]


def refused(found: Found) -> list[list[tuple[str, str]]]:
    """The conversations with the rejected answers."""
    return [[(turn.role, turn.content) for turn in each.rejected] for each in found.examples]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_chosen_and_rejected_texts_are_two_answers_to_one_prompt(name: str, tmp_path: Path) -> None:
    rows = [{"prompt": "Hi", "chosen": "Ahoy", "rejected": "Bye", "score_chosen": 9}] * 2
    found = read(rows, tmp_path, name)
    assert str(found.mapping) == "prompt → prompt, chosen → chosen answer, rejected → rejected answer"
    assert found.said == [SAID, SAID] and refused(found) == [REFUSED, REFUSED]
    assert "chosen are preferred to those in rejected" in found.notes


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
    "ranked": {"prompt": "Hi", "responses": ["So so", "Bye", "Ahoy"], "rank": [2, 3, 1]},
    "ranked objects": {
        "prompt": "Hi",
        "answers": [{"answer": "Ahoy", "rank": 1}, {"answer": "So so", "rank": 2}, {"answer": "Bye", "rank": 7}],
    },
    "best of a list": {"prompt": "Hi", "responses": ["Bye", "Ahoy"], "choice": 1},
    "good and bad": {"query": "Hi", "good_answer": "Ahoy", "bad_answer": "Bye"},
    "winner and loser": {"prompt": "Hi", "winner": "Ahoy", "loser": "Bye"},
    "names of several words": {"Prompt": "Hi", "Preferred response": "Ahoy", "Rejected response": "Bye"},
    "non-preferred": {"prompt": "Hi", "preferred completion": "Ahoy", "non-preferred completion": "Bye"},
    "positive and negative": {"prompt": "Hi", "pos_response": "Ahoy", "neg_response": "Bye"},
    "y_w and y_l": {"prompt": "Hi", "y_w": "Ahoy", "y_l": "Bye"},
    "lists of one": {"prompt": "Hi", "chosen": ["Ahoy"], "rejected": ["Bye"]},
    "older LLaMA-Factory": {"instruction": "Hi", "input": "", "output": ["Ahoy", "Bye"]},
    "side by side": {"prompt": "Hi", "answer1": "Bye", "answer2": "Ahoy", "comparison": "right"},
    "Label Studio": {
        "id": 1, "data": {"prompt": "Hi", "text_a": "Bye", "text_b": "Ahoy"},
        "annotations": [{"result": [{"type": "pairwise", "to_name": "a,b", "value": {"selected": "right"}}]}],
    },
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_preferences_of_every_form_are_read_with_their_better_answer(form: str, tmp_path: Path) -> None:
    found = read([FORMS[form]] * 3, tmp_path)
    assert found.said == [SAID] * 3 and not found.problems
    assert refused(found) == [REFUSED] * 3 and found.mapping.kind == "preferences"


@pytest.mark.parametrize("form", ["UltraFeedback", "TRL", "rated", "Anthropic HH"])
def test_preferences_in_parquet_are_the_same(form: str, tmp_path: Path) -> None:
    pd.DataFrame([FORMS[form]] * 3).to_parquet(tmp_path / "rows.parquet")
    found = read_file(tmp_path / "rows.parquet")
    assert found.said == [SAID] * 3 and refused(found) == [REFUSED] * 3 and not found.problems


def test_a_system_prompt_and_a_history_precede_the_answer(tmp_path: Path) -> None:
    rows = [
        {"system": "Be brief.", "instruction": "And?", "input": "", "history": [["Hi", "Ahoy"]],
         "chosen": "No", "rejected": "Well"},
    ]  # fmt: skip
    said = [("system", "Be brief."), *SAID, ("user", "And?"), ("assistant", "No")]
    assert read(rows, tmp_path).said == [said]


def test_several_rounds_of_a_transcript_are_turns_each(tmp_path: Path) -> None:
    text = "\n\nHuman: Hi\n\nAssistant: Ahoy\nthere\n\nHuman: And?\n\nAssistant: No"
    found = read([{"chosen": text, "rejected": f"{text} way"}], tmp_path)
    assert [words for _role, words in found.said[0]] == ["Hi", "Ahoy\nthere", "And?", "No"]


def test_only_what_follows_the_common_beginning_is_trained(tmp_path: Path) -> None:
    rows = [{"chosen": turns("Hi", "Ahoy", "And?", "No"), "rejected": turns("Hi", "Ahoy", "And?", "Well", "Eh?", "Ok")}]
    (example,) = read(rows, tmp_path).examples
    assert [turn.trained for turn in example.messages if turn.role == "assistant"] == [False, True]
    assert [turn.trained for turn in example.rejected if turn.role == "assistant"] == [False, True, True]


def test_pairs_that_cannot_be_compared_are_named_and_the_others_stay(tmp_path: Path) -> None:
    good = {"prompt": "Hi", "chosen": "Ahoy", "rejected": "Bye"}
    rows = [
        good,
        {"prompt": "Hi", "chosen": "Ahoy", "rejected": "Ahoy "},
        {"prompt": "Hi", "chosen": "Ahoy", "rejected": " "},
        {"prompt": "Hi", "chosen": None, "rejected": "Bye"},
        {"prompt": "Hi", "chosen": turns("Hi", "Ahoy"), "rejected": turns("Hello", "Bye")},
        {"prompt": "", "chosen": "Ahoy", "rejected": "Bye"},
        good,
    ]
    found = read(rows, tmp_path, "rows.jsonl")
    assert found.said == [SAID, SAID] and found.listed == {
        2: "the chosen and the rejected answer are equal",
        3: "the rejected answer (rejected) is empty",
        4: "the chosen answer (chosen) is empty",
        5: "the prompts of the chosen and the rejected answer differ",
        6: "the prompt (prompt) is empty",
    }


def test_columns_can_be_chosen_for_pairs_and_for_labels(tmp_path: Path) -> None:
    rows = [{"ask": f"Hi {n}", "good": "Ahoy", "bad": "Bye", "fine": n % 2} for n in range(4)]
    table = read_table(written(rows, tmp_path, "rows.csv"))
    pairs = mapping_of(table, "preferences", "ask", "good", rejected="bad")
    assert (pairs.prompt, pairs.answer, pairs.rejected, pairs.flag) == ("ask", "good", "bad", "")
    assert mapping_of(table, "preferences", "ask", "good", rejected="fine").flag == "fine"
    with pytest.raises(DataError, match="rejected answers or of labels"):
        mapping_of(table, "preferences", "ask", "good")


def test_an_answer_that_is_json_is_an_answer(tmp_path: Path) -> None:
    rows = [{"prompt": "As JSON", "chosen": '{"input": "x"}', "rejected": '{"messages": 3}'}] * 2
    found = read(rows, tmp_path, "rows.csv")
    assert found.said[0][-1] == ("assistant", '{"input": "x"}') and refused(found)[0][-1][1] == '{"messages": 3}'


def test_exported_preferences_are_read_back_as_they_were(tmp_path: Path) -> None:
    talks = [{"chosen": turns("Hi", "Ahoy", f"And {n}?", "No"), "rejected": turns("Hi", "Ahoy", f"And {n}?", "Well")}
             for n in range(6)]  # fmt: skip
    labeled = [{"prompt": f"Hi {n}", "completion": "Ahoy", "label": n % 2 == 0} for n in range(6)]
    for name, rows in (("pairs.jsonl", talks), ("labels.jsonl", labeled)):
        split = load_data(written(rows, tmp_path, name))
        export_rows(split, tmp_path / f"again-{name}")
        again = load_data(tmp_path / f"again-{name}")
        assert [replace(each, row=0) for each in again.train] == [replace(each, row=0) for each in split.train]
        assert len(again.held_out) == len(split.held_out)


def test_the_answers_to_one_prompt_are_on_one_side_of_the_split(tmp_path: Path) -> None:
    rows = [{"prompt": f"Hi {n // 4}", "completion": f"Ahoy {n}", "label": n % 2 == 0} for n in range(40)]
    split = load_data(written(rows, tmp_path, "rows.jsonl"), held_out=0.2)
    asked = [{example.messages[0].content for example in side} for side in (split.train, split.held_out)]
    assert split.held_out and not asked[0] & asked[1]


def test_one_prompt_with_many_answers_is_split_by_answers(tmp_path: Path) -> None:
    rows = [{"prompt": "Hi", "chosen": f"Ahoy {n}", "rejected": "Bye"} for n in range(10)]
    split = load_data(written(rows, tmp_path, "rows.jsonl"))
    assert (len(split.train), len(split.held_out)) == (9, 1)


def test_ties_are_listed(tmp_path: Path) -> None:
    compared = [{"prompt": "Hi", "response_a": "x", "response_b": "y", "winner": who} for who in ("model_a", "tie")]
    found = read(compared, tmp_path)
    assert len(found.said) == 1 and "neither answer is preferred" in found.listed[2]
    rated = [{"prompt": "Hi", "responses": ["x", "y"], "ratings": each} for each in ([1, 2], [3, 3])]
    assert "rated higher" in read(rated, tmp_path).listed[2]


@pytest.mark.parametrize("flags", [(True, False), ("True", "False"), (1, 0)])
def test_kto_reads_answers_with_their_labels(flags: tuple[Any, Any], tmp_path: Path) -> None:
    good, bad = flags
    rows = [{"prompt": f"Hi {row}", "completion": "Ahoy", "label": bad if row == 3 else good} for row in range(1, 6)]
    for name in ("rows.jsonl", "rows.csv"):
        split = load_data(written(rows, tmp_path, name))
        assert str(split.mapping) == "prompt → prompt, completion → answer, label → desirable or not"
        found = sorted((*split.train, *split.held_out), key=lambda example: example.row)
        assert [example.desirable for example in found] == [True, True, False, True, True] and not split.problems
        assert any("KTO" in note for note in split.notes)


def test_kto_conversations_train_their_last_answer_and_a_row_without_a_flag_is_listed(tmp_path: Path) -> None:
    rows = [{"messages": turns("Hi", "Ahoy", "And?", "No"), "kto_tag": flag} for flag in [True] * 9 + [None, False]]
    found = read(rows, tmp_path)
    assert [example.desirable for example in found.examples] == [True] * 9 + [False] and found.listed.keys() == {10}
    assert [turn.trained for turn in found.examples[0].messages if turn.role == "assistant"] == [False, True]
    rows = [{"prompt": turns("Hi"), "completion": answer("Ahoy"), "label": True}] * 2
    assert read(rows, tmp_path).said == [SAID] * 2


def test_a_label_beside_a_question_and_an_answer_is_no_flag(tmp_path: Path) -> None:
    rows = [{"question": f"Is it {row}?", "sentence": "It is so.", "label": row % 2} for row in range(8)]
    assert read(rows, tmp_path).mapping.kind == "labels"


def test_two_answers_of_which_nothing_says_the_better_are_asked_for(tmp_path: Path) -> None:
    rows = [{"prompt": f"Hi {row}", "answer_a": "Ahoy there", "answer_b": "Goodbye now"} for row in range(5)]
    with pytest.raises(DataError, match="answer_a and answer_b"):
        read(rows, tmp_path)


@pytest.mark.parametrize(
    "names", [("query", "positive", "negative"), ("id", "Positive Review", "Negative Review"), ("id", "good", "bad")]
)
def test_two_texts_that_are_no_answers_to_a_prompt_are_not_compared(
    names: tuple[str, str, str], tmp_path: Path
) -> None:
    rows = [
        dict(zip(names, (f"berth {k}", f"We liked berth {k}.", f"It rained on {k}."), strict=True)) for k in range(9)
    ]
    split = load_data(written(rows, tmp_path))
    assert "preference pairs" not in split.description


def test_the_only_other_text_is_the_prompt_of_a_better_and_a_worse_text(tmp_path: Path) -> None:
    rows = [{"source": f"The berth {k} is free.", "better": f"Berth {k}", "worse": f"{k}"} for k in range(8)]
    found = load_data(written(rows, tmp_path)).mapping
    assert str(found) == "source → prompt, better → chosen answer, worse → rejected answer"


@pytest.mark.parametrize(
    ("column", "votes"),
    [("feedback", ("👍🏽", "👎")), ("rating", ("good", "bad")), ("Helpful?", ("yes", "no")), ("vote", (1, -1)),
     ("user_feedback", ("thumbs_up", "thumbs_down"))],
)  # fmt: skip
def test_votes_on_answers_are_labels_of_kto(column: str, votes: tuple[Any, Any], tmp_path: Path) -> None:
    rows = [{"User message": f"Hi {k}", "Bot reply": f"Ahoy {k}", column: votes[k % 2]} for k in range(8)]
    split = load_data(written(rows, tmp_path))
    assert str(split.mapping) == f"User message → prompt, Bot reply → answer, {column} → desirable or not"
    assert all(each.desirable == (each.row % 2 == 1) for each in (*split.train, *split.held_out))


@pytest.mark.parametrize(
    ("names", "votes"),
    [(("prompt", "response", "score"), (1, 0)), (("user", "assistant", "feedback"), ("positive", "negative"))],
)
def test_votes_under_other_names_are_labels_of_kto(
    names: tuple[str, str, str], votes: tuple[Any, Any], tmp_path: Path
) -> None:
    rows = [dict(zip(names, (f"Hi {k}", f"Ahoy {k}", votes[k % 2]), strict=True)) for k in range(8)]
    split = load_data(written(rows, tmp_path))
    assert split.mapping.flag == names[2] and split.mapping.prompt == names[0]


def test_a_rating_that_is_no_vote_leaves_prompts_and_answers(tmp_path: Path) -> None:
    rows = [{"prompt": f"Hi {k}", "response": f"Ahoy {k}", "rating": 1 + k % 5} for k in range(8)]
    assert load_data(written(rows, tmp_path)).mapping.kind == "pairs"


def test_desirable_in_words_labels_a_conversation(tmp_path: Path) -> None:
    words = ("undesirable", "desirable")
    rows = [{"messages": turns(f"Hi {k}", "Ahoy"), "label": words[k % 2]} for k in range(8)]
    split = load_data(written(rows, tmp_path))
    assert all(each.desirable == (each.row % 2 == 0) for each in (*split.train, *split.held_out))


def test_a_comparison_of_label_studio_without_a_choice_is_listed(tmp_path: Path) -> None:
    def task(selected: str) -> dict[str, Any]:
        result = {"type": "pairwise", "to_name": "answer1,answer2", "value": {"selected": selected}}
        data = {"prompt": "Hi", "answer1": "Ahoy", "answer2": "Bye"}
        return {"id": 1, "data": data, "annotations": [{"result": [result] if selected else []}]}

    found = read([task("left"), task("none"), task(""), task("right")], tmp_path)
    assert [problem.row for problem in found.problems] == [2, 3] and len(found.examples) == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("good_reply", "bad_reply"), ("y_w", "y_l"), ("completionGood", "completionBad"),
        ("Best answer", "Worst answer"), ("winning_response", "losing_response"),
        ("answer_chosen", "answer_unchosen"),
    ],
)  # fmt: skip
def test_answers_called_better_and_worse_are_preferences_whatever_else_they_are_called(
    tmp_path: Path, better: str, worse: str
) -> None:
    path = tmp_path / "rows.jsonl"
    rows = ({"question": f"Berth {n}?", worse: f"No idea, {n}.", better: f"Pier {n}."} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert load_data(path).mapping == Mapping("preferences", "question", better, rejected=worse)


def test_what_was_good_and_bad_about_something_is_no_preference(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = ({"hotel": f"Harbour inn {n}", "good": f"The sea, room {n}.", "bad": f"Noise at {n}."} for n in range(12))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError):  # it says which columns it would know, and guesses nothing
        load_data(path)
