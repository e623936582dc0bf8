"""What a person should know of data is found, with the numbers of the rows."""

from __future__ import annotations

from pathlib import Path

from ia3_studio.data.findings import Findings, examine
from ia3_studio.data.load import load_data


def found_in(tmp_path: Path, text: str, name: str = "data.csv") -> Findings:
    path = tmp_path / name
    path.write_text(text)
    return examine(load_data(path, held_out=0.25))


def test_the_starters_have_no_copies_leaks_or_contradictions() -> None:
    for name in ("lighthouse", "harbour", "logbook", "beacon"):
        found = examine(load_data(name))
        assert not (found.copies or found.leaks or found.contradictions or found.left_out or found.nearly_empty)


def test_copies_are_counted_with_their_rows(tmp_path: Path) -> None:
    rows = [f"question {n},answer {n}" for n in range(8)]
    found = found_in(tmp_path, "\n".join(["prompt,answer", *rows, *["same  THING,so"] * 2, "Same thing,so"]) + "\n")
    assert found.copies in ((), ((9, 10, 11),), ((9, 10),))  # held out together, or learned together
    given = "\n".join(["prompt,answer,split", "a,b,train", " A,b,train", "c,d,train", "e,f,test"])
    assert found_in(tmp_path, given).copies == ((1, 2),)


def test_one_question_with_two_answers_is_a_contradiction(tmp_path: Path) -> None:
    found = found_in(tmp_path, "text,label,split\nhot,bad,train\nHot,good,train\nsea,good,train\nice,bad,test\n")
    assert found.contradictions == ((1, 2),) and not found.copies


def test_several_answers_of_one_row_are_no_contradiction(tmp_path: Path) -> None:
    rows = '{"prompt": "a", "answer": ["b", "c"], "split": "train"}\n{"prompt": "d", "answer": "e", "split": "test"}\n'
    assert not found_in(tmp_path, rows, "data.jsonl").contradictions


def test_preferences_contradict_each_other_where_one_answer_is_chosen_and_rejected(tmp_path: Path) -> None:
    rows = ["prompt,chosen,rejected,split", "a,b,c,train", "a,d,c,train", "e,f,g,train", "e,g,f,train", "h,i,j,test"]
    assert found_in(tmp_path, "\n".join(rows)).contradictions == ((3, 4),)
    rows = ["prompt,completion,label,split", "a,b,true,train", "a,c,false,train", "d,e,true,train", "d,e,false,train",
            "f,g,true,test"]  # fmt: skip
    assert found_in(tmp_path, "\n".join(rows)).contradictions == ((3, 4),)


def test_a_held_out_row_that_asks_what_is_learned_is_a_leak(tmp_path: Path) -> None:
    found = found_in(tmp_path, "prompt,answer,split\na,b,train\nc,d,train\n A ,x,test\ne,f,test\n")
    assert found.leaks == ((3, 1),)


def test_rows_left_out_are_together_by_their_reason(tmp_path: Path) -> None:
    found = found_in(tmp_path, "prompt,answer\na,\nb,c\nd,\n,e\nf,g\nh,i\n")
    assert [(reason.words, reason.rows) for reason in found.left_out] == [
        ("the answer (answer) is empty", (1, 3)),
        ("the prompt (prompt) is empty", (4,)),
    ]


def test_labels_are_counted_and_nearly_empty_ones_named_with_their_rows(tmp_path: Path) -> None:
    rows = [*(f"text {n},day,train" for n in range(6)), "other,night,train", "more,night,train", "z,day,test"]
    found = found_in(tmp_path, "\n".join(["text,label,split", *rows]) + "\n")
    assert found.balance == (("day", 6), ("night", 2))
    assert found.nearly_empty == (("night", (7, 8)),)


def test_numbers_to_learn_have_no_balance(tmp_path: Path) -> None:
    rows = "\n".join(f'{{"text": "t{n}", "label": {n}.5}}' for n in range(8))
    found = found_in(tmp_path, rows, "data.jsonl")
    assert found.balance == () and found.nearly_empty == ()
