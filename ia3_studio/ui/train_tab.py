"""How is it trained, and how is it going? Settings, start and stop, live curves, log and the list of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import gradio as gr

from ia3_studio.data.load import DataChoice
from ia3_studio.errors import RunError, SelectionError, StudioError, TrainingError
from ia3_studio.runs import RunConfig
from ia3_studio.runs.config import SINKS
from ia3_studio.runs.trackers import require_sink
from ia3_studio.settings import is_public
from ia3_studio.tasks.lr_finder import probe_rates
from ia3_studio.training import TrainConfig
from ia3_studio.training.config import BackwardDtype, LongRows, Optimizer
from ia3_studio.training.presets import PRESETS, preset
from ia3_studio.ui import text
from ia3_studio.ui.components.live_chart import LiveChart
from ia3_studio.ui.components.run_list import RunList
from ia3_studio.ui.components.tree_rows import decode_ticks
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import Fact, facts, heading, note, table
from ia3_studio.ui.session import ReadModel, Studio, chosen_data, chosen_model, quiet
from ia3_studio.ui.start_once import launch
from ia3_studio.worker import resume

if TYPE_CHECKING:
    from ia3_studio.method import Selection
    from ia3_studio.training.rate_probe import Trial

LORA_RATE = 1e-3
"""Below this a rate looks like one for LoRA; (IA)³ then learns next to nothing."""
DEFAULTS = TrainConfig()
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Suggestion:
    """What asks for a learning rate, and what is filled by the answer."""

    ask: gr.Button
    rate: gr.Number
    note: gr.HTML


@dataclass(frozen=True)
class TrainTab:
    """What the page wires to other tabs."""

    form: tuple[gr.components.Component, ...]
    """The widgets of :func:`run_config`, in the order of its arguments."""
    suggestion: Suggestion
    plan: gr.HTML
    start: gr.Button
    stop: gr.Button
    resume: gr.Button
    note: gr.HTML
    chart: LiveChart
    told: gr.HTML
    """What there is to know about a step."""
    runs: RunList
    log: gr.Textbox
    next: gr.Button


def run_config(
    model: str,
    data: str,
    selection: Selection,
    held_out: float,
    name: str | None,
    learning_rate: float | None,
    epochs: float | None,
    batch_size: int | None,
    max_length: int | None,
    seed: int | None,
    warmup_ratio: float | None,
    max_grad_norm: float | None,
    decay_to_one: float | None,
    micro_batch_tokens: int | None,
    eval_steps: int | None,
    backward_dtype: BackwardDtype | None,
    optimizer: Optimizer | None,
    max_steps: int | None,
    early_stopping_patience: int | None,
    keep_best: bool,
    long_rows: LongRows | None,
    sample_generations: int | None,
    report_to: str | None,
) -> RunConfig:
    """Return the form as a run's configuration; a field that was emptied is None.

    Raises:
        TrainingError: a field is empty or outside its range.
        RunError: the tracker is not installed.
    """
    train = TrainConfig(
        learning_rate=given(text.RATE, learning_rate),
        epochs=given(text.EPOCHS, epochs),
        batch_size=given(text.BATCH, batch_size),
        micro_batch_tokens=given(text.MICRO, micro_batch_tokens),
        max_length=given(text.LENGTH, max_length),
        warmup_ratio=given(text.WARMUP, warmup_ratio),
        max_grad_norm=given(text.CLIP, max_grad_norm),
        decay_to_one=given(text.PULL, decay_to_one),
        eval_steps=given(text.EVERY, eval_steps),
        seed=given(text.SEED, seed),
        backward_dtype=backward_dtype or DEFAULTS.backward_dtype,
        optimizer=optimizer or DEFAULTS.optimizer,
        max_steps=given(text.MOST, max_steps) or None,
        early_stopping_patience=given(text.PATIENCE, early_stopping_patience) or None,
        keep_best=keep_best,
        long_rows=long_rows or DEFAULTS.long_rows,
        sample_generations=given(text.ANSWERS, sample_generations),
    )
    sink = report_to or ""
    if sink:
        require_sink(sink)
    choice = DataChoice.from_text(data)
    name = (name or "").strip() or text.run_name(choice.source)
    return RunConfig(name, model, choice.source, selection, train, held_out, choice.mapping, choice.reading, sink)


def given(label: str, value: Number | None) -> Number:
    """Return a field's number.

    Raises:
        TrainingError: it was left empty.
    """
    if value is None:
        raise TrainingError(text.empty_field(label))
    return value


def start_run(
    studio: Studio, request: gr.Request, model: str, data: str, ticks: str, held_out: float, *form: Any
) -> Iterator[tuple[Any, str]]:
    """Start a run of what all tabs say; yield (key shown, note)."""
    try:
        read = studio.shelf.read(chosen_model(model))
        config = run_config(model, chosen_data(data), ticked(ticks, read), held_out, *form)
        config.choice().look(held_out, config.train.seed)  # a bad file is said here, before any download
        key = launch(studio, config, str(request.session_hash))
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad")
        raise
    yield key, note(text.started(config.name), "good")


def use_recipe(name: str | None) -> tuple[Any, ...]:
    """Return (note, rate, epochs, batch, length, optimizer, steps at most) of a recipe of settings."""
    if not name:
        return "", *(gr.skip() for _field in range(6))
    chosen = preset(name)
    config = chosen.config
    return (
        note(chosen.evidence),
        config.learning_rate,
        config.epochs,
        config.batch_size,
        config.max_length,
        config.optimizer,
        config.max_steps or 0,
    )


def suggest(
    studio: Studio, model: str, data: str, ticks: str, held_out: float, *form: Any
) -> Iterator[tuple[Any, str]]:
    """Try rates on the user's model and rows; yield (rate, note), the suggestion at last."""
    from ia3_studio.training.rate_probe import Trial, suggest_rate  # loads torch

    trials: list[Trial] = []
    try:
        read = studio.shelf.read(chosen_model(model))
        config = run_config(model, chosen_data(data), ticked(ticks, read), held_out, *form)
        with Job[str | Trial, None](lambda report: probe_in(config, report)) as job:
            for news in job:
                if not isinstance(news, str):
                    trials.append(news)
                yield gr.skip(), tried(trials) + note(news if isinstance(news, str) else text.TRYING_RATES)
            job.result()
        rate = suggest_rate(trials)
    except StudioError as error:
        yield gr.skip(), tried(trials) + note(str(error), "bad")
        raise
    yield rate, tried(trials) + note(text.suggested(rate), "good")


