"""The live chart in a real browser: points arrive, zoom stays, gaps are asked for, the data can be taken away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from ia3_studio.training.config import Step
from ia3_studio.ui.components.chart_points import chart_delta
from ia3_studio.ui.components.live_chart import LiveChart

pytestmark = pytest.mark.e2e

TOTAL = 60


def steps(first: int, stop: int) -> list[Step]:
    return [
        Step(n, TOTAL, n / 30, None if n == 0 else 3 - n / 30, 3.0 - n / 40 if n % 10 == 0 else None,
             0.01 * n / TOTAL, 0.5 if n else None, 500 * n, 2.0 * n, 300.0 + n if n else None)
        for n in range(first, stop)
    ]  # fmt: skip


def app() -> gr.Blocks:
    """Return a page whose buttons send what a watching server would send."""

    def send(run: str, first: int, stop: int) -> Callable[[], str]:
        return lambda: chart_delta(run, steps(first, stop), first, TOTAL, stop < TOTAL)

    with gr.Blocks(analytics_enabled=False) as demo:
        chart = LiveChart(elem_id="chart")
        for name, message in {
            "first": send("run-1", 0, 1), "more": send("run-1", 1, 20), "overlap": send("run-1", 15, 30),
            "gap": send("run-1", 50, 55), "other": send("run-2", 0, 5), "none": lambda: "",
        }.items():  # fmt: skip
            gr.Button(name).click(message, None, chart, api_visibility="private")
        chart.resync(send("run-1", 0, 55), None, chart, api_visibility="private")
    return demo


@pytest.fixture
def opened(page: Page, serve: Callable[..., str]) -> Page:
    page.goto(serve(app()))
    expect(page.locator(".live-chart .empty")).to_be_visible()
    return page


def click(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("button", name=name, exact=True).click()


def points(page: Page, count: int) -> None:
    expect(page.locator(".live-chart")).to_have_attribute("data-points", str(count))


def show_20(page: Page) -> None:
    """Draw 20 points in two messages, the second after the first has arrived."""
    click(page, "first")
    points(page, 1)
    click(page, "more")
    points(page, 20)


def main_plot(page: Page, script: str) -> Any:
    return page.evaluate(f"() => {{ const plot = document.querySelector('.live-chart .main'); return {script}; }}")


def test_the_first_point_is_drawn_and_each_message_adds_to_it(opened: Page) -> None:
    show_20(opened)
    click(opened, "overlap")
    points(opened, 30)
    assert main_plot(opened, "plot.data[0].x") == list(range(1, 30))
    expect(opened.locator(".live-chart .figures")).to_contain_text("29 / 60")
    expect(opened.locator(".live-chart .figures")).to_contain_text("base 3.000")
    expect(opened.locator(".live-chart .figures")).to_contain_text("1:02 min")  # 31 steps left at 2 s each


def test_zoom_survives_the_next_message_and_another_run_starts_unzoomed(opened: Page) -> None:
    show_20(opened)
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


def test_the_points_can_be_read_as_a_table_and_taken_away(opened: Page, tmp_path: Path) -> None:
    show_20(opened)
    opened.get_by_label("Table").check()
    expect(opened.locator(".live-chart table tbody tr")).to_have_count(20)
    with opened.expect_download() as download:
        opened.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "points.csv")
    lines = (tmp_path / "points.csv").read_text().splitlines()
    assert download.value.suggested_filename == "run-1.csv"
    assert lines[0].startswith("step,training loss,held-out loss") and len(lines) == 21
    assert lines[11].split(",")[:3] == ["10", "2.66667", "2.75"]


def test_smoothing_and_log_scale_change_the_drawing_only(opened: Page) -> None:
    show_20(opened)
    opened.get_by_label("Smooth").check()
    opened.wait_for_function("document.querySelector('.live-chart .main').data.length === 4")
    opened.get_by_label("Log scale").check()
    opened.wait_for_function("document.querySelector('.live-chart .main').layout.yaxis.type === 'log'")
    points(opened, 20)


def test_colours_follow_the_theme(opened: Page, snapshot: Callable[[Page, str], None]) -> None:
    show_20(opened)
    snapshot(opened, "live-chart-light")
    light = main_plot(opened, "plot.data[0].line.color")
    opened.evaluate("document.body.classList.add('dark')")
    opened.wait_for_function(f"document.querySelector('.live-chart .main').data[0].line.color !== '{light}'")
    snapshot(opened, "live-chart-dark")


def test_nothing_overflows_on_a_phone(opened: Page, snapshot: Callable[[Page, str], None]) -> None:
    opened.set_viewport_size({"width": 390, "height": 844})
    show_20(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= 390")
    widths = opened.evaluate("[...document.querySelectorAll('.live-chart .plot')].map((p) => p.clientWidth)")
    drawn = opened.evaluate("[...document.querySelectorAll('.live-chart .plot')].map((p) => p._fullLayout.width)")
    assert drawn == widths
    snapshot(opened, "live-chart-phone")
