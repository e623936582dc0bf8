"""What is the page, and how do its tabs work together?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.data.load import LIGHTHOUSE
from ia3_studio.errors import StudioError
from ia3_studio.models import STARTER, ModelMemory
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.serving.switch import EndpointSwitch
from ia3_studio.settings import keeps_files
from ia3_studio.training.presets import preset
from ia3_studio.ui import (
    ablation_card,
    chat_tab,
    data_tab,
    export_tab,
    hub_card,
    model_tab,
    modules_tab,
    more_exports,
    preview_card,
    runs_tab,
    scales_tab,
    text,
    train_tab,
    verdict_card,
)
from ia3_studio.ui.components.run_strip import RunStrip
from ia3_studio.ui.current_run import find
from ia3_studio.ui.forms import in_order
from ia3_studio.ui.glossary import explanations
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.load_run_settings import load_run_settings
from ia3_studio.ui.markup import Fact, facts, note
from ia3_studio.ui.polling import HIDDEN, IDLE, Cursor, newest_key, poll
from ia3_studio.ui.run_actions import start_once
from ia3_studio.ui.run_form import RunForm
from ia3_studio.ui.session import Session, Studio, quiet, sent
from ia3_studio.worker.ready import ReadyWorker

QUEUE_SECONDS = 0.02
"""Interval at which Gradio's queue checks for work: 3 % of a core, and 6 % with Gradio's default of 0.001."""


@dataclass(frozen=True)
class Page:
    """The tabs, and what is above them."""

    tabs: gr.Tabs
    strip: RunStrip
    timer: gr.Timer
    cursor: gr.State
    hidden: gr.State
    """Whether the browser tab is in the background."""
    listing: gr.State
    """Identifies the runs and their states."""
    model: model_tab.ModelTab
    modules: modules_tab.ModulesTab
    data: data_tab.DataTab
    train: train_tab.TrainTab
    scales: scales_tab.ScalesTab
    chat: chat_tab.ChatTab
    export: export_tab.ExportTab
    runs: runs_tab.RunsTab


def build_app(
    store: RunStore, memory: ModelMemory, home: Path, scratch: Path, ready: ReadyWorker | None = None,
    api_key: str = "", *, for_agents: bool = False,
) -> gr.Blocks:  # fmt: skip
    """Return the page, wired and queued, ready to launch.

    Args:
        store: the runs it shows and starts.
        memory: the one model that responds in the chat.
        home: the folder of uploads and imported adapters.
        scratch: a folder for files that are offered as downloads.
        ready: holds the process that the next run starts in; without it every run starts a new one.
        api_key: what clients of the endpoint must send.
        for_agents: whether its abilities are offered to agents, too.
    """
    studio = Studio(store, memory, home, scratch, ready, endpoint=EndpointSwitch(api_key))
    demo: gr.Blocks
    with gr.Blocks(title=text.BRAND, analytics_enabled=False, delete_cache=(3600, 86400)) as demo:
        if for_agents:
            from ia3_studio.ui import agent_tools

            agent_tools.offer(studio)  # first: handlers of the page with these names are given other ones
        session = Session(gr.State(""), gr.State(""), gr.State(""))
        page = _draw(studio, session)
        _wire_opening(demo, studio, session, page)
        _wire_polling(studio, session, page)
        _wire_choices(studio, session, page)
        _wire_starts(studio, session, page)
        _wire_tabs(page)
    demo.queue(max_size=64, default_concurrency_limit=8)
    slow_down_queue(demo)
    return demo


def slow_down_queue(demo: gr.Blocks) -> None:
    """Let the queue of an app check for work every ``QUEUE_SECONDS``; **the app is changed**."""
    demo._queue.sleep_when_free = QUEUE_SECONDS


def open_page(studio: Studio) -> tuple[str, str, str, str]:
    """Return (model, data, key of the selected run, facts on the demo) of a page that has just been opened."""
    if studio.ready:
        studio.ready.prepare()
    return STARTER, LIGHTHOUSE, newest_key(studio), model_tab.demo_facts(studio)


def read_starter(studio: Studio) -> str:
    """Read the starter's layers; return its facts."""
    return facts(Fact(*row) for row in studio.layers.get(STARTER).facts)


def use_model(studio: Studio, name: str | None) -> Iterator[tuple[Any, ...]]:
    """Use another model; yield (model, note, facts, layer tree, preset, note on the modules).

    The model and its tree come together: with the tree before, a run that is started meanwhile would train other sites.
    """
    unchanged = [gr.skip()] * 3
    try:
        for update in model_tab.read_named(studio, name):
            if isinstance(update, str):
                yield gr.skip(), note(update), gr.skip(), *unchanged
            else:
                in_use = note(text.model_in_use(update.source), "good")
                described = facts(Fact(*row) for row in update.facts)
                yield update.source, in_use, described, *modules_tab.show_model(studio, update.source)
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad"), gr.skip(), *unchanged
        raise


