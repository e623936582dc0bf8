"""How do runs get to a Ray cluster and their results back? Through one process on the machine that shows them.

    python -m ia3_studio.worker.cluster RUNS ADDRESS

It holds the locks of the runs that are on the cluster, so that their status is what it knows. Each run is an actor of
Ray with the resources it asks for, in Ray's own queue. Actors outlive this process: when it is started again, it finds
them by name and goes on where it was. If a node is lost, its runs begin again elsewhere from the checkpoint that is
here.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from ia3_studio.errors import RunError, StudioError, first_line
from ia3_studio.runs import Run, RunStore
from ia3_studio.runs.cluster import REACH_SECONDS, address_of, lock_name, require_reachable, unreachable
from ia3_studio.runs.folder import Result, WorkerStatus, write_json
from ia3_studio.runs.mirror import Versions, apply_changes, content_of
from ia3_studio.runs.process import record_worker
from ia3_studio.worker.launch import take_back_the_end
from ia3_studio.worker.node import Answer, NodeRun, describe

NAMESPACE = "ia3-studio"
POLL_SECONDS = 0.5
IDLE_SECONDS = 20.0
"""Without a run this long, the process ends."""
NEWEST, LOOKING = 50, 20.0
"""A look through all runs is followed by so many times its duration in which only the newest are looked at."""
NOT_IMPORTED, OTHER_VERSIONS = "failed to import on the worker", "Version mismatch"
"""What Ray says where a node lacks a package, and where Python or Ray itself have other versions."""
MOST_LOSSES = 5
"""Nodes that a run may lose without a checkpoint in between, before it is left to the user."""


@dataclass
class _Link:
    """One run on the cluster."""

    run: Run
    lock: BaseFileLock
    actor: Any
    asked: Any = None
    """The answer that is waited for."""
    known: Versions = field(default_factory=dict)
    asked_at: float = 0.0
    node: str = ""
    """Its name; empty while Ray's queue holds the run."""
    losses: int = 0
    lost_at: int = -1
    """The checkpoint's step at the last loss."""


