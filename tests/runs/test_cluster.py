"""Runs on a real Ray cluster of two nodes, both on this machine: their results are those of runs without it."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from filelock import FileLock

from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.cluster import LOG, address_of, lock_name
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.runs.process import lock_held
from ia3_studio.training import TrainConfig
from ia3_studio.worker import cluster as worker_cluster
from ia3_studio.worker import reconnect, resume, start
from ia3_studio.worker.cluster import connect, require_resources
from ia3_studio.worker.launch import take_back_the_end
from ia3_studio.worker.node import COMPARED, OWNER, describe, make_home, require_same
from tests.tiny_chat import save_tiny_chat

ROOT = Path(__file__).parents[2]
STEPS = 360
LOST = "was lost after step"
"""In the log of the process that is connected to the cluster."""
TRAIN = TrainConfig(epochs=20, batch_size=2, max_length=32, eval_steps=60)


def wait(condition: Callable[[], object], seconds: float = 300) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    # Losses are equal bit for bit with as many threads: a run with one core has one there, so it has one here.
    set_here = {
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
    }
    before = {name: os.environ.get(name) for name in set_here}
    os.environ |= set_here
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.other = made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made
    made.shutdown()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def store(folder: Path, cluster: Any) -> Iterator[RunStore]:
    save_tiny_chat(folder / "model")
    rows = "\n".join(f"What is {n}?,It is {n}." for n in range(40))
    (folder / "rows.csv").write_text(f"prompt,answer\n{rows}", encoding="utf-8")
    store = RunStore(folder / "runs")
    yield store
    for process in connected(store):
        process.terminate()
        process.wait()


def config(folder: Path, name: str, address: str = "", **settings: Any) -> RunConfig:
    place = {"compute": "ray", "ray_address": address} if address else {}
    return RunConfig(name, str(folder / "model"), str(folder / "rows.csv"), train=TRAIN, **place, **settings)


def begin(store: RunStore, config: RunConfig) -> Run:
    run = store.create(config, config.name)
    start(run)
    return run


def connected(store: RunStore) -> list[psutil.Process]:
    """Return the processes that take this store's runs to a cluster."""
    found = psutil.process_iter(["cmdline"])
    return [each for each in found if str(store.root) in (each.info["cmdline"] or []) and "-m" in each.info["cmdline"]
            and "ia3_studio.worker.cluster" in each.info["cmdline"]]  # fmt: skip


