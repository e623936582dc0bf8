"""How near is the forecast of the Data tab to what a run takes? One run after another, each in a worker's process.

    python benchmarks/forecast.py [--threads N]

Prints, for each run, the seconds and the peak memory that were expected and those that it took.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

JOBS = (
    ("SmolLM2-135M-Instruct", "lighthouse", {"epochs": 1}),
    ("SmolLM2-135M-Instruct", "harbour", {"epochs": 1, "batch_size": 16}),
    ("all-MiniLM-L6-v2", "harbour", {"epochs": 4, "learning_rate": 3e-2, "batch_size": 32}),
)


def main() -> None:
    """Print every job's forecast beside what it took, or take one job in the process started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--job", type=int)
    options = parser.parse_args()
    if options.job is not None:
        take(options.job)
        return
    print(f"{'job':44}{'seconds':>9}{'expected':>10}{'MB':>9}{'expected':>10}")
    for number, (model, data, _settings) in enumerate(JOBS):
        command = [sys.executable, __file__, "--job", str(number)]
        expected = json.loads(subprocess.run([*command[:2], "--job", str(-1 - number)], check=True,
                                             stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1])  # fmt: skip
        began = time.perf_counter()
        taken = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
        )
        seconds = time.perf_counter() - began
        print(
            f"{model + ' on ' + data:44}{seconds:9.0f}{expected['seconds']:10.0f}"
            f"{taken['peak'] / 1e6:9.0f}{expected['memory'] / 1e6:10.0f}"
        )


def take(number: int) -> None:
    """Do a job as a worker does, and print its peak; a negative number only forecasts it."""
    from ia3_studio.runs import RunConfig
    from ia3_studio.training import TrainConfig

    model, data, settings = JOBS[number if number >= 0 else -1 - number]
    config = RunConfig("forecast", model, data, "paper", TrainConfig(**settings))
    if number < 0:
        print(json.dumps(expect(config)))
        return
    from ia3_studio.runs.folder import RunFolder
    from ia3_studio.runs.run import Run
    from ia3_studio.worker.training_job import TrainingJob

    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        RunFolder(Path(folder)).config.write_text(config.to_json())
        job = TrainingJob(run)
        job.prepare(lambda _share, _said: None)
        for _step in job.steps(lambda: False):
            pass
        for _progress in job.evaluate(Path(folder)):
            pass
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def expect(config: object) -> dict[str, float]:
    """Return the forecast of a job, as the Data tab makes it."""
    from ia3_studio.tasks.preview import preview_run

    found = preview_run(config).forecast  # type: ignore[arg-type]
    return {"seconds": found.seconds, "memory": found.memory}


if __name__ == "__main__":
    main()
