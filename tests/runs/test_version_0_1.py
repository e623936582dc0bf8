"""The folder of a run that version 0.1 made opens, shows its results, resumes and re-runs.

The files are written here as version 0.1 wrote them; no code of that version is needed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from ia3_studio import __version__
from ia3_studio.cli import DONE, main
from ia3_studio.errors import RunError
from ia3_studio.method import Adapter
from ia3_studio.old_names import SETTINGS
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.comparison import differing
from ia3_studio.runs.environment import read_environment
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.runs.folder import step_line
from ia3_studio.runs.history import record_of, records
from ia3_studio.runs.notes import write_notes
from ia3_studio.runs.queue import position_of
from ia3_studio.runs.rerun import rerun
from ia3_studio.runs.split_record import read_split
from ia3_studio.training.checkpoint import HEADER
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.worker import resume
from ia3_studio.worker.ablation import read_ablation
from ia3_studio.worker.training_job import TrainingJob
from ia3_studio.worker.worker import work
from tests.runs.test_job import export_rows
from tests.tiny_chat import save_tiny_chat

TRAIN = {
    "learning_rate": 0.05, "epochs": 2, "max_steps": None, "batch_size": 4, "micro_tokens": 1024, "max_length": 512,
    "warmup": 0.1, "clip": 2.0, "pull": 0.01, "evaluate_every": 2, "seed": 0, "backward": "float32",
    "optimiser": "adamw", "patience": 5, "long_rows": "cut", "cache_mb": 1024, "cache_folder": None, "keep_best": True,
    "answers": 2,
}  # fmt: skip
"""Training settings as version 0.1 named them."""
TODAY = TrainConfig(
    learning_rate=0.05, epochs=2, batch_size=4, micro_batch_tokens=1024, max_length=512, warmup_ratio=0.1,
    max_grad_norm=2.0, decay_to_one=0.01, eval_steps=2, seed=0, backward_dtype="float32", optimizer="adamw",
    early_stopping_patience=5, long_rows="truncate", sample_generations=2,
)  # fmt: skip
ENDED = 5
"""The step at which the run of version 0.1 was stopped, of 8."""


@dataclass
class Trained:
    """Eight steps of the same settings by today's code, and their state after the fifth."""

    run: Run
    steps: list[Step]
    vector: torch.Tensor
    checkpoint: Path
    adapter: Path


def settings(base: Path, **changed: Any) -> dict[str, Any]:
    """Return the settings of the run, config.json of version 0.1."""
    return {
        "name": "Tiny", "model": str(base / "model"), "data": str(base / "rows.jsonl"),
        "selection": "key,value", "train": {**TRAIN, **changed}, "held_out": 0.2, "mapping": None, "reading": None,
        "report_to": "",
    }  # fmt: skip


def trained_today(tmp_path: Path, config: RunConfig) -> Trained:
    """Train without an interruption; keep checkpoint and adapter of the step at which the old run ended."""
    run = RunStore(tmp_path / "today").create(config, "today")
    job = TrainingJob(run)
    job.prepare(lambda _share, _sentence: None)
    steps = []
    for step in job.steps(lambda: False):
        steps.append(step)
        if step.step == ENDED:
            job.checkpoint(tmp_path / "checkpoint.safetensors")
            job.save(tmp_path / "adapter")
    vector = job._attachment.parameter.detach().clone()
    return Trained(run, steps, vector, tmp_path / "checkpoint.safetensors", tmp_path / "adapter")


