"""How is the model trained? Settings, start and stop, live curves, log and the list of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, get_args

import gradio as gr

from ia3_studio.data.load import DataChoice
from ia3_studio.errors import RunError, SelectionError, StudioError
from ia3_studio.models.sharding_plan import SHARDINGS, Sharding
from ia3_studio.runs import RunConfig
from ia3_studio.runs.config import MOST_PROCESSES, SINKS
from ia3_studio.settings import is_public
from ia3_studio.tasks.lr_finder import probe_rates
from ia3_studio.training.config import BackwardDtype, Optimizer
from ia3_studio.training.presets import PRESETS, preset
from ia3_studio.ui import text
from ia3_studio.ui.components.live_chart import LiveChart
from ia3_studio.ui.components.tree_rows import decode_selection
from ia3_studio.ui.current_run import find
from ia3_studio.ui.forms import Drawn, read_form
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import Fact, facts, heading, note, table
from ia3_studio.ui.run_actions import start_once
from ia3_studio.ui.run_form import DEFAULTS, RunForm, config_of, form_of
from ia3_studio.ui.session import ModelLayers, Studio, chosen_data, chosen_model, quiet
from ia3_studio.worker import resume
from ia3_studio.worker.before_start import placement_sentence

if TYPE_CHECKING:
    from ia3_studio.method import Selection
    from ia3_studio.training.rate_probe import Trial

LORA_RATE = 1e-3
"""Below this, a learning rate suits LoRA; (IA)³ then learns almost nothing."""
PRESET_FIELDS = (
    "learning_rate", "epochs", "batch_size", "max_length", "optimizer", "max_steps", "micro_batch_tokens", "sft_weight",
)  # fmt: skip
"""Fields of the form that a preset fills."""


@dataclass(frozen=True)
class RateFinder:
    """The button that finds a learning rate, and what it fills."""

    start: gr.Button
    rate: gr.Number
    note: gr.HTML


@dataclass(frozen=True)
class TrainTab:
    """What the page wires to other tabs."""

    settings: Drawn
    """The widgets of :class:`~ia3_studio.ui.run_form.RunForm` that this tab has."""
    preferences: gr.Accordion
    """The settings of preference tuning, visible for such data only."""
    rate_finder: RateFinder
    plan: gr.HTML
    placement: gr.HTML
    """Where the weights will go."""
    start: gr.Button
    stop: gr.Button
    resume: gr.Button
    note: gr.HTML
    chart: LiveChart
    step_note: gr.HTML
    """The note of the newest step that has one."""
    log: gr.Textbox
    next: gr.Button


def start_run(studio: Studio, request: gr.Request, *values: Any) -> Iterator[tuple[Any, str]]:
    """Start the run that the tabs describe; yield (key of the selected run, note)."""
    try:
        key, config = start_described(studio, read_form(RunForm, values), str(request.session_hash))
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad")
        raise
    yield key, note(text.started(config.name), "good")


def start_described(studio: Studio, form: RunForm, page: str) -> tuple[str, RunConfig]:
    """Start the run that a form describes; return (its key, its configuration).

    Args:
        page: identifies the page the form came from, as in :func:`~ia3_studio.ui.run_actions.start_once`.

    Raises:
        StudioError: it cannot be trained as described, or the data cannot be read.
    """
    config = config_on_page(studio, form)
    if config.compute == "local" and not is_public():  # what this machine cannot do, which is no visitor's business
        placement_sentence(config.model, config.sharding, config.processes)
    config.choice().look(config.held_out, config.train.seed)  # an error in the file is shown before any download
    return start_once(studio, config, page), config


def config_on_page(studio: Studio, form: RunForm) -> RunConfig:
    """Return the run that the page describes.

    Raises:
        StudioError: model, data or target modules are missing, or a value is out of its range.
    """
    layers = studio.layers.get(chosen_model(form.model))
    chosen_data(form.data)
    return config_of(form, selection_of(form.selected_rows, layers))


def use_preset(name: str | None) -> tuple[Any, ...]:
    """Return the evidence for a preset and its values of ``PRESET_FIELDS``."""
    if not name:
        return "", *(gr.skip() for _field in PRESET_FIELDS)
    chosen = preset(name)
    filled = form_of(RunConfig("", "", "", train=chosen.config), "")
    return note(chosen.evidence), *(getattr(filled, field) for field in PRESET_FIELDS)


def find_rate(studio: Studio, *values: Any) -> Iterator[tuple[Any, str]]:
    """Try learning rates on the user's model and rows; yield (rate, note), the rate that was found at last."""
    from ia3_studio.training.rate_probe import Trial, suggest_rate  # loads torch

    trials: list[Trial] = []
    try:
        config = config_on_page(studio, read_form(RunForm, values))
        with Job[str | Trial, None](lambda report: try_rates(config, report)) as job:
            for update in job:
                if not isinstance(update, str):
                    trials.append(update)
                yield gr.skip(), trials_table(trials) + note(update if isinstance(update, str) else text.TRYING_RATES)
            job.result()
        rate = suggest_rate(trials)
    except StudioError as error:
        yield gr.skip(), trials_table(trials) + note(str(error), "bad")
        raise
    yield rate, trials_table(trials) + note(text.suggested(rate), "good")


