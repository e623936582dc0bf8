"""Rows of other shapes: what they are is understood by names or contents, or said."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.examples import read_examples
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError


def table(*records: dict[str, Any]) -> Table:
    return Table(pd.DataFrame(list(records), dtype=object, index=range(1, len(records) + 1)), "", "")


def read(*records: dict[str, Any]) -> list[Example]:
    rows = table(*records)
    return read_examples(rows, infer_columns(rows))[0]


def said(example: Example) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in example.messages]


def test_nested_instances_are_an_example_each_with_the_row_they_stand_in() -> None:
    instances = [{"input": "2 3", "output": "5"}, {"input": "", "output": "0"}]
    examples = read({"instruction": "Add", "instances": instances, "id": 7})
    assert [said(each)[0][1] for each in examples] == ["Add\n\n2 3", "Add"]
    assert [each.row for each in examples] == [1, 1]


def test_a_message_tree_is_read_along_its_best_replies() -> None:
    better = {"text": "Ahoy", "role": "assistant", "rank": 0, "replies": [{"text": "Bye", "role": "prompter"}]}
    worse = {"text": "No", "role": "assistant", "rank": 1, "replies": []}
    gone = {"text": "!", "role": "assistant", "deleted": True, "rank": None}
    examples = read({"id": "x", "prompt": {"text": "Hi", "role": "prompter", "replies": [gone, worse, better]}})
    assert said(examples[0]) == [("user", "Hi"), ("assistant", "Ahoy")]


def test_calls_of_functions_are_answers_and_what_they_give_is_asked() -> None:
    turns = [
        {"from": "human", "value": "Weather?"}, {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "sun"}, {"from": "gpt", "value": "Sunny"},
    ]  # fmt: skip
    examples = read({"conversations": turns, "tools": '[{"name": "weather"}]'}, {"conversations": turns, "tools": "[]"})
    assert [role for role, _ in said(examples[0])] == ["system", "user", "assistant", "user", "assistant"]
    assert said(examples[0])[0][1] == '[{"name": "weather"}]' and len(said(examples[1])) == 4


def test_sentences_are_one_prompt_and_several_answers_an_example_each() -> None:
    examples = read({"source": ["One.", "Two."], "target": ["Short", "Brief"]})
    assert [said(each) for each in examples] == [
        [("user", "One.\nTwo."), ("assistant", "Short")],
        [("user", "One.\nTwo."), ("assistant", "Brief")],
    ]


def test_columns_with_names_that_say_nothing_are_told_by_their_contents() -> None:
    letters = [{"v1": ("ham", "spam")[row % 2], "v2": f"A letter about the matter number {row}"} for row in range(12)]
    assert str(infer_columns(table(*letters))) == "v2 → text, v1 → label"
    pairs = [{"mr": f"name[The Eagle {row}]", "ref": f"This place is called The Eagle {row}."} for row in range(12)]
    assert str(infer_columns(table(*pairs))) == "mr → prompt, ref → answer"


def test_columns_called_chosen_and_rejected_are_preferences_without_a_known_shape() -> None:
    found = infer_columns(table({"prompt": "a", "chosen": "b", "rejected": "c"}))
    assert str(found) == "prompt → prompt, chosen → chosen answer, rejected → rejected answer"


def test_the_longest_text_belongs_to_a_label() -> None:
    rows = [{"Paper title": f"On matter {row}", "Impact": f"It changes how {row} of us live", "Label": "12"[row % 2]}
            for row in range(12)]  # fmt: skip
    assert str(infer_columns(table(*rows))) == "Impact → text, Label → label"


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"turns": ["Write.", "Shorter."]}, "no assistant answers"),
    ],
)
def test_a_shape_that_does_not_fit_says_what_it_is(record: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        infer_columns(table(record))


def test_a_template_puts_columns_into_words_and_leaves_other_braces() -> None:
    mapping = Mapping("pairs", answer="de", template="Translate {en} into {language}: {}")
    examples, problems = read_examples(table({"en": "sea", "de": "Meer"}, {"en": "", "de": "x"}), mapping)
    assert examples[0].messages == (Message("user", "Translate sea into {language}: {}"), Message("assistant", "Meer"))
    assert problems[0].row == 2 and problems[0].reason == "the column (en) is empty"


def test_a_table_that_was_changed_is_looked_at_again() -> None:
    rows = table(*({"text": f"A letter about matter {row}", "kind": "ab"[row % 2]} for row in range(12)))
    assert str(infer_columns(rows)) == "text → text, kind → label"
    rows.frame["kind"] = [f"What became of matter {row} in the end" for row in range(12)]
    assert str(infer_columns(rows)) != "text → text, kind → label"


def test_a_subject_is_read_rather_than_the_shorter_name_of_who_wrote_it() -> None:
    rows = [{"Company": f"Harbor {row % 5} Ltd", "Subject": f"The crane of berth {row} does not move any more",
             "Priority": ("Low", "High")[row % 2]} for row in range(16)]  # fmt: skip
    assert str(infer_columns(table(*rows))) == "Subject → text, Priority → label"


def test_a_flag_that_all_rows_have_is_one_of_those_next_to_it() -> None:
    rows = [{"comment": f"The text number {row} is long enough", "toxic": 1, "obscene": row % 2, "insult": row // 2 % 2,
             "threat": 0, "version": 1, "note": f"n{row}"} for row in range(12)]  # fmt: skip
    assert infer_columns(table(*rows)).parts == ("toxic", "obscene", "insult", "threat", "version")
    apart = [{**row, "version": row["note"], "edition": 1} for row in rows]
    assert infer_columns(table(*apart)).parts == ("toxic", "obscene", "insult", "threat")


def test_a_prompt_that_holds_its_answer_leaves_its_place_to_the_text_in_it() -> None:
    events = [{"what": f"Cast off number {row}", "day": f"day {row} of May"} for row in range(12)]
    asked = [f"{event['what']} on {event['day']}" for event in events]
    rows = [{"text": f"<user>{ask}</user><out>{json.dumps(event)}</out>", "event_text": ask, "output": event}
            for ask, event in zip(asked, events, strict=True)]  # fmt: skip
    assert str(infer_columns(table(*rows))) == "event_text → prompt, output → answer"
    plain = [{**row, "text": f"Please read this: {row['event_text']}"} for row in rows]
    assert infer_columns(table(*plain)).prompt == "text"


def test_answers_that_hardly_any_row_has_leave_the_text_to_its_label() -> None:
    rows = [{"text": f"The text number {row} is rather long", "response": "An answer to it" if row == 3 else None,
             "label": ("good", "bad")[row % 2]} for row in range(12)]  # fmt: skip
    assert str(infer_columns(table(*rows))) == "text → text, label → label"
