"""Rows with several answers, replies or steps: which of them is learned, and what is said of the others."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest

from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.exports import read, read_file, turns, written


def test_a_reply_of_the_other_side_is_followed_before_another_of_the_same(tmp_path: Path) -> None:
    rows = [
        {"tweet_id": 1, "inbound": True, "text": "Late?", "in_response_to_tweet_id": None},
        {"tweet_id": 2, "inbound": True, "text": "Same here", "in_response_to_tweet_id": 1},
        {"tweet_id": 3, "inbound": False, "text": "At ten", "in_response_to_tweet_id": 1},
    ]
    found = read(rows, tmp_path)
    assert found.said == [[("user", "Late?"), ("assistant", "At ten")]]
    assert "replies that are not ranked best (1)" in found.notes


def test_turns_are_told_apart_by_true_and_false(tmp_path: Path) -> None:
    rows = [{"chat_id": n // 2, "is_bot": n % 2, "text": f"Line {n}"} for n in range(4)]
    found = read(rows, tmp_path)
    assert found.said[1] == [("user", "Line 2"), ("assistant", "Line 3")]


def test_a_number_names_the_best_answer_of_a_list(tmp_path: Path) -> None:
    rows = [{"prompt": "Hi", "responses": ["Ahoy", "Bye", "No"], "best": place} for place in (*[1, 0] * 5, 3)]
    found = read(rows, tmp_path)
    assert [talk[-1][1] for talk in found.said] == ["Bye", "Ahoy"] * 5
    assert "not the best (10)" in found.notes
    assert [each.rejected[-1].content for each in found.examples] == ["Ahoy", "Bye"] * 5
    assert found.listed == {11: "no answer of responses is the best one (best)"}


def test_solutions_with_a_wrong_step_are_listed(tmp_path: Path) -> None:
    rows = [{"prompt": "2+2", "completions": ["Add.", "4"], "labels": [True, row == 0]} for row in range(2)]
    found = read(rows, tmp_path)
    assert found.said == [[("user", "2+2"), ("assistant", "Add.\n4")]]
    assert "marked as wrong" in found.listed[2]


def test_the_passages_of_embedding_data_are_answers_and_the_others_are_named(tmp_path: Path) -> None:
    rows = [{"query": f"Pier {n}?", "positive_passages": [{"docid": "1", "text": "North"}],
             "negative_passages": [{"docid": "2", "text": "South"}]} for n in range(3)]  # fmt: skip
    found = read(rows, tmp_path)
    assert found.said[0] == [("user", "Pier 0?"), ("assistant", "North")]
    assert "negative_passages: not used" in found.notes


def test_two_unknown_speakers_of_lines_are_asked_for(tmp_path: Path) -> None:
    rows = [{"dialogue": ["Anna: Hi", f"Ben: Ahoy {n}"]} for n in range(3)]
    path = written(rows, tmp_path)
    assert read_table(path).speakers == ("Anna", "Ben")
    found = read(rows, tmp_path, parsing=ParsingOptions(speaker="Ben"))
    assert found.said[2] == [("user", "Hi"), ("assistant", "Ahoy 2")]


@pytest.mark.parametrize("name", ["transcript", "text"])
def test_a_transcript_in_a_cell_is_a_conversation_with_its_long_lines(name: str, tmp_path: Path) -> None:
    rows = [{name: f"User: Hi {n}\nAgent: Ahoy\nand welcome"} for n in range(3)]
    assert read(rows, tmp_path).said[0] == [("user", "Hi 0"), ("assistant", "Ahoy\nand welcome")]


def test_a_transcript_beside_a_label_stays_a_text(tmp_path: Path) -> None:
    rows = [{"text": f"User: Hi {n}\nAgent: Ahoy", "label": "ab"[n % 2]} for n in range(8)]
    assert read(rows, tmp_path).mapping.kind == "labels"


def test_results_of_a_batch_without_their_prompts_are_refused_by_that_cause(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without what was asked"):
        read([{"custom_id": "r1", "response": {"body": {"choices": []}}}] * 3, tmp_path)


def test_boxes_in_images_are_refused_by_their_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="COCO"):
        read({"images": [], "annotations": [], "categories": []}, tmp_path)


def test_spans_of_webanno_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    cells = ("SHIP[1]", "SHIP[1]", "SHIP[2]", "PIER", "*", "_")
    lines = "".join(f"1-{n}\t0-1\tw{n}\t{cell}\t\n" for n, cell in enumerate(cells, start=1))
    (tmp_path / "a.tsv").write_text(f"#FORMAT=WebAnno TSV 3.3\n\n#Text=x\n{lines}", encoding="utf-8")
    (example,) = read_file(tmp_path / "a.tsv").examples
    assert example.labels == ("B-SHIP", "I-SHIP", "B-SHIP", "B-PIER", "O", "O")


def test_the_system_prompt_may_be_a_list_of_parts(tmp_path: Path) -> None:
    rows = [{"system": [{"text": "Be kind."}], "messages": turns(f"Hi {n}", "Ahoy")} for n in range(3)]
    assert read(rows, tmp_path).said[0][0] == ("system", "Be kind.")


def test_a_log_without_conversations_asks_for_the_speaker(tmp_path: Path) -> None:
    rows = [{"date": f"2024-03-01 1{n}:00:00", "sender": ("Anna", "Ben")[n % 2], "body": f"Line {n}"} for n in range(8)]
    assert read_table(written(rows, tmp_path)).speakers == ("Anna", "Ben")
    assert read(rows, tmp_path, parsing=ParsingOptions(speaker="Ben")).said[0][:2] == [
        ("user", "Line 0"),
        ("assistant", "Line 1"),
    ]


def test_a_table_of_ten_fields_is_no_treebank(tmp_path: Path) -> None:
    line = "{}\t{}\tFORD\tFOCUS\t2005\tN\tlate\tBRAKES\tCA\tThe brakes failed on the way to work {}.\n"
    (tmp_path / "a.txt").write_text("".join(line.format(n, n + 50, n) for n in range(12)), encoding="utf-8")
    assert len(read_table(tmp_path / "a.txt").frame) == 12


def test_ids_classes_and_constants_inside_objects_are_no_prompts(tmp_path: Path) -> None:
    for inner in ({"id": "c{}", "row_data": "Ferry {} leaves early"}, {"raw": "Ferry {} leaves", "model": "gpt-large"}):
        rows = [{"data_row": {key: text.format(n) for key, text in inner.items()}, "n": n} for n in range(12)]
        with contextlib.suppress(DataError):
            assert read(rows, tmp_path).mapping.kind == "text"


def test_names_of_files_are_no_prompts(tmp_path: Path) -> None:
    rows = [{"image": f"pier{n // 2}.jpg", "caption": f"A ferry of line {n} leaves"} for n in range(12)]
    assert str(read(rows, tmp_path).mapping) == "caption → plain text"


def test_seconds_are_no_labels(tmp_path: Path) -> None:
    rows = [{"path": f"{n}.wav", "duration": n + 0.5, "text": f"The ferry of line {n} leaves"} for n in range(12)]
    assert str(read(rows, tmp_path).mapping) == "text → plain text"


def test_a_question_on_a_text_is_no_answer_to_it(tmp_path: Path) -> None:
    rows = [
        {"story": f"Ferry {n} left early and came late.", "question": f"When did ferry {n} leave?"} for n in range(12)
    ]
    with pytest.raises(DataError, match="are not recognized"):
        read(rows, tmp_path)


def test_two_unknown_speakers_of_turns_are_asked_for(tmp_path: Path) -> None:
    rows = [{"content": [{"agent": f"agent_{n % 2}", "message": f"Line {n}"} for n in range(4)]} for _row in range(3)]
    assert read_table(written(rows, tmp_path)).speakers == ("agent_0", "agent_1")


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_page_in_place_of_data_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("<!DOCTYPE html>\n<html><body>Not found</body></html>", encoding="utf-8")
    with pytest.raises(DataError, match="HTML page"):
        read_table(tmp_path / name)


def test_who_wrote_a_text_is_a_label_only_where_there_is_no_other(tmp_path: Path) -> None:
    rows = [{"speaker": f"S{n % 3}", "party": "AB"[n % 2], "text": f"We must see to pier {n}"} for n in range(24)]
    assert str(read(rows, tmp_path).mapping) == "text → text, party → label"
    alone = [{key: row[key] for key in ("speaker", "text")} for row in rows]
    assert str(read(alone, tmp_path).mapping) == "text → text, speaker → label"


def test_a_header_with_another_delimiter_than_the_quoted_cells_below_is_read_and_told(tmp_path: Path) -> None:
    cells = "".join(f'"When, {n}?"; "At ten, or later"\n' for n in range(4))
    (tmp_path / "a.csv").write_text(f"prompt,answer\n{cells}", encoding="utf-8")
    found = read_file(tmp_path / "a.csv")
    assert found.said[1] == [("user", "When, 1?"), ("assistant", "At ten, or later")]
    assert "semicolon-separated" in found.notes


def test_objects_are_no_labels_but_what_they_hold_is(tmp_path: Path) -> None:
    rows = [{"text": f"Ferry {n} leaves the pier", "label": {"name": {"x": n % 2}}} for n in range(12)]
    assert str(read(rows, tmp_path).mapping) == "text → text, label.name.x → label"


def test_the_system_prompt_stands_before_a_transcript(tmp_path: Path) -> None:
    rows = [{"system": "Be kind.", "chat": f"USER: Hi {n}\n\nASSISTANT: Ahoy"} for n in range(3)]
    assert read(rows, tmp_path).said[0][0] == ("system", "Be kind.")


def test_votes_on_a_comment_are_no_label(tmp_path: Path) -> None:
    rows = [{"comment": f"The ferry of line {n} leaves late", "comment_score": n * 40} for n in range(12)]
    assert str(read(rows, tmp_path).mapping) == "comment → plain text"


def test_the_first_row_of_phrases_is_no_header(tmp_path: Path) -> None:
    lines = "".join(f"the pier of line {n}\tder Steg der Linie {n}\n" for n in range(12))
    (tmp_path / "a.tsv").write_text(lines, encoding="utf-8")
    assert len(read_table(tmp_path / "a.tsv").frame) == 12
    (tmp_path / "b.tsv").write_text(f"English phrase here\tGerman phrase here\n{lines}", encoding="utf-8")
    assert len(read_table(tmp_path / "b.tsv").frame) == 12


def test_speakers_may_be_objects_and_times_are_no_answers(tmp_path: Path) -> None:
    rows = [{"_id": f"m{n}", "msg": f"Line {n}", "ts": f"2024-01-02T10:{n:02d}:00.000Z",
             "u": {"username": ("anna", "ben")[n % 2]}} for n in range(8)]  # fmt: skip
    assert read_table(written({"messages": rows}, tmp_path)).speakers == ("anna", "ben")


def test_directions_of_messages_are_roles(tmp_path: Path) -> None:
    rows = [{"Thread ID": n // 2, "Direction": ("INCOMING", "OUTGOING")[n % 2], "Text": f"Line {n}"} for n in range(4)]
    assert read(rows, tmp_path).said[1] == [("user", "Line 2"), ("assistant", "Line 3")]


def test_messages_that_are_objects_are_read_along_their_parents(tmp_path: Path) -> None:
    rows = [{"type": turn["role"], "uuid": f"u{n}", "parentUuid": f"u{n - 1}" if n else None, "message": turn}
            for n, turn in enumerate(turns("Hi", "Ahoy", "Late?", "No"))]  # fmt: skip
    assert read(rows, tmp_path, "a.jsonl").said == [
        [("user", "Hi"), ("assistant", "Ahoy"), ("user", "Late?"), ("assistant", "No")]
    ]


def test_a_signed_preference_names_the_better_answer_to_a_context_of_turns(tmp_path: Path) -> None:
    rows = [{"context": turns(f"Hi {n}"), "response1": "Ahoy", "response2": "Bye", "overall_preference": (-2, 3)[n % 2]}
            for n in range(4)]  # fmt: skip
    assert [talk[-1][1] for talk in read(rows, tmp_path).said] == ["Ahoy", "Bye"] * 2


@pytest.mark.parametrize(
    ("columns", "mapping"),
    [
        (("user_message", "bot_response", "intent"), "user_message → prompt, bot_response → answer"),
        (("content", "python_solution", "difficulty"), "content → prompt, python_solution → answer"),
        (("Input prompt", "Model output", "Kind"), "Input prompt → prompt, Model output → answer"),
    ],
)
def test_one_word_of_a_name_says_which_side_a_column_is(columns: tuple[str, ...], mapping: str, tmp_path: Path) -> None:
    cells = ("When does ferry {} leave?", "Ferry {} leaves at ten.", "easy")
    rows = [{name: cell.format(n) for name, cell in zip(columns, cells, strict=True)} for n in range(12)]
    assert str(read(rows, tmp_path).mapping) == mapping


def test_what_raters_said_of_one_label_is_not_several_labels(tmp_path: Path) -> None:
    rows = [{"text": f"Ferry {n} is late", **{f"annotator_{k}": (n + k) % 2 for k in range(3)}} for n in range(12)]
    assert read(rows, tmp_path).mapping.target == "single"


def test_a_question_that_several_rows_share_is_no_label(tmp_path: Path) -> None:
    rows = [{"question": f"When does line {n // 8} leave?", "student_answer": f"At {n} past ten", "marks": n % 3}
            for n in range(24)]  # fmt: skip
    assert str(read(rows, tmp_path).mapping) == "question + student_answer → text, marks → label"


def test_lists_of_texts_beside_other_keys_are_conversations(tmp_path: Path) -> None:
    document = {"categories": ["sea"], "conversations": [[f"Hi {n}", "Ahoy"] for n in range(3)]}
    assert read(document, tmp_path).said[2] == [("user", "Hi 2"), ("assistant", "Ahoy")]


def test_places_and_spans_are_no_labels(tmp_path: Path) -> None:
    rows = [{"Narrative": f"The ferry of line {n} hit the pier", "Offense": "AB"[n % 2], "X": 3, "Y": n % 3}
            for n in range(24)]  # fmt: skip
    assert str(read(rows, tmp_path).mapping) == "Narrative → text, Offense → label"
    spans = [{"spans": ("[0, 1]", "[]")[n % 2], "text": f"The ferry of line {n} leaves"} for n in range(24)]
    assert str(read(spans, tmp_path).mapping) == "text → plain text"


def test_topics_of_which_no_two_are_alike_are_no_labels(tmp_path: Path) -> None:
    rows = [
        {"topic": f"Why does ferry {n} leave?", "text": f"The ferry of line {n} leaves for Turku"} for n in range(24)
    ]
    assert read(rows, tmp_path).mapping.kind != "labels"


def test_a_table_of_numbers_is_refused_by_its_columns(tmp_path: Path) -> None:
    rows = pd.DataFrame({"f1": [n / 7 for n in range(24)], "target": [n % 2 for n in range(24)]})
    rows.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="are not recognized"):
        read_file(tmp_path / "a.parquet")


def test_replies_that_few_rows_have_are_no_answers_where_rows_are_rated(tmp_path: Path) -> None:
    rows = [{"Rating": n % 5 + 1, "Title": f"The ferry {n}", "Review": f"The ferry of line {n} left late",
             "Reply": "" if n % 3 else "We are sorry for it"} for n in range(30)]  # fmt: skip
    assert str(read(rows, tmp_path).mapping) == "Review → text, Rating → label"


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "bool", "category"])
def test_a_label_of_any_name_and_type_is_one_in_parquet(dtype: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({"review": [f"The ferry of line {n} left late" for n in range(24)], "approval": [0, 1] * 12})
    rows.astype({"approval": dtype}).to_parquet(tmp_path / "a.parquet")
    assert str(read_file(tmp_path / "a.parquet").mapping) == "review → text, approval → label"


def test_lists_of_numbers_in_parquet_are_no_context_and_no_answer(tmp_path: Path) -> None:
    rows = [
        {"inputs": [n, 3], "targets": [n], "inputs_text": f"Hi {n}?", "targets_text": f"Ahoy {n}"} for n in range(12)
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    assert str(read_file(tmp_path / "a.parquet").mapping) == "inputs_text → prompt, targets_text → answer"


def test_conversations_inside_objects_are_found_in_parquet(tmp_path: Path) -> None:
    rows = pd.DataFrame([{"chat": {"title": "x", "messages": turns(f"Hi {n}", "Ahoy")}} for n in range(3)])
    rows.to_parquet(tmp_path / "a.parquet")
    assert str(read_file(tmp_path / "a.parquet").mapping) == "chat.messages → conversation"
