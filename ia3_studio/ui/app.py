"""What is the page, and how do its tabs work together?"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.data.load import LIGHTHOUSE
from ia3_studio.errors import RunError, StudioError
from ia3_studio.models import STARTER, ModelMemory
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.user_store import OwnedStore
from ia3_studio.settings import home, is_public, keeps_files, on_space, runs_folder
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
from ia3_studio.ui.current_run import IMPORTS, find
from ia3_studio.ui.data_source import UPLOADS, expire_uploads
from ia3_studio.ui.forms import in_order
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.host_check import OwnHost, WellFormed, is_loopback
from ia3_studio.ui.load_run_settings import refill
from ia3_studio.ui.markup import Fact, facts, note
from ia3_studio.ui.polling import HIDDEN, IDLE, Cursor, look, newest_key
from ia3_studio.ui.request_errors import Refusing, Told, refuse_junk
from ia3_studio.ui.run_form import RunForm
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.shutdown import ends_in_time
from ia3_studio.ui.start_once import launch
from ia3_studio.ui.temporary_files import GRADIO, make_scratch, scratch_folder, sweep
from ia3_studio.ui.theme import STYLESHEET, studio_theme
from ia3_studio.ui.uploads import BoundUploads, Ledger, UploadLimits
from ia3_studio.ui.visitor import App, GiveKey, visitor

LARGEST_UPLOAD = "200mb"
PORT = "GRADIO_SERVER_PORT"
FIRST_PORT = 7860
Door = Callable[[App], App]
"""Puts something before an app that each request passes."""
IDLE_SECONDS = 0.02
"""Between two looks of the queue for work: nobody feels them, and an app that waits leaves the cores to a run."""


@dataclass(frozen=True)
class Page:
    """The tabs and what lies above them."""

    tabs: gr.Tabs
    strip: RunStrip
    timer: gr.Timer
    cursor: gr.State
    hidden: gr.State
    """Whether nobody sees the page."""
    model: model_tab.ModelTab
    modules: modules_tab.ModulesTab
    data: data_tab.DataTab
    train: train_tab.TrainTab
    scales: scales_tab.ScalesTab
    chat: chat_tab.ChatTab
    export: export_tab.ExportTab
    runs: runs_tab.RunsTab


def build_app(store: RunStore, memory: ModelMemory, home: Path, scratch: Path) -> gr.Blocks:
    """Return the page, wired and queued, ready to launch.

    Args:
        store: the runs it shows and starts.
        memory: the one model that answers in the chat.
        home: the folder of uploads and imported adapters.
        scratch: a folder for files on their way to a download.
    """
    studio = Studio(store, memory, home, scratch)
    demo: gr.Blocks
    with gr.Blocks(title=text.BRAND, analytics_enabled=False, delete_cache=(3600, 86400)) as demo:
        session = Session(gr.State(""), gr.State(""), gr.State(""))
        page = _draw(studio, session)
        _wire_opening(demo, studio, session, page)
        _wire_watching(studio, session, page)
        _wire_choices(studio, session, page)
        _wire_starts(studio, session, page)
        _wire_tabs(page)
    demo.queue(max_size=64, default_concurrency_limit=8)
    rest(demo)
    return demo


def rest(demo: gr.Blocks) -> None:
    """Let the queue of an app look for work fifty times a second: a thousand times take 6 % of a core, these 3."""
    demo._queue.sleep_when_free = IDLE_SECONDS


def open_page(studio: Studio) -> tuple[str, str, str, str]:
    """Return (model, data, key shown, facts of the demo) of a page that has just been opened."""
    return STARTER, LIGHTHOUSE, newest_key(studio), model_tab.demo_facts()


def read_starter(studio: Studio) -> str:
    """Read the starter's layers; return its facts."""
    return facts(Fact(*row) for row in studio.shelf.read(STARTER).facts)