def probe_in(config: RunConfig, report: Callable[[str | Trial], None]) -> None:
    """Report how far trials of rates are, and each trial."""
    for trial in probe_rates(config, lambda _share, sentence: report(sentence)):
        report(trial)


def tried(trials: Sequence[Trial]) -> str:
    """Return the rates tried so far as a table."""
    return table(text.TRIAL_COLUMNS, [text.trial(each) for each in trials], text.TRIALS) if trials else ""


def plan(studio: Studio, model: str, data: str, ticks: str) -> str:
    """Return what a start would train, or what is missing for one."""
    try:
        read = studio.shelf.read(chosen_model(model))
        selection = ticked(ticks, read)
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


def ticked(ticks: str, read: ReadModel) -> Selection:
    """Return the sites ticked in the layer tree.

    Raises:
        SelectionError: none is ticked, the ticks are not of this tree, or the model's result goes around a module.
    """
    from ia3_studio.method import Selection

    sites = decode_ticks(ticks, read.rows)
    if not sites:
        raise SelectionError(text.NOTHING_TICKED)
    dead = {node.path for node in read.tree.nodes if not node.live}
    idle = [site.name for site in sites if site.path in dead]
    if idle:
        raise SelectionError(text.never_trained(idle))
    return Selection(sites, read.tree.base_model)


def stop_run(studio: Studio, key: str) -> None:
    """Ask the run that is shown to stop and keep its adapter.

    Raises:
        RunError: no run is shown.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.NOTHING_TO_STOP)
    shown.run.request_stop()


def resume_run(studio: Studio, key: str) -> str:
    """Let the run that is shown go on behind its last checkpoint; return a note.

    Raises:
        RunError: no run is shown, or it has nothing to go on with.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.NOTHING_TO_RESUME)
    resume(shown.run)
    return note(text.resumed(shown.name), "good")


def rate_notice(learning_rate: float | None) -> tuple[str, Any]:
    """Return (notice, repair button) for a rate that fits LoRA and not (IA)³."""
    looks_like_lora = learning_rate is not None and 0 < learning_rate < LORA_RATE
    return note(text.LORA_NOTICE, "warn") if looks_like_lora else "", gr.update(visible=looks_like_lora)


def build() -> TrainTab:
    """Draw the tab and wire its own events."""
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=4, min_width=320, elem_classes="card"):
            gr.HTML(heading(text.TRAIN_TITLE, text.TRAIN_WORDS))
            planned = gr.HTML(elem_id="plan")
            form, suggestion = _form()
            start_button = gr.Button(text.START, variant="primary", elem_id="start")
            stop = gr.Button(text.STOP, visible=False, elem_id="stop")
            resume_button = gr.Button(text.RESUME, visible=False, elem_id="resume")
            said = gr.HTML(elem_id="train-note")
        with gr.Column(scale=7, min_width=320, elem_classes="watching"):
            chart = LiveChart(elem_id="live-chart")
            told = gr.HTML(elem_id="run-note")
            with gr.Accordion(text.LOG, open=False, elem_classes="accordion"):
                log = gr.Textbox(
                    show_label=False, lines=12, max_lines=12, interactive=False, elem_id="log", container=False
                )
    gr.HTML(heading(text.RUNS))
    runs = RunList(elem_id="run-list")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_SCALES, variant="primary", elem_id="next-scales")
    return TrainTab(form, suggestion, planned, start_button, stop, resume_button, said, chart, told, runs, log, onward)


