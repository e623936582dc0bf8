"""What does a starter model learn of each starter's data, and in how many minutes? The settings that the page proposes.

    python benchmarks/starters.py [--only logbook]

Prints, for each, the held-out measures of the base and of the tuned model, and the minutes of the whole run; of
preferences also how long both models answer the first held-out prompts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

ASKED = 16
"""Held-out prompts of preferences that both models answer."""
JOBS = (
    ("lighthouse", "SmolLM2-135M-Instruct", {}),
    ("logbook", "SmolLM2-135M-Instruct", {"sample_generations": 40, "epochs": 3.0}),
    ("beacon", "SmolLM2-135M-Instruct", {"learning_rate": 3e-3, "epochs": 1.0, "sft_weight": 1.0}),
    ("harbour", "all-MiniLM-L6-v2", {"learning_rate": 3e-2, "epochs": 8.0, "batch_size": 16}),
)


def main() -> None:
    """Train and measure each starter in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only")
    options = parser.parse_args()
    for data, model, settings in JOBS:
        if options.only in (None, data):
            report(data, model, settings)


def report(data: str, model: str, settings: dict[str, float]) -> None:
    """Print what one run comes to."""
    from ia3_studio.runs import Run, RunConfig
    from ia3_studio.runs.evaluation import read_evaluation
    from ia3_studio.training import TrainConfig
    from ia3_studio.worker.training_job import TrainingJob

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        config = RunConfig(data, model, data, "paper", TrainConfig(**settings))  # type: ignore[arg-type]
        run.files.config.write_text(config.to_json(), encoding="utf-8")
        job = TrainingJob(run)
        job.prepare(lambda _share, _said: None)
        steps = list(job.steps(lambda: False))
        for _progress in job.evaluate(Path(folder)):
            pass
        found = read_evaluation(Path(folder))
        lengths = answer_lengths(job, config.choice().load().held_out) if data == "beacon" else ""
    minutes = (time.perf_counter() - began) / 60
    print(f"{data} on {model}: {steps[-1].step} steps, {minutes:.1f} min; {found.verdict.sentence if found else ''}")
    for row in found.table() if found else ():
        print("  ", *(f"{name}={value}" for name, value in row.items()))
    if lengths:
        print("  ", lengths)


def answer_lengths(job: Any, held_out: Sequence[Any]) -> str:
    """Return how many words both models answer on average, at most 96 tokens each."""
    from ia3_studio.data.tokens import prompt_ids
    from ia3_studio.training.generation import answer_both

    loaded, asked = job._loaded, held_out[:ASKED]
    prompts = [prompt_ids(example.messages[:-1], loaded.tokenizer) for example in asked]
    both = answer_both(loaded.model, loaded.tokenizer, job._attachment, prompts, 96)
    base, tuned = (sum(len(answers[side].split()) for answers in both) / len(both) for side in (0, 1))
    return f"words of an answer, mean of {len(both)}: {base:.1f} (base), {tuned:.1f} (tuned)"


if __name__ == "__main__":
    main()