def use_model(studio: Studio, name: str | None) -> Iterator[tuple[Any, str, Any]]:
    """Use another model; yield (model, note, facts)."""
    try:
        for news in model_tab.read_named(studio, name):
            if isinstance(news, str):
                yield gr.skip(), note(news), gr.skip()
            else:
                said = note(text.model_in_use(news.source), "good")
                yield news.source, said, facts(Fact(*row) for row in news.facts)
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad"), gr.skip()
        raise


def look_again(studio: Studio, request: gr.Request, key: str, cursor: Cursor, hidden: bool) -> tuple[Any, ...]:
    """Return what changed (cursor, strip, runs, log, note, chart, stop, resume, timer), and a key if none was shown.

    Args:
        hidden: whether nobody sees the page, so that it need not look often.
    """
    view = look(studio, key or newest_key(studio), cursor)
    wanted = HIDDEN if hidden else view.pause
    return (
        view.cursor,
        *(gr.skip() if piece is None else piece for piece in (view.strip, view.rows, view.log)),
        gr.skip() if view.told is None else note(view.told) if view.told else "",
        view.chart,
        gr.update(visible=view.active),
        gr.update(visible=view.resumable),
        gr.Timer(studio.crowd.pause(str(request.session_hash), wanted, time.monotonic())),
        view.cursor.key if view.cursor.key != key else gr.skip(),
    )


def hide_or_show(event: gr.EventData) -> tuple[bool, gr.Timer]:
    """Return (whether nobody sees the page, when it looks again) as the browser says."""
    hidden = bool(getattr(event, "hidden", False))
    return hidden, gr.Timer(HIDDEN if hidden else IDLE)


def train_demo(studio: Studio, request: gr.Request) -> tuple[str, Any]:
    """Start the demo's run; return (key shown, the tab to watch it on)."""
    config = RunConfig(text.DEMO_RUN, STARTER, LIGHTHOUSE)
    return launch(studio, config, str(request.session_hash)), gr.Tabs(selected="train")


def choose(studio: Studio, event: gr.EventData) -> str:
    """Return the key that was chosen in the bar or in the run list, once it is found to exist."""
    shown = find(studio, str(getattr(event, "key", "")))
    return shown.key if shown else ""


def serve() -> None:
    """Launch the app where the environment says, by default on 127.0.0.1, and wait until it is stopped."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("ia3_studio").setLevel(logging.INFO)  # which fast paths a model in the chat uses
    with ends_in_time(), scratch_folder() as scratch:
        os.environ.setdefault("GRADIO_TEMP_DIR", str(scratch / GRADIO))  # uploads go when the app does
        name = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space() else "127.0.0.1")
        _launch(scratch, _doors(name), server_name=name, server_port=chosen_port(name))


def chosen_port(server_name: str) -> int:
    """Return the port of GRADIO_SERVER_PORT, else the first that is free from 7860 on; which one is printed.

    Raises:
        RunError: the variable names none, or one that another program listens on.
    """
    given = os.environ.get(PORT, "")
    if given:
        if not given.isascii() or not given.isdigit() or not 0 < int(given) < 65_536:
            raise RunError(f"{PORT} is {given[:20]!r}; use a number from 1 to 65535.")
        if not _is_free(server_name, int(given)):
            raise RunError(f"Another program listens on port {given}; stop it, or use another port.")
        return int(given)
    free = next((port for port in range(FIRST_PORT, FIRST_PORT + 100) if _is_free(server_name, port)), None)
    if free is None:
        raise RunError(f"No port from {FIRST_PORT} to {FIRST_PORT + 99} is free; set {PORT} to a free one.")
    if free != FIRST_PORT:
        print(f"Port {FIRST_PORT} is in use, so the app listens on port {free}.", flush=True)
    return free


def _is_free(server_name: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in server_name else socket.AF_INET
    with socket.socket(family) as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            place.bind((server_name, port))
        except OSError:
            return False
    return True


def open_here(height: int = 900) -> gr.Blocks:
    """Open the app in a notebook, on the runs of this computer: what is started in one is seen in the other.

    Args:
        height: of the frame, in pixels.

    Returns:
        The app; its ``local_url`` opens it in a window of its own, ``close()`` ends it. Runs go on without it.
    """
    sweep()
    scratch = make_scratch()
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    # A notebook's own server may show the app under a name of its own, so that no name is refused here.
    return _launch(scratch, [], server_name="127.0.0.1", height=height, prevent_thread_lock=True, quiet=True)


def _launch(scratch: Path, doors: Sequence[Door], **options: Any) -> gr.Blocks:
    place, told = home(), Told()
    kept = (place / UPLOADS, place / IMPORTS)
    store = OwnedStore(runs_folder(), visitor, kept=kept) if is_public() else RunStore()
    expire_uploads(place)
    demo = build_app(store, ModelMemory(), place, scratch)
    refuse_junk(demo, told)
    demo.launch(
        max_file_size=LARGEST_UPLOAD,
        show_error=not is_public(),
        ssr_mode=False,
        pwa=False,
        run_history=False,
        enable_monitoring=False,
        strict_cors=True,
        share=False,  # Gradio would open a tunnel for everybody by itself on Colab and Kaggle
        footer_links=["gradio", "settings"],
        theme=studio_theme(),
        css_paths=STYLESHEET,
        app_kwargs={"lifespan": _behind([*doors, WellFormed, lambda app: Refusing(app, told)])},
        **options,
    )
    return demo


def _behind(doors: Sequence[Door]) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return what puts an app behind doors as it starts, the last one outermost.

    As middleware they would stand behind Gradio's own, which fails of some requests.
    """

    @asynccontextmanager
    async def start(app: Any) -> AsyncIterator[None]:
        for door in doors:
            app.middleware_stack = door(app.middleware_stack)
        yield

    return start


