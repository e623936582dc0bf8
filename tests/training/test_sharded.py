"""Weights that several processes share, or that wait on the disk: the losses and the adapter of one process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import transformers as hf
from torch import multiprocessing

from ia3_studio.errors import ModelError
from ia3_studio.method.merging import merge
from ia3_studio.models.classifier import load_classifier
from ia3_studio.models.device import choose_device
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.models.placement import traceable
from ia3_studio.models.sharding import is_offloaded, is_sharded, layers_of, local_bytes
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.weights import open_model
from ia3_studio.tasks.task import attach_selection
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.processes import launched
from ia3_studio.training.train import train
from ia3_studio.training.trainable_parameters import TrainableParameters
from ia3_studio.worker.planning import GIVES_BACK
from tests.families import SMALL, tiny_model
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer
from tests.training.preferences import judged_of, pairs_of
from tests.training.rows import rows_of
from tests.training.test_choices import questions
from tests.training.test_classify import label_rows
from tests.training.test_targets import target_rows

GENERATOR = torch.Generator()
SHARDED = ShardingPlan("sharded", "", 2)
# 9 rows by 4 in micro-batches of about two rows: shares are uneven, and the last batch leaves one process without rows.
CONFIG = TrainConfig(
    epochs=2, batch_size=4, eval_steps=2, learning_rate=3e-2, micro_batch_tokens=30, backward_dtype="float32"
)
KINDS: dict[str, tuple[str, Callable[[], Sequence[Any]]]] = {
    "llama": ("llama", lambda: rows_of(9)),
    "gpt2, whose head is its embedding": ("gpt2", lambda: rows_of(9)),
    "t5": ("t5", lambda: target_rows(9)),
    "choices": ("llama", lambda: questions(9)),
    "classes": ("bert", lambda: label_rows("single", 9)),
    "preferred answers": ("llama", lambda: pairs_of(9)),
    "answers with a label": ("llama", lambda: judged_of(9)),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each family."""
    home = tmp_path_factory.mktemp("models")
    for family in ("llama", "gpt2", "t5"):
        save_tiny_chat(home / family, family=family)
    torch.manual_seed(0)
    hf.BertModel(hf.BertConfig(**SMALL, intermediate_size=48)).save_pretrained(home / "bert")
    tiny_tokenizer().save_pretrained(home / "bert")
    large = hf.LlamaConfig(vocab_size=2000, hidden_size=512, intermediate_size=1536, num_hidden_layers=16)
    hf.LlamaForCausalLM(large).bfloat16().save_pretrained(home / "large")  # in memory twice as many bytes
    return home


def loaded_as(folder: Path, plan: ShardingPlan) -> LoadedModel:
    if folder.name == "bert":
        return load_classifier(str(folder), ["0", "1", "2"], plan=plan)
    return LoadedModel(open_model(folder, choose_device(), None, plan), None, "causal-lm", "", "", "")


def train_every_kind(models: Path, result: Path, plan: ShardingPlan) -> None:
    torch.set_num_threads(1)
    found = {}
    for kind, (family, rows) in KINDS.items():
        loaded = loaded_as(models / family, plan)
        assert is_sharded(loaded.model) == (plan.kind == "sharded")
        attachment = attach_selection(loaded, "paper")
        given = rows()
        steps = list(train(loaded.model, attachment, given, given[:5], CONFIG))
        found[kind] = (
            [
                (
                    step.step,
                    step.loss or 0,
                    step.held_out or 0,
                    step.grad_norm or 0,
                    step.chosen_reward or 0,
                    step.held_out_chosen_reward or 0,
                )
                for step in steps
            ],
            [parameter.detach() for parameter in TrainableParameters(attachment).parameters],
        )
    torch.save(found, result / f"{launched().rank}.pt")


def join(rank: int, folder: Path, work: Callable[[Path], None]) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    work(folder)


def on_two(folder: Path, work: Callable[[Path], None]) -> None:
    multiprocessing.start_processes(join, (folder, work), nprocs=2, start_method="fork")


def test_shared_weights_give_the_losses_and_numbers_of_one_process_for_every_kind(models: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    train_every_kind(models, alone, WHOLE)
    on_two(tmp_path, partial(_train_sharded, models))
    expected = torch.load(alone / "0.pt")
    for rank in (0, 1):
        for kind, (steps, parameters) in torch.load(tmp_path / f"{rank}.pt").items():
            for mine, theirs in zip(steps, expected[kind][0], strict=True):
                assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-5), kind
            for mine, theirs in zip(parameters, expected[kind][1], strict=True):
                torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


def _train_sharded(models: Path, folder: Path) -> None:
    train_every_kind(models, folder, SHARDED)


