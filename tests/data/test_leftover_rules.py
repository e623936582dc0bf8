"""Labels between other signs, several languages, personas, headed messages and printed lists."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ia3_studio import ParsingOptions
from ia3_studio.data.load import load_data
from ia3_studio.data.paths import structure_of
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.exports import written
from tests.data.schema_shapes import plain
from tests.data.shapes import asked, lines, mood, rows, said


def read(text: str, folder: Path, name: str = "rows.csv", speaker: str | None = None) -> DataSplit:
    (folder / name).write_text(text, encoding="utf-8")
    return load_data(folder / name, parsing=ParsingOptions(speaker=speaker) if speaker else None)


def test_slashes_and_ampersands_part_labels_only_where_each_part_is_a_label_of_its_own(tmp_path: Path) -> None:
    for sign in ("/", "&", "+"):
        cells = (f"boats {sign} food", "food", f"rope {sign} boats", "rope", "boats")
        split = read(rows(lambda n, cells=cells: f"{plain(n)},{cells[n % 5]}", 20, "text,tags"), tmp_path)
        assert split.mapping.target == "multi" and {*split.train[0].labels} <= {"boats", "food", "rope"}
        names = (f"Rock {sign} Roll", f"Drum {sign} Bass", "Pop")
        split = read(rows(lambda n, names=names: f"{plain(n)},{names[n % 3]}", 20, "text,genre"), tmp_path)
        assert split.mapping.target == "single" and {*split.train[0].labels} <= {*names}


@pytest.mark.parametrize("names", ["en,de,fr", "en_US,de_DE,fr_FR", "English,German,French"])
def test_of_three_languages_the_first_two_are_read_and_the_third_is_named(names: str, tmp_path: Path) -> None:
    split = read(
        rows(lambda n: f"{asked(n)},{plain(n)} Wie,{said(n).replace(',', '')} Comment", header=names), tmp_path
    )
    first, second, third = names.split(",")
    assert str(split.mapping) == f"{first} → prompt, {second} → answer" and split.unused == (third,)


def test_a_persona_is_the_system_prompt_and_candidates_are_named(tmp_path: Path) -> None:
    talk = "1 your persona: I fish .\n2 your persona: I sail .\n3 {}\t{}\t\tYes|No\n"
    split = read("".join(talk.format(asked(n), said(n)) for n in range(8)), tmp_path, "talks.txt")
    assert [turn.role for turn in split.train[0].messages] == ["system", "user", "assistant"]
    assert split.train[0].messages[0].content == "I fish .\nI sail ."
    assert "Not used: candidates for the answers of 8 lines." in split.notes


def test_answers_with_a_flag_of_toxicity_are_not_learned(tmp_path: Path) -> None:
    table = rows(lambda n: f'{asked(n)},"{said(n)}",{int(n % 3 == 0)}', 24, "user_input,model_output,toxicity")
    assert str(read(table, tmp_path).mapping) == "user_input + model_output → text, toxicity → label"


def test_messages_below_lines_of_their_own_are_a_chat(tmp_path: Path) -> None:
    heads = (
        "From: {who}\nType: incoming\nSent: Wed, 01 Jan 2025 10:{n:02}:00 +0000\n\n{text}\n\n",
        "Jan 01, 2025 10:{n:02}:00 AM\n{who}\n{text}\n\n",
        "2025-01-01 10:{n:02}:00 <{who}> {text}\n",
        "2025년 1월 1일 오전 10:{n:02}, {who} : {text}\n",
    )
    for head in heads:
        text = "".join(head.format(who=("Ann", "Me")[n % 2], n=n, text=(asked, said)[n % 2](n)) for n in range(24))
        with pytest.raises(DataError, match="choose the speaker"):
            read(text, tmp_path, "chat.txt")
        (tmp_path / "chat.txt").write_text(text + text.replace("10:", "18:").replace("ferry", "boat"), encoding="utf-8")
        split = load_data(tmp_path / "chat.txt", parsing=ParsingOptions(speaker="Me"))
        assert split.train[0].messages[0].content.replace("boat", "ferry") in {asked(n) for n in range(24)}


def test_of_several_versions_of_a_turn_the_selected_one_is_read(tmp_path: Path) -> None:
    def turn(role: str, text: str) -> dict[str, object]:
        content = [{"type": "text", "text": text}]
        step = {"type": "contentBlock", "content": content}
        old = {"role": role, "content": [{"type": "text", "text": "old"}]}
        return {"versions": [old, {"role": role, "steps": [step]}], "currentlySelected": 1}

    for n in range(6):
        chat = {
            "name": "x",
            "systemPrompt": "Be brief.",
            "messages": [turn("user", asked(n)), turn("assistant", said(n))],
        }
        (tmp_path / f"{n}.conversation.json").write_text(json.dumps(chat))
    split = load_data(tmp_path)
    assert [turn.role for turn in split.train[0].messages] == ["system", "user", "assistant"]
    assert "old" not in {turn.content for example in split.train for turn in example.messages}


def test_a_long_list_that_numpy_printed_is_found_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with np.printoptions(threshold=10**9):
        cell, numbers = str(np.array([f"w{n}" for n in range(90_000)])), str(np.array([3, -1, 20]))
    monkeypatch.setattr("ia3_studio.data.paths.tokenize.generate_tokens", None)
    assert len(structure_of(cell)) == 90_000 and structure_of(numbers) == [3, -1, 20]
    monkeypatch.undo()
    assert structure_of("['a' 'b\"]") == "['a' 'b\"]"
    split = load_data(
        written([{"tokens": str(np.array(plain(n).split())), "mood": mood(n)} for n in range(9)], tmp_path)
    )
    assert len(split.train) + len(split.held_out) == 9


def test_what_stands_beside_a_label_in_its_object_is_named(tmp_path: Path) -> None:
    text = lines(lambda n: {"text": said(n), "labels": {"calm": n % 2, "wind": n % 3 % 2}})
    split = read(text, tmp_path, "rows.jsonl")
    used = {split.mapping.answer, *split.mapping.parts}
    assert {"labels.calm", "labels.wind"} <= used | set(split.unused)


def test_a_resume_beside_a_job_is_no_summary_of_it(tmp_path: Path) -> None:
    text = rows(
        lambda n: f"{plain(n)},Wanted for ferry {n}: a cook,{('yes', 'no')[n % 2]}",
        header="resume,job_description,match",
    )
    mapping = read(text, tmp_path).mapping
    assert mapping.kind == "labels" and {mapping.column, mapping.context} == {"resume", "job_description"}


def test_feedback_on_an_essay_is_the_answer_to_it(tmp_path: Path) -> None:
    text = rows(
        lambda n: f"{asked(n)},{plain(n)},{plain(n)} Good", header="essay_prompt,student_essay,teacher_feedback"
    )
    mapping = read(text, tmp_path).mapping
    assert (mapping.prompt, mapping.context, mapping.answer) == ("essay_prompt", "student_essay", "teacher_feedback")


def test_the_questions_that_one_is_made_of_are_one_answer(tmp_path: Path) -> None:
    text = lines(lambda n: {"question": asked(n), "subquestions": [asked(n), f"And {n}?"]})
    split = read(text, tmp_path, "rows.jsonl")
    assert split.mapping.answer == "subquestions" and len(split.train) + len(split.held_out) == 12
