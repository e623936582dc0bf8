"""What must hold on a GPU too: losses of a CPU, packed rows, files, memory that runs out, resuming and the chat.

Run by ``pytest -m gpu`` and by ``benchmarks/gpu.py``; other runs leave these tests out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import multiprocessing

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.tokens import TokenRow, prompt_ids
from ia3_studio.method import Adapter, Attachment, attach, discover, merge
from ia3_studio.models import load_model
from ia3_studio.models.device import choose_device
from ia3_studio.models.gpu_load import used_gpus
from ia3_studio.models.gpu_process import gpu_memory
from ia3_studio.models.placement import traceable
from ia3_studio.models.sharding import is_sharded
from ia3_studio.models.sharding_plan import WHOLE, ShardingPlan
from ia3_studio.models.weights import open_model
from ia3_studio.training import Step, TrainConfig
from ia3_studio.training.checkpoint import load_checkpoint
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.train import train
from tests.families import CAUSAL, tiny_model
from tests.tiny_chat import save_tiny_chat
from tests.training.rows import rows_of

pytestmark = pytest.mark.gpu
CONFIG = TrainConfig(epochs=3, batch_size=4, learning_rate=1e-2, eval_steps=3)


@pytest.fixture(autouse=True)
def _needs_a_gpu() -> None:
    if not torch.cuda.is_available():
        pytest.fail("torch finds no GPU on this machine")


def on_gpu(family: str, dtype: torch.dtype | None = None) -> tuple[Any, Attachment]:
    """Return a tiny model on the GPU, in the format that the studio takes there unless another is given."""
    found = choose_device()
    model = tiny_model(family).to(found.name, dtype or found.dtype)
    return model, attach(model, discover(model).select("paper"))


def losses_of(steps: Iterable[Step]) -> list[float]:
    """Return the loss of each step that was trained."""
    return [step.loss for step in steps if step.loss is not None]


@pytest.mark.parametrize("family", CAUSAL)
def test_losses_are_those_of_the_cpu(family: str) -> None:
    plain = tiny_model(family)
    attachment = attach(plain, discover(plain).select("paper"))
    expected = list(train(plain, attachment, rows_of(12), rows_of(4, seed=9), CONFIG))
    model, attachment = on_gpu(family)
    found = list(train(model, attachment, rows_of(12), rows_of(4, seed=9), CONFIG))
    assert losses_of(found) == pytest.approx(losses_of(expected), rel=2e-2)
    held_out = [[step.held_out for step in steps if step.held_out is not None] for steps in (found, expected)]
    assert held_out[0] == pytest.approx(held_out[1], rel=2e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=str)
def test_float16_learns_as_float32(dtype: torch.dtype) -> None:
    model, attachment = on_gpu("llama", torch.float32)
    expected = losses_of(train(model, attachment, rows_of(12), [], CONFIG))
    model, attachment = on_gpu("llama", dtype)
    assert losses_of(train(model, attachment, rows_of(12), [], CONFIG)) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("family", CAUSAL)
def test_packed_rows_give_the_losses_of_single_rows(family: str) -> None:
    model, _attachment = on_gpu(family)
    loss, rows = CausalLoss(model), rows_of(6)
    assert loss.packing is not None, [str(path) for path in loss.fast_paths]
    assert loss.row_losses(rows) == pytest.approx([loss.group_loss([row]) for row in rows], rel=1e-2)


def test_an_adapter_of_a_gpu_is_the_same_on_a_cpu(tmp_path: Path) -> None:
    model, attachment = on_gpu("llama")
    list(train(model, attachment, rows_of(12), [], CONFIG))
    attachment.adapter().save(tmp_path)
    kept = Adapter.load(tmp_path)
    assert all(vector.device.type == "cpu" for vector in kept.vectors().values())
    assert torch.cat(list(kept.vectors().values())).equal(attachment.parameter.detach().cpu())


def test_a_resumed_run_ends_as_one_never_interrupted(tmp_path: Path) -> None:
    model, attachment = on_gpu("llama")
    whole = losses_of(train(model, attachment, rows_of(12), [], CONFIG))
    model, attachment = on_gpu("llama")
    first = train(model, attachment, rows_of(12), [], CONFIG)
    while next(first).step < 4:
        pass
    first.checkpoint().save(tmp_path / "kept")
    model, attachment = on_gpu("llama")
    rest = train(model, attachment, rows_of(12), [], CONFIG, since=load_checkpoint(tmp_path / "kept"))
    assert losses_of(rest) == pytest.approx(whole[4:], rel=1e-4)


class Hungry(CausalLoss):
    """A loss for which the GPU has no room for more than so many tokens in a forward pass."""

    room = 200

    def group_backward(self, rows: Sequence[TokenRow], total: float) -> float:
        if sum(map(self.size, rows)) > self.room:
            torch.empty(2 * torch.cuda.get_device_properties(0).total_memory, dtype=torch.uint8, device="cuda")
        return super().group_backward(rows, total)


def test_where_memory_runs_out_forward_passes_become_smaller_and_nothing_else_changes() -> None:
    rows = rows_of(64)
    whole = replace(CONFIG, epochs=1, batch_size=64, micro_batch_tokens=100_000)
    model, attachment = on_gpu("llama")
    expected = losses_of(train(model, attachment, rows, [], whole))
    model, attachment = on_gpu("llama")
    steps = list(train(model, attachment, rows, [], whole, objective=Hungry(model)))
    assert any(step.note for step in steps)
    assert losses_of(steps) == pytest.approx(expected, rel=1e-2)


def test_the_chat_answers_as_generate_does_with_merged_weights(tmp_path: Path) -> None:
    loaded = load_model(str(save_tiny_chat(tmp_path)))
    loaded.model.to(torch.float32)  # greedy tokens of random weights are told apart by less than bfloat16 rounds
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    with torch.no_grad():
        attachment.parameter.mul_(1.1)
    asked = (Message("user", "hello"),)
    *_, (answer,) = reply(loaded, attachment, [asked], [1.0], ChatSettings(temperature=0, max_new_tokens=12))
    adapter = attachment.adapter()
    attachment.detach()
    merge(loaded.model, adapter)
    ids = torch.tensor([prompt_ids(asked, loaded.tokenizer)], device=loaded.model.device)
    found = loaded.model.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
    assert answer.text == loaded.tokenizer.decode(found, skip_special_tokens=True)


def test_a_gpu_is_asked_in_a_process_of_its_own_and_says_how_busy_it_is() -> None:
    asked = gpu_memory()
    assert [each.total for each in asked] == [torch.cuda.mem_get_info(n)[1] for n in range(torch.cuda.device_count())]
    weight = torch.randn(2048, 2048, device="cuda")
    until = time.monotonic() + 2
    while time.monotonic() < until:
        weight = torch.nn.functional.normalize(weight @ weight)
    torch.cuda.synchronize()
    memory, gpus = used_gpus()
    assert memory >= weight.nbytes and 0 < gpus <= torch.cuda.device_count()


two_gpus = pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")


@two_gpus
def test_a_model_spread_over_two_gpus_gives_the_losses_of_one(tmp_path: Path) -> None:
    save_tiny_chat(tmp_path)
    size = sum(each.numel() for each in tiny_model("llama").parameters()) * choose_device().dtype.itemsize
    found = []
    for plan in (WHOLE, ShardingPlan("spread", "", 2, {"0": int(0.6 * size), "1": size})):
        model = open_model(tmp_path, choose_device(), None, plan)
        attachment = attach(model, discover(traceable(model)).select("paper"))
        found.append(losses_of(train(model, attachment, rows_of(12), rows_of(4, seed=9), CONFIG)))
    assert len({parameter.device for parameter in model.parameters()}) == 2
    assert found[1] == pytest.approx(found[0], rel=2e-2)


@two_gpus
def test_weights_shared_by_two_gpus_give_the_losses_of_one(tmp_path: Path) -> None:
    save_tiny_chat(tmp_path / "model")
    model = open_model(tmp_path / "model", choose_device())
    attachment = attach(model, discover(model).select("paper"))
    expected = losses_of(train(model, attachment, rows_of(12), rows_of(4, seed=9), CONFIG))
    multiprocessing.start_processes(_train_sharded, (tmp_path,), nprocs=2, start_method="spawn")
    for rank in (0, 1):
        assert torch.load(tmp_path / f"{rank}") == pytest.approx(expected, rel=2e-2)


def _train_sharded(rank: int, folder: Path) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    torch.cuda.set_device(rank)
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("nccl", store=store, rank=rank, world_size=2)
    model = open_model(folder / "model", choose_device(), None, ShardingPlan("sharded", "", 2))
    assert is_sharded(model)
    attachment = attach(model, discover(traceable(model)).select("paper"))
    torch.save(losses_of(train(model, attachment, rows_of(12), rows_of(4, seed=9), CONFIG)), folder / f"{rank}")