def try_rates(config: RunConfig, report: Callable[[str | Trial], None]) -> None:
    """Try learning rates; report the progress and each trial."""
    for trial in probe_rates(config, lambda _share, sentence: report(sentence)):
        report(trial)


def trials_table(trials: Sequence[Trial]) -> str:
    """Return the trials so far as a table."""
    return table(text.TRIAL_COLUMNS, [text.trial(each) for each in trials], text.TRIALS) if trials else ""


def plan(studio: Studio, model: str, data: str, selected_rows: str) -> str:
    """Return what would be trained, or what is missing."""
    try:
        selection = selection_of(selected_rows, studio.layers.get(chosen_model(model)))
        chosen_data(data)
    except StudioError as error:
        return note(str(error), "bad")
    vectors = text.vectors(len(selection), selection.parameters)
    rows = (
        (text.PLAN_MODEL, text.short_source(model)),
        (text.PLAN_TRAINED, vectors),
        (text.PLAN_DATA, text.data_name(data)),
    )
    return facts(Fact(*row) for row in rows)


def show_preferences(data: str) -> Any:
    """Return the update of the preference settings: visible if the data in use are preferences."""
    try:
        choice = DataChoice.from_text(data)
        kind = choice.mapping.kind if choice.mapping else choice.look().mapping.kind if data else ""
    except StudioError:  # what is wrong with them is said where they are chosen
        kind = ""
    return gr.update(visible=kind == "preferences")


def placement(model: str, processes: float | None, sharding: Sharding) -> str:
    """Return where the weights will go with these settings, or why that cannot be; empty for one device.

    Visitors of a public app are told nothing of its machine.
    """
    if is_public():
        return ""
    try:
        said = placement_sentence(chosen_model(model), sharding, int(processes or 0)) if model else ""
    except StudioError as error:
        return note(str(error), "bad")
    return note(said) if said else ""


def selection_of(selected_rows: str, layers: ModelLayers) -> Selection:
    """Return the sites selected in the layer tree.

    Raises:
        SelectionError: none is selected, the rows are not of this tree, or a module does not affect the output.
    """
    from ia3_studio.method import Selection

    sites = decode_selection(selected_rows, layers.rows)
    if not sites:
        raise SelectionError(text.NOTHING_SELECTED)
    dead = {node.path for node in layers.tree.nodes if not node.live}
    without_effect = [site.name for site in sites if site.path in dead]
    if without_effect:
        raise SelectionError(text.sites_without_effect(without_effect))
    return Selection(sites, layers.tree.base_model)


def stop_run(studio: Studio, key: str) -> None:
    """Request that the selected run stops and keeps its adapter.

    Raises:
        RunError: no run is selected.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(text.NOTHING_TO_STOP)
    current.run.request_stop()


def resume_run(studio: Studio, key: str) -> str:
    """Resume the selected run from its last checkpoint; return a note.

    Raises:
        RunError: no run is selected, or it cannot be resumed.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(text.NOTHING_TO_RESUME)
    resume(current.run, ready=studio.ready)
    return note(text.resumed(current.name), "good")


