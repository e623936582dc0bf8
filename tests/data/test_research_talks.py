"""Claims on talks with candidates, on relations in texts, and on the activity of Gemini."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.data.table import read_table
from tests.data.exports import written
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, berths, said


def read(records: list[Any], folder: Path) -> DataSplit:
    return load_data(written(records, folder))


def talk(n: int, length: int) -> dict[str, Any]:
    """Return a talk of a person with facts, whose turns come with their whole history."""
    lines = [f"{said(n)} {place}" for place in range(2 * length)]
    turns = [
        {"history": lines[: 2 * turn + 1], "candidates": [said(n + 90), plain(n), lines[2 * turn + 1]]}
        for turn in range(length)
    ]
    return {"personality": ["I sail.", f"I am {n}."], "utterances": turns}


def test_the_last_candidate_after_the_longest_history_is_what_was_said(tmp_path: Path) -> None:
    split = read([talk(n, 1 + n % 3) for n in range(12)], tmp_path)
    first = next(each for each in split.train if each.row == 3)
    assert [turn.role for turn in first.messages] == ["system", *["user", "assistant"] * 3]
    assert first.messages[0].content == "I sail.\nI am 2." and first.messages[-1].content == f"{said(2)} 5"
    assert any("other candidates (24)" in note for note in split.notes)


def test_turns_without_candidates_are_none_of_such_talks(tmp_path: Path) -> None:
    records = [{"utterances": [{"history": [asked(n)], "candidates": []}], "text": plain(n)} for n in range(12)]
    assert "talks with candidates" not in read_table(written(records, tmp_path)).description


def related(n: int) -> dict[str, Any]:
    words = plain(n).split()
    places = {"subj_start": 1, "subj_end": 3, "obj_start": 7, "obj_end": 7 if n != 5 else 99}
    return {"id": n, "relation": ("at", "before", "no_relation")[n % 3], "token": words, **places,
            "stanford_ner": ["O"] * len(words)}  # fmt: skip


def test_a_relation_is_the_label_of_a_text_and_its_two_parts(tmp_path: Path) -> None:
    split = read([related(n) for n in range(24)], tmp_path)
    assert str(split.mapping) == "text + parts → text, relation → label"
    assert {each.second for each in split.train} <= {f"ferry number {n} / the" for n in range(24)}
    assert [(each.row, "are not in its words" in each.reason) for each in split.problems] == [(6, True)]


def activity(n: int) -> dict[str, Any]:
    html = f"<p>{said(n)}</p><ul><li>{berths(n)[0]} &amp; more</li><li>{berths(n)[1]}</li></ul>"
    return {"header": "Gemini Apps", "title": f"Prompted {asked(n)}", "safeHtmlItem": [{"html": html}]}


def test_the_activity_of_gemini_is_prompts_and_the_text_of_their_answers(tmp_path: Path) -> None:
    split = read([*map(activity, range(12)), {"header": "Gemini Apps", "title": "Used an assistant"}], tmp_path)
    first = split.train[0]
    assert first.messages[0].content == asked(first.row - 1)
    one, other, *_rest = berths(first.row - 1)
    assert first.messages[1].content == f"{said(first.row - 1)}\n{one} & more\n{other}"
    assert len(split.problems) == 1 and "no answer" in split.problems[0].reason


def test_prompts_of_gemini_lose_the_word_that_all_titles_begin_with(tmp_path: Path) -> None:
    split = read(list(map(activity, range(12))), tmp_path)
    assert {each.messages[0].content for each in split.train} <= {asked(n) for n in range(12)}
    assert any("the word Prompted" in note for note in split.notes)
    few = read([{**activity(n), "title": asked(n)} for n in range(3)], tmp_path)
    assert {each.messages[0].content for each in few.train} <= {asked(n) for n in range(3)}


def scored(n: int, first: object, second: object) -> dict[str, Any]:
    answers = {"alpha": said(n), "beta": plain(n)}
    return {"prompt": asked(n), "model_outputs": answers, "model_scores": {"beta": second, "alpha": first}}


def test_answers_and_scores_by_the_same_keys_are_preferences(tmp_path: Path) -> None:
    split = read([scored(n, n % 3, 1) for n in range(24)], tmp_path)
    assert split.mapping.kind == "preferences" and len(split.problems) == 8
    for each in split.train:
        alpha_won = (each.row - 1) % 3 == 2
        assert each.messages[-1].content == (said if alpha_won else plain)(each.row - 1)
        assert each.rejected[-1].content == (plain if alpha_won else said)(each.row - 1)


def test_objects_of_the_same_keys_without_scores_are_no_preferences(tmp_path: Path) -> None:
    split = read([scored(n, f"note {n}", "fine") for n in range(24)], tmp_path)
    assert split.mapping.kind != "preferences"
