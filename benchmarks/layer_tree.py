"""How long does a person wait for the layer tree of a model with 3,000 modules?

Measured in headless Chromium, server and browser on this machine: from the click that chooses the model to the drawn
tree, and from the click on a chip to the answer of the server's handler on the page.

    python benchmarks/layer_tree.py [--modules 3000] [--repeats 10]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import gradio as gr
import torch
import transformers as hf
from playwright.sync_api import Page, sync_playwright

from ia3_studio.method.tree import discover
from ia3_studio.ui.components.layer_tree import LayerTree, show_rows
from ia3_studio.ui.components.tree_rows import TreeRows, decode_selection, encode_selection, tree_rows

MODULES_A_BLOCK = 13
DRAWN_LIMIT, TICK_LIMIT = 1.5, 0.5  # seconds


def llama_rows(modules: int) -> tuple[TreeRows, str]:
    """Return the rows of a Llama with about this many modules, and the ticks of the paper's selection."""
    config = hf.LlamaConfig(
        hidden_size=64,
        intermediate_size=128,
        num_attention_heads=4,
        num_hidden_layers=round((modules - 6) / MODULES_A_BLOCK),
        vocab_size=128,
    )
    with torch.device("meta"):
        tree = discover(hf.LlamaForCausalLM(config))
    rows = tree_rows(tree)
    return rows, encode_selection(rows, tree.select("paper"))


def build_app(rows: TreeRows, ticks: str) -> gr.Blocks:
    """Return a page with the tree, a button that fills it and one that empties it."""
    app: gr.Blocks = gr.Blocks(analytics_enabled=False)
    with app:
        choose = gr.Button("choose", elem_id="choose")
        away = gr.Button("away", elem_id="away")
        tree = LayerTree(elem_id="tree")
        answer = gr.Textbox(elem_id="answer")
        choose.click(lambda: show_rows(rows, ticks), outputs=tree, show_progress="hidden")
        away.click(lambda: gr.update(nodes="[]", value=""), outputs=tree, show_progress="hidden")
        tree.input(
            lambda value: f"{len(decode_selection(value, rows))} sites",
            tree,
            answer,
            show_progress="hidden",
            trigger_mode="always_last",
        )
    return app


def measure(page: Page, address: str, count: int, repeats: int) -> tuple[list[float], list[float]]:
    """Return the seconds until the tree was drawn, and until a tick was answered."""
    page.goto(address)
    page.locator("#tree .empty").wait_for()
    drawn, ticked = [], []
    for _ in range(repeats):
        drawn.append(timed(page, "#choose", f"tree.querySelector('.row') && tree.dataset.rows == {count}"))
        for chip in ("q_proj", "o_proj"):
            before = page.locator("#answer textarea").input_value()
            ticked.append(timed(page, f"#tree [data-pat={chip}]", f"answer.value != '{before}'"))
        timed(page, "#away", "!tree.querySelector('.row')")
    return drawn, ticked


def timed(page: Page, click: str, done: str) -> float:
    """Return the seconds from a click until the page, looked at once a frame, shows that it is done."""
    milliseconds: float = page.evaluate(
        """async ([click, done]) => {
            const [tree, answer] = [".layer-tree", "#answer textarea"].map((name) => document.querySelector(name));
            const isDone = new Function("tree", "answer", `return ${done}`);
            const started = performance.now();
            document.querySelector(click).click();
            while (!isDone(tree, answer)) await new Promise(requestAnimationFrame);
            return performance.now() - started;
        }""",
        [click, done],
    )
    return milliseconds / 1000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--modules", type=int, default=3000)
    options.add_argument("--repeats", type=int, default=10)
    asked = options.parse_args()
    rows, ticks = llama_rows(asked.modules)
    _, address, _ = build_app(rows, ticks).launch(server_name="127.0.0.1", quiet=True, prevent_thread_lock=True)
    with sync_playwright() as api:
        chromium = api.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        drawn, ticked = measure(page, address, len(rows.sites), asked.repeats)
        page.click("#choose")
        page.wait_for_selector("#tree .row")
        elements = page.evaluate("document.querySelectorAll('#tree *').length")
        lines = page.locator("#tree .row").count()
        chromium.close()
    print(f"{len(rows.sites):,} modules, {len(rows.json) / 1000:.0f} kB of rows, {len(ticks) / 1000:.1f} kB of ticks")
    print(f"in the page: {lines} rows, {elements} elements")
    for name, seconds, limit in (("click to drawn", drawn, DRAWN_LIMIT), ("tick to answer", ticked, TICK_LIMIT)):
        print(f"{name}: median {statistics.median(seconds):.3f} s, worst {max(seconds):.3f} s (limit {limit} s)")


if __name__ == "__main__":
    main()