def processes_of(node: Any) -> list[psutil.Process]:
    """Return all processes of a node of the test's cluster, the workers of its runs included."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    return [raylet, *raylet.children(recursive=True)]


def losses(run: Run) -> list[tuple[object, ...]]:
    return [(step.step, step.loss, step.held_out) for step in run.metrics()[0]]


@pytest.mark.worker
def test_runs_go_on_when_a_node_is_killed_and_when_nobody_is_connected_with_the_losses_they_have_here(
    store: RunStore, folder: Path, cluster: Any
) -> None:
    here = begin(store, config(folder, "here"))
    runs = [begin(store, config(folder, name, cluster.address)) for name in ("one", "two")]
    wait(lambda: all(run.status().step >= 100 for run in runs))
    assert {run.status().state for run in runs} == {"running"}
    assert {run.status().host for run in runs} == {socket.gethostname()}

    cluster.remove_node(cluster.other, allow_graceful=False)
    (process,) = connected(store)
    process.kill()
    process.wait()
    for run in runs:
        status = run.status()
        assert (status.state, status.resumable) == ("interrupted", True) and "cluster" in status.message
    reconnect(store)  # as the app does when it starts
    wait(lambda: all(run.has_ended for run in runs) and here.has_ended)

    assert [step.step for step in here.metrics()[0]] == list(range(STEPS + 1))
    for run in runs:
        assert run.status().state == "finished", (store.root / LOG).read_text()
        assert losses(run) == losses(here)
        assert (run.folder / "evaluation.json").is_file() and run.log_tail()
        assert run.files.snapshots().keys() == here.files.snapshots().keys()


@pytest.mark.nightly
@pytest.mark.worker
def test_a_sweep_of_eight_finishes_with_the_losses_of_this_machine_though_a_node_is_killed(
    store: RunStore, folder: Path, cluster: Any
) -> None:
    other = cluster.add_node(num_cpus=1)
    swept = [replace(TRAIN, epochs=6.0, seed=seed) for seed in range(8)]
    runs = [
        begin(store, replace(config(folder, f"swept {train.seed}", cluster.address), train=train)) for train in swept
    ]
    wait(lambda: sum(run.has_ended for run in runs) >= 2)
    cluster.remove_node(other, allow_graceful=False)
    here = [
        begin(store, replace(config(folder, f"here {train.seed}"), train=train)) for train in swept[:2] + swept[-1:]
    ]
    wait(lambda: all(run.has_ended for run in runs + here), 600)
    for run in runs:
        assert run.status().state == "finished", (store.root / LOG).read_text()
        assert [step.step for step in run.metrics()[0]] == list(range(run.status().total_steps + 1))
    assert [losses(run) for run in runs[:2] + runs[-1:]] == [losses(run) for run in here]


@pytest.mark.nightly
@pytest.mark.worker
def test_a_node_that_is_cut_off_and_comes_back_disturbs_nothing(store: RunStore, folder: Path, cluster: Any) -> None:
    other = cluster.add_node(num_cpus=1)
    runs = [begin(store, config(folder, name, cluster.address)) for name in ("cut off", "the other")]
    wait(lambda: all(run.status().step >= 60 for run in runs))
    frozen, log = processes_of(other), store.root / LOG
    before = log.read_text().count(LOST)
    for process in frozen:
        process.suspend()
    wait(lambda: log.read_text().count(LOST) > before, 120)
    for process in frozen:
        with suppress(psutil.NoSuchProcess):
            process.resume()
    wait(lambda: all(run.has_ended for run in runs))
    for run in runs:
        assert run.status().state == "finished", (store.root / LOG).read_text()
        assert [step.step for step in run.metrics()[0]] == list(range(STEPS + 1))
    assert losses(runs[0]) == losses(runs[1])
    cluster.remove_node(other, allow_graceful=False)


@pytest.mark.nightly
@pytest.mark.worker
def test_two_pages_share_a_cluster_and_each_sees_its_own_runs(
    store: RunStore, folder: Path, cluster: Any, tmp_path: Path
) -> None:
    second = RunStore(tmp_path / "second")
    mine, theirs = (begin(each, config(folder, "same name", cluster.address)) for each in (store, second))
    try:
        wait(lambda: mine.status().step > 0 or theirs.status().step > 0)
        assert len(connected(store)) == len(connected(second)) == 1
        theirs.request_stop()
        wait(lambda: mine.has_ended and theirs.has_ended)
        assert (mine.status().state, theirs.status().state) == ("finished", "stopped")
        assert [step.step for step in mine.metrics()[0]] == list(range(STEPS + 1))
    finally:
        for process in connected(second):
            process.terminate()
            process.wait()


@pytest.mark.nightly
@pytest.mark.worker
def test_a_run_on_the_cluster_is_stopped_kept_and_resumed(store: RunStore, folder: Path, cluster: Any) -> None:
    run = begin(store, config(folder, "stopped", cluster.address))
    wait(lambda: run.status().step >= 70)
    run.request_stop()
    wait(lambda: run.has_ended)
    status = run.status()
    assert (status.state, status.resumable) == ("stopped", True) and run.adapter_folder() is not None
    resume(run)
    wait(lambda: run.status().state == "finished")
    assert [step.step for step in run.metrics()[0]] == list(range(STEPS + 1))
    gpu = begin(store, config(folder, "gpu", cluster.address, node_gpus=1))
    wait(lambda: gpu.has_ended)
    assert gpu.status().state == "failed" and "1 GPUs" in gpu.status().message
    lost = begin(store, replace(config(folder, "no model", cluster.address), model=str(folder / "gone")))
    wait(lambda: lost.has_ended)
    assert lost.status().state == "failed" and "is not on node" in lost.status().message


@pytest.mark.worker
def test_a_cluster_that_is_not_there_ends_the_run_with_a_sentence(tmp_path: Path, folder: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        store = RunStore(tmp_path)
        run = begin(store, config(folder, "nowhere", address))
        wait(lambda: run.has_ended)
    status = run.status()
    assert status.state == "failed" and address in status.message and "Traceback" not in status.message
    assert not lock_held(store.root / lock_name(address))


def test_who_resumes_a_run_on_a_cluster_that_does_not_answer_is_told_so_and_the_run_stays_as_it_is(
    tmp_path: Path,
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = {"compute": "ray", "ray_address": f"127.0.0.1:{nobody.getsockname()[1]}"}
        run = RunStore(tmp_path).create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", **place), "a")  # type: ignore[arg-type]
        run.files.worker.write_text("{}")
        write_json(run.files.status, asdict(WorkerStatus("training", "Training")))
        before = run.status()
        assert before.state == "interrupted" and before.resumable
        with pytest.raises(RunError, match="cannot be reached"):
            resume(run)
    assert run.status() == before


def test_without_ray_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RunError, match=r"ia3-studio\[ray\]"):
        connect("127.0.0.1:1")


def test_a_node_removes_what_a_killed_process_has_left_and_nothing_that_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, used, new = (make_home() for _ in range(3))
    for folder in (left, used, new):
        (folder / OWNER).touch()
    with FileLock(used / OWNER):
        for folder in (left, used):
            os.utime(folder / OWNER, (0, 0))
        made = make_home()
    assert {left, used, new, made} - set(tmp_path.iterdir()) == {left}


def test_a_node_with_other_versions_is_named() -> None:
    here = describe()
    require_same(here, here)
    for name in ("python", *COMPARED):
        with pytest.raises(RunError, match=f"node7.*{name} 0.0"):
            require_same(here, {**here, "host": "node7", name: "0.0"})


def test_a_run_asks_for_no_more_than_one_node_has() -> None:
    has = {"CPU": 8.0, "memory": 12e9}
    nodes = [{"Alive": True, "Resources": has}, {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}]
    require_resources(nodes, 8, 0, 12)
    for cpus, gpus in ((9, 0), (1, 1)):
        with pytest.raises(RunError, match="at most 8 cores, 0 GPUs on one"):
            require_resources(nodes, cpus, gpus)
    with pytest.raises(RunError, match=r"asks for 1 cores, 0 GPUs and 64 GB on one node, .* 0 GPUs and 12 GB on one"):
        require_resources(nodes, 1, 0, 64)


def test_a_node_without_the_package_and_a_cluster_of_another_python_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    store = RunStore(tmp_path)
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", compute="ray", ray_address="head:1"), "a")
    served = worker_cluster.Cluster(store, "head:1")
    link = worker_cluster._Link(run, FileLock(run.files.lock), None)
    served._links[run.id] = link
    missing = (
        "The actor with name NodeRun failed to import on the worker.\n\nModuleNotFoundError: No module named 'ia3'"
    )
    served._end(link, RuntimeError(missing))
    assert re.fullmatch(
        r"A node .* cannot import ia3-studio \(ModuleNotFoundError: .*\); install .*", run.status().message
    )

    def refuses(**_settings: object) -> None:
        raise RuntimeError(
            "Version mismatch: The cluster was started with:\n    Ray: 2.1\n    Python: 3.9\nThis process"
        )

    monkeypatch.setattr(ray, "init", refuses)
    with pytest.raises(RunError, match=r"cannot be used: .* Ray: 2\.1; Python: 3\.9; .* Install the same versions"):
        connect("auto")


def test_a_folder_of_many_runs_is_looked_through_rarely_and_a_new_run_is_seen_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_cluster, "IDLE_SECONDS", 0.6)
    store = RunStore(tmp_path)
    served, looked, taken = worker_cluster.Cluster(store, "head:1"), [], []

    def slowly() -> tuple[Run, ...]:
        looked.append(time.monotonic())
        time.sleep(0.05)
        return ()

    monkeypatch.setattr(store, "list", slowly)
    monkeypatch.setattr(served, "_collect", lambda: time.sleep(0.02))
    monkeypatch.setattr(served, "_adopt", lambda run: taken.append(run.id))
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", compute="ray", ray_address="head:1"), "a")
    run.files.worker.write_text("{}")
    served.serve()
    assert len(looked) == 1 and run.id in taken


def test_a_run_that_waits_for_a_node_is_stopped_at_once(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", compute="ray", ray_address="head:1"), "a")
    served = worker_cluster.Cluster(store, "head:1")
    lock = FileLock(run.files.lock)
    lock.acquire()
    link = served._links[run.id] = worker_cluster._Link(run, lock, None, asked=object(), asked_at=time.monotonic())
    served._look(link)
    assert not run.has_ended
    run.request_stop()
    served._look(link)
    status = run.status()
    assert (status.state, status.message) == ("stopped", "Stopped while it waited for a node") and not served._links


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"compute": "moon"}, "compute"), ({"node_cpus": 0}, "node_cpus"), ({"node_gpus": -1}, "node_gpus"),
     ({"node_memory": float("nan")}, "node_memory"), ({"ray_address": "head; rm"}, "ray_address")],
)  # fmt: skip
def test_what_is_no_place_to_train_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError, match=said):
        RunConfig("a", "m", "d", **settings)


def test_the_address_is_that_of_the_settings_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)

    def address(**settings: Any) -> str:
        return address_of(
            store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", **settings), str(settings))
        )

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert address() == "" and address(compute="ray") == "auto"
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert address(compute="ray") == "head:6379"
    assert address(compute="ray", ray_address="other:1") == "other:1"


def test_a_run_that_has_ended_is_taken_again_when_it_is_resumed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    place = {"compute": "ray", "ray_address": "head:1"}
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", **place), "a")  # type: ignore[arg-type]
    run.files.worker.write_text("{}")
    served = worker_cluster.Cluster(store, "head:1")
    assert served.has_waiting() and not worker_cluster.Cluster(store, "head:2").has_waiting()
    write_json(run.files.status, asdict(WorkerStatus("ended", "", result="stopped")))
    assert not served.has_waiting() and not served.has_waiting()
    write_json(run.files.status, asdict(WorkerStatus("resuming", "")))
    assert served.has_waiting()


def test_a_run_that_ends_or_begins_again_without_a_worker_keeps_its_training_time(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    place = {"compute": "ray", "ray_address": "head:1"}
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", **place), "a")  # type: ignore[arg-type]
    run.files.worker.write_text("{}")
    write_json(run.files.status, asdict(WorkerStatus("resuming", "", earlier_seconds=90.0)))
    worker_cluster.Cluster(store, "head:1").refuse(RunError("The cluster is not there."))
    status = run.status()
    assert (status.state, status.message, status.seconds) == ("failed", "The cluster is not there.", 90.0)
    take_back_the_end(run, status.seconds)  # without a checkpoint
    assert run.status().seconds == 90.0 and not run.has_ended


@pytest.mark.parametrize(
    ("kept", "said"), [(None, "Starting again elsewhere"), (40, "Going on elsewhere after step 40")]
)
def test_log_and_status_of_a_run_whose_node_was_lost_say_whether_it_goes_on_or_starts_again(
    kept: int | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    place = {"compute": "ray", "ray_address": "head:1"}
    run = store.create(RunConfig("a", "SmolLM2-135M-Instruct", "lighthouse", **place), "a")  # type: ignore[arg-type]
    run.files.worker.write_text("{}")
    run.files.log.write_text("what its first worker said\n")
    if kept is not None:
        run.files.checkpoint.touch()
        checkpoint = SimpleNamespace(counters=SimpleNamespace(step=kept))
        monkeypatch.setattr("ia3_studio.training.checkpoint.load_checkpoint", lambda _path: checkpoint)
    served = worker_cluster.Cluster(store, "head:1")
    monkeypatch.setattr(served, "_launch", lambda _link: None)
    link = worker_cluster._Link(run, FileLock(run.files.lock), None, node="shed")
    served._go_on_elsewhere(link)
    assert run.files.read_status().message.startswith(said)  # type: ignore[union-attr]
    before, after = run.files.log.read_text().splitlines()
    assert before == "what its first worker said" and "Node shed was lost" in after and said in after


def test_a_run_that_comes_while_the_process_ends_is_taken_when_it_serves_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_cluster, "IDLE_SECONDS", 0.2)
    served = worker_cluster.Cluster(RunStore(tmp_path), "head:1")
    taken: list[str] = []
    monkeypatch.setattr(served, "_collect", lambda: time.sleep(0.05))
    monkeypatch.setattr(served, "_waiting", lambda: ["late"] if served_once else [])
    monkeypatch.setattr(served, "_adopt", taken.append)
    served_once: list[bool] = []
    served.serve()
    served_once.append(True)
    served.serve()
    assert "late" in taken
