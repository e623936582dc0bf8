"""Claims on answers with a verdict, and on turns and inputs that stand before an answer of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError

BERTHS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def asked(row: int) -> str:
    """Return a question of a keeper."""
    return f"May a boat lie at the {BERTHS[row]} berth over night?"


def said(row: int) -> str:
    """Return an answer to it."""
    return f"It may, if it leaves before {row + 5} in the morning."


def read(folder: Path, rows: Sequence[dict[str, Any]], name: str = "berths.jsonl") -> DataSplit:
    """Return rows as they are read from a file of JSON Lines."""
    path = folder / name
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return load_data(path)


@pytest.mark.parametrize(
    ("column", "verdicts"),
    [("verdict", ("correct", "incorrect")), ("evaluation", ("pass", "fail")), ("safety", ("safe", "unsafe")),
     ("hallucinated", ("yes", "no")), ("is_grounded", (True, False))],
)  # fmt: skip
def test_answers_beside_a_verdict_are_no_answers_to_learn(
    tmp_path: Path, column: str, verdicts: tuple[object, object]
) -> None:
    """Both texts are read, and the verdict is the label, whatever its column is called."""
    data = read(tmp_path, [{"question": asked(n), "response": said(n), column: verdicts[n % 2]} for n in range(8)])
    assert str(data.mapping) == f"question + response → text, {column} → label"


def test_a_vote_in_words_is_found_beside_a_prompt_and_an_answer_of_any_name(tmp_path: Path) -> None:
    """Good and bad say which answers are desirable, though the columns are called after who writes."""
    rows = [{"customer_message": asked(n), "reply": said(n), "note_1": "", "mark": ("good", "bad")[n % 2]}
            for n in range(8)]  # fmt: skip
    data = read(tmp_path, rows)
    assert {each.desirable for each in data.train} == {True, False}


def test_answers_of_which_none_is_good_are_not_learned_in_silence(tmp_path: Path) -> None:
    """The sentence names the column that says so."""
    rows = [{"question": asked(n), "answer": said(n), "helpful": False} for n in range(4)]
    with pytest.raises(DataError, match="helpful says of all answers"):
        read(tmp_path, rows)


def test_a_verdict_on_a_text_alone_stays_its_label(tmp_path: Path) -> None:
    """Without an answer, the text has the label."""
    data = read(tmp_path, [{"text": said(n), "verdict": ("correct", "incorrect")[n % 2]} for n in range(8)])
    assert str(data.mapping) == "text → text, verdict → label"


@pytest.mark.parametrize("key", ["content", "text"])
def test_turns_that_end_with_a_question_stand_before_the_answer_of_their_row(tmp_path: Path, key: str) -> None:
    """The answer in its own column is the last turn, and that of the turns stays."""
    turns = [[{"role": role, key: text} for role, text in (("user", asked(n)), ("assistant", "Which boat?"),
                                                           ("user", "The small one."))] for n in range(4)]  # fmt: skip
    data = read(tmp_path, [{"turns": each, "expected_answer": said(n)} for n, each in enumerate(turns)])
    talk = data.train[0].messages
    assert [turn.role for turn in talk] == ["user", "assistant", "user", "assistant"]
    assert talk[-1].content == said(data.train[0].row - 1)


def test_turns_that_end_with_an_answer_are_the_conversation(tmp_path: Path) -> None:
    """Another answer beside them is no second one."""
    turns = [[{"role": "user", "content": asked(n)}, {"role": "assistant", "content": said(n)}] for n in range(4)]
    data = read(tmp_path, [{"messages": each, "final_response": said(n)} for n, each in enumerate(turns)])
    assert all(len(each.messages) == 2 for each in data.train)


def test_an_input_of_several_texts_is_asked_rather_than_a_note_beside_it(tmp_path: Path) -> None:
    """The notes of who wrote the row are no prompt."""
    rows = [{"input": {"title": f"Berth {n}", "details": asked(n)}, "expected": {"free": n % 2, "berth": BERTHS[n]},
             "notes": "This one is easy, as the berth is named in words."} for n in range(6)]  # fmt: skip
    assert str(read(tmp_path, rows).mapping) == "input → prompt, expected → answer"


def test_a_note_inside_an_expected_object_is_not_the_answer(tmp_path: Path) -> None:
    """What stands beside it in lists and objects is expected as well."""
    rows = [{"input": asked(n), "expected": {"labels": {"answer": "yes"}, "concepts": [BERTHS[n]], "notes": said(n)}}
            for n in range(6)]  # fmt: skip
    assert str(read(tmp_path, rows).mapping) == "input → prompt, expected → answer"


def test_two_answers_are_compared_by_a_winner_though_the_prompt_has_another_name(tmp_path: Path) -> None:
    """The only other text is the prompt."""
    rows = [{"brief": asked(n), "candidate_a": said(n), "candidate_b": f"No boat may lie there, says {BERTHS[n]}.",
             "winner": "ab"[n % 2]} for n in range(6)]  # fmt: skip
    data = read(tmp_path, rows)
    assert str(data.mapping) == "brief → prompt, chosen → chosen answer, rejected → rejected answer"
    first = min(data.train, key=lambda each: each.row)
    assert (first.messages[-1].content == said(first.row - 1)) == (first.row % 2 == 1)


def test_transcripts_in_lines_are_compared_and_those_with_other_prompts_listed(tmp_path: Path) -> None:
    """Rows whose transcripts do not begin alike are no pairs."""
    rows = [{"chosen": f"Human: {asked(n)}\nAssistant: {said(n)}",
             "rejected": f"Human: {asked(n) if n else 'Why?'}\nAssistant: No."} for n in range(6)]  # fmt: skip
    data = read(tmp_path, rows)
    assert len(data.train) + len(data.held_out) == 5
    assert [problem.row for problem in data.problems] == [1]


def test_a_single_call_of_a_turn_is_read(tmp_path: Path) -> None:
    """A turn without words that has one call is no empty one."""
    call = {"name": "berth", "arguments": {"number": 5}}
    turns = [{"role": "user", "content": "Is berth 5 free?"}, {"role": "assistant", "content": None, "tool_call": call},
             {"role": "tool", "content": {"free": True}}, {"role": "assistant", "content": "It is."}]  # fmt: skip
    data = read(tmp_path, [{"messages": turns}, {"messages": turns[:1] + turns[3:]}])
    assert len(data.train) + len(data.held_out) == 2


def test_comments_among_json_lines_are_no_rows(tmp_path: Path) -> None:
    """Lines that begin with a sign of comments are passed over."""
    path = tmp_path / "berths.jsonl"
    rows = [json.dumps({"prompt": asked(n), "answer": said(n)}) for n in range(3)]
    path.write_text("# one object per line\n// of the keeper\n\n" + "\n".join(rows), encoding="utf-8")
    data = load_data(path)
    assert len(data.train) + len(data.held_out) == 3
    assert not data.problems
