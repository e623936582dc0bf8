"""How many processes, on which machines: what cannot be is refused in one sentence, before or at the start."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import torch

from ia3_studio.cli import DONE, REFUSED, main
from ia3_studio.errors import RunError
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.folder import Launch
from ia3_studio.runs.user_store import UserStore
from ia3_studio.worker import meeting, ranks
from ia3_studio.worker.meeting import is_here
from ia3_studio.worker.ranks import process_count, require_launch
from ia3_studio.worker.worker import Stopped

CONFIG = RunConfig("A run", "SmolLM2-135M-Instruct", "lighthouse")


def gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_by_default_each_gpu_has_a_process_and_a_cpu_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CONFIG.processes == 0
    gpus(monkeypatch, 0)
    assert process_count(0) == 1 and process_count(3) == 3
    gpus(monkeypatch, 4)
    assert process_count(0) == 4 and process_count(2) == 2 and process_count(1) == 1


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, 2)
    with pytest.raises(RunError, match=r"asks for 3 processes with a GPU each, and this machine has 2; .* at most 2"):
        process_count(3)


def test_the_threads_of_the_machine_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    gpus(monkeypatch, 0)
    for count, each in ((2, "4"), (3, "2"), (16, "1")):
        ranks._allot_threads(count)
        assert os.environ["OMP_NUM_THREADS"] == each


def test_a_run_from_before_has_one_process() -> None:
    document = json.loads(replace(CONFIG, processes=5).to_json())
    assert RunConfig.from_json(json.dumps(document)).processes == 5
    del document["processes"]
    assert RunConfig.from_json(json.dumps(document)).processes == 1


def test_visitors_cannot_choose_the_number_of_processes(tmp_path: Path) -> None:
    store = UserStore(tmp_path / "runs", lambda: "somebody")
    with pytest.raises(RunError, match="Visitors cannot choose the number of processes"):
        store.create(replace(CONFIG, processes=2), "one")
    assert store.create(CONFIG, "two").config.processes == 0


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        (Launch(None, 0), "--nodes is 0"),
        (Launch(None, 65, "here:1"), "--nodes is 65"),
        (Launch(None, 2), "belong together"),
        (Launch(None, 1, "here:1"), "belong together"),
        (Launch(None, 2, "here"), "give HOST:PORT"),
        (Launch(None, 2, ":1"), "give HOST:PORT"),
        (Launch(None, 2, "here:0"), "give HOST:PORT"),
        (Launch(None, 2, "here:65536"), "give HOST:PORT"),
        (Launch(None, 2, "here:1e3"), "give HOST:PORT"),
    ],
)
def test_what_cannot_be_launched_is_refused(launch: Launch, said: str) -> None:
    with pytest.raises(RunError, match=said):
        require_launch(launch)


def test_an_address_is_here_if_nobody_else_listens_there() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not is_here(f"127.0.0.1:{other.getsockname()[1]}")
    assert not is_here("192.0.2.1:29400")  # an address for documentation, which no machine has
    with pytest.raises(RunError, match="is unknown"):
        is_here("no such host:29400")


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> tuple[meeting.Meeting, meeting.Meeting]:
    """Return the meeting of two machines as each of them has it, the one with the run first."""
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        monkeypatch.setenv(name, "lo")
    monkeypatch.setattr(meeting, "WAITING_SECONDS", 0.01)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        launch = Launch(1, 2, f"127.0.0.1:{probe.getsockname()[1]}")
    return meeting.Meeting(launch), meeting.Meeting(launch, joins=True)


def make_ready(at: meeting.Meeting, check: Callable[[], None] = lambda: None) -> None:
    with at.together(check):
        pass


def test_machines_go_on_when_all_are_ready_however_long_one_takes_that_shows_life(
    met: tuple[meeting.Meeting, meeting.Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "MEETING_SECONDS", 0.4)
    ready: list[str] = []
    here = Thread(target=lambda: (make_ready(met[0]), ready.append("here")))
    here.start()
    with met[1].together(lambda: None):
        for _download in range(20):
            time.sleep(0.05)
            met[1].show_life()
        assert not ready
    here.join(10)
    assert ready == ["here"]


def test_a_machine_that_cannot_start_ends_the_others_with_its_sentence(
    met: tuple[meeting.Meeting, meeting.Meeting],
) -> None:
    with pytest.raises(RunError, match=r"^The model is missing[.]$"), met[1].together(lambda: None):
        raise RunError("The model is missing.")
    with pytest.raises(RunError, match=r"cannot take part: The model is missing[.]$"):
        make_ready(met[0])


def test_a_machine_is_stopped_while_it_waits_for_another_to_be_ready(
    met: tuple[meeting.Meeting, meeting.Meeting],
) -> None:
    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        make_ready(met[0], stop)
    with pytest.raises(RunError, match="cannot take part: it ended with Stopped"):
        make_ready(met[1])


def test_a_silent_machine_is_given_up(
    met: tuple[meeting.Meeting, meeting.Meeting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "MEETING_SECONDS", 0.1)
    with pytest.raises(RunError, match="was not heard of for"):
        make_ready(met[0])


def test_one_process_on_each_of_two_machines_may_share_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    launched: list[Launch] = []
    monkeypatch.setattr("ia3_studio.cli.train.start", lambda run, launch: launched.append(launch))
    asked = ["train", "--model", CONFIG.model, "--data", CONFIG.data, "--detach", "--processes", "1"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    assert main([*asked, "--sharding", "full", "--nodes", "2", "--rdzv", address]) == DONE
    assert launched == [Launch(1, 2, address)]


def test_a_machine_that_does_not_answer_is_one_sentence_after_a_finite_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "CONNECTING_SECONDS", 1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(RunError, match=f"127.0.0.1:{port} does not answer; start the run on the machine that has"):
        ranks.Meeting(Launch(1, 2, f"127.0.0.1:{port}"), joins=True)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--processes", "2"], DONE),
        (["--processes", "-1"], REFUSED),
        (["--processes", "65"], REFUSED),
        (["--nodes", "2"], REFUSED),
        (["--nodes", "2", "--rdzv", "nowhere"], REFUSED),
        (["--nodes", "2", "--rdzv", "127.0.0.1:29400", "--set", "compute=ray"], REFUSED),
        (["--processes", "1", "--sharding", "full"], REFUSED),
    ],
)
def test_the_command_line_refuses_before_there_is_a_run(
    options: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    monkeypatch.setattr("ia3_studio.cli.train.start", lambda run, launch: None)
    gpus(monkeypatch, 0)
    asked = ["train", "--model", CONFIG.model, "--data", CONFIG.data, "--detach", *options]
    assert main(asked) == code
    assert [run.config.processes for run in RunStore().list()] == ([2] if code == DONE else [])
