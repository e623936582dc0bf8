"""The page as a whole: what is wired to what, and what it costs to import."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from ia3_studio.errors import StudioError
from ia3_studio.ui import text
from ia3_studio.ui.modules_tab import PAPER
from ia3_studio.ui.page import use_model
from ia3_studio.ui.session import Studio
from tests.ui.conftest import says

FIELDS = (gr.Textbox, gr.Number, gr.Slider, gr.Radio, gr.Dropdown, gr.File, gr.Checkbox)


def test_the_tabs_stand_in_the_order_of_the_work(demo: gr.Blocks) -> None:
    labels = [block.label for block in demo.blocks.values() if isinstance(block, gr.Tab)]
    assert tuple(labels) == text.TABS


def test_every_event_hands_over_what_its_handler_takes(demo: gr.Blocks) -> None:
    for event in demo.fns.values():
        if event.fn is None:
            continue
        parameters = inspect.signature(event.fn).parameters.values()
        filled_in = ("request", "event")
        free = [parameter for parameter in parameters if parameter.name not in filled_in]
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in free):
            continue
        needed = [parameter for parameter in free if parameter.default is parameter.empty]
        assert len(needed) <= len(event.inputs) <= len(free), event.name


def test_every_property_that_is_sent_to_the_browser_is_plain_data(demo: gr.Blocks) -> None:
    theirs = {"delete_callback"}  # a function of Gradio's own State
    for component in demo.config["components"]:
        properties = {name: value for name, value in component["props"].items() if name not in theirs}
        assert json.loads(json.dumps(properties)) is not None, component["props"].get("elem_id")


def test_what_a_field_holds_is_never_dropped_because_an_earlier_value_is_being_read(demo: gr.Blocks) -> None:
    hands_over = {"input", "change", "upload", "clear", "release"}
    dropped = [
        (event.name, targets)
        for event in demo.fns.values()
        if event.trigger_mode == "once"
        and event.inputs
        and (targets := [trigger for _id, trigger in event.targets if trigger in hands_over])
    ]
    assert dropped == []


def test_a_model_that_is_used_comes_with_its_tree_in_one_answer(bench: Studio, tiny: Path) -> None:
    *before, last = use_model(bench, str(tiny))
    assert before and all(each == gr.skip() for reading in before for each in (reading[0], *reading[2:]))
    source, in_use, described, tree, preset, _note = last
    assert source == str(tiny) and says(in_use, text.model_in_use(str(tiny))) and "LlamaForCausalLM" in described
    assert json.loads(tree["nodes"]) and tree["value"] and preset == PAPER


def test_a_model_that_cannot_be_read_leaves_model_and_tree_and_says_why(bench: Studio, tmp_path: Path) -> None:
    answers = use_model(bench, str(tmp_path / "nothing"))
    seen = []
    with pytest.raises(StudioError) as refused:
        seen.extend(answers)
    assert says(seen[-1][1], str(refused.value)) and "bad" in seen[-1][1]
    assert all(each == gr.skip() for answer in seen for each in (answer[0], *answer[2:]))


def test_no_event_is_part_of_a_public_api(demo: gr.Blocks) -> None:
    assert {event.name for event in demo.fns.values() if event.api_visibility != "private"} == set()


def test_no_component_follows_the_progress_of_an_event_that_shows_none(demo: gr.Blocks) -> None:
    hidden = [each for each in demo.config["dependencies"] if each["show_progress"] == "hidden"]
    followed = [each["api_name"] for each in hidden if each["show_progress_on"] != []]
    assert len(hidden) > 50 and followed == ["load_example"]  # an event that gr.Examples adds


def test_a_tab_shows_twelve_fields_at_most(demo: gr.Blocks) -> None:
    for tab in (block for block in demo.blocks.values() if isinstance(block, gr.Tab)):
        assert len(fields(tab)) <= 12, tab.label


def fields(block: gr.blocks.BlockContext) -> list[gr.blocks.Block]:
    """Return the fields to be seen when a tab is opened."""
    found = []
    for child in block.children:
        if isinstance(child, gr.Accordion) and not child.open:
            continue
        if isinstance(child, FIELDS) and child.visible:
            found.append(child)
        elif isinstance(child, gr.blocks.BlockContext) and child.visible:
            found += fields(child)
    return found


def test_every_tab_but_the_last_ends_in_a_step_to_the_next(demo: gr.Blocks) -> None:
    buttons = [block for block in demo.blocks.values() if isinstance(block, gr.Button)]
    onward = [button for button in buttons if str(button.elem_id).startswith("next-")]
    assert len(onward) == len(text.TABS) - 1
    assert {button.variant for button in onward} == {"primary"}


def test_building_the_page_loads_neither_torch_nor_transformers(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from typing import Any
from ia3_studio.models import ModelMemory
from ia3_studio.runs import RunStore
from ia3_studio.ui.page import build_app
build_app(RunStore(Path(sys.argv[1])), ModelMemory(), Path(sys.argv[1]), Path(sys.argv[1]))
print(sorted({"torch", "transformers", "datasets"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_app_that_waits_looks_for_work_some_fifty_times_a_second(demo: gr.Blocks) -> None:
    assert demo._queue.sleep_when_free == 0.02


def targets_behind(demo: gr.Blocks, trigger: str) -> set[int]:
    """Return what is drawn by the events that follow a click on a component, by its elem_id."""
    (clicked,) = (block._id for block in demo.blocks.values() if getattr(block, "elem_id", None) == trigger)
    found: set[int] = set()
    behind = {number for number, event in demo.fns.items() if any(target == clicked for target, _name in event.targets)}
    while True:
        found |= {block._id for number in behind for block in demo.fns[number].outputs}
        after = {number for number, event in demo.fns.items() if event.trigger_after in behind}
        if after <= behind:
            return found
        behind |= after


def test_saving_the_pruned_adapter_draws_every_card_that_tells_of_what_is_shown(demo: gr.Blocks) -> None:
    drawn = targets_behind(demo, "save-pruned")
    names = {getattr(demo.blocks[number], "elem_id", None) for number in drawn}
    assert {"ablation-note", "scales-note", "verdict-table", "heatmap"} <= names


def test_the_default_of_every_choice_is_one_that_it_offers(demo: gr.Blocks) -> None:
    choices = [block for block in demo.blocks.values() if isinstance(block, gr.Radio | gr.Dropdown)]
    assert len(choices) > 20
    for block in choices:
        offered = [value for _label, value in block.choices]
        chosen = block.value if isinstance(block.value, list) else [block.value]
        assert all(each in offered for each in chosen if each is not None) or not offered, block.elem_id


def test_what_is_shown_as_the_page_opens_waits_for_the_choices_that_it_reads(demo: gr.Blocks) -> None:
    """An event beside the one that fills them would find them empty on a fast machine."""
    events = {each["id"]: each for each in demo.config["dependencies"]}
    (filling,) = [number for number, each in events.items() if is_opening(each) and each["api_name"] == "open_page"]
    chosen = set(events[filling]["outputs"])

    def chain(number: int | None) -> list[int]:
        return [] if number is None else [number, *chain(events[number]["trigger_after"])]

    opening = [number for number in events if is_opening(events[chain(number)[-1]])]
    reading = [number for number in opening if chosen.intersection(events[number]["inputs"])]
    assert reading
    assert all(filling in chain(number)[1:] for number in reading)


def is_opening(event: dict[str, Any]) -> bool:
    """Say whether an event is triggered by the opening of the page."""
    return any(name == "load" for _block, name in event["targets"])
