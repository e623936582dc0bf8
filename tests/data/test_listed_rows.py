"""Claims on lists inside lists, on texts around answers, and on roles in front of texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from tests.data.exports import written
from tests.data.shapes import asked, said


def rows_of(split: DataSplit) -> int:
    return len(split.train) + len(split.held_out)


def test_rows_in_a_list_of_lists_are_rows(tmp_path: Path) -> None:
    rows = [{"prompt": asked(n), "answer": said(n)} for n in range(12)]
    for name, document in (("one.json", [rows]), ("pages.json", [rows[:5], rows[5:]])):
        split = load_data(written(document, tmp_path, name))
        assert (str(split.mapping), rows_of(split)) == ("prompt → prompt, answer → answer", 12)
    split = load_data(written([[row] for row in rows], tmp_path, "lines.jsonl"))
    assert (str(split.mapping), rows_of(split)) == ("prompt → prompt, answer → answer", 12)


def test_lists_of_turns_are_conversations_whatever_their_keys(tmp_path: Path) -> None:
    for role, text in (("role", "content"), ("speaker", "text")):
        talks = [[{role: "user", text: asked(n)}, {role: "assistant", text: said(n)}] for n in range(8)]
        split = load_data(written(talks, tmp_path))
        assert (str(split.mapping), rows_of(split)) == ("messages → conversation", 8)


def test_lists_of_words_with_tags_are_sentences(tmp_path: Path) -> None:
    lists = [[{"word": "Ferry", "tag": "B-SHIP"}, {"word": f"{n}", "tag": "O"}] for n in range(8)]
    assert str(load_data(written(lists, tmp_path)).mapping) == "tokens → words, tags → one label per word"


def test_an_answer_that_is_an_object_follows_a_history_as_json(tmp_path: Path) -> None:
    rows = [{"query": asked(n), "reply": {"berth": n}, "history": [[asked(0), said(0)]]} for n in range(8)]
    split = load_data(written(rows, tmp_path, "rows.jsonl"))
    answers = {each.row: each.messages[-1].content for each in (*split.train, *split.held_out)}
    assert answers[3] == '{"berth": 2}' and not split.problems


@pytest.mark.parametrize("name", ["лучший", "beste Antwort", "mejor", "更好"])
def test_the_better_answer_is_named_in_any_language(name: str, tmp_path: Path) -> None:
    rows = [{"prompt": asked(n), "answer_1": said(n), "answer_2": "No.", name: 1} for n in range(12)]
    split = load_data(written(rows, tmp_path, "rows.jsonl"))
    assert split.mapping.kind == "preferences" and split.train[0].rejected[-1].content == "No."


def test_the_long_text_in_which_the_answers_stand_is_read_before_the_question(tmp_path: Path) -> None:
    notes = [f"The notes of the pier begin. {said(n)} {'They end. ' * 12}" for n in range(12)]
    rows = [{"Vorlage": notes[n], "question": asked(n), "answer": said(n)} for n in range(12)]
    assert str(load_data(written(rows, tmp_path)).mapping) == "question + Vorlage → prompt, answer → answer"


def test_a_text_next_to_its_translations_is_translated_and_the_other_languages_are_named(tmp_path: Path) -> None:
    rows = [{"source_text": asked(n), "translations": {"de": said(n), "fr": f"{said(n)} Oui."}} for n in range(12)]
    split = load_data(written(rows, tmp_path))
    assert str(split.mapping) == "source_text → prompt, translations.de → answer"
    assert split.unused == ("translations.fr",)


def test_a_role_in_front_of_each_text_says_who_speaks(tmp_path: Path) -> None:
    rows = [{"conversation_id": n // 2, "message": f"{('User', 'Assistant')[n % 2]}: {said(n)}"} for n in range(16)]
    split = load_data(written(rows, tmp_path))
    assert rows_of(split) == 8
    assert [turn.role for turn in split.train[0].messages] == ["user", "assistant"]
    assert not any(turn.content.startswith(("User", "Assistant")) for turn in split.train[0].messages)


def test_a_question_inside_an_object_stands_in_front_of_its_choices(tmp_path: Path) -> None:
    choices = [[{"label": "A", "text": said(n)}, {"label": "B", "text": "No."}] for n in range(12)]
    rows = [{"question": {"text": asked(n)}, "choices": choices[n], "answer": "AB"[n % 2]} for n in range(12)]
    split = load_data(written(rows, tmp_path))
    assert str(split.mapping) == "question.text → question, choices → choices, answer → correct choice"
