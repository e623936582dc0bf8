"""A studio on a fresh folder, with runs whose workers are never started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from pathlib import Path

import gradio as gr
import pytest
import torch

from ia3_studio.method import Adapter, Selection, Site, discover
from ia3_studio.method.scaling import attach
from ia3_studio.models import ModelMemory
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import step_line
from ia3_studio.training import Step, TrainConfig
from ia3_studio.ui.page import build_app
from ia3_studio.ui.run_form import RunForm
from ia3_studio.ui.session import Studio
from tests.tiny_chat import save_tiny_chat

AddRun = Callable[..., Run]
FORM = RunForm(
    model="some/model", data="lighthouse", selected_rows="3-5", held_out=0.2, name="Mine", learning_rate=0.02,
    epochs=1.5, batch_size=4, max_length=128, seed=7, warmup_ratio=0.1, max_grad_norm=2.0,
    decay_to_one=0.001, eval_steps=5, micro_batch_tokens=512, backward_dtype="float32", optimizer="adafactor",
    max_steps=9, early_stopping_patience=2, keep_best=False, long_rows="skip", sample_generations=3,
    loss_type="ipo", beta=0.3, label_smoothing=0.1, sft_weight=0.5, desirable_weight=1.2, undesirable_weight=0.8,
)  # fmt: skip
"""A form in which every setting differs from its default."""


BASE_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture
def bench(tmp_path: Path) -> Studio:
    return Studio(RunStore(tmp_path / "runs"), ModelMemory(), tmp_path, tmp_path / "scratch")


@pytest.fixture
def add_run(bench: Studio) -> AddRun:
    def add(name: str = "A run", model: str = "some/model", start_id: str = "") -> Run:
        config = RunConfig(name, model, "lighthouse", "paper", TrainConfig())
        return bench.store.create(config, start_id or name)

    return add


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny chat model."""
    return save_tiny_chat(tmp_path / "tiny")


@pytest.fixture
def adapter(bench: Studio, tiny: Path, tmp_path: Path) -> Path:
    """An imported adapter that changes every response of the tiny model."""
    return save_random_adapter(bench, tiny, tmp_path / "adapters" / "0123456789abcdef", 0)


@pytest.fixture
def second_adapter(bench: Studio, tiny: Path, tmp_path: Path) -> Path:
    """Another imported adapter of the same model."""
    return save_random_adapter(bench, tiny, tmp_path / "adapters" / "fedcba9876543210", 1)


def save_adapter(folder: Path, base: str = BASE_MODEL) -> Path:
    """Save an adapter with one vector of four scales."""
    site = Site("model.layers.0.self_attn.k_proj", "output", 4, "key")
    Adapter(Selection((site,), base), torch.tensor([0.9, 1.0, 1.1, 1.2]), {"steps": "7"}).save(folder)
    return folder


def save_random_adapter(bench: Studio, model: Path, folder: Path, seed: int) -> Path:
    with bench.memory.acquire(str(model)) as loaded:
        attachment = attach(loaded.model, discover(loaded.model, str(model)).select("paper"))
        with torch.no_grad():
            attachment.parameter.uniform_(-3, 3, generator=torch.Generator().manual_seed(seed))
        attachment.adapter().save(folder)
        attachment.detach()
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> gr.Blocks:
    """The page, never served."""
    folder = tmp_path_factory.mktemp("app")

    async def build() -> gr.Blocks:  # in a running loop: otherwise Gradio makes loops and never closes them
        return build_app(RunStore(folder / "runs"), ModelMemory(), folder, folder / "scratch")

    return asyncio.run(build())


def says(html: str, sentence: str) -> bool:
    """Say whether a piece of the page holds a sentence."""
    return bool(sentence) and escape(sentence) in html


def write_steps(run: Run, first: int, stop: int) -> None:
    """Append steps to a run's metrics; the held-out loss is 4 at step 0 and falls by 0.1 a step."""
    with run.files.metrics.open("a", encoding="utf-8") as file:
        for number in range(first, stop):
            held_out = 4 - number / 10 if number % 5 == 0 else None
            file.write(step_line(Step(number, 50, number / 25, 3.0, held_out, 0.01, 0.5, 10 * number, 1.0, 99.0)))
