"""Files that are read otherwise at first, or asked about: at most two choices in the form lead to the right reading.

The form opens with the first file, whose refusal asks for a choice.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.data.mapping import Mapping
from ia3_studio.ui import text
from tests.data.shapes import asked, berths, lines, mood, rows, said
from tests.e2e.studio_app import StudioProcess, choose_option, open_studio, upload_data
from tests.e2e.test_own_data import upload_instead

pytestmark = pytest.mark.e2e

KIND = {value: label for label, value in text.ROW_KINDS}
FILES: dict[str, tuple[str, str, list[tuple[str, str]], Mapping]] = {
    "undecided.jsonl": (
        lines(lambda n: {"prompt": asked(n), "answer_a": said(n), "answer_b": f"No, {n}."}),
        "answer_a and answer_b are two answers",
        [("answer-column", "answer_b")],
        Mapping("pairs", "prompt", "answer_b"),
    ),
    "lettered.jsonl": (
        lines(lambda n: dict(zip(("question", "answerA", "answerB", "answerC"), (asked(n), *berths(n)), strict=False))),
        "answerA, answerB, answerC are choices",
        [("answer-column", "answerC")],
        Mapping("pairs", "question", "answerC"),
    ),
    "turned.jsonl": (
        lines(lambda n: {"translation": {"en": asked(n), "fi": said(n)}}),
        "translation.en → prompt",
        [("first-column", "translation.fi"), ("answer-column", "translation.en")],
        Mapping("pairs", "translation.fi", "translation.en"),
    ),
    "odd.csv": (
        rows(lambda n: f"{n},{asked(n)},{mood(n)},{n * 7}", header="n,what they wrote,b,c"),
        "what they wrote → text, b → label",
        [("rows-are", KIND["text"])],
        Mapping("text", column="what they wrote"),
    ),
    "plain.txt": (
        rows(lambda n: f"Customer: {asked(n)}\nAgent: {said(n)}"),
        "prompt → prompt, answer → answer",
        [("shape", dict((value, label) for label, value in text.SHAPES)[text.PLAIN_ROWS])],
        Mapping("text", column="text"),
    ),
}


def test_two_choices_lead_to_the_right_reading_of_every_file(page: Page, studio: StudioProcess, tmp_path: Path) -> None:
    open_studio(page, studio)
    note = page.locator("#data-note")
    for place, (name, (content, at_first, choices, mapping)) in enumerate(FILES.items()):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        (upload_instead if place else upload_data)(page, path)
        expect(note).to_contain_text(at_first)
        for field, value in choices:
            choose_option(page, field, value)
        expect(note).to_contain_text(str(mapping))
