"""A text is read in the form that a person says, without evidence, as long as it has such rows."""

from __future__ import annotations

import pytest

from ia3_studio.data.told_forms import TOLD_FORMS

READ = {form: read for read, form in TOLD_FORMS}


@pytest.mark.parametrize(
    ("form", "text", "rows"),
    [
        ("first line and rest of each paragraph", "Bow\nThe front.\nOf a ship.\n\nStern\nThe back.",
         {"prompt": ["Bow", "Stern"], "answer": ["The front.\nOf a ship.", "The back."]}),
        ("prompts and answers by turns, a line each", "Late?\nNo.\n\nSoon?\nYes.",
         {"prompt": ["Late?", "Soon?"], "answer": ["No.", "Yes."]}),
        ("prompts and answers by turns, a paragraph each", "Late?\n\nNo,\nnot at all.\n\nSoon?\n\nYes.",
         {"prompt": ["Late?", "Soon?"], "answer": ["No,\nnot at all.", "Yes."]}),
        ("first word of each line as its label", "up It rises\ndown It falls\nup  Higher still\ndown So low",
         {"text": ["It rises", "It falls", "Higher still", "So low"], "label": ["up", "down", "up", "down"]}),
        ("last word of each line as its label", "It rises up\nIt falls down\nHigher up\nLower down",
         {"text": ["It rises", "It falls", "Higher", "Lower"], "label": ["up", "down", "up", "down"]}),
        ("labels above their lines", "# Tide:\nIt rises\nIt falls\n\nWIND\nIt blows\nIt turns",
         {"text": ["It rises", "It falls", "It blows", "It turns"], "label": ["Tide", "Tide", "WIND", "WIND"]}),
    ],
)  # fmt: skip
def test_a_form_that_is_said_is_read(form: str, text: str, rows: dict[str, list[str]]) -> None:
    assert READ[form](text) == rows


@pytest.mark.parametrize("form", [form for form in READ if form != "lines"])
def test_a_text_without_such_rows_has_no_such_form(form: str) -> None:
    assert READ[form]("The ferry was late and nobody knew why that was so") is None


def test_a_line_that_is_left_over_makes_no_turns() -> None:
    assert READ["prompts and answers by turns, a line each"]("One\nTwo\nThree") is None