class Cluster:
    """The runs of one store on one cluster."""

    def __init__(self, store: RunStore, address: str, command: Sequence[str] = ()) -> None:
        self._store = store
        self._address = address
        self._command = tuple(command)
        self._links: dict[str, _Link] = {}
        self._busy_at = self._next_look = 0.0
        self._passed: dict[str, int] = {}
        """Runs that are not for this cluster or have ended → when their status was written."""

    def serve(self) -> None:
        """Take runs to the cluster and their results back, until there are none for a while."""
        self._busy_at = time.monotonic()  # the process may serve again, for a run that came while it was ending
        while self._links or time.monotonic() - self._busy_at < IDLE_SECONDS:
            for run in self._came():
                self._adopt(run)
            for link in list(self._links.values()):
                self._look(link)
            self._collect()

    def refuse(self, error: RunError) -> None:
        """End the runs that were to begin on a cluster that cannot be reached; those that were there may be still."""
        for run in self._waiting():
            with suppress(Timeout), FileLock(run.files.lock).acquire(timeout=0):
                status = run.files.read_status()
                if status is None or status.phase in ("queued", "resuming"):
                    write_json(run.files.status, asdict(_ended(run, str(error), "failed")))
        print(error, flush=True)

    def has_waiting(self) -> bool:
        """Return whether a run waits for a process that takes it to the cluster."""
        return bool(self._waiting())

    def _came(self) -> list[Run]:
        """Return the runs that wait: always of the newest, of all in a small share of the time."""
        began = time.monotonic()
        if began < self._next_look:
            return self._of(self._store.newest(NEWEST))
        found = self._waiting()
        now = time.monotonic()
        self._next_look = now + LOOKING * (now - began)
        return found

    def _waiting(self) -> list[Run]:
        return self._of(self._store.list())

    def _of(self, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if run.id not in self._links and self._is_waiting(run)]

    def _is_waiting(self, run: Run) -> bool:
        try:
            written = run.files.status.stat().st_mtime_ns
        except FileNotFoundError:
            written = 0
        if self._passed.get(run.id) == written:  # reading thousands of runs twice a second would take a core
            return False
        if run.has_ended or address_of(run) != self._address:
            self._passed[run.id] = written
            return False
        return run.files.worker.exists()

    def _adopt(self, run: Run) -> None:
        """Take over a run: find its actor, or make one."""
        lock = FileLock(run.files.lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return
        self._busy_at = time.monotonic()
        if run.has_ended:
            lock.release()
            return
        self._links[run.id] = link = _Link(run, lock, None)
        try:
            link.actor = self._found(run)
            if link.actor is None and run.files.metrics.exists():
                take_back_the_end(run, run.status().seconds)
            record_worker(run.files, os.getpid())
            if link.actor is None:
                self._launch(link)
        except (StudioError, OSError) as error:
            self._end(link, error)

    def _found(self, run: Run) -> Any:
        import ray

        for name in ray.util.list_named_actors():
            if name.startswith(self._name(run)):
                with suppress(ValueError):  # it ended meanwhile
                    return ray.get_actor(name, namespace=NAMESPACE)
        return None

    def _launch(self, link: _Link) -> None:
        import ray

        config = link.run.config
        require_resources(ray.nodes(), config.node_cpus, config.node_gpus, config.node_memory)
        actor = ray.remote(NodeRun).options(
            name=f"{self._name(link.run)}-{secrets.token_hex(4)}", namespace=NAMESPACE, lifetime="detached",
            num_cpus=config.node_cpus, num_gpus=config.node_gpus, memory=int(config.node_memory * 1e9) or None,
            max_concurrency=4,
        )  # fmt: skip
        link.known, link.node, link.asked_at = {}, "", time.monotonic()
        link.actor = actor.remote()
        self._begin(link)
        self._say_waiting(link)

    def _begin(self, link: _Link) -> None:
        threads = max(1, round(link.run.config.node_cpus))
        content = content_of(link.run.folder)
        link.asked = link.actor.begin.remote(describe(), link.run.id, content, threads, self._command)

    def _name(self, run: Run) -> str:
        place = f"{socket.gethostname()} {self._store.root}"
        return f"{run.id}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"

    def _say_waiting(self, link: _Link) -> None:
        """Write that Ray's queue holds a run."""
        config, before = link.run.config, link.run.files.read_status()
        wanted = f"cores: {config.node_cpus:g}" + (f", GPUs: {config.node_gpus:g}" if config.node_gpus else "")
        status = WorkerStatus("queued", f"Queued on the cluster ({wanted})")
        if before and before.phase == "resuming":
            status = before
        write_json(link.run.files.status, asdict(replace(status, heartbeat_at=time.time())))

    def _look(self, link: _Link) -> None:
        """Ask a node for news, if it is time, and stop a run that has not begun."""
        is_stopping = link.run.files.stop.exists()
        if link.asked is not None:
            if not link.node and is_stopping:
                self._end(link, None, _ended(link.run, "Stopped while it waited for a node", "stopped"))
            elif not link.node and time.monotonic() - link.asked_at > 2:
                link.asked_at = time.monotonic()
                self._say_waiting(link)
        elif time.monotonic() - link.asked_at > POLL_SECONDS:
            link.asked, link.asked_at = link.actor.changes.remote(link.known, is_stopping), time.monotonic()

    def _collect(self) -> None:
        import ray

        asked = {link.asked: link for link in self._links.values() if link.asked is not None}
        ready, _others = ray.wait(list(asked), num_returns=len(asked), timeout=POLL_SECONDS) if asked else ([], [])
        if not asked:
            time.sleep(POLL_SECONDS)
        for reference in ready:
            link = asked[reference]
            link.asked = None
            try:
                self._take(link, ray.get(reference))
            except ray.exceptions.RayTaskError as error:
                self._end(link, error.cause or error)
            except ray.exceptions.ActorUnavailableError:
                link.asked_at = time.monotonic()  # whether the node is lost, Ray tells later
            except ray.exceptions.RayActorError:
                self._go_on_elsewhere(link)
            except (StudioError, OSError) as error:  # of this machine
                self._end(link, error)

    def _take(self, link: _Link, answer: Answer | None) -> None:
        """Write what a node has told into the run's folder."""
        if answer is None:  # nobody has told it what to do
            self._begin(link)
            return
        if answer.host != link.node:
            link.node = answer.host
            record_worker(link.run.files, os.getpid(), node=answer.host)
        apply_changes(link.run.folder, answer.changes, answer.time - time.time())
        link.known = answer.versions
        self._busy_at = time.monotonic()
        if link.run.has_ended or not answer.lives:
            self._end(link, None)

    def _go_on_elsewhere(self, link: _Link) -> None:
        """Begin a run again from the checkpoint that is here, after its node was lost."""
        run = link.run
        step = run.status().step
        link.losses = link.losses + 1 if step == link.lost_at else 1
        link.lost_at = step
        if link.losses > MOST_LOSSES:
            self._end(link, RunError(f"{MOST_LOSSES} nodes were lost one after the other; resume the run."))
            return
        print(f"Node {link.node or '?'} of run {run.id} was lost after step {step}.", flush=True)
        try:
            take_back_the_end(run, run.status().seconds, _say_lost(run, link.node, step))
            record_worker(run.files, os.getpid())
            self._launch(link)
        except (StudioError, OSError) as error:
            self._end(link, error)

    def _end(self, link: _Link, error: BaseException | None, status: WorkerStatus | None = None) -> None:
        """Give a run back: its status is what was told last, or the error."""
        import ray

        del self._links[link.run.id]
        if error is not None and not isinstance(error, StudioError):
            traceback.print_exception(error)
        if error is not None:
            message = str(error) if isinstance(error, StudioError) else _in_one_sentence(error)
            status = _ended(link.run, message, "failed")
        if status is not None:
            write_json(link.run.files.status, asdict(status))
        if link.actor is not None:
            with suppress(ray.exceptions.RayError):
                if link.node:
                    ray.get(link.actor.discard.remote(), timeout=REACH_SECONDS)
            ray.kill(link.actor)
        link.lock.release()


def _say_lost(run: Run, node: str, step: int) -> str:
    """Write into a run's log that its node was lost, and where it goes on; return what its status says of it."""
    from ia3_studio.training.checkpoint import load_checkpoint

    kept = load_checkpoint(run.files.checkpoint).counters.step if run.files.checkpoint.exists() else None
    said = (
        "Starting again elsewhere: the node was lost before the first checkpoint"
        if kept is None
        else f"Going on elsewhere after step {kept}: the node was lost"
    )
    with run.files.log.open("a", encoding="utf-8") as log:
        log.write(f"Node {node or 'unknown'} was lost after step {step}. {said}.\n")
    return said


def _in_one_sentence(error: BaseException) -> str:
    """Return what the user is told of an error that a node has sent."""
    said = str(error).strip()
    if NOT_IMPORTED in said:
        return (
            f"A node of the cluster cannot import ia3-studio ({said.splitlines()[-1].strip()[:160]}); install the same "
            "versions on all nodes, and start the run again."
        )
    return f"The run failed: {first_line(error)}"


def _ended(run: Run, message: str, result: Result) -> WorkerStatus:
    """Return the status of a run that ended here, with the training time that it has had."""
    return WorkerStatus("ended", message, result=result, ended_at=time.time(), earlier_seconds=run.status().seconds)


def require_resources(nodes: Sequence[dict[str, Any]], cpus: float, gpus: float, memory: float = 0.0) -> None:
    """Reject a run that no node of the cluster can ever hold.

    Args:
        nodes: as ``ray.nodes()`` returns them.
        cpus: that the run asks for.
        gpus: that it asks for.
        memory: GB that it asks for.

    Raises:
        RunError: no node has as many.
    """
    wanted = {"CPU": cpus, "GPU": gpus, "memory": memory * 1e9}
    alive = [node["Resources"] for node in nodes if node.get("Alive")]
    if not any(all(each.get(kind, 0) >= amount for kind, amount in wanted.items()) for each in alive):
        most = {kind: max((each.get(kind, 0) for each in alive), default=0) for kind in wanted}
        asked, has = (
            f"{each['CPU']:g} cores, {each['GPU']:g} GPUs" + (f" and {each['memory'] / 1e9:.3g} GB" if memory else "")
            for each in (wanted, most)
        )
        raise RunError(f"The run asks for {asked} on one node, and the cluster has at most {has} on one; ask for less.")


def connect(address: str) -> None:
    """Connect this process to a cluster.

    Raises:
        RunError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise RunError("Runs on a cluster need Ray: pip install 'ia3-studio[ray]', here and on its nodes.") from error
    require_reachable(address)
    try:
        ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, logging_level=logging.WARNING,
                 ignore_reinit_error=True)  # fmt: skip
    except Exception as error:  # Ray raises several kinds, some of its own
        traceback.print_exception(error)
        if OTHER_VERSIONS in str(error):
            said = "; ".join(line.strip() for line in str(error).splitlines() if line.strip()).replace(":;", ":")
            raise RunError(
                f"The Ray cluster at {address} cannot be used: {said[:400]}. Install the same versions here and on "
                "its nodes, and start the run again."
            ) from error
        raise RunError(unreachable(address, first_line(error))) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the runs of a folder on a cluster."""
    root, address, *command = sys.argv[1:] if arguments is None else arguments
    store = RunStore(Path(root))
    cluster = Cluster(store, address, command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            held = FileLock(store.root / lock_name(address)).acquire(timeout=1.0)
        except Timeout:
            return 0  # another process does
        with held:
            try:
                connect(address)
            except RunError as error:
                cluster.refuse(error)
                return 2
            cluster.serve()
        if not cluster.has_waiting():  # one that came while this process was ending
            return 0


if __name__ == "__main__":
    sys.exit(main())