def _peaks(models: Path, plan: ShardingPlan, folder: Path) -> None:
    """Write the bytes of weights of this process, and how far its memory grows at most while it loads and trains."""
    torch.set_num_threads(1)
    loaded_as(models / "llama", plan)  # imports
    Path("/proc/self/clear_refs").write_text("5")  # the highest use of memory is measured from here on
    before = psutil.Process().memory_info().rss
    loaded = loaded_as(models / "large", plan)
    kept = local_bytes(loaded.model)
    attachment = attach_selection(loaded, "paper")
    list(train(loaded.model, attachment, rows_of(4), [], replace(CONFIG, max_steps=1)))
    highest = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    torch.save((kept, int(highest.split()[1]) * 1024 - before), folder / f"peak-{launched().rank}.pt")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux counts the highest use of memory")
def test_each_process_has_half_of_the_weights_and_needs_that_much_less_memory(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*GIVES_BACK)
    multiprocessing.start_processes(_peaks_alone, (models, tmp_path), nprocs=1, start_method="spawn")
    whole, whole_peak = torch.load(tmp_path / "peak-0.pt")
    multiprocessing.start_processes(join, (tmp_path, partial(_peaks, models, SHARDED)), nprocs=2, start_method="spawn")
    assert whole > 200e6
    for rank in (0, 1):
        kept, peak = torch.load(tmp_path / f"peak-{rank}.pt")
        assert kept == pytest.approx(whole / 2, rel=0.02)
        assert peak < whole_peak - 0.4 * whole, (peak / 1e6, whole_peak / 1e6)


def _peaks_alone(_rank: int, models: Path, folder: Path) -> None:
    _peaks(models, WHOLE, folder)


def _merge_sharded(models: Path, folder: Path, family: str) -> None:
    loaded = loaded_as(models / family, SHARDED)
    ids = torch.arange(1, 9)[None]
    given = {"input_ids": ids} | ({"decoder_input_ids": ids} if family == "t5" else {})

    def logits() -> torch.Tensor:
        with torch.no_grad():
            found: torch.Tensor = loaded.model(**given).logits
        return found

    base = logits()
    attachment = attach_selection(loaded, "all")
    with torch.no_grad():
        attachment.parameter.copy_(
            1 + 0.3 * torch.randn(attachment.parameter.shape, generator=GENERATOR.manual_seed(0))
        )
    hooked = logits()
    with merge(loaded.model, attachment):
        merged = logits()
        with attachment.disabled():
            paused = logits()
    with attachment.disabled():
        undone = logits()
    torch.save((base, hooked, merged, paused, undone), folder / f"merged-{launched().rank}.pt")


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5"])
def test_merging_into_shared_weights_is_what_hooks_compute_and_is_undone_bit_for_bit(
    models: Path, tmp_path: Path, family: str
) -> None:
    on_two(tmp_path, partial(_merge_sharded, models, family=family))
    for rank in range(2):
        base, hooked, merged, paused, undone = torch.load(tmp_path / f"merged-{rank}.pt")
        assert not torch.allclose(base, hooked, atol=1e-3)
        torch.testing.assert_close(merged, hooked, rtol=1e-4, atol=1e-5)
        assert torch.equal(paused, base) and torch.equal(undone, base)


@pytest.mark.parametrize("family", ["llama", "gpt2", "t5"])
def test_weights_on_the_disk_give_the_same_losses(models: Path, family: str) -> None:
    rows = target_rows(9) if family == "t5" else rows_of(9)
    found = []
    sizes = sum(each.numel() * 4 for each in tiny_model(family).parameters())
    for plan in (WHOLE, ShardingPlan("offload", "", 1, {"cpu": int(0.6 * sizes)})):
        loaded = loaded_as(models / family, plan)
        if family != "t5":  # no packed rows, whose batches are others
            loaded.model.set_attn_implementation("eager")
        assert is_offloaded(loaded.model) == (plan.kind == "offload")
        attachment = attach_selection(loaded, "paper")
        steps = list(train(loaded.model, attachment, rows, rows[:5], CONFIG))
        found.append(([[step.loss or 0, step.held_out or 0] for step in steps], attachment.adapter().vector))
    assert any(parameter.is_meta for parameter in loaded.model.parameters())
    for mine, theirs in zip(found[1][0], found[0][0], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-4)


def test_a_model_without_a_list_of_layers_is_refused() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2))
    with pytest.raises(ModelError, match="No list of layers was found in a model of the type 'Sequential'"):
        layers_of(model)


def test_a_whole_model_is_traced_itself() -> None:
    model = tiny_model("llama")
    assert traceable(model) is model
