"""A run on several machines: two groups of processes, in two networks where the system lets us have them."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
import torch

from ia3_studio.models.sharding_plan import Sharding
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import Launch, write_json
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.worker import resume
from ia3_studio.worker.launch import start_worker
from tests.e2e.nursery import nursery, spawn_from
from tests.runs.test_ranks import (
    STEPS,
    TRAIN,
    alone,
    command,
    config,
    ended,
    gone,
    home,
    let_reach,
    pids,
    require_as_alone,
    wait,
)
from tests.runs.troubled_ranks import NETWORK, TROUBLED

__all__ = ["alone", "home"]
pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("workers_start_at_once")]


@dataclass(frozen=True)
class Machines:
    """Two machines; the address belongs to the first one."""

    address: str
    networks: tuple[str, str]
    """Files of their network namespaces; empty where both are this machine."""


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Return two networks that are connected, or else this machine twice."""
    names = [f"ia3{secrets.token_hex(3)}" for _machine in range(2)]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
        for line in (
            f"link add {names[0]} netns {names[0]} type veth peer name {names[1]} netns {names[1]}",
            *(f"-n {name} addr add 10.77.0.{place}/24 dev {name}" for place, name in enumerate(names, start=1)),
            *(f"-n {name} link set {device} up" for name in names for device in (name, "lo")),
        ):
            subprocess.run(["ip", *line.split()], check=True, capture_output=True)
        yield Machines("10.77.0.1", (f"/run/netns/{names[0]}", f"/run/netns/{names[1]}"))
    except (OSError, subprocess.CalledProcessError):  # not root, or no such tool
        yield Machines("127.0.0.1", ("", ""))
    finally:
        for name in names:
            if Path(f"/run/netns/{name}").exists():
                subprocess.run(["ip", "netns", "del", name], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def begin(
    home: Path,
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
    theirs: RunConfig,
    mode: str = "none",
    sharding: Sharding = "auto",
    pause: float = 0.0,
    store: str = "first",
) -> tuple[Run, Run]:
    """Start a run on two machines; return it and what the second machine has of it."""
    address = f"{machines.address}:{free_port()}"
    if sharding != "auto":
        theirs = replace(theirs, processes=0, sharding=sharding)  # one process without a GPU
    run = RunStore(home / store).create(replace(config(home, 2), sharding=sharding), secrets.token_hex(4))
    write_json(run.files.launch, asdict(Launch(None, 2, address)))
    monkeypatch.setenv(NETWORK, machines.networks[0])
    start_worker(run.files, command(run, mode))
    wait(lambda: "waiting for 1 other machine" in run.status().message, run)
    time.sleep(pause)
    joined = RunStore(home / "second").create(theirs, secrets.token_hex(4))
    monkeypatch.setenv(NETWORK, machines.networks[1])
    line = [sys.executable, "-m", "tests.runs.troubled_ranks", str(joined.folder), mode, address]
    pid = spawn_from(nursery(), line, joined.files.log, joined.folder)
    write_json(joined.files.worker, {"pid": pid})
    return run, joined


def test_two_machines_give_the_losses_and_the_adapter_of_one_process(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    began = time.monotonic()
    run, joined = begin(home, machines, monkeypatch, config(home, 1), pause=3)
    require_as_alone(ended(run), alone)
    assert run.status().seconds < time.monotonic() - began - 3, "waiting for a machine is no training"
    assert len(run.status().processes) == 3
    wait((joined.folder / "joined").exists, joined)
    assert (joined.folder / "joined").read_text() == "" and not joined.files.metrics.exists()


@pytest.mark.nightly
def test_two_machines_share_the_weights_and_give_the_losses_and_the_adapter_of_one_process(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    run, joined = begin(home, machines, monkeypatch, config(home, 1), sharding="full")
    require_as_alone(ended(run), alone)
    assert "Sharded over 3 processes" in (run.metrics()[0][0].note or "")
    assert json.loads((run.folder / "evaluation.json").read_text())["verdict"]
    wait((joined.folder / "joined").exists, joined)
    assert (joined.folder / "joined").read_text() == ""


@pytest.mark.nightly
def test_full_memory_on_another_machine_starts_the_processes_of_both_again(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    monkeypatch.setenv(TROUBLED, "2")
    run, joined = begin(home, machines, monkeypatch, config(home, 1), "small memory", sharding="full")
    require_as_alone(ended(run), alone)
    notes = " ".join(step.note or "" for step in run.metrics()[0])
    assert re.search(r"Process 2 of 3 ran out of memory at step 4 \(on .+\); all processes start again after", notes)
    wait((joined.folder / "joined").exists, joined)
    assert (joined.folder / "joined").read_text() == ""


def test_a_process_lost_on_another_machine_is_named_and_the_run_goes_on_without_it(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    run, joined = begin(home, machines, monkeypatch, config(home, 1))
    let_reach(run, 4)
    all_pids = pids(run)
    os.kill(all_pids[2], signal.SIGKILL)
    status = ended(run).status()
    assert status.state == "failed" and status.resumable
    said = r"Process 2 was killed .*\(SIGKILL\): out of memory, or ended by someone\. \(on .+\) Resume it\."
    assert re.fullmatch(said, status.message), status.message
    wait((joined.folder / "joined").exists, joined)
    assert "Process 2 was killed" in (joined.folder / "joined").read_text()
    assert gone(all_pids)
    monkeypatch.delenv(NETWORK)
    resume(run, command(run))
    require_as_alone(ended(run), alone)


@pytest.mark.nightly
def test_machines_that_lose_their_network_end_and_the_run_goes_on_on_one(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    if not machines.networks[1]:
        pytest.skip("the system lets us have no networks of our own")
    run, joined = begin(home, machines, monkeypatch, config(home, 1), "hung")
    let_reach(run, 4)
    all_pids, name = pids(run), Path(machines.networks[1]).name
    link = ("ip", "-n", name, "link", "set", name)
    subprocess.run([*link, "down"], check=True)
    try:
        status = ended(run).status()
        assert status.state == "failed" and status.resumable
        assert "did not answer for 1 minute. Resume it." in status.message
        wait((joined.folder / "joined").exists, joined, 90)
        said = (joined.folder / "joined").read_text()
        assert re.fullmatch(r"The connection to 10\.77\.0\.1:\d+ was lost\. Start this command again when .*", said), (
            said
        )
        wait(lambda: gone(all_pids), run)
    finally:
        subprocess.run([*link, "up"], check=True)
    monkeypatch.delenv(NETWORK)
    resume(run, command(run))
    require_as_alone(ended(run), alone)


def settings(home: Path) -> list[str]:
    """Return the command that trains with the settings of these tests."""
    given = {name: value for name, value in asdict(TRAIN).items() if value != getattr(TrainConfig(), name)}
    words = ["train", "--model", str(home / "model"), "--data", str(home / "rows.jsonl"), "--selection", "paper"]
    return words + [each for name, value in given.items() for each in ("--set", f"{name}={json.dumps(value)}")]


def commands_on_both(
    machines: Machines, words: tuple[list[str], list[str]], homes: tuple[Path, Path], first_says: str
) -> None:
    """Run a command on each machine, the second one when the first waits for it, and wait for their ends."""
    meeting = ("--processes", "1", "--nodes", "2", "--rdzv", f"{machines.address}:{free_port()}")

    def start(place: int) -> subprocess.Popen[str]:
        network = machines.networks[place]
        inside = ("ip", "netns", "exec", Path(network).name) if network else ()
        return subprocess.Popen(
            (*inside, sys.executable, "-m", "ia3_studio", *words[place], *meeting), text=True,
            env={**os.environ, "IA3_STUDIO_HOME": str(homes[place])}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    first, store = start(0), RunStore(homes[0] / "runs")
    until = time.monotonic() + 120
    while not any("waiting for 1 other machine" in run.status().message for run in store.list()):
        assert time.monotonic() < until and first.poll() in (None, 0)
        time.sleep(0.1)
    second = start(1)
    for process, said in ((second, "The run has ended."), (first, first_says)):
        output, _nothing = process.communicate(timeout=240)
        assert process.returncode == 0 and said in output, output


@pytest.mark.nightly
def test_the_command_on_each_of_two_machines_trains_one_run(
    home: Path, machines: Machines, tmp_path: Path, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    homes = tmp_path / "0", tmp_path / "1"
    commands_on_both(machines, (settings(home), settings(home)), homes, f"Finished after {STEPS} steps")
    (run,) = RunStore(homes[0] / "runs").list()
    require_as_alone(run, alone)
    assert len(run.status().processes) == 2 and not RunStore(homes[1] / "runs").list()


@pytest.mark.nightly
def test_the_command_resumes_a_run_on_two_machines(
    home: Path,
    machines: Machines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    alone: tuple[tuple[Step, ...], torch.Tensor],
) -> None:
    run, joined = begin(home, machines, monkeypatch, config(home, 1), store="home/runs")
    let_reach(run, 4)
    run.request_stop()
    assert ended(run).status().resumable
    wait((joined.folder / "joined").exists, joined)
    monkeypatch.delenv(NETWORK)
    commands_on_both(machines, (["resume", run.id], settings(home)), (home / "home", tmp_path), "")
    require_as_alone(ended(run), alone)


def test_a_stop_on_another_machine_stops_the_run_and_keeps_it(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, joined = begin(home, machines, monkeypatch, config(home, 1))
    let_reach(run, 4)
    all_pids, supervisor = pids(run), json.loads(joined.files.worker.read_text())["pid"]
    os.kill(supervisor, signal.SIGTERM)
    status = ended(run).status()
    assert status.state == "stopped" and status.resumable and status.step < status.total_steps
    assert run.adapter_folder() == run.files.snapshots()[status.step]
    wait(lambda: gone([*all_pids, supervisor]), run)


def test_other_settings_on_another_machine_are_one_sentence(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = replace(config(home, 1), train=replace(TRAIN, learning_rate=0.5))
    run, joined = begin(home, machines, monkeypatch, theirs)
    message = ended(run).status().message
    assert re.fullmatch(r"learning_rate is 0\.03 on .+ and 0\.5 on .+; use the same settings .+", message), message
    wait((joined.folder / "joined").exists, joined)
    assert (joined.folder / "joined").read_text() == message


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("other versions", r"tokenizers is \d.+ on .+ and 0\.1 on .+; use the same settings and versions .+"),
        ("other device", r".+ computes on (cpu|cuda) and .+ on (cpu|cuda), so that they cannot train together; .+"),
    ],
)
def test_other_versions_and_another_device_on_a_machine_are_one_sentence(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch, mode: str, said: str
) -> None:
    monkeypatch.setenv(TROUBLED, "2")
    run, joined = begin(home, machines, monkeypatch, config(home, 1), mode)
    message = ended(run).status().message
    assert re.fullmatch(said, message), message
    wait((joined.folder / "joined").exists, joined)
    assert re.fullmatch(said, (joined.folder / "joined").read_text())


def test_a_machine_without_the_model_ends_the_run_on_both_with_a_sentence(
    home: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, joined = begin(home, machines, monkeypatch, replace(config(home, 1), model=str(home / "absent")))
    message = ended(run).status().message
    assert re.fullmatch(r".+ cannot take part: No model can be loaded from .+absent.+", message), message
    wait((joined.folder / "joined").exists, joined)
    assert (joined.folder / "joined").read_text().startswith("No model can be loaded from ")


@pytest.mark.parametrize("mode", ["nobody comes", "none"])
def test_a_machine_that_nobody_joins_waits_a_finite_time_and_can_be_stopped(home: Path, mode: str) -> None:
    run = RunStore(home / "first").create(config(home, 1), secrets.token_hex(4))
    write_json(run.files.launch, asdict(Launch(None, 2, f"127.0.0.1:{free_port()}")))
    start_worker(run.files, command(run, mode))
    wait(lambda: "waiting for 1 other machine" in run.status().message, run)
    if mode == "none":
        run.request_stop()
    status = ended(run).status()
    said = "Stopped before the first step" if mode == "none" else "The 2 machines did not meet at 127.0.0.1:"
    assert status.message.startswith(said) and status.state == ("stopped" if mode == "none" else "failed")