def rate_notice(learning_rate: float | None) -> tuple[str, Any]:
    """Return (notice, button that repairs it) for a learning rate that suits LoRA and not (IA)³."""
    looks_like_lora = learning_rate is not None and 0 < learning_rate < LORA_RATE
    return note(text.LORA_NOTICE, "warn") if looks_like_lora else "", gr.update(visible=looks_like_lora)


def build() -> TrainTab:
    """Draw the tab and wire its own events."""
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=4, min_width=320, elem_classes="card"):
            gr.HTML(heading(text.TRAIN_TITLE, text.TRAIN_WORDS))
            plan_facts = gr.HTML(elem_id="plan")
            start_button = gr.Button(text.START, variant="primary", elem_id="start")
            stop = gr.Button(text.STOP, visible=False, elem_id="stop")
            resume_button = gr.Button(text.RESUME, visible=False, elem_id="resume")
            status = gr.HTML(elem_id="train-note")
            settings, rate_finder, preferences, placed = _draw_fields()
        with gr.Column(scale=7, min_width=320):
            chart = LiveChart(elem_id="live-chart")
            step_note = gr.HTML(elem_id="step-note")
            with gr.Accordion(text.LOG, open=False, elem_classes="accordion"):
                log = gr.Textbox(
                    show_label=False, lines=12, max_lines=12, interactive=False, elem_id="log", container=False
                )
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_SCALES, variant="primary", elem_id="next-scales")
    return TrainTab(
        settings,
        preferences,
        rate_finder,
        plan_facts,
        placed,
        start_button,
        stop,
        resume_button,
        status,
        chart,
        step_note,
        log,
        onward,
    )


def _draw_fields() -> tuple[Drawn, RateFinder, gr.Accordion, gr.HTML]:
    """Draw the form's settings; return them, the rate finder, the settings of preferences, and where weights go."""
    form = Drawn(RunForm)
    preset_choices = [(text.CUSTOM_SETTINGS, ""), *((each.name, each.name) for each in PRESETS)]
    preset_field = gr.Dropdown(
        preset_choices, value="", label=text.SETTINGS_PRESET, info=text.SETTINGS_PRESET_INFO, elem_id="settings-preset"
    )
    evidence = gr.HTML(elem_id="preset-evidence")
    form.draw("name", gr.Textbox, placeholder=text.NAME_HINT, max_lines=1, max_length=80, elem_id="run-name")
    rate = form.draw("learning_rate", gr.Number, info=text.LEARNING_RATE_INFO)
    find_button = gr.Button(text.FIND_RATE, size="sm", elem_id="find-rate")
    trials = gr.HTML(elem_id="rate-trials")
    notice = gr.HTML(elem_id="rate-notice")
    repair = gr.Button(text.REPAIR_RATE, visible=False, size="sm", elem_id="repair-rate")
    with gr.Row():
        form.draw("epochs", gr.Number, info=text.EPOCHS_INFO, min_width=120)
        form.draw("batch_size", gr.Number, info=text.BATCH_SIZE_INFO, min_width=120)
    with gr.Row():
        form.draw("max_length", gr.Number, info=text.MAX_LENGTH_INFO, min_width=120)
        form.draw("seed", gr.Number, info=text.SEED_INFO, min_width=120)
    with gr.Accordion(
        text.PREFERENCES, open=True, visible=False, elem_classes="accordion", elem_id="preference-settings"
    ) as preferences:
        _draw_preference_fields(form)
    with gr.Accordion(text.ADVANCED, open=False, elem_classes="accordion"):
        placed = _draw_advanced_fields(form)
    filled = [evidence, *(form[name] for name in PRESET_FIELDS)]
    preset_field.input(guard(use_preset), preset_field, filled, **quiet(trigger_mode="always_last"))
    rate.change(guard(rate_notice), rate, [notice, repair], **quiet())
    repair.click(lambda: DEFAULTS.learning_rate, None, rate, **quiet())
    return form, RateFinder(find_button, rate, trials), preferences, placed


