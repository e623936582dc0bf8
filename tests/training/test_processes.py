"""Several processes train as one: same losses, same numbers, whatever their number."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import multiprocessing

from ia3_studio.errors import TrainingError
from ia3_studio.models.device import gpu_name
from ia3_studio.training.processes import Processes, launched
from tests.training import launched as program

ROOT = Path(__file__).resolve().parents[2]
LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
          "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0")  # fmt: skip


def losses(folder: Path, rank: int) -> list[float]:
    lines = (folder / f"steps-{rank}.jsonl").read_text(encoding="utf-8").splitlines()
    steps = list(map(json.loads, lines))
    return [step[name] for step in steps for name in ("loss", "held_out", "grad_norm") if step[name] is not None]


def require_same(alone: Path, together: Path) -> None:
    expected = torch.load(alone / "numbers-0.pt")
    for rank in (0, 1):
        assert losses(together, rank) == pytest.approx(losses(alone, 0), rel=1e-5)
        torch.testing.assert_close(torch.load(together / f"numbers-{rank}.pt"), expected, rtol=1e-5, atol=1e-6)
    assert losses(together, 0) == losses(together, 1)


def join(rank: int, folder: Path) -> None:
    os.environ["RANK"] = str(rank)
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    program.main(folder)


def test_two_processes_give_the_losses_and_numbers_of_one(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    program.main(alone)
    multiprocessing.start_processes(join, (together,), nprocs=2, start_method="fork")
    require_same(alone, together)


@pytest.mark.starter
def test_accelerate_launch_gives_the_losses_and_numbers_of_one_process(tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    program.main(alone)
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *LAUNCH, str(Path(program.__file__)), str(together)]
    subprocess.run(command, env=environment, check=True, timeout=120)
    require_same(alone, together)


def test_the_shares_of_a_batch_are_the_batch(rows: int = 7) -> None:
    shares = [Processes(rank, 3).share(range(rows)) for rank in range(3)]
    assert sorted(row for share in shares for row in share) == list(range(rows))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_one_process_is_not_made_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert (launched().rank, launched().count) == (0, 1)
    assert not torch.distributed.is_initialized()


def test_processes_that_cannot_be_joined_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setattr("accelerate.PartialState", lambda cpu: type("State", (), {"num_processes": 1}))
    with pytest.raises(TrainingError, match="4 processes were launched and 1 could be joined"):
        launched()


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert gpu_name() == "cuda:1"
    monkeypatch.delenv("LOCAL_RANK")
    assert gpu_name() == "cuda"