def _doors(server_name: str) -> list[Door]:
    """Return what every request passes first, on an app that listens there."""
    if is_public():
        ledger = Ledger(UploadLimits(), Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()))
        return [GiveKey, lambda app: BoundUploads(app, ledger)]
    return [OwnHost] if is_loopback(server_name) else []


def _draw(studio: Studio, session: Session) -> Page:
    gr.HTML(f"<header class='masthead'><h1>{text.BRAND}</h1><span>{text.TAGLINE}</span></header>")
    if not keeps_files():
        gr.HTML(note(text.SPACE_FORGETS, "warn"), elem_id="space-note")
    strip = RunStrip(elem_id="run-strip")
    with gr.Tabs(elem_id="tabs", overflow_behavior="wrap") as tabs:
        with gr.Tab(text.MODEL_TAB, id="model"):
            model = model_tab.build()
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
    settled = [train_page.select, modules.tree.change, session.data.change]
    planned = [session.model, session.data, modules.tree]
    gr.on(settled, guard(train_tab.plan, studio), planned, train.plan, **quiet(trigger_mode="always_last"))
    watching = (strip, gr.Timer(IDLE), gr.State(Cursor()), gr.State(False))
    return Page(tabs, *watching, model, modules, data, train, scales, chat, export, runs)


def _wire_opening(demo: gr.Blocks, studio: Studio, session: Session, page: Page) -> None:
    """Fill a page that has just been opened: first what is cheap, then what needs torch."""
    chosen = [session.model, session.data, session.current]
    opened = demo.load(guard(open_page, studio), None, [*chosen, page.model.demo], **quiet())
    opened.then(guard(data_tab.use_starter), None, page.data.used, **quiet())
    read = demo.load(guard(read_starter, studio), None, page.model.facts, **quiet())
    read.then(guard(modules_tab.show_model, studio), session.model, page.modules.drawn, **quiet())


