"""Objects that are asked or expected, texts that are judged, and columns that only look like a text or a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.load import load_data
from ia3_studio.data.split import DataSplit
from ia3_studio.errors import DataError
from tests.data.shapes import asked, mood, said

ROWS = 12


def read(folder: Path, record: Callable[[int], dict[str, Any]], rows: int = ROWS) -> DataSplit:
    """Return what is read of a file of JSON Lines."""
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(record(n)) for n in range(rows)))
    return load_data(path)


def table(folder: Path, text: str, name: str = "rows.csv") -> DataSplit:
    (folder / name).write_text(text)
    return load_data(folder / name)


def first(split: DataSplit) -> Example:
    return min((*split.train, *split.held_out), key=lambda each: each.row)


def order(n: int) -> dict[str, Any]:
    return {"berth": f"B{n}", "ship": ["tug", "ferry"][n % 2]}


def test_an_input_that_is_an_object_is_asked_with_its_instruction(tmp_path: Path) -> None:
    split = read(tmp_path, lambda n: {"instruction": "Assign a crane.", "input": order(n), "output": {"crane": n}})
    assert str(split.mapping) == "instruction + input → prompt, output → answer" and not split.unused
    asked_for, answer = first(split).messages
    assert '"berth": "B0"' in asked_for.content and json.loads(answer.content) == {"crane": 0}


@pytest.mark.parametrize("name", ["gold", "formula", "expected", "semantic_frame", "command"])
def test_an_object_that_is_expected_of_the_only_text_is_the_answer_rather_than_a_kind(
    name: str, tmp_path: Path
) -> None:
    split = read(tmp_path, lambda n: {"kind": mood(n), "utterance": asked(n), name: order(n), "valid": n % 3 > 0})
    assert str(split.mapping) == f"utterance → prompt, {name} → answer"
    assert {"kind", "valid"} <= set(split.unused) and json.loads(first(split).messages[-1].content) == order(0)


def test_a_text_with_a_label_so_called_keeps_it_beside_an_object(tmp_path: Path) -> None:
    split = read(tmp_path, lambda n: {"text": said(n), "label": mood(n), "gold": order(n)})
    assert split.mapping.kind == "labels" and split.mapping.answer == "label"


def test_an_instruction_that_is_always_empty_leaves_the_input_as_the_prompt(tmp_path: Path) -> None:
    split = read(tmp_path, lambda n: {"instruction": "", "input": asked(n), "output": said(n)})
    assert str(split.mapping) == "input → prompt, output → answer" and "instruction" in split.unused
    assert len(split.train) + len(split.held_out) == ROWS


def test_names_of_tables_are_no_context_of_a_question_but_their_contents_are(tmp_path: Path) -> None:
    names = read(tmp_path, lambda n: {"question": asked(n), "tables": ["ships", "piers"], "sql": f"SELECT {n} FROM x"})
    assert str(names.mapping) == "question → prompt, sql → answer" and "tables" in names.unused
    held = read(
        tmp_path, lambda n: {"question": asked(n), "tables": [[{"ship": "Nele", "berth": n}]], "sql": f"SELECT {n}"}
    )
    assert str(held.mapping) == "question + tables → prompt, sql → answer"


@pytest.mark.parametrize("name", ["context", "passage", "evidence"])
def test_a_claim_is_judged_by_the_text_beside_it(name: str, tmp_path: Path) -> None:
    split = read(
        tmp_path, lambda n: {"question": asked(n // 3), name: said(n), "claim": f"Crane {n} is idle.", "label": n % 2}
    )
    assert str(split.mapping) == f"claim + {name} → text, label → label" and "question" in split.unused


def test_notes_are_no_text_beside_an_instruction_that_is_labeled(tmp_path: Path) -> None:
    split = read(
        tmp_path,
        lambda n: {"instruction_text": asked(n)[:30], "gold_label": mood(n), "notes": f"Counterpart of rule {n}, as of"
                   f" the second list of the harbor office for crane {n}."},
    )  # fmt: skip
    assert str(split.mapping) == "instruction_text → text, gold_label → label" and "notes" in split.unused


def test_notes_alone_are_the_text(tmp_path: Path) -> None:
    split = read(tmp_path, lambda n: {"id": n, "notes": said(n), "label": mood(n)})
    assert str(split.mapping) == "notes → text, label → label"


def test_a_word_with_its_meaning_in_several_languages_is_the_prompt(tmp_path: Path) -> None:
    split = read(
        tmp_path,
        lambda n: {"word": f"a rope of {n} threads", "meaning_de": f"ein Seil aus {n} Fäden",
                   "meaning_en": f"what holds a ship at pier {n}", "example": said(n)},
    )  # fmt: skip
    assert str(split.mapping) == "word → prompt, meaning_de → answer" and "meaning_en" in split.unused


def test_labels_of_texts_that_are_not_there_are_refused_rather_than_learned(tmp_path: Path) -> None:
    moods = ["neutral", "mixed", "positive", "negative"]
    with pytest.raises(DataError, match="tweet_id, sentiment are not recognized"):
        table(tmp_path, "tweet_id,sentiment\n" + "".join(f"12140{n * 7}5776,{moods[n % 4]}\n" for n in range(10)))


def test_full_names_and_a_word_for_each_are_read_together(tmp_path: Path) -> None:
    given, middle = ("Nele", "Okke", "Tjark", "Wiebke", "Enno", "Gesche"), ("Hinrich", "Hilke", "Heiko", "Helga")
    split = read(
        tmp_path,
        lambda n: {"full_name": f"{given[n % 6]} H. {'abcdefghijkl'[n].upper()}ansen", "middle_name": middle[n % 4]},
    )
    assert {"full_name", "middle_name"} <= {split.mapping.prompt, split.mapping.answer, split.mapping.column}


def test_spans_are_learned_where_the_intent_is_the_same_in_all_texts(tmp_path: Path) -> None:
    def booking(n: int, intent: str) -> dict[str, Any]:
        text = f"a berth in Husum on day {n}"
        return {"text": text, "intent": intent, "entities": [{"start": 11, "end": 16, "entity": "city"}]}

    assert read(tmp_path, lambda n: booking(n, "booking")).mapping.kind == "tags"
    both = read(tmp_path, lambda n: booking(n, "booking" if n < 60 else "cancel"), rows=80)
    assert str(both.mapping) == "text → text, intent → label"


def test_single_turns_with_a_label_each_are_classified(tmp_path: Path) -> None:
    def turn(n: int) -> dict[str, Any]:
        role = ("user", "assistant")[n % 2]
        return {"role": role, "content": said(n), "label": mood(n), "turn": n, "session_id": f"s{min(n, 10)}"}

    split = read(tmp_path, turn)
    assert str(split.mapping) == "content → text, label → label" and "role" in split.unused
    talks = read(tmp_path, lambda n: {**turn(n), "session_id": f"s{n // 4}"})
    assert talks.mapping.kind == "messages"


def test_lists_of_questions_below_a_heading_are_no_conversations_and_the_headings_are_named(tmp_path: Path) -> None:
    lessons = [
        {"week": week, "title": f"Lesson {week}", "items": [{"q": asked(n + 5 * week), "a": said(n)} for n in range(5)]}
        for week in range(3)
    ]
    (tmp_path / "quiz.json").write_text(json.dumps(lessons))
    split = load_data(tmp_path / "quiz.json")
    assert str(split.mapping) == "q → prompt, a → answer" and len(split.train) + len(split.held_out) == 15
    assert any("week" in note and "title" in note for note in split.notes)


TERMS = ("Anchor chain", "anchor light", "bow", "bulwark", "cargo hold", "deck crane", "dock", "fog horn",
         "fog signal", "guide rail", "keel", "lee shore", "main deck", "pilot", "tide table")  # fmt: skip


def test_the_first_term_of_a_glossary_in_alphabetical_order_is_no_name_of_its_column(tmp_path: Path) -> None:
    split = table(tmp_path, "\n".join(f"{term},{term[::-1]}" for term in TERMS), "glossary.csv")
    assert len(split.train) + len(split.held_out) == len(TERMS)
    named = table(tmp_path, "Vessel part,Wort\n" + "\n".join(f"{term},{term[::-1]}" for term in TERMS), "named.csv")
    assert named.mapping.prompt == "Vessel part"


def test_an_id_that_begins_as_all_others_do_is_no_name_of_its_column(tmp_path: Path) -> None:
    split = table(tmp_path, "\n".join(f"harbor:part_{n}\t{TERMS[-n]}" for n in range(ROWS)), "names.tsv")
    assert len(split.train) + len(split.held_out) == ROWS


@pytest.mark.parametrize("yes, no", [("True", "False"), (True, False), (1, 0)])
def test_an_object_of_flags_holds_the_labels_of_a_text_and_rows_without_it_are_left_out(
    yes: object, no: object, tmp_path: Path
) -> None:
    def record(n: int) -> dict[str, Any]:
        given = {"form": said(n), "target": {"form": "berth", "begin": 3}}
        held = {mood(each): yes if mood(each) == mood(n) else no for each in range(3)}
        return {"id": f"harbor-{n}", "input": given, "output": held if n < ROWS else ""}

    split = read(tmp_path, record, ROWS + 4)
    assert split.mapping.column == "input.form" and split.mapping.target == "multi"
    assert {each.labels for each in split.train} == {(f"output.{mood(n)}",) for n in range(3)}
    assert len(split.train) + len(split.held_out) == ROWS and len(split.problems) == 4


def test_a_title_that_asks_is_answered_by_the_content_below_it_and_other_titles_are_not(tmp_path: Path) -> None:
    faq = read(tmp_path, lambda n: {"title": asked(n), "content": said(n), "order": n})
    assert str(faq.mapping) == "title → prompt, content → answer"
    assert read(tmp_path, lambda n: {"title": f"Pier {n}", "content": said(n)}).mapping.kind == "text"


def test_a_short_name_beside_objects_with_longer_texts_is_not_taken_for_the_text(tmp_path: Path) -> None:
    fields = ("website", "telephone", "opening hours", "harbor master")
    split = read(
        tmp_path,
        lambda n: {"field": f"{fields[n % 4]} {n}", "found": {"value": f"It is {said(n)}", "quote": said(n)},
                   "check": {"passed": True, "by": said(n + 1)}},
    )  # fmt: skip
    assert split.mapping.column != "field" and "field" in split.unused
    assert read(tmp_path, lambda n: {"note": said(n), "meta": {"page": f"p{n}"}}).mapping.kind == "text"


@pytest.mark.parametrize("only", ["cheque", 1])
def test_a_label_that_is_the_same_in_all_rows_is_named_and_no_flag_takes_its_place(
    only: object, tmp_path: Path
) -> None:
    split = read(tmp_path, lambda n: {"text": said(n), "label": only, "is_augmented": n % 2})
    assert split.mapping.kind == "text" and {"label", "is_augmented"} <= set(split.unused)
    assert any(f"({only})" in note for note in split.notes)


def test_a_list_of_things_is_one_answer_and_a_single_thing_its_name(tmp_path: Path) -> None:
    def thing(n: int) -> dict[str, str]:
        return {"keyword": f"k{n}", "entity_type": "ship", "entity_name": f"Ship number {n}"}

    several = read(tmp_path, lambda n: {"query": asked(n), "output": [thing(n), thing(n + 1)][: 1 + n % 2]})
    assert several.mapping.answer == "output"
    assert {len(json.loads(each.messages[-1].content)) for each in several.train} == {1, 2}
    assert read(tmp_path, lambda n: {"query": asked(n), "output": [thing(n)]}).mapping.answer == "output[0].entity_name"


def test_names_of_a_label_are_read_also_where_files_count_the_classes_otherwise(tmp_path: Path) -> None:
    split = read(tmp_path, lambda n: {"text": said(n), "label": (n + n // 12) % 3, "label_name": mood(n)}, rows=24)
    assert str(split.mapping) == "text → text, label_name → label"


def test_what_stands_beside_a_question_is_not_asked_though_it_is_called_a_source(tmp_path: Path) -> None:
    split = table(
        tmp_path, "Question,Expected source\n" + "".join(f"{asked(n)},harbor guide {n} of pier\n" for n in range(12))
    )
    assert str(split.mapping) == "Question → prompt, Expected source → answer"


@pytest.mark.parametrize("text", ["input", "description"])
def test_the_first_short_value_that_a_test_expects_is_the_label(text: str, tmp_path: Path) -> None:
    def record(n: int) -> dict[str, Any]:
        return {"id": f"T{n}", text: asked(n), "expected_solver": f"foam{min(n, 4)}", "expected_words": [f"w{n}", "v"]}

    split = read(tmp_path, record, rows=8)
    assert str(split.mapping) == f"{text} → text, expected_solver → label" and "expected_words" in split.unused


def test_two_short_texts_of_which_a_sentence_is_made_are_not_what_a_label_belongs_to(tmp_path: Path) -> None:
    def record(n: int) -> dict[str, Any]:
        one, other = f"Pilot of pier {n}", f"Driver of crane {n}"
        return {"job1": one, "job2": other, "kind": mood(n), "sentence": f"The {one.lower()} met the {other.lower()}."}

    split = read(tmp_path, record)
    assert str(split.mapping) == "sentence → text, kind → label" and {"job1", "job2"} <= set(split.unused)


def test_a_list_of_things_with_commas_has_no_name_above_it(tmp_path: Path) -> None:
    split = table(tmp_path, "".join(f"ROPE {n},{('HEMP', 'STEEL')[n % 2]}\n" for n in range(12)), "names.tsv")
    assert len(split.train) + len(split.held_out) == 12


def test_a_permalink_is_no_text(tmp_path: Path) -> None:
    rows = (f'/r/harbor/comments/a{n}/the_pier/,"{said(n)}"' for n in range(12))
    split = table(tmp_path, "permalink,post\n" + "\n".join(rows))
    assert str(split.mapping) == "post → plain text" and split.unused == ("permalink",)