def _form() -> tuple[tuple[gr.components.Component, ...], Suggestion]:
    """Draw the fields of :func:`run_config`, each justified; return them in its order, and what suggests a rate."""
    recipe = gr.Dropdown(
        [(text.OWN_SETTINGS, ""), *((each.name, each.name) for each in PRESETS)], value="", label=text.RECIPE,
        info=text.RECIPE_INFO, elem_id="recipe",
    )  # fmt: skip
    evidence = gr.HTML(elem_id="recipe-note")
    name = gr.Textbox(label=text.RUN_NAME, placeholder=text.NAME_HINT, max_lines=1, max_length=80, elem_id="run-name")
    rate = gr.Number(DEFAULTS.learning_rate, label=text.RATE, info=text.RATE_INFO, elem_id="learning-rate")
    ask = gr.Button(text.SUGGEST_RATE, size="sm", elem_id="suggest-rate")
    trials = gr.HTML(elem_id="rate-trials")
    notice = gr.HTML(elem_id="rate-notice")
    repair = gr.Button(text.REPAIR_RATE, visible=False, size="sm", elem_id="repair-rate")
    with gr.Row():
        epochs = gr.Number(DEFAULTS.epochs, label=text.EPOCHS, info=text.EPOCHS_INFO, min_width=120, elem_id="epochs")
        batch = gr.Number(DEFAULTS.batch_size, label=text.BATCH, info=text.BATCH_INFO, precision=0, min_width=120)
    with gr.Row():
        length = gr.Number(DEFAULTS.max_length, label=text.LENGTH, info=text.LENGTH_INFO, precision=0, min_width=120)
        seed = gr.Number(DEFAULTS.seed, label=text.SEED, info=text.SEED_INFO, precision=0, min_width=120)
    with gr.Accordion(text.ADVANCED, open=False, elem_classes="accordion"):
        with gr.Row():
            warmup = gr.Number(DEFAULTS.warmup_ratio, label=text.WARMUP, info=text.WARMUP_INFO, min_width=120)
            clip = gr.Number(DEFAULTS.max_grad_norm, label=text.CLIP, info=text.CLIP_INFO, min_width=120)
        with gr.Row():
            decay = gr.Number(DEFAULTS.decay_to_one, label=text.PULL, info=text.PULL_INFO, min_width=120)
            every = gr.Number(DEFAULTS.eval_steps, label=text.EVERY, info=text.EVERY_INFO, precision=0, min_width=120)
        with gr.Row():
            micro = gr.Number(
                DEFAULTS.micro_batch_tokens, label=text.MICRO, info=text.MICRO_INFO, precision=0, min_width=120
            )
            backward = gr.Dropdown(
                list(get_args(BackwardDtype)), value=DEFAULTS.backward_dtype, label=text.BACKWARD,
                info=text.BACKWARD_INFO, min_width=120, elem_id="backward",
            )  # fmt: skip
        with gr.Row():
            optimizer = gr.Dropdown(
                list(get_args(Optimizer)), value=DEFAULTS.optimizer, label=text.OPTIMIZER, info=text.OPTIMIZER_INFO,
                min_width=120, elem_id="optimizer",
            )  # fmt: skip
            most = gr.Number(0, label=text.MOST, info=text.MOST_INFO, precision=0, minimum=0, min_width=120)
        with gr.Row():
            patience = gr.Number(
                0, label=text.PATIENCE, info=text.PATIENCE_INFO, precision=0, minimum=0, min_width=120,
                elem_id="patience",
            )  # fmt: skip
            best = gr.Checkbox(DEFAULTS.keep_best, label=text.KEEP_BEST, info=text.KEEP_BEST_INFO, min_width=120)
        with gr.Row():
            long = gr.Dropdown(
                text.LONG_ROWS, value=DEFAULTS.long_rows, label=text.LONG_ROWS_LABEL, info=text.LONG_ROWS_INFO,
                min_width=120, elem_id="long-rows",
            )  # fmt: skip
            answers = gr.Number(
                DEFAULTS.sample_generations, label=text.ANSWERS, info=text.ANSWERS_INFO, precision=0, minimum=0,
                min_width=120, elem_id="answers",
            )  # fmt: skip
        sink = gr.Dropdown(
            [(text.NO_SINK, ""), *((said, name) for name, said in SINKS.items())], value="", label=text.REPORT_TO,
            info=text.REPORT_TO_INFO, visible=not is_public(), elem_id="report-to",
        )  # fmt: skip
    recipe.input(guard(use_recipe), recipe, [evidence, rate, epochs, batch, length, optimizer, most], **quiet())
    rate.change(guard(rate_notice), rate, [notice, repair], **quiet())
    repair.click(lambda: DEFAULTS.learning_rate, None, rate, **quiet())
    fields = (
        name, rate, epochs, batch, length, seed, warmup, clip, decay, micro, every, backward, optimizer, most, patience,
        best, long, answers, sink,
    )  # fmt: skip
    return fields, Suggestion(ask, rate, trials)
