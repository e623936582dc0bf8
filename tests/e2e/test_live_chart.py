"""The live chart in a real browser: points arrive, zoom stays, gaps are asked for, the data can be taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from ia3_studio.training.config import Step
from ia3_studio.ui.components.live_chart import ALWAYS, WORDS, LiveChart, chart_delta
from tests.e2e.conftest import Problems
from tests.e2e.studio_app import close_pages, free_port, settle

pytestmark = pytest.mark.e2e

TOTAL = 60
SLOWEST = 20_000
"""Milliseconds; plotly.js alone has 4.8 MB, and the machine may have other tests to run."""


def steps(first: int, stop: int) -> list[Step]:
    return [
        Step(n, TOTAL, n / 30, None if n == 0 else 3 - n / 30, 3.0 - n / 40 if n % 10 == 0 else None,
             0.01 * n / TOTAL, 0.5 if n else None, 500 * n, 2.0 * n, 300.0 + n if n else None)
        for n in range(first, stop)
    ]  # fmt: skip


def slow(stop: int, every: int) -> list[Step]:
    """Steps of 2 s, the fifth held up by 100 s; a held-out loss takes 10 s more."""
    return [
        Step(n, TOTAL, n / 30, 2.0, 2.0 if n % every == 0 else None, 0.01, 0.5, 500 * n,
             2.0 * n + 10 * (n // every + 1) + (100 if n >= 5 else 0), 300.0)
        for n in range(stop)
    ]  # fmt: skip


def send(run: str, first: int, stop: int) -> Callable[[], str]:
    return lambda: chart_delta(run, steps(first, stop), first, TOTAL, stop <= TOTAL)


def app() -> gr.Blocks:
    """Return a page whose buttons send what a watching server would send."""
    with gr.Blocks(analytics_enabled=False) as demo:
        chart, heard = LiveChart(elem_id="chart"), gr.Textbox(elem_id="heard", label="Last message", max_lines=1)
        for name, message in {
            "first": send("run-1", 0, 1), "more": send("run-1", 1, 20), "overlap": send("run-1", 15, 30),
            "gap": send("run-1", 50, 55), "other": send("run-2", 0, 5), "none": lambda: "",
            "end": send("run-1", 0, TOTAL + 1), "idle": send("run-1", 20, 20),
            "begun": lambda: chart_delta("run-3", [], 0, 0, True),
            "part": lambda: chart_delta("run-1", [], 0, 0, True, 2.0, 4.25),
            "barren": lambda: chart_delta("run-3", [], 0, 0, False),
            "slow": lambda: chart_delta("slow", slow(26, 10), 0, TOTAL, True),
            "early": lambda: chart_delta("early", slow(9, 10), 0, TOTAL, True, 3723.4),
        }.items():  # fmt: skip
            sent = gr.Button(name).click(message, None, chart, api_visibility="private")
            sent.then(lambda name=name: name, None, heard, api_visibility="private")
        chart.resync(send("run-1", 0, 55), None, chart, api_visibility="private")
    return demo


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(app())


@pytest.fixture
def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator(".live-chart .empty")).to_be_visible()
    return page


def click(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()


def points(page: Page, count: int) -> None:
    expect(page.locator(".live-chart")).to_have_attribute("data-points", str(count), timeout=SLOWEST)


def heard(page: Page, name: str) -> None:
    """Wait until the page has got a message."""
    expect(page.locator("#heard textarea, #heard input")).to_have_value(name, timeout=SLOWEST)


def show_20(page: Page) -> None:
    """Draw 20 points in two messages, the second after the first has arrived."""
    click(page, "first")
    points(page, 1)
    click(page, "more")
    points(page, 20)


def main_plot(page: Page, script: str) -> Any:
    return page.evaluate(f"() => {{ const plot = document.querySelector('.live-chart .main'); return {script}; }}")


def test_the_base_model_s_loss_so_far_is_drawn_until_its_point_comes(opened: Page) -> None:
    click(opened, "part")
    chart = opened.locator(".live-chart")
    expect(chart).to_have_attribute("data-drawn", "1", timeout=SLOWEST)
    expect(chart).to_have_attribute("data-points", "0")
    expect(chart.locator(".figures")).to_contain_text("4.250")
    drawn = "plot.data.map((trace) => [trace.y.length, trace.name])"
    assert [1, WORDS["base_so_far"]] in main_plot(opened, drawn)
    click(opened, "first")
    points(opened, 1)
    names = [name for _count, name in main_plot(opened, drawn)]
    assert WORDS["held_out"] in names and WORDS["base_so_far"] not in names
    expect(chart.locator(".figures")).not_to_contain_text("4.250")
    click(opened, "part")  # late: the point stays
    heard(opened, "part")
    points(opened, 1)
    click(opened, "none", "part", "barren")
    expect(chart.locator(".empty")).to_have_text(WORDS["nothing"], timeout=SLOWEST)


def test_the_first_point_is_drawn_and_each_message_adds_to_it(opened: Page) -> None:
    show_20(opened)
    click(opened, "overlap")
    points(opened, 30)
    assert main_plot(opened, "plot.data[0].x") == list(range(1, 30))
    expect(opened.locator(".live-chart .figures")).to_contain_text("29 / 60")
    expect(opened.locator(".live-chart .figures")).to_contain_text(WORDS["from_base"].format(base="3.000"))
    expect(opened.locator(".live-chart .figures")).to_contain_text("0.97")  # epochs
    expect(opened.locator(".live-chart .figures")).to_contain_text("1:02 min")  # 31 steps left at 2 s each


def test_time_left_counts_the_losses_to_come_and_forgets_one_long_pause(opened: Page) -> None:
    click(opened, "slow")
    points(opened, 26)
    expect(opened.locator(".live-chart dd").last).to_have_text("1:50 min")  # 35 steps at 2 s, 4 losses at 10 s


def test_time_left_is_a_lower_bound_until_it_is_known_how_often_the_loss_is_taken(opened: Page) -> None:
    click(opened, "early")
    points(opened, 9)
    expect(opened.locator(".live-chart dd").last).to_have_text("≥ 1:54 min")  # 52 steps at 2 s, one loss at 10 s


def test_the_elapsed_time_is_that_of_the_run_which_may_have_repeated_steps(opened: Page) -> None:
    click(opened, "early")
    points(opened, 9)
    expect(opened.locator(".live-chart .figures")).to_contain_text("1:02:03 h")


def spoken(step: int, loss: str, held_out: str) -> str:
    """Return what a screen reader hears while a run trains, up to the time that is left."""
    said: str = WORDS["announced"].format(step=step, total=TOTAL, loss=loss, held_out=held_out, left="LEFT")
    return said.partition("LEFT")[0].strip()


def test_a_screen_reader_hears_of_the_run_now_and_then_and_of_its_end(opened: Page) -> None:
    said = opened.locator(".live-chart [role=status]")
    click(opened, "first")
    expect(said).to_contain_text(spoken(0, "–", "3.000"))
    click(opened, "more")
    points(opened, 20)
    expect(said).to_contain_text(spoken(0, "–", "3.000"))
    click(opened, "end")
    expect(said).to_have_text(WORDS["announced_last"].format(step=60, total=TOTAL, loss="1.000", held_out="1.500"))


def test_a_message_without_news_redraws_nothing(opened: Page) -> None:
    show_20(opened)
    opened.evaluate("document.querySelector('.live-chart .main').on('plotly_afterplot', () => window.drawn = 1)")
    click(opened, "idle")
    heard(opened, "idle")
    opened.wait_for_timeout(300)  # nothing can be waited for: the claim is that nothing comes
    assert opened.evaluate("window.drawn") is None
    click(opened, "overlap")
    opened.wait_for_function("window.drawn === 1")


def test_zoom_survives_the_next_message_and_another_run_starts_unzoomed(opened: Page) -> None:
    show_20(opened)
    settle(opened)
    box = opened.locator(".live-chart .main .nsewdrag").first.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    opened.mouse.move(box["x"] + box["width"] * 0.1, middle)
    opened.mouse.down()
    opened.mouse.move(box["x"] + box["width"] * 0.2, middle, steps=8)
    opened.mouse.up()
    zoomed = main_plot(opened, "plot.layout.xaxis.range")
    assert zoomed == pytest.approx([0.1 * TOTAL, 0.2 * TOTAL], abs=1)
    click(opened, "overlap")
    points(opened, 30)
    assert main_plot(opened, "plot.layout.xaxis.range") == zoomed
    click(opened, "other")
    points(opened, 5)
    assert main_plot(opened, "plot.layout.xaxis.range") == [0, TOTAL]


def test_a_gap_is_asked_for_again(opened: Page) -> None:
    click(opened, "first")
    points(opened, 1)
    click(opened, "gap")
    points(opened, 55)
    assert main_plot(opened, "plot.data[0].x") == list(range(1, 55))


def test_no_run_shows_what_to_do(opened: Page) -> None:
    click(opened, "first")
    points(opened, 1)
    click(opened, "none")
    expect(opened.locator(".live-chart .empty")).to_be_visible()
    points(opened, 0)


def test_a_run_without_points_is_not_called_no_run(opened: Page) -> None:
    click(opened, "begun")
    expect(opened.locator(".live-chart .empty")).to_contain_text(WORDS["waiting"])
    expect(opened.locator(".live-chart")).to_have_attribute("data-run", "run-3")
    click(opened, "barren")
    expect(opened.locator(".live-chart .empty")).to_contain_text(WORDS["nothing"])


def test_a_message_that_comes_before_the_script_is_drawn_when_the_script_is_there(page: Page, address: str) -> None:
    held: list[Route] = []
    page.route("**/plotly.min.js", lambda route: held.append(route))
    page.goto(address)
    expect(page.locator(".live-chart .empty")).to_contain_text(WORDS["empty"])
    click(page, "first")
    heard(page, "first")
    held[0].continue_()
    points(page, 1)


def lazy_app() -> gr.Blocks:
    """Return a page whose chart gets two messages before its tab is ever opened."""
    with gr.Blocks(analytics_enabled=False) as demo:
        with gr.Tab("front"):
            state = gr.Textbox("", elem_id="state")
        with gr.Tab("behind"):
            chart = LiveChart()
        private: dict[str, Any] = {"api_visibility": "private"}
        first = demo.load(send("run-1", 0, 20), None, chart, **private)
        first.then(send("run-1", 20, 30), None, chart, **private).then(lambda: "sent", None, state, **private)
        chart.resync(send("run-1", 0, 30), None, chart, **private)
    return demo


def test_a_chart_that_is_opened_late_or_again_shows_every_point(page: Page, serve: Callable[..., str]) -> None:
    page.goto(serve(lazy_app()))
    for _visit in range(2):
        expect(page.locator("#state textarea, #state input")).to_have_value("sent")
        page.get_by_role("tab", name="behind").click()
        points(page, 30)
        assert main_plot(page, "plot.data[0].x") == list(range(1, 30))
        page.reload()


@pytest.fixture
def behind_a_prefix(context: BrowserContext) -> Iterator[str]:
    """Serve the page at /studio/ only, as behind a proxy; pages are closed before it ends, for they would complain."""
    site = gr.mount_gradio_app(FastAPI(), app(), path="/studio")
    server = uvicorn.Server(uvicorn.Config(site, host="127.0.0.1", port=free_port(), log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:  # until then it refuses whoever asks
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.config.port}/studio"
    close_pages(context)
    server.should_exit = True
    thread.join()


def test_the_chart_is_drawn_behind_a_prefix(page: Page, behind_a_prefix: str, problems: Problems) -> None:
    problems.expect("favicon.ico")  # which a browser asks of the site, not of the page
    page.goto(behind_a_prefix)
    show_20(page)


def test_what_is_drawn_is_read_as_a_table_smoothed_and_colored(
    opened: Page, tmp_path: Path, snapshot: Callable[[Page, str], None]
) -> None:
    show_20(opened)
    the_points_can_be_read_as_a_table_and_taken_away(opened, tmp_path)
    smoothing_and_log_scale_change_the_drawing_only(opened)
    colors_follow_the_theme(opened, snapshot)


def the_points_can_be_read_as_a_table_and_taken_away(opened: Page, tmp_path: Path) -> None:
    opened.get_by_label(WORDS["tabular"]).check()
    expect(opened.locator(".live-chart table tbody tr")).to_have_count(20)
    with opened.expect_download() as download:
        opened.get_by_role("button", name=WORDS["csv"]).click()
    download.value.save_as(tmp_path / "points.csv")
    lines = (tmp_path / "points.csv").read_text().splitlines()
    assert download.value.suggested_filename == "run-1.csv"
    assert lines[0] == ",".join(WORDS["columns"][:ALWAYS]) and len(lines) == 21
    assert lines[11].split(",")[:3] == ["10", "2.66667", "2.75"]


def smoothing_and_log_scale_change_the_drawing_only(opened: Page) -> None:
    opened.get_by_label(WORDS["smooth"]).check()
    opened.wait_for_function("document.querySelector('.live-chart .main').data.length === 4")
    raw, calm = main_plot(opened, "[plot.data[0].y, plot.data[1].y]")
    past, mean = 1 - 1 / (TOTAL / 10), 0.0
    for index, loss in enumerate(raw):
        mean = past * mean + (1 - past) * loss
        assert calm[index] == pytest.approx(mean / (1 - past ** (index + 1)))
    opened.get_by_label(WORDS["log"]).check()
    opened.wait_for_function("document.querySelector('.live-chart .main').layout.yaxis.type === 'log'")
    points(opened, 20)


def colors_follow_the_theme(opened: Page, snapshot: Callable[[Page, str], None]) -> None:
    snapshot(opened, "live-chart-light")
    light = main_plot(opened, "plot.data[0].line.color")
    opened.evaluate("document.body.classList.add('dark')")
    opened.wait_for_function(f"document.querySelector('.live-chart .main').data[0].line.color !== '{light}'")
    snapshot(opened, "live-chart-dark")


def test_nothing_overflows_on_a_phone(opened: Page, snapshot: Callable[[Page, str], None]) -> None:
    opened.set_viewport_size({"width": 390, "height": 844})
    show_20(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= 390")
    plots = "[...document.querySelectorAll('.live-chart .plot:not([hidden])')]"
    opened.wait_for_function(f"{plots}.every((plot) => plot._fullLayout.width === plot.clientWidth)")
    drag = opened.evaluate("[matchMedia('(pointer: coarse)').matches, document.querySelector('.plot').layout.dragmode]")
    assert drag == [False, "zoom"]
    snapshot(opened, "live-chart-phone")


def test_a_finger_on_the_chart_scrolls_the_page(browser: Browser, address: str) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = phone.new_page()
    page.goto(address)
    show_20(page)
    assert main_plot(page, "plot.layout.dragmode") is False
    phone.close()
