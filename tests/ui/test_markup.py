"""Text of a user, a file or a model has its own direction wherever it is shown."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from ia3_studio.tasks.classification import Prediction
from ia3_studio.ui import markup
from ia3_studio.ui.predictions import bars
from ia3_studio.ui.theme import STYLESHEET
from ia3_studio.verdict_page import _changes, _table

ARABIC = "الميناء هادئ"
SHOWN: dict[str, str] = {
    "table": markup.table((ARABIC,), [(ARABIC,)], "rows"),
    "facts": markup.facts([markup.Fact("name", ARABIC)]),
    "sample": markup.sample("title", ARABIC, [markup.Fact("tuned", ARABIC)]),
    "tokens": markup.marked([(ARABIC, "trained"), (ARABIC, "truncated")]),
    "note": markup.note(ARABIC),
    "list": markup.bullets([ARABIC]),
    "labels": bars("Base", [Prediction(ARABIC, 0.5)], "single"),
    "verdict table": _table(("Name",), [(ARABIC,)]),
}


class Directions(HTMLParser):
    """Notes texts that stand in no element with a direction of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[bool] = []
        self.stray: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[Any]) -> None:
        if tag not in ("meter", "br", "img"):
            self.stack.append(("dir", "auto") in attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "img") and self.stack and tag != "meter":
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if ARABIC in data and not any(self.stack):
            self.stray.append(data)


@pytest.mark.parametrize("name", SHOWN)
def test_every_text_of_a_user_stands_in_an_element_with_a_direction_of_its_own(name: str) -> None:
    found = Directions()
    found.feed(SHOWN[name])
    assert ARABIC in SHOWN[name] and not found.stray


def test_wins_and_losses_on_the_verdict_page_too() -> None:
    from ia3_studio.data.example import Example
    from ia3_studio.training.report import RowChange

    found = Directions()
    found.feed(_changes("Wins", [RowChange(1, 0.0, 1.0, ARABIC, ARABIC)], {1: Example(1, text=ARABIC)}, "ROUGE"))
    assert not found.stray


def test_gradios_own_bubbles_and_fields_do_so_by_the_stylesheet() -> None:
    rule = STYLESHEET.read_text().partition("unicode-bidi: plaintext")[0].rpartition("*/")[2]
    assert all(place in rule for place in ("textarea", ".message", '[data-testid="bot"]'))