def poll_page(studio: Studio, request: gr.Request, key: str, cursor: Cursor, hidden: bool) -> tuple[Any, ...]:
    """Return what changed (cursor, strip, listing, log, note, chart, stop, resume, timer, key of the selected run).

    Args:
        key: the selected run; where none is, the newest is selected.
        hidden: whether the browser tab is in the background, so that it polls rarely.
    """
    changes = poll(studio, key or newest_key(studio), cursor)
    wanted = HIDDEN if hidden else changes.interval
    return (
        changes.cursor,
        *(gr.skip() if part is None else part for part in (changes.strip, changes.listing, changes.log)),
        gr.skip() if changes.note is None else note(changes.note),
        changes.chart,
        gr.update(visible=changes.active),
        gr.update(visible=changes.resumable),
        gr.Timer(studio.pages.interval(str(request.session_hash), wanted, time.monotonic())),
        changes.cursor.key if changes.cursor.key != key else gr.skip(),
    )


def change_visibility(event: gr.EventData) -> tuple[bool, gr.Timer]:
    """Return (whether the browser tab is in the background, its polling interval)."""
    hidden = bool(sent(event, "hidden"))
    return hidden, gr.Timer(HIDDEN if hidden else IDLE)


def train_demo(studio: Studio, request: gr.Request) -> tuple[str, Any]:
    """Start the demo's run; return (key of the selected run, the Train tab)."""
    config = RunConfig(text.DEMO_RUN, STARTER, LIGHTHOUSE, train=preset(model_tab.DEMO_PRESET).config)
    return start_once(studio, config, str(request.session_hash)), gr.Tabs(selected="train")


def choose(studio: Studio, event: gr.EventData) -> str:
    """Return the key of the run that was chosen in the strip.

    Raises:
        StudioError: it does not exist.
    """
    chosen = find(studio, str(sent(event, "key") or ""))
    return chosen.key if chosen else ""


def follow(event: gr.EventData) -> Any:
    """Return the tab of a link in the strip."""
    tab = sent(event, "tab")
    return gr.Tabs(selected=tab) if tab in ("scales", "chat") else gr.skip()


def _draw(studio: Studio, session: Session) -> Page:
    masthead = f"<header class='masthead'><h1>{text.BRAND}</h1><span>{text.TAGLINE}</span></header>"
    gr.HTML(masthead + explanations())
    if not keeps_files():
        gr.HTML(note(text.SPACE_FORGETS, "warn"), elem_id="space-note")
    strip = RunStrip(elem_id="run-strip")
    with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
        with gr.Tab(text.MODEL_TAB, id="model"):
            model = model_tab.build(studio, session)
        with gr.Tab(text.MODULES_TAB, id="modules"):
            modules = modules_tab.build(studio, session)
        with gr.Tab(text.DATA_TAB, id="data"):
            data = data_tab.build(studio, session)
        with gr.Tab(text.TRAIN_TAB, id="train") as train_page:
            train = train_tab.build()
        with gr.Tab(text.RUNS_TAB, id="runs") as runs_page:
            runs = runs_tab.build(studio, session, runs_page)
        with gr.Tab(text.SCALES_TAB, id="scales") as scales_page:
            scales = scales_tab.build(studio, session, scales_page)
        with gr.Tab(text.CHAT_TAB, id="chat") as chat_page:
            chat = chat_tab.build(studio, session, chat_page)
        with gr.Tab(text.EXPORT_TAB, id="export") as export_page:
            export = export_tab.build(studio, session, export_page)
    gr.on(
        [train_page.select, modules.tree.change, session.data.change],
        guard(train_tab.plan, studio),
        [session.model, session.data, modules.tree],
        train.plan,
        **quiet(trigger_mode="always_last"),
    )
    session.data.change(
        guard(train_tab.show_preferences), session.data, train.preferences, **quiet(trigger_mode="always_last")
    )
    where = [session.model, train.settings["processes"], train.settings["sharding"]]
    gr.on(
        [train_page.select, *(each.change for each in where[1:])],
        guard(train_tab.placement),
        where,
        train.placement,
        **quiet(trigger_mode="always_last"),
    )
    polling = (strip, gr.Timer(IDLE), gr.State(Cursor()), gr.State(False), gr.State(""))
    return Page(tabs, *polling, model, modules, data, train, scales, chat, export, runs)


def _wire_opening(demo: gr.Blocks, studio: Studio, session: Session, page: Page) -> None:
    """Fill a page that has just been opened: first what is fast, then what may need torch.

    The model's layers are shown once the page knows which model it is.
    """
    chosen = [session.model, session.data, session.current]
    opened = demo.load(guard(open_page, studio), None, [*chosen, page.model.demo], **quiet())
    opened.then(guard(data_tab.use_starter), None, page.data.used, **quiet())
    read = opened.then(guard(read_starter, studio), None, page.model.facts, **quiet())
    read.then(guard(modules_tab.show_model, studio), session.model, page.modules.drawn, **quiet())


