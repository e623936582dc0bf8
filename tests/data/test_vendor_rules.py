"""Files of vendors, annotation jobs and help desks are read as somebody who opens them expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.load import load_data
from ia3_studio.data.table import ParsingOptions
from tests.data.exports import Found, read, written
from tests.data.shapes import asked, lines, mood, rows, said
from tests.data.vendor_shapes import (
    accepted,
    archived_chat,
    boxed,
    labeled_job,
    several_of_job,
    text_message,
    threads,
    ticket,
)


def put(content: str, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def exchange(found: Found, row: int) -> list[tuple[str, str]]:
    return [turn for turn in found.said[row] if turn[0] != "system"]


def test_labels_of_a_job_are_called_by_their_names_and_failed_texts_are_listed(tmp_path: Path) -> None:
    failed = {"source": asked(9), "weather-metadata": {"failure-reason": "nobody answered"}}
    found = read([*(labeled_job(n) for n in range(9)), failed], tmp_path, "a.jsonl")
    assert [each.labels for each in found.examples[:2]] == [("calm",), ("storm",)] and [*found.listed] == [10]
    found = read([several_of_job(n) for n in range(4)], tmp_path, "b.jsonl")
    assert [set(each.labels) for each in found.examples[:2]] == [{"calm"}, {"storm", "fog"}]


def test_answers_to_other_questions_of_an_export_are_counted(tmp_path: Path) -> None:
    made = [boxed(n) for n in range(9)]
    for each in made[3:]:
        annotations = each["projects"]["p"]["labels"][0]["annotations"]
        annotations["classifications"].append({"name": "urgent", "radio_answer": {"name": "yes"}})
    found = read(made, tmp_path)
    assert [each.labels for each in found.examples[:2]] == [("calm",), ("storm",)]
    assert "answers to urgent (6)" in found.notes


@pytest.mark.parametrize("made", [ticket, archived_chat, threads])
def test_who_asked_for_help_asks_and_private_notes_are_counted(made: Any, tmp_path: Path) -> None:
    found = read([made(n) for n in range(6)], tmp_path)
    assert exchange(found, 3) == [("user", asked(3)), ("assistant", said(3))]
    assert ("private notes and events (6)" in found.notes) == (made is ticket)


def test_texts_of_a_phone_are_a_log_of_two_speakers(tmp_path: Path) -> None:
    content = f"<smses>{''.join(map(text_message, range(6)))}</smses>"
    path = put(content, tmp_path, "sms.xml")
    split = load_data(path, parsing=ParsingOptions(speaker="me"))
    assert len((*split.train, *split.held_out)) == 6
    examples = [[turn.content for turn in each.messages] for each in (*split.train, *split.held_out)]
    assert [asked(0), said(0)] in examples


def test_turns_are_in_the_order_of_their_numbers_whatever_these_are_called(tmp_path: Path) -> None:
    records = [{"caso": n // 2, "turno": 2 - n % 2, "emisor": ("agente", "cliente")[n % 2], "mensaje": f"línea {n} a"}
               for n in range(12)]  # fmt: skip
    found = read(records, tmp_path)
    assert found.said[1] == [("user", "línea 3 a"), ("assistant", "línea 2 a")] and "turno" not in found.notes


def test_the_answer_of_the_lower_rank_is_the_better_one_and_that_of_the_higher_score(tmp_path: Path) -> None:
    answers = {"prompt": asked(1), "response_a": said(1), "response_b": "No idea."}
    ranked = read([{**answers, "prompt": asked(n), "rank_a": 1, "rank_b": 2} for n in range(4)], tmp_path)
    scored = read([{**answers, "prompt": asked(n), "note_a": 1, "note_b": 2} for n in range(4)], tmp_path)
    assert ranked.examples[0].messages[-1].content == said(1)
    assert scored.examples[0].messages[-1].content == "No idea."


def test_an_accepted_answer_goes_before_one_of_more_votes(tmp_path: Path) -> None:
    found = read([accepted(n) for n in range(4)], tmp_path)
    assert found.examples[2].messages[-1].content == said(2) and asked(2) in found.examples[2].messages[0].content


def test_a_third_value_of_a_decision_is_a_tie_and_more_of_them_are_none(tmp_path: Path) -> None:
    said_ = ("A", "B", "gleich")
    records = [{"Frage": asked(n), "Antwort A": said(n), "Antwort B": f"Frag {n}.", "Besser": said_[n % 3]}
               for n in range(9)]  # fmt: skip
    assert [*read(records, tmp_path).listed] == [3, 6, 9]


def test_turns_in_columns_by_number_end_where_a_row_has_no_more(tmp_path: Path) -> None:
    content = rows(lambda n: f"{asked(n)},Aye {n}.,{'Sure?,Yes.' if n % 2 else ','}", 6, "user_1,bot_1,user_2,bot_2")
    split = load_data(put(content, tmp_path, "wide.csv"))
    assert sorted(len(each.messages) for each in (*split.train, *split.held_out)) == [2, 2, 2, 4, 4, 4]


def test_a_single_turn_with_a_label_is_a_text_with_a_label(tmp_path: Path) -> None:
    records = [{"messages": [{"role": "user", "content": asked(n)}], "label": mood(n)} for n in range(6)]
    found = read(records, tmp_path)
    assert (found.examples[1].text, found.examples[1].labels) == (asked(1), ("storm",))


def test_a_speaker_who_is_no_user_by_a_mark_answers_without_a_choice(tmp_path: Path) -> None:
    turns = [{"name": ("You", "Tom")[n % 2], "is_user": n % 2 == 0, "send_date": "May 1", "mes": f"Line {n}",
              "swipes": []} for n in range(12)]  # fmt: skip
    head = lines(lambda _n: {"user_name": "You", "character_name": "Tom", "chat_metadata": {}}, 1)
    split = load_data(put(head + lines(lambda n: turns[n], 12), tmp_path, "Tom.jsonl"))
    assert {each.messages[0].content[-1] for each in split.train} <= {*"02468"}


def test_an_object_as_reference_answer_is_learned_as_json(tmp_path: Path) -> None:
    records = [{"messages": [{"role": "user", "content": asked(n)}], "reference_answer": {"hour": n}} for n in range(4)]
    split = load_data(written(records, tmp_path))
    assert split.train[0].messages[-1].content.startswith('{"hour":')


@pytest.mark.parametrize("key", ["timestamp", "created_at"])
def test_turns_whose_times_run_backwards_are_read_from_the_first(key: str, tmp_path: Path) -> None:
    moments = (1_700_000_009, 1_700_000_001) if key == "created_at" else ("2024-03-04T10:09:00", "2024-03-04T10:01:00")
    records = [{"messages": [{"role": "assistant", "content": said(n), key: moments[0]},
                             {"role": "user", "content": asked(n), key: moments[1]}]} for n in range(4)]  # fmt: skip
    assert read(records, tmp_path).said[1] == [("user", asked(1)), ("assistant", said(1))]


def test_turns_of_one_moment_stay_as_they_stand(tmp_path: Path) -> None:
    records = [{"messages": [{"role": "user", "content": asked(n), "timestamp": 5},
                             {"role": "assistant", "content": said(n), "timestamp": 5}]} for n in range(4)]  # fmt: skip
    assert read(records, tmp_path).said[1] == [("user", asked(1)), ("assistant", said(1))]


def test_two_rated_answers_without_a_question_are_no_preferences(tmp_path: Path) -> None:
    records = [{"Antwort 1": said(n), "Note 1": n % 5, "Antwort 2": f"Ask {n} at berth 4.", "Note 2": n % 3}
               for n in range(12)]  # fmt: skip
    assert load_data(written(records, tmp_path)).mapping.kind != "preferences"


def test_the_names_of_models_decide_between_their_answers(tmp_path: Path) -> None:
    records = [{"prompt": asked(n), "gull_response": said(n), "tern_response": "No idea.", "preferred_model": "gull"
                if n else "tern"} for n in range(4)]  # fmt: skip
    found = read(records, tmp_path)
    assert [each.messages[-1].content for each in found.examples[:2]] == ["No idea.", said(1)]
