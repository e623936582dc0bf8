"""How much faster is a run on several processes, and what does each of them take?

    python benchmarks/processes.py [--processes 1 2] [--steps 12] [--threads 1] [--model MODEL] [--data DATA]

Runs start as on the page, one after another, in a temporary home. Prints for each the median of the tokens per second,
its ratio to the first, the CPU seconds of all processes per step (which other programs on the machine hardly change),
the seconds from the start to the first step, the memory of each process, and the largest difference of a step's loss
from the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker import start

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Measured:
    """What one run has shown."""

    rate: float
    """Tokens per second."""
    cpu: float
    """CPU seconds of all processes per step."""
    first_step: float
    """Seconds from the start to the first optimizer step."""
    memory: list[int]
    """Largest bytes of each process."""
    losses: list[float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--data", default="lighthouse")
    parser.add_argument("--threads", type=int, help="threads of a run with one process (default: all cores)")
    options = parser.parse_args()
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
    print(f"{options.model}, {options.data}, batch size {options.batch_size}, {os.cpu_count()} cores")
    first: Measured | None = None
    for count in options.processes:
        found = measured(options, count)
        first = first or found
        apart = max(abs(mine - theirs) for mine, theirs in zip(found.losses, first.losses, strict=True))
        each = ", ".join(f"{memory / 1e9:.2f}" for memory in found.memory)
        print(
            f"{count} processes: {found.rate:.0f} tokens/s, {found.rate / first.rate:.2f}×; {found.cpu:.2f} CPU "
            f"seconds per step, {found.cpu / first.cpu:.2f}×; first step after {found.first_step:.1f} s; "
            f"{each} GB; losses within {apart:.1e}", flush=True,
        )  # fmt: skip


def measured(options: argparse.Namespace, count: int) -> Measured:
    """Run once on so many processes."""
    train = TrainConfig(
        max_steps=options.steps, batch_size=options.batch_size, eval_steps=10 * options.steps, keep_best=False
    )
    with tempfile.TemporaryDirectory() as home:
        config = RunConfig("Measured", options.model, options.data, "paper", train, processes=count)
        run = RunStore(Path(home)).create(config, str(count))
        began, first_step, memory = time.monotonic(), 0.0, [0] * count
        spent: dict[int, float] = {}
        start(run)
        try:
            while (status := run.status()).active and not status.is_trained:
                if status.step and not first_step:
                    first_step = time.monotonic() - began
                used = [each.memory for each in status.processes] or [status.usage.memory]
                memory = [max(pair) for pair in zip(memory, [*used, *[0] * count], strict=False)]
                if status.step and (len(status.processes) or 1) == count:
                    spent.setdefault(status.step, cpu_seconds(run))
                time.sleep(LOOK_SECONDS)
        finally:
            ended(run)
        steps = max(spent) - min(spent)
        cpu = (spent[max(spent)] - spent[min(spent)]) / max(steps, 1)
        return Measured(median_rate(run), cpu, first_step, memory, losses_of(run))


def cpu_seconds(run: Run) -> float:
    """Return what the processes of a run have computed so far."""
    pids = [each.pid for each in run.status().processes] or [json.loads(run.files.worker.read_text())["pid"]]
    with suppress(psutil.NoSuchProcess):
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)
    return 0.0


def ended(run: Run) -> None:
    """Stop what is left of a run, and wait for its end."""
    run.request_stop()
    while run.status().active:
        time.sleep(LOOK_SECONDS)
    if run.status().state == "failed":
        sys.exit(run.status().message)


def median_rate(run: Run) -> float:
    """Return the median of the steps' tokens per second, the first two left out."""
    return median(step.tokens_per_second for step in run.metrics()[0][3:] if step.tokens_per_second)


def losses_of(run: Run) -> list[float]:
    """Return the loss of each step."""
    return [step.loss for step in run.metrics()[0] if step.loss is not None]


if __name__ == "__main__":
    main()
