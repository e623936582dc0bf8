"""The form of a run: to its configuration and back, and one widget for each field."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

import gradio as gr
import pytest

from ia3_studio.data.load import DataChoice
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import ParsingOptions
from ia3_studio.errors import RunError, StudioError
from ia3_studio.method.sites import Selection, Site
from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.ui.forms import in_order, read_form, updates_of
from ia3_studio.ui.run_form import SETTINGS, RunForm, config_of, form_of
from tests.ui.conftest import FORM

SELECTION = Selection((Site("layers.0.k_proj", "output", 4, "key"),))
NOT_ON_THE_PAGE = {"cache_mb", "cache_folder"}


def test_the_form_has_every_setting_of_training_but_those_of_the_cache() -> None:
    assert set(SETTINGS) == {each.name for each in fields(TrainConfig)} - NOT_ON_THE_PAGE


def test_a_form_becomes_a_configuration_and_the_same_form_again() -> None:
    unlike = asdict(config_of(FORM, SELECTION).train)
    assert all(unlike[name] != value for name, value in asdict(TrainConfig()).items() if name not in NOT_ON_THE_PAGE)
    assert form_of(config_of(FORM, SELECTION), FORM.selected_rows) == FORM
    assert form_of(config_of(RunForm(name="A", data="d"), "paper"), "") == RunForm(name="A", data="d")


@pytest.mark.parametrize("mapping", [None, Mapping("pairs", "ask", "tell", split="fold")])
@pytest.mark.parametrize("parsing", [None, ParsingOptions(";", "UTF-16")])
@pytest.mark.parametrize("train", [TrainConfig(), config_of(FORM, "paper").train])
def test_a_configuration_becomes_a_form_and_the_same_configuration_again(
    mapping: Mapping | None, parsing: ParsingOptions | None, train: TrainConfig
) -> None:
    config = RunConfig("A run", "some/model", "rows.csv", SELECTION, train, 0.3, mapping, parsing)
    assert config_of(form_of(config, "3"), SELECTION) == config
    moved = form_of(config, "3", "elsewhere/rows.csv").data
    assert DataChoice.from_text(moved) == DataChoice("elsewhere/rows.csv", mapping, parsing)


def test_a_run_without_a_name_is_called_after_its_data() -> None:
    named = {
        data: config_of(replace(FORM, name="  ", data=data), SELECTION).name for data in ("lighthouse", "/a/my_b.csv")
    }
    assert named == {"lighthouse": "Lighthouse run", "/a/my_b.csv": "My_b run"}
    assert config_of(replace(FORM, name=" Mine "), SELECTION).name == "Mine"


def test_the_number_of_processes_goes_into_the_configuration_and_back() -> None:
    config = config_of(replace(FORM, processes=3), SELECTION)
    assert config.processes == 3 and form_of(config, "3-5").processes == 3
    with pytest.raises(RunError, match="processes is 65"):
        config_of(replace(FORM, processes=65), SELECTION)


def test_a_tracker_that_is_not_offered_is_refused() -> None:
    with pytest.raises(RunError, match="abc"):
        config_of(replace(FORM, report_to="abc"), SELECTION)


NUMBERS = [each.name for each in fields(RunForm) if type(getattr(FORM, each.name)) in (int, float)]


@pytest.mark.parametrize("name", NUMBERS)
def test_an_emptied_number_is_named_by_its_label(name: str) -> None:
    with pytest.raises(StudioError) as refused:
        read_form(RunForm, updates_of(FORM, **{name: None}))
    assert str(refused.value) == text.empty_field(label_of(name))


def test_what_the_browser_does_not_send_has_its_default() -> None:
    others = [each.name for each in fields(RunForm) if each.name not in NUMBERS]
    read = read_form(RunForm, updates_of(FORM, **dict.fromkeys(others)))
    assert read == replace(FORM, **{name: getattr(RunForm(), name) for name in others})


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", "2"), ("batch_size", 2.5), ("seed", True), ("seed", [1]), ("keep_best", "yes"),
     ("backward_dtype", "int4"), ("selected_rows", 7), ("name", {"a": 1}), ("held_out", float("nan"))],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_the_label_of_its_field(name: str, value: object) -> None:
    with pytest.raises(StudioError) as refused:
        read_form(RunForm, updates_of(FORM, **{name: value}))
    assert str(refused.value).startswith(f"{label_of(name)} is ")


def label_of(name: str) -> str:
    return next(str(each.metadata["label"]) for each in fields(RunForm) if each.name == name)


def test_each_field_has_the_widget_with_its_label_and_default(demo: gr.Blocks) -> None:
    (start,) = (event for event in demo.fns.values() if event.name == "start_run")
    assert len(start.inputs) == len(fields(RunForm))
    for each, widget in zip(fields(RunForm), start.inputs, strict=True):
        if each.name in ("model", "data", "selected_rows"):  # set by other tabs
            assert isinstance(widget, gr.State) == (each.name != "selected_rows")
        else:
            assert (widget.label, widget.value) == (each.metadata["label"], each.default)


@pytest.mark.parametrize(("handler", "more"), [("find_rate", 0), ("draw", 1), ("load_run_settings", 7)])
def test_every_handler_of_the_form_has_its_widgets_in_the_same_order(demo: gr.Blocks, handler: str, more: int) -> None:
    (start,) = (event for event in demo.fns.values() if event.name == "start_run")
    events = [event for event in demo.fns.values() if event.name == handler]
    handed = [each.outputs if handler == "load_run_settings" else each.inputs for each in events]
    assert start.inputs in [widgets[more:] for widgets in handed]


def test_a_field_without_a_widget_and_a_widget_without_a_field_are_refused(demo: gr.Blocks) -> None:
    (start,) = (event for event in demo.fns.values() if event.name == "start_run")
    widgets = dict(zip([each.name for each in fields(RunForm)], start.inputs, strict=True))
    assert in_order(RunForm, dict(reversed(widgets.items()))) == start.inputs
    with pytest.raises(TypeError, match="extra"):
        in_order(RunForm, {**widgets, "extra": start.inputs[0]})
    widgets.pop("epochs")
    with pytest.raises(TypeError, match="epochs"):
        in_order(RunForm, widgets)
