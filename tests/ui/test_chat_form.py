"""The form of the chat: its values by type, its settings, and one widget for each field."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import gradio as gr
import pytest

from ia3_studio.chat import ChatSettings
from ia3_studio.errors import StudioError
from ia3_studio.ui import text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_variants import MAX_RESPONSES, Merge
from ia3_studio.ui.forms import read_form, updates_of

HISTORIES = tuple([{"role": "user", "content": str(number)}] for number in range(MAX_RESPONSES))
FORM = ChatForm(
    key="run:a", model="some/model", prompt="why", count=3, variants=("a", "b", "c", "d"), strengths=(0, 0.5, 1, 2),
    histories=HISTORIES, temperature=0.1, top_p=0.2, top_k=3, repetition_penalty=1.4, max_new_tokens=50, seed=6,
    weights="int8", system_prompt="brief", active_sites="3-5", second_adapter="run:b",
    first_weight=0.7, second_weight=-0.8,
)  # fmt: skip


def test_the_values_that_the_page_sends_are_the_form() -> None:
    assert len(updates_of(FORM)) == len(fields(ChatForm)) + 3 * (MAX_RESPONSES - 1)
    assert read_form(ChatForm, updates_of(FORM)) == FORM


def test_every_sampling_setting_and_both_weights_come_from_the_form() -> None:
    expected = ChatSettings(
        temperature=0.1, top_p=0.2, max_new_tokens=50, seed=6, top_k=3, repetition_penalty=1.4, weights="int8"
    )
    assert FORM.settings == expected and expected != ChatSettings()
    assert FORM.merge == Merge("run:b", 0.7, -0.8)


def test_an_emptied_seed_and_top_k_are_0_and_other_emptied_numbers_are_named() -> None:
    read = read_form(ChatForm, updates_of(FORM, seed=None, top_k=None))
    assert (read.settings.seed, read.settings.top_k) == (0, 0)
    with pytest.raises(StudioError) as refused:
        read_form(ChatForm, updates_of(FORM, temperature=None))
    assert str(refused.value) == text.empty_field(text.TEMPERATURE)


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", "2"), ("strengths", ("a", 1, 1, 1)), ("variants", (7, "a", "a", "a")), ("histories", ("a", [], [], [])),
     ("temperature", [1]), ("seed", True), ("active_sites", 3), ("weights", "int4")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_the_label_of_its_field(name: str, value: Any) -> None:
    label = next(each.metadata["label"] for each in fields(ChatForm) if each.name == name)
    with pytest.raises(StudioError) as refused:
        read_form(ChatForm, updates_of(FORM, **{name: value}))
    assert str(refused.value).startswith(f"{label} is ")


def test_each_field_has_its_widgets_with_its_label_and_default(demo: gr.Blocks) -> None:
    (event,) = {id(event.inputs): event for event in demo.fns.values() if event.name == "send"}.values()
    turn, *drawn = event.inputs
    assert isinstance(turn, gr.State)
    widgets = iter(drawn)
    for each in fields(ChatForm):
        if each.name in ("key", "model"):
            assert isinstance(next(widgets), gr.State)
        elif isinstance(each.default, tuple):
            for number, default in enumerate(each.default):
                widget: Any = next(widgets)
                assert widget.value == default or (each.name == "histories" and not widget.value)
                assert widget.label in (each.metadata["label"], f"{each.metadata['label']} {number + 1}")
        else:
            widget = next(widgets)
            assert (widget.value or 0) == (each.default or 0)
            assert each.name == "active_sites" or widget.label == each.metadata["label"]
    assert next(widgets, None) is None


@pytest.mark.parametrize("handler", ["stream_responses", "retry", "undo", "edit"])
def test_every_handler_of_the_form_has_its_widgets_in_the_same_order(demo: gr.Blocks, handler: str) -> None:
    expected = next(event.inputs for event in demo.fns.values() if event.name == "send")
    handed = [event.inputs for event in demo.fns.values() if event.name == handler]
    assert handed and all(inputs == expected for inputs in handed)
