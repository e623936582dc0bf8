"""The Data tab shows the rows as the run of the form would see them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from ia3_studio.errors import StudioError
from ia3_studio.insight.figures import length_figure
from ia3_studio.ui import text
from ia3_studio.ui.data_words import BEYOND, STEPS, TRUNCATES, WHY_SHOWN, balance_rows, duration, numbered
from ia3_studio.ui.forms import updates_of
from ia3_studio.ui.markup import Fact, facts
from ia3_studio.ui.preview_card import draw
from ia3_studio.ui.session import Studio
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import FORM, says


def drawn(bench: Studio, tmp_path: Path, data: str, number: float | None = 1, length: int = 128) -> tuple[str, Any]:
    """Return all that is said, and the figure of the lengths."""
    model = save_tiny_chat(tmp_path / "tiny")
    form = replace(FORM, model=str(model), data=data, held_out=0.1, max_length=length)
    *_news, (said, figure, rows) = draw(bench, number, *updates_of(form))
    return said + rows, figure


def test_learned_tokens_are_marked_and_what_a_run_takes_is_said(bench: Studio, tmp_path: Path) -> None:
    said, figure = drawn(bench, tmp_path, "lighthouse", length=2000)
    assert f"{WHY_SHOWN['first']}: row 1" in said
    assert all(f"{WHY_SHOWN[why]}: row" in said for why in ("random", "longest"))
    assert "<mark>" in said and "<s>" not in said and TRUNCATES.format(limit=2000) not in said
    assert "128 positions" in said
    assert facts([Fact(STEPS, "9")]).removeprefix("<dl class='facts'>").removesuffix("</dl>") in said  # Max steps is 9
    assert re.search(r"about [\d.]+ GB", said) and re.search(r"about [\d.]+ (s|min|h)\b", said)
    assert isinstance(figure["value"], go.Figure) and figure["visible"]


def test_the_limit_of_the_form_is_the_one_that_is_shown(bench: Studio, tmp_path: Path) -> None:
    said, _figure = drawn(bench, tmp_path, "lighthouse", length=150)
    assert "<s>" in said and TRUNCATES.format(limit=150) in said and BEYOND in said


def test_an_example_can_be_asked_for(bench: Studio, tmp_path: Path) -> None:
    assert f"{WHY_SHOWN['asked']}: row 7" in drawn(bench, tmp_path, "lighthouse", 7)[0]
    assert WHY_SHOWN["asked"] not in drawn(bench, tmp_path, "lighthouse", None)[0]


def test_what_cannot_be_looked_at_says_why(bench: Studio, tmp_path: Path) -> None:
    steps = draw(bench, 1, *updates_of(replace(FORM, model="")))
    assert says(next(steps)[0], text.RELOAD)
    with pytest.raises(StudioError, match=re.escape(text.RELOAD)):
        next(steps)


def test_every_row_is_in_the_figure_of_lengths_and_long_ones_stand_out() -> None:
    (bars, *_rest) = length_figure([10] * 5 + [200] * 2, 100).data
    by_color = dict(zip(bars.marker.color, [0] * len(bars.y), strict=False))
    for count, color in zip(bars.y, bars.marker.color, strict=True):
        by_color[color] += int(count)
    assert sorted(by_color.values()) == [2, 5]


def test_numbers_of_rows_and_labels_are_cut_short() -> None:
    assert numbered([3]) == "row 3" and numbered([3, 1000]) == "rows 3, 1,000"
    assert numbered(range(20)).endswith("7 and 12 more")
    assert balance_rows([("a", 5), ("b", 3)]) == [("a", "5"), ("b", "3")]
    assert balance_rows([(str(n), 20 - n) for n in range(15)])[-1] == ("3 more", "6 to 8 each")


@pytest.mark.parametrize(("seconds", "said"), [(3, "10 s"), (47, "50 s"), (430, "7 min"), (9000, "2.5 h")])
def test_a_time_is_said_as_exactly_as_it_is_known(seconds: float, said: str) -> None:
    assert duration(seconds) == said