def _wire_watching(studio: Studio, session: Session, page: Page) -> None:
    """Look at the run that is shown: now and then, and at once when another one is chosen."""
    train = page.train
    watched = [page.cursor, page.strip, train.runs, train.log, train.told, train.chart, train.stop, train.resume]
    looking: dict[str, Any] = {
        "fn": guard(look_again, studio),
        "inputs": [session.current, page.cursor, page.hidden],
        "outputs": [*watched, page.timer, session.current],
    }
    often = quiet(concurrency_limit=None, trigger_mode="once", queue=False)  # a third cheaper than through the queue
    page.strip.looked(hide_or_show, None, [page.hidden, page.timer], **quiet(queue=False)).then(**looking, **often)
    page.timer.tick(**looking, **often)
    session.current.change(**looking, **quiet(concurrency_limit=None, trigger_mode="always_last"))
    page.train.chart.resync(lambda: Cursor(), None, page.cursor, **quiet(queue=False)).then(**looking, **often)


def _wire_choices(studio: Studio, session: Session, page: Page) -> None:
    """Use another model; show another run."""
    used = page.model.use.click(
        guard(use_model, studio), page.model.source, [session.model, page.model.note, page.model.facts], **quiet()
    )
    used.success(guard(modules_tab.show_model, studio), session.model, page.modules.drawn, **quiet())
    for chooser in (page.strip, page.train.runs):
        _wire_shown(studio, session, page, chooser.choose(guard(choose, studio), None, session.current, **quiet()))


def _wire_shown(studio: Studio, session: Session, page: Page, chosen: Any) -> None:
    """Draw every tab anew whose cards tell of what is shown, once something else is."""
    chosen.success(guard(scales_tab.draw, studio), page.scales.inputs, page.scales.drawn, **quiet())
    chosen.success(guard(verdict_card.draw, studio), session.current, page.scales.verdict.drawn, **quiet())
    chosen.success(guard(ablation_card.draw, studio), session.current, page.scales.parts.drawn, **quiet())
    chosen.success(guard(export_tab.offer, studio), session.current, page.export.drawn, **quiet())
    chosen.success(guard(more_exports.offer, studio), session.current, page.export.ways.drawn, **quiet())
    chosen.success(guard(hub_card.offer, studio), session.current, page.export.hub.drawn, **quiet())
    chosen.success(guard(chat_tab.describe, studio), page.chat.inputs, page.chat.drawn, **quiet())


def _wire_starts(studio: Studio, session: Session, page: Page) -> None:
    """Start a run from the first tab or from the form; stop it from anywhere."""
    parts = page.scales.parts
    saved = parts.pruned.click(
        guard(ablation_card.save_pruned, studio),
        [session.current, parts.keep],
        [session.current, parts.saved],
        **quiet(),
    )
    _wire_shown(studio, session, page, saved)
    page.model.train_demo.click(guard(train_demo, studio), None, [session.current, page.tabs], **quiet())
    form = run_form_widgets(session, page)
    outlook = page.data.outlook
    gr.on(
        [outlook.ask.click, outlook.number.submit],
        guard(preview_card.draw, studio),
        [outlook.number, *form],
        outlook.drawn,
        **quiet(),
    )
    suggestion = page.train.suggestion
    suggestion.ask.click(
        guard(train_tab.suggest, studio), form, [suggestion.rate, suggestion.note], **quiet(concurrency_limit=1)
    )
    page.train.start.click(guard(train_tab.start_run, studio), form, [session.current, page.train.note], **quiet())
    for stop in (page.strip.halt, page.train.stop.click):
        stop(guard(train_tab.stop_run, studio), session.current, None, **quiet())
    _source, *described = page.data.used
    page.runs.edit.click(
        guard(refill, studio),
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
        "ticks": page.modules.tree,
        "held_out": page.data.held_out,
    }
    return in_order(RunForm, {**elsewhere, **page.train.settings})


def _wire_tabs(page: Page) -> None:
    """Let every tab end in a step to the next; the history of runs is beside the way from training to its result."""
    onward = (
        ("modules", page.model.next), ("data", page.modules.next), ("train", page.data.next),
        ("scales", page.train.next), ("scales", page.runs.next), ("chat", page.scales.next),
        ("export", page.chat.next),
    )  # fmt: skip
    for tab, button in onward:
        button.click(lambda tab=tab: gr.Tabs(selected=tab), None, page.tabs, **quiet(queue=False))
