"""How long do the store, the queue and the Runs tab's list take with many runs in one folder?

    python benchmarks/many_runs.py [--runs 10 1000 100000]

Finished runs with their status and ten steps each, in a temporary folder; the last of them waits. Prints the seconds
for the newest 50 with their status (what a page asks first), for all runs without it, and for what a waiting run looks
at every half second: the first time, and each time after that. The same for the process that takes runs to a cluster,
which looks through all runs in a twentieth of its time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import WorkerStatus, step_line
from ia3_studio.runs.queue import Queue
from ia3_studio.training.config import Step
from ia3_studio.worker.cluster import Cluster


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 1000, 100_000])
    given = parser.parse_args()
    print(f"{'runs':>8}{'newest 50':>12}{'all ids':>10}{'queue, first':>14}{'queue, then':>13}"
          f"{'cluster, first':>16}{'cluster, then':>15}")  # fmt: skip
    for count in given.runs:
        with tempfile.TemporaryDirectory() as folder:
            store = RunStore(Path(folder))
            waiting = fill(store.root, count)
            newest = seconds(lambda store=store: [run.status() for run in store.newest(50)])
            every = seconds(store.list)
            queue = Queue(waiting)
            first, then = seconds(queue.ahead), seconds(queue.ahead)
            cluster = Cluster(store, "head:6379")
            found, again = seconds(cluster.has_waiting), seconds(cluster.has_waiting)
            print(f"{count:>8,}{newest:>10.3f} s{every:>8.3f} s{first:>12.3f} s{then:>11.3f} s{found:>14.3f} s"
                  f"{again:>13.3f} s", flush=True)  # fmt: skip


def fill(root: Path, count: int) -> Run:
    """Write finished runs into a folder; return one more, which waits."""
    config = RunConfig("Many", "SmolLM2-135M-Instruct", "lighthouse").to_json()
    status = RunFolderTexts(config)
    for number in range(count):
        write(root / run_id(number), status)
    return RunStore(root).create(RunConfig("Waits", "SmolLM2-135M-Instruct", "lighthouse"), "waits")


class RunFolderTexts:
    """The files of a finished run."""

    def __init__(self, config: str) -> None:
        import json

        steps = (Step(n, 10, n / 10, 1.0, None, 0.1, 0.1, 100, 1.0, 1.0) for n in range(11))
        ended = WorkerStatus("ended", "Finished after 10 steps", result="finished", started_at=1.0, ended_at=2.0)
        self.files = {
            "config.json": config,
            "status.json": json.dumps(asdict(ended)),
            "metrics.jsonl": "".join(map(step_line, steps)),
            "worker.json": "{}",
        }


def write(folder: Path, texts: RunFolderTexts) -> None:
    """Write one run's folder."""
    folder.mkdir()
    for name, text in texts.files.items():
        (folder / name).write_text(text, encoding="utf-8")


def run_id(number: int) -> str:
    """Return the id of the run with this number, older than any that is made now."""
    return f"20200101-{number // 10_000:06d}-{number % 10_000:06x}"


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