def _wire_polling(studio: Studio, session: Session, page: Page) -> None:
    """Poll the selected run: by the timer, and at once when another one is selected."""
    train = page.train
    polled = [page.cursor, page.strip, page.listing, train.log, train.step_note, train.chart, train.stop, train.resume]
    polling: dict[str, Any] = {
        "fn": guard(poll_page, studio),
        "inputs": [session.current, page.cursor, page.hidden],
        "outputs": [*polled, page.timer, session.current],
    }
    often = quiet(concurrency_limit=None, trigger_mode="once", queue=False)  # a third cheaper than through the queue
    seen = page.strip.visibility(change_visibility, None, [page.hidden, page.timer], **quiet(queue=False))
    seen.then(**polling, **often)
    page.timer.tick(**polling, **often)
    session.current.change(**polling, **quiet(concurrency_limit=None, trigger_mode="always_last"))
    page.listing.change(
        guard(runs_tab.draw_changed, studio), page.runs.listed_by, page.runs.drawn, **quiet(trigger_mode="always_last")
    )
    page.train.chart.resync(lambda: Cursor(), None, page.cursor, **quiet(queue=False)).then(**polling, **often)


def _wire_choices(studio: Studio, session: Session, page: Page) -> None:
    """Use another model; select another run."""
    page.model.use.click(
        guard(use_model, studio),
        page.model.source,
        [session.model, page.model.note, page.model.facts, *page.modules.drawn],
        **quiet(),
    )
    chosen = page.strip.choose(guard(choose, studio), None, session.current, **quiet())
    _redraw_after(chosen, studio, session, page)
    page.strip.follow(guard(follow), None, page.tabs, **quiet(queue=False))


def _redraw_after(chosen: Any, studio: Studio, session: Session, page: Page) -> None:
    """Redraw every card that depends on the selected run, after an event that selects another one."""
    chosen.success(guard(scales_tab.draw, studio), page.scales.inputs, page.scales.drawn, **quiet())
    chosen.success(guard(verdict_card.draw, studio), session.current, page.scales.verdict.drawn, **quiet())
    chosen.success(guard(ablation_card.draw, studio), session.current, page.scales.ablation.drawn, **quiet())
    chosen.success(guard(export_tab.offer, studio), session.current, page.export.drawn, **quiet())
    chosen.success(guard(more_exports.offer, studio), session.current, page.export.more.drawn, **quiet())
    chosen.success(guard(hub_card.offer, studio), session.current, page.export.hub.drawn, **quiet())
    chosen.success(guard(chat_tab.describe, studio), page.chat.inputs, page.chat.drawn, **quiet())


def _wire_starts(studio: Studio, session: Session, page: Page) -> None:
    """Start a run from the first tab or from the form; stop and resume it."""
    ablation = page.scales.ablation
    saved = ablation.prune.click(
        guard(ablation_card.save_pruned, studio),
        [session.current, ablation.keep],
        [session.current, ablation.pruned_note],
        **quiet(),
    )
    _redraw_after(saved, studio, session, page)
    gr.on(
        [each.train_demo.click for each in (page.model, page.scales, page.chat, page.runs, page.export)],
        guard(train_demo, studio),
        None,
        [session.current, page.tabs],
        **quiet(),
    )
    form = run_form_widgets(session, page)
    preview = page.data.preview
    gr.on(
        [preview.start.click, preview.number.submit],
        guard(preview_card.draw, studio),
        [preview.number, *form],
        preview.drawn,
        **quiet(),
    )
    finder = page.train.rate_finder
    finder.start.click(
        guard(train_tab.find_rate, studio), form, [finder.rate, finder.note], **quiet(concurrency_limit=1)
    )
    page.train.start.click(guard(train_tab.start_run, studio), form, [session.current, page.train.note], **quiet())
    for stop in (page.strip.halt, page.train.stop.click):
        stop(guard(train_tab.stop_run, studio), session.current, None, **quiet())
    _source, *described = page.data.used
    page.runs.edit.click(
        guard(load_run_settings, studio),
        session.current,
        [page.modules.preset, page.modules.note, *described, page.train.note, page.tabs, *form],
        **quiet(),
    )  # fmt: skip
    page.train.resume.click(guard(train_tab.resume_run, studio), session.current, page.train.note, **quiet())


def run_form_widgets(session: Session, page: Page) -> list[gr.components.Component]:
    """Return the widgets of the run's form, which are spread over the tabs, in the order of its fields."""
    elsewhere = {
        "model": session.model,
        "data": session.data,
        "selected_rows": page.modules.tree,
        "held_out": page.data.held_out,
    }
    return in_order(RunForm, {**elsewhere, **page.train.settings})


def _wire_tabs(page: Page) -> None:
    """Let every tab end with a button for the next; the Runs tab leads to the scales, as the Train tab does."""
    next_buttons = (
        ("modules", page.model.next), ("data", page.modules.next), ("train", page.data.next),
        ("scales", page.train.next), ("scales", page.runs.next), ("chat", page.scales.next),
        ("export", page.chat.next),
    )  # fmt: skip
    for tab, button in next_buttons:
        button.click(lambda tab=tab: gr.Tabs(selected=tab), None, page.tabs, **quiet(queue=False))
