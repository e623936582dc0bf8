"""A tab that is empty offers what fills it, and words explain themselves."""

from __future__ import annotations

import re

import gradio as gr
import pytest

from ia3_studio.runs.throughput import MachineSpeed
from ia3_studio.ui import text
from ia3_studio.ui.chat_tab import describe
from ia3_studio.ui.chat_variants import BASE
from ia3_studio.ui.export_tab import offer
from ia3_studio.ui.glossary import TERMS, explanations, linked
from ia3_studio.ui.markup import heading, invitation
from ia3_studio.ui.model_tab import demo_facts, demo_seconds
from ia3_studio.ui.runs_tab import draw as draw_runs
from ia3_studio.ui.scales_tab import draw as draw_scales
from ia3_studio.ui.session import Studio
from tests.ui.conftest import AddRun


def test_every_empty_tab_invites_to_train_the_demo_and_no_other_does(bench: Studio, add_run: AddRun) -> None:
    empty = (
        draw_scales(bench, "", "", text.DIRECTION, "")[0],
        offer(bench, "")[0],
        draw_runs(bench, "", [])[2],
        describe(bench, "", "tiny", 2, False, *[BASE] * 4)[0],
    )
    assert all("invites" in html for html in empty)
    key = f"run:{add_run().id}"
    begun = (draw_scales(bench, key, "", text.DIRECTION, "")[0], offer(bench, key)[0], draw_runs(bench, "", [])[2])
    assert not any("invites" in html for html in begun)


def test_the_time_of_the_demo_is_that_of_this_computer_once_its_speed_is_known(
    bench: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical = demo_facts(bench)
    assert demo_seconds(bench) is None
    for operations, time in ((1e11, "about 3 min"), (1e12, "about 15 s")):
        speed = MachineSpeed(operations, "runs")
        monkeypatch.setattr("ia3_studio.runs.throughput.known_speed", lambda *_asked, speed=speed: speed)
        assert time in demo_facts(bench) and time not in typical


def test_the_button_of_every_empty_tab_starts_what_the_first_tab_starts(demo: gr.Blocks) -> None:
    buttons = {
        number for number, block in demo.blocks.items() if str(getattr(block, "elem_id", "")).startswith("train-demo")
    }
    (starts,) = [fn for fn in demo.fns.values() if buttons & {target for target, _event in fn.targets}]
    assert len(buttons) == 5 and buttons == {target for target, _event in starts.targets}


def test_a_term_is_linked_where_it_first_occurs_and_every_link_has_its_explanation() -> None:
    html = linked("A scale below 1 inhibits its channel; scales above 1 amplify <channels>.")
    assert html.count("popovertarget") == 2 and ">scale</button>" in html and "&lt;channels&gt;" in html
    assert re.sub(r"<[^>]*>", "", linked("Held-out rows")) == "Held-out rows"
    assert linked("the rescaled rows") == "the rescaled rows"  # a part of a word is not the word
    targets = set(re.findall(r"popovertarget='([^']+)'", linked("; ".join(TERMS)) + heading("", text.SCALES_WORDS)))
    assert targets == set(re.findall(r" id='([^']+)'", explanations())) and len(targets) == len(TERMS)


def test_what_a_user_wrote_is_escaped_in_an_invitation() -> None:
    assert "<script>" not in invitation("<script>")
