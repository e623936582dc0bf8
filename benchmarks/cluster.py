"""What does a Ray cluster cost a run, and what does a second node gain a sweep? Two nodes of one core on this machine.

    python benchmarks/cluster.py [--runs 8] [--steps 600]

Needs Ray (``pip install 'ia3-studio[ray]'``) and two free cores. The overhead is the time from the start of a run until
its result is here, less that of the same run without a cluster on one core; then a sweep is run on one node and on two.
All runs train a tiny model, so that a run is some seconds of start and some of steps, and their losses are compared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.training import TrainConfig
from ia3_studio.worker import start
from tests.tiny_chat import save_tiny_chat

ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).resolve().parent.parent), "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1",
}  # fmt: skip
"""Of the nodes and of all workers: each has one core."""


def main() -> None:
    """Measure and print."""
    from ray.cluster_utils import Cluster

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=600)
    given = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = RunStore(Path(folder))
            sweep(store, "warm-up", 1, given.steps, cluster.address)  # starts the process that connects
            here, local = sweep(store, "without cluster", 1, given.steps)
            there, remote = sweep(store, "one run", 1, given.steps, cluster.address)
            print(
                f"one run: {here:.1f} s without cluster, {there:.1f} s on it, overhead {there - here:.1f} s;", end=" "
            )
            print(f"same losses: {losses(local[0]) == losses(remote[0])}")
            one, runs = sweep(store, "one node", given.runs, given.steps, cluster.address)
            cluster.add_node(num_cpus=1)
            cluster.wait_for_nodes()
            two, more = sweep(store, "two nodes", given.runs, given.steps, cluster.address)
            same = all(losses(run) == losses(local[0]) for run in (*runs, *more))
            print(
                f"{given.runs} runs: {one:.1f} s on one node, {two:.1f} s on two, {two / one:.2f}x; same losses: {same}"
            )
    finally:
        cluster.shutdown()


def sweep(store: RunStore, name: str, count: int, steps: int, address: str = "") -> tuple[float, list[Run]]:
    """Start runs together; return the seconds until the results of all are here, and the runs."""
    place: dict[str, Any] = {"compute": "ray", "ray_address": address} if address else {}
    train = TrainConfig(epochs=1000, max_steps=steps, batch_size=2, max_length=32, eval_steps=200)
    model, data = save_tiny_chat(store.root / "model"), store.root / "rows.csv"
    rows = "\n".join(f"What is {n}?,It is {n}." for n in range(40))
    data.write_text(f"prompt,answer\n{rows}", encoding="utf-8")
    configs = [RunConfig(f"{name} {n}", str(model), str(data), train=train, **place) for n in range(count)]
    began = time.monotonic()
    runs = [store.create(config, config.name) for config in configs]
    for run in runs:
        start(run)
    while not all(run.has_ended for run in runs):
        time.sleep(0.05)
    seconds = time.monotonic() - began
    if failed := [run.status().message for run in runs if run.status().state != "finished"]:
        raise SystemExit(failed[0])
    return seconds, runs


def losses(run: Run) -> list[float | None]:
    """Return the losses of a run's steps."""
    return [step.loss for step in run.metrics()[0]]


if __name__ == "__main__":
    main()