def old_run(tmp_path: Path, trained: Trained, config: dict[str, Any]) -> Run:
    """Write the folder of a run as version 0.1 did, with the tensors of a training."""
    folder = tmp_path / "runs" / "20261120-101500-8bab47"
    (folder / "data").mkdir(parents=True)
    rows = Path(config["data"]).read_bytes()
    (folder / "data" / "rows.jsonl").write_bytes(rows)
    write(folder / "config.json", config)
    write(folder / "worker.json", {"pid": 1, "born": 1.0})
    write(folder / "about.json", {"name": "Keeper", "note": "as in the paper", "tags": ["old"]})
    write(folder / "place.json", {"place": 2.5})
    write(folder / "status.json", {
        "phase": "ended", "sentence": "Stopped after step 5; the adapter trained so far is kept", "progress": None,
        "result": "stopped", "seen_at": 1795856452.0, "began_at": 1795856446.5, "ended_at": 1795856452.0,
        "before": 10.0, "memory": 504958976, "cpu": 1.5, "gpu_memory": 0,
    })  # fmt: skip
    write(folder / "made_with.json", {
        "studio": "0.1.0", "python": "3.11.7", "system": "Linux x86_64", "libraries": {"torch": "2.13.0"},
        "device": "On the CPU in float32.", "base_model": "3a67", "numbers": 64, "vectors": 4,
    })  # fmt: skip
    write(folder / "split.json", {
        "data": hashlib.sha256(rows).hexdigest(), "description": "rows.jsonl", "reading": None, "mapping": {},
        "held_out_share": 0.2, "seed": 0, "learned": 16, "held_out": 4, "left_out": 0,
        "held_out_rows": [11, 15, 17, 19],
    })  # fmt: skip
    metrics = "".join(step_line(step) for step in trained.steps if step.step <= ENDED)
    (folder / "metrics.jsonl").write_text(metrics)
    (folder / "log.txt").write_text("fast path, packed rows: on\n")
    old_checkpoint(trained.checkpoint, folder / "checkpoint.safetensors", config["train"])
    old_adapter(trained.adapter, folder / "adapters" / "step-00000005")
    return Run(folder)


def old_checkpoint(today: Path, path: Path, train: dict[str, Any]) -> None:
    """Write a checkpoint with the names of version 0.1."""
    tensors = load_file(today)
    with safe_open(today, "pt") as file:
        header = json.loads(file.metadata()[HEADER])
    counted = header["counters"]
    counters = {
        "settings": train, "rows": 16, "row_tokens": counted["row_tokens"], "step": ENDED, "tokens": counted["tokens"],
        "seconds": 0.25,
        "micro_tokens": 1024, "best_step": 4, "best_held_out": counted["best_held_out"], "waited": 0,
    }  # fmt: skip
    old = {f"optimiser.{name.partition('.')[2]}": each for name, each in tensors.items() if name[0] == "o"}
    kept = {name: each for name, each in tensors.items() if name.startswith(("trained.", "good.", "best."))}
    assert len(old) >= 3 and len(kept) == 3
    save_file(old | kept, path, {HEADER: json.dumps({"counters": counters, "numbers": header["scalars"]})})