def _draw_preference_fields(form: Drawn) -> None:
    gr.HTML(note(text.PREFERENCES_ADVICE))
    with gr.Row():
        form.draw("loss_type", gr.Dropdown, choices=text.LOSS_TYPES, info=text.LOSS_TYPE_INFO, min_width=120)
        form.draw("beta", gr.Number, info=text.BETA_INFO, min_width=120)
    with gr.Row():
        form.draw("label_smoothing", gr.Number, info=text.LABEL_SMOOTHING_INFO, minimum=0, min_width=120)
        form.draw("sft_weight", gr.Number, info=text.SFT_WEIGHT_INFO, minimum=0, min_width=120)
    with gr.Row():
        form.draw("desirable_weight", gr.Number, info=text.DESIRABLE_WEIGHT_INFO, minimum=0, min_width=120)
        form.draw("undesirable_weight", gr.Number, info=text.UNDESIRABLE_WEIGHT_INFO, minimum=0, min_width=120)


def _draw_advanced_fields(form: Drawn) -> gr.HTML:
    with gr.Row():
        form.draw("warmup_ratio", gr.Number, info=text.WARMUP_RATIO_INFO, min_width=120)
        form.draw("max_grad_norm", gr.Number, info=text.MAX_GRAD_NORM_INFO, min_width=120)
    with gr.Row():
        form.draw("decay_to_one", gr.Number, info=text.DECAY_TO_ONE_INFO, min_width=120)
        form.draw("eval_steps", gr.Number, info=text.EVAL_STEPS_INFO, min_width=120)
    with gr.Row():
        form.draw("micro_batch_tokens", gr.Number, info=text.MICRO_BATCH_TOKENS_INFO, min_width=120)
        form.draw(
            "backward_dtype",
            gr.Dropdown,
            choices=list(get_args(BackwardDtype)),
            info=text.BACKWARD_DTYPE_INFO,
            min_width=120,
        )
    with gr.Row():
        form.draw("optimizer", gr.Dropdown, choices=list(get_args(Optimizer)), info=text.OPTIMIZER_INFO, min_width=120)
        form.draw("max_steps", gr.Number, info=text.MAX_STEPS_INFO, minimum=0, min_width=120)
    with gr.Row():
        form.draw("early_stopping_patience", gr.Number, info=text.PATIENCE_INFO, minimum=0, min_width=120)
        form.draw("keep_best", gr.Checkbox, info=text.KEEP_BEST_INFO, min_width=120)
    with gr.Row():
        form.draw("long_rows", gr.Dropdown, choices=text.LONG_ROWS, info=text.LONG_ROWS_INFO, min_width=120)
        form.draw("sample_generations", gr.Number, info=text.SAMPLE_GENERATIONS_INFO, minimum=0, min_width=120)
    hidden = is_public()  # the machine and its trackers are the owner's
    with gr.Row(visible=not hidden):
        form.draw("processes", gr.Number, info=text.PROCESSES_INFO, minimum=0, maximum=MOST_PROCESSES, min_width=120)
        form.draw("sharding", gr.Dropdown, choices=list(SHARDINGS), info=text.SHARDING_INFO, min_width=160)
    placed = gr.HTML(elem_id="placement")
    with gr.Row(visible=not hidden and find_spec("ray") is not None):
        form.draw("compute", gr.Dropdown, choices=text.COMPUTE_CHOICES, info=text.COMPUTE_INFO, min_width=160)
        form.draw("ray_address", gr.Textbox, info=text.RAY_ADDRESS_INFO, min_width=160)
        form.draw("node_cpus", gr.Number, info=text.NODE_CPUS_INFO, minimum=0.01, min_width=120)
        form.draw("node_gpus", gr.Number, info=text.NODE_GPUS_INFO, minimum=0, min_width=120)
        form.draw("node_memory", gr.Number, info=text.NODE_MEMORY_INFO, minimum=0, min_width=120)
    sinks = [(text.NO_TRACKER, ""), *((label, name) for name, label in SINKS.items())]
    form.draw("report_to", gr.Dropdown, choices=sinks, info=text.REPORT_TO_INFO, visible=not hidden)
    return placed
