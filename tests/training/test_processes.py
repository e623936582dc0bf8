"""Several processes train as one: same losses, same numbers, whatever their number."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from torch import multiprocessing

from ia3_studio.data.images import ImageRow
from ia3_studio.data.labels import TagRow
from ia3_studio.errors import TrainingError
from ia3_studio.method import attach, discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.models.device import gpu_name
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import Measuring
from ia3_studio.training.processes import Processes, launched
from ia3_studio.training.train import train
from ia3_studio.training.trainable_parameters import TrainableParameters
from tests.families import SMALL, tiny_model
from tests.training import launched as program
from tests.training.preferences import judged_of, pairs_of
from tests.training.rows import rows_of
from tests.training.test_choices import prepared, questions
from tests.training.test_classify import PROBLEMS, classifier, label_rows
from tests.training.test_images import EDGE, vit
from tests.training.test_targets import made, target_rows

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


def every_kind() -> dict[str, tuple[Any, Any, list[Any], TrainConfig]]:
    """Return a model, its attachment, rows and settings for each kind of rows, and for what training does besides."""
    config = TrainConfig(epochs=3, batch_size=4, eval_steps=2, learning_rate=3e-2, micro_batch_tokens=30,
                         backward_dtype="float32")  # fmt: skip
    kinds: dict[str, tuple[Any, Any, list[Any], TrainConfig]] = {
        kind: (*classifier("bert", kind), label_rows(kind, 9), config) for kind in PROBLEMS
    }
    kinds["choices"] = (*prepared("llama"), questions(9), config)
    kinds["targets"] = (*made("t5"), target_rows(9), config)
    words = [TagRow(row.input_ids, tuple(token % 4 for token in row.input_ids), row.row) for row in rows_of(9)]
    torch.manual_seed(0)
    tagger = hf.BertForTokenClassification(hf.BertConfig(**SMALL, intermediate_size=48, num_labels=4)).eval()
    kinds["tags"] = (tagger, HeadedAttachment(tagger, discover(tagger).select("paper"), ["classifier"]), words, config)
    pixels = torch.randn(9, 3, EDGE, EDGE, generator=torch.Generator().manual_seed(2))
    images = [ImageRow(each, (float(number % 2),), number + 1) for number, each in enumerate(pixels)]
    seen = vit()
    kinds["images"] = (seen, HeadedAttachment(seen, discover(seen).select("paper"), ["classifier"]), images, config)
    for name, compared in (("pairs of answers", pairs_of(9)), ("answers with a label", judged_of(9))):
        model = tiny_model("llama")
        kinds[name] = (model, attach(model, discover(model).select("paper")), list(compared), config)
    model = tiny_model("llama")
    cached = attach(model, discover(model).choose("key,value@1"))
    kinds["cached lower layers"] = (model, cached, rows_of(9), replace(config, cache_mb=1))
    model = tiny_model("llama")
    kinds["early stopping"] = (
        model, attach(model, discover(model).select("paper")), rows_of(9),
        replace(config, epochs=20, early_stopping_patience=2, learning_rate=0.3),
    )  # fmt: skip
    model = tiny_model("gpt2")
    kinds["padded rows, adafactor"] = (
        model, attach(model, discover(model).select("paper")), rows_of(9), replace(config, optimizer="adafactor")
    )  # fmt: skip
    return kinds


def train_every_kind(folder: Path) -> None:
    torch.set_num_threads(1)
    found = {}
    for kind, (model, attachment, rows, config) in every_kind().items():
        held_out = rows_of(5, seed=9) if kind == "early stopping" else rows[:5]  # what was not trained gets worse
        steps = list(train(model, attachment, rows, held_out, config))
        found[kind] = (
            [(step.step, step.loss, step.held_out, step.grad_norm) for step in steps],
            [parameter.detach() for parameter in TrainableParameters(attachment).parameters],
        )
    torch.save(found, folder / f"kinds-{launched().rank}.pt")


def join_every_kind(rank: int, folder: Path) -> None:
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    train_every_kind(folder)


def test_two_processes_give_the_losses_and_numbers_of_one_for_every_kind_of_rows(tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    train_every_kind(alone)
    multiprocessing.start_processes(join_every_kind, (tmp_path,), nprocs=2, start_method="fork")
    expected = torch.load(alone / "kinds-0.pt")
    assert len(expected["early stopping"][0]) < 61, "it was to stop early"
    for rank in (0, 1):
        for kind, (steps, parameters) in torch.load(tmp_path / f"kinds-{rank}.pt").items():
            assert len(steps) == len(expected[kind][0]), kind
            for mine, theirs in zip(steps, expected[kind][0], strict=True):
                assert [each or 0 for each in mine] == pytest.approx(
                    [each or 0 for each in theirs], rel=1e-3, abs=1e-5
                ), kind
            for mine, theirs in zip(parameters, expected[kind][1], strict=True):
                torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-4)


def test_a_measurement_says_how_far_it_is_for_every_kind_of_rows() -> None:
    for kind, (model, attachment, rows, config) in every_kind().items():
        seen: list[Measuring | None] = []
        job = train(
            model,
            attachment,
            rows,
            rows,
            config,
            is_stopping=lambda: seen.append(job.measuring) or False,  # noqa: B023
        )
        assert job.measuring is None
        measured = next(job).held_out
        told = [each for each in seen if each is not None]
        shares = [each.done for each in told]
        assert len(told) == len(seen) > 1 and shares == sorted(set(shares)) and shares[-1] == 1, kind
        assert told[-1].loss == pytest.approx(measured, rel=1e-5), kind
        assert job.measuring is None
        job.close()


class BadLoss(CausalLoss):
    """A loss that fails on one process, as a full GPU or a damaged row does."""

    def __init__(self, model: Any, error: Exception) -> None:
        super().__init__(model)
        self.error = error

    def backward(self, rows: Sequence[Any], batch: Sequence[Any], budget: int, scale: float = 1.0) -> float:
        raise self.error


def troubled(rank: int, folder: Path, trouble: str) -> None:
    """Train on two processes of which the second has some trouble; write down how each of them ended."""
    torch.set_num_threads(1)
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    errors = {"memory": RuntimeError("DefaultCPUAllocator: can't allocate memory"), "row": ValueError("a bad row")}
    good = CausalLoss(model)
    bad = BadLoss(model, errors[trouble]) if trouble in errors else good
    seen: list[int] = []

    def stops() -> bool:
        return rank == 1 and trouble == "stop" and bool(seen)

    steps = train(
        model, attachment, rows_of(9), rows_of(3, seed=9), program.CONFIG, objective=bad if rank else good,
        is_stopping=stops,
    )  # fmt: skip
    end = "ended"
    try:
        for step in steps:
            seen.append(step.step)
    except Exception as error:
        end = type(error).__name__
    (folder / f"end-{rank}").write_text(f"{end} {seen}")
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("trouble", "ends"),
    [
        ("stop", ("ended [0]", "ended [0]")),
        ("memory", ("LostProcessError [0]", "RowMemoryError [0]")),  # it goes on where more memory is free
        ("row", ("LostProcessError [0]", "ValueError [0]")),
    ],
)
def test_what_ends_one_process_ends_all_behind_the_same_step(
    tmp_path: Path, trouble: str, ends: tuple[str, str]
) -> None:
    started = multiprocessing.start_processes(troubled, (tmp_path, trouble), nprocs=2, start_method="fork", join=False)
    until = time.monotonic() + 60
    while not started.join(1):
        assert time.monotonic() < until, "a process waits for the other for ever"
    assert tuple((tmp_path / f"end-{rank}").read_text() for rank in (0, 1)) == ends


def stopped_while_measuring(rank: int, folder: Path) -> None:
    """Measure on two processes of which one sees a stop between its rows."""
    torch.set_num_threads(1)
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    steps = train(model, attachment, rows_of(4), rows_of(8), program.CONFIG, is_stopping=lambda: rank == 1)
    (folder / f"end-{rank}").write_text(str([step.held_out for step in steps]))
    torch.distributed.destroy_process_group()


def test_a_stop_that_one_process_sees_while_measuring_gives_up_the_measurement_of_all(tmp_path: Path) -> None:
    started = multiprocessing.start_processes(
        stopped_while_measuring, (tmp_path,), nprocs=2, start_method="fork", join=False
    )
    until = time.monotonic() + 60
    while not started.join(1):
        assert time.monotonic() < until, "a process waits for the other for ever"
    assert [(tmp_path / f"end-{rank}").read_text() for rank in (0, 1)] == ["[None]", "[None]"]


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


def talking(rank: int, folder: Path) -> None:
    """Exchange text and bytes between two processes that may not take objects."""
    store = torch.distributed.FileStore(str(folder / "store"), 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    for name in ("all_gather_object", "broadcast_object_list", "scatter_object_list"):
        setattr(torch.distributed, name, None)
    processes = launched()
    said = processes.all_said("größer " * rank)
    sent = processes.from_first(lambda: bytes(range(256)))
    (folder / f"said-{rank}").write_text(repr((said, sent)))
    torch.distributed.destroy_process_group()


def test_what_is_told_between_processes_is_text(tmp_path: Path) -> None:
    multiprocessing.start_processes(talking, (tmp_path,), nprocs=2, start_method="fork")
    for rank in (0, 1):
        assert (tmp_path / f"said-{rank}").read_text() == repr((["", "größer "], bytes(range(256))))


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
    monkeypatch.setattr("accelerate.PartialState", lambda **_asked: type("State", (), {"num_processes": 1}))
    with pytest.raises(TrainingError, match="4 processes were launched but 1 could be connected"):
        launched()


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert gpu_name() == "cuda:1"
    monkeypatch.delenv("LOCAL_RANK")
    assert gpu_name() == "cuda"