def old_adapter(today: Path, folder: Path) -> None:
    """Write an adapter's folder as version 0.1 did."""
    folder.mkdir(parents=True)
    paths = [f"model.layers.{layer}.self_attn.{name}_proj" for layer in (0, 1) for name in "kv"]
    roles = {"k": "key", "v": "value"}
    write(folder / "adapter_config.json", {
        "auto_mapping": None, "base_model_name_or_path": "model", "exclude_modules": None, "fan_in_fan_out": False,
        "feedforward_modules": [], "inference_mode": True, "init_ia3_weights": True, "modules_to_save": None,
        "peft_type": "IA3", "peft_version": "0.21.2", "revision": None, "target_modules": ["k_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
    })  # fmt: skip
    write(folder / "studio.json", {
        "format": 1,
        "metadata": {
            "data": "rows.jsonl: JSON Lines, UTF-8, 20 rows: prompt, answer", "ends_answer": "<|im_end|>",
            "learning_rate": "0.05", "run": "20261120-101500-8bab47", "steps": "5", "studio_version": "0.1.0",
            "task_type": "CAUSAL_LM",
        },
        "sites": [
            {"path": path, "role": roles[path[-6]], "side": "output", "size": 16, "spans": [], "width": 0}
            for path in paths
        ],
    })  # fmt: skip
    vectors = load_file(today / "adapter_model.safetensors")
    names = [f"base_model.model.{path}.ia3_l" for path in paths]
    save_file({name: vectors[name] for name in names}, folder / "adapter_model.safetensors", {"format": "pt"})


def old_evaluation() -> dict[str, Any]:
    """Return what version 0.1 wrote when both models had answered two held-out prompts."""
    loss = {
        "name": "Loss", "unit": "nats per token", "better": "lower", "base": 4.5, "tuned": 4.25,
        "base_interval": [4.4, 4.6], "tuned_interval": [4.2, 4.3], "difference_interval": [-0.3, -0.2],
    }  # fmt: skip
    rouge = {
        "name": "ROUGE-L", "unit": "", "better": "higher", "base": 0.0, "tuned": 0.5, "base_interval": [0.0, 0.0],
        "tuned_interval": [0.4, 0.6], "difference_interval": [0.4, 0.6],
    }  # fmt: skip
    change = {"row": 17, "base": 0.0, "tuned": 0.5, "base_said": "a fox", "tuned_said": "a light"}
    part = {"rows": 8, "seconds": 1.5, "confusion": [], "changes": []}
    return {
        "verdict": {"kind": "gain", "forgets": False, "sentence": "Gain."},
        "held_out": {**part, "task": "language", "measures": [loss]},
        "forgetting": {**part, "task": "forgetting", "measures": [loss]},
        "written": {**part, "task": "generation", "measures": [rouge], "changes": [change]},
    }


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model and rows."""
    folder = tmp_path_factory.mktemp("base")
    save_tiny_chat(folder / "model")
    export_rows(folder / "rows.jsonl")
    return folder


@pytest.fixture(scope="module")
def trained(base: Path) -> Trained:
    return trained_today(base, RunConfig.from_json(json.dumps(settings(base))))


@pytest.fixture
def run(tmp_path: Path, base: Path, trained: Trained) -> Run:
    return old_run(tmp_path, trained, settings(base))


def test_its_settings_load_into_todays_config(run: Run) -> None:
    assert run.config.train == TODAY
    assert (run.config.name, run.config.selection, run.config.held_out) == ("Tiny", "key,value", 0.2)
    assert RunConfig.from_json(run.config.to_json()) == run.config
    assert set(json.loads(run.config.to_json())["train"]) == set(vars(TODAY))


def test_it_is_listed_with_its_status_and_metrics(tmp_path: Path, run: Run) -> None:
    store = RunStore(tmp_path / "runs")
    assert [each.id for each in store.list()] == [run.id] and run.name == "Keeper"
    status = run.status()
    assert (status.state, status.step, status.total_steps, status.resumable) == ("stopped", ENDED, 8, True)
    assert status.message == "Stopped after step 5; the adapter trained so far is kept"
    assert (status.seconds, status.usage.memory, status.usage.cpu) == (15.5, 504958976, 1.5)
    steps, _offset = run.metrics()
    assert [step.step for step in steps] == list(range(ENDED + 1)) and steps[4].held_out is not None
    (record,) = records(store)
    assert (record.name, record.parameters, record.tags, record.learning_rate) == ("Keeper", 64, ("old",), 0.05)
    assert record.loss == steps[4].held_out


def test_its_adapter_loads(run: Run, trained: Trained) -> None:
    folder = run.adapter_folder()
    assert folder
    adapter, today = Adapter.load(folder), Adapter.load(trained.adapter)
    assert adapter.vector.equal(today.vector) and adapter.selection == today.selection
    assert adapter.metadata["studio_version"] == "0.1.0" and adapter.metadata["ends_answer"] == "<|im_end|>"


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
def test_it_resumes_where_it_stopped_as_if_it_had_never_ended(
    optimizer: str, tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(base, optimiser=optimizer)
    trained = trained_today(tmp_path, RunConfig.from_json(json.dumps(config)))
    run = old_run(tmp_path, trained, config)
    monkeypatch.setattr("ia3_studio.worker.launch.start_worker", lambda *_asked, **_how: None)
    resume(run)
    assert run.status().phase == "resuming"
    work(run, TrainingJob(run))
    assert run.status().state == "finished" and run.status().seconds > 15.5, run.log_tail()
    steps, _offset = run.metrics()
    assert [(step.step, step.loss, step.held_out) for step in steps] == [
        (step.step, step.loss, step.held_out) for step in trained.steps
    ]
    folder = run.adapter_folder()
    assert folder and Adapter.load(folder).vector.equal(trained.vector)


def test_its_evaluation_and_sample_generations_are_shown(run: Run) -> None:
    write(run.folder / "evaluation.json", old_evaluation())
    found = read_evaluation(run.folder)
    assert found and found.verdict.kind == "gain" and found.forgetting and found.sample_generations
    assert found.sample_generations.measures[0].tuned == 0.5
    assert (found.sample_generations.changes[0].base_text, found.sample_generations.changes[0].tuned_text) == (
        "a fox",
        "a light",
    )
    assert record_of(run).verdict == "gain"


def test_its_ablation_is_shown(run: Run) -> None:
    parts = [{"kind": "role", "name": "key", "numbers": 32, "muted": 4.5, "kept": 4.25}]
    curve = [{"share": 0.5, "numbers": 32, "loss": 4.3}]
    report = json.dumps({"none": 4.6, "all": 4.2, "rows": 4, "parts": parts, "curve": curve})
    write(run.folder / "parts.json", {"report": report, "adapter": "step-00000005"})
    found = read_ablation(run).report
    assert found and (found.base, found.tuned, found.rows) == (4.6, 4.2, 4)
    part, point = found.parts[0], found.curve[0]
    assert (part.name, part.parameters, part.loss_without, part.loss_with_only) == ("key", 32, 4.5, 4.25)
    assert (point.share, point.parameters, point.loss) == (0.5, 32, 4.3)


def test_its_position_in_the_queue_is_read(run: Run) -> None:
    assert position_of(run) == (2.5, run.id)


def test_its_name_tags_and_notes_can_be_changed(run: Run) -> None:
    write_notes(run.files.notes, replace(run.notes, note="changed"))
    opened = Run(run.folder)
    assert (opened.name, opened.notes.note, opened.notes.tags) == ("Keeper", "changed", ("old",))
    assert sorted(path.name for path in run.folder.glob("*.json")) == sorted(
        f"{name}.json" for name in ("about", "config", "made_with", "place", "split", "status", "worker")
    )


def test_it_is_compared_with_a_run_of_today(tmp_path: Path, run: Run, trained: Trained) -> None:
    different = dict(differing([run, trained.run]))
    versions = different.pop("versions and machine.studio_version")
    assert versions == ("0.1.0", __version__)
    assert not [name for name in different if name.startswith(("train.", "selection", "model"))]
    then, today = read_split(run.files.split), read_split(trained.run.files.split)
    assert then and today and set(then) == set(today)
    assert read_environment(run.files.environment)["parameters"] == 64


def test_it_runs_again_with_the_same_losses_and_reports_its_environment(
    tmp_path: Path, run: Run, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    new = rerun(RunStore(tmp_path / "elsewhere"), run)
    assert new.config.train == TODAY
    job = TrainingJob(new)
    job.prepare(lambda _share, _sentence: None)
    assert [step.loss for step in job.steps(lambda: False)] == [step.loss for step in trained.steps]
    assert "The base model differs from the one of the original run." in capsys.readouterr().out


def test_settings_with_old_names_are_read_and_both_names_of_one_are_refused() -> None:
    given = {"model": "a", "data": "b", "optimiser": "adafactor", "train": {"pull": 0.5, "long_rows": "cut"}}
    train = RunConfig.from_settings(given).train
    assert (train.optimizer, train.decay_to_one, train.long_rows) == ("adafactor", 0.5, "truncate")
    with pytest.raises(RunError, match=r"decay_to_one and its old name pull"):
        RunConfig.from_settings({"model": "a", "data": "b", "pull": 0.5, "decay_to_one": 0.5})


def test_a_settings_file_of_version_0_1_trains_with_one_note_that_names_todays_settings(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    monkeypatch.setattr("ia3_studio.cli.train.start", lambda _run, launch: None)
    write(tmp_path / "config.json", settings(base))
    assert main(["train", str(tmp_path / "config.json"), "--set", "optimiser=adafactor", "--detach"]) == DONE
    (run,) = RunStore().list()
    assert run.config.train == replace(TODAY, optimizer="adafactor")
    (note,) = capsys.readouterr().err.splitlines()
    assert all(f"{old} is now {new}" in note for old, new in SETTINGS.names.items())


def test_the_command_of_version_0_1_still_re_runs_it(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path / "home"))
    started: list[Run] = []
    monkeypatch.setattr("ia3_studio.cli.runs.start", started.append)
    assert main(["again", str(run.folder)]) == DONE
    (made,) = started
    assert made.config.train == TODAY and made.id in [each.id for each in RunStore().list()]
