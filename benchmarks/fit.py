"""How near is the memory estimated for a model, before it is downloaded, to what processes need at their peak?

    python benchmarks/fit.py [model …]

For each model, one process trains a few steps and another generates. The estimate is made twice: from the config, and
from the number of parameters alone, as for a model of the Hub.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

JOBS = (("SmolLM2-135M-Instruct", "lighthouse"), ("all-MiniLM-L6-v2", "harbour"))
STEPS = 6


def main() -> None:
    """Print every model's peaks next to their estimates, or measure one in the process started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--measure", choices=("training", "chat"))
    options = parser.parse_args()
    if options.measure:
        (train if options.measure == "training" else chat)(options.models[0])
        print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
        return
    print(f"{'model':26}{'':10}{'MB':>8}{'estimated':>11}{'from parameters':>17}")
    for model in options.models or [name for name, _data in JOBS]:
        for what in ("training", "chat"):
            command = [sys.executable, __file__, model, "--measure", what]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            peak, (by_config, by_count) = json.loads(done.stdout.splitlines()[-1]), estimates(model, what)
            print(f"{model:26}{what:10}{peak / 1e6:8.0f}{by_config / 1e6:11.0f}{by_count / 1e6:17.0f}")


def estimates(model: str, what: str) -> tuple[int, int]:
    """Return the estimated bytes: with the channels of the config, and with those that are likely."""
    from ia3_studio.models import parse_source
    from ia3_studio.models.catalog import read_sizes
    from ia3_studio.models.device import choose_device
    from ia3_studio.models.fetch import ready_folder
    from ia3_studio.models.fit import channels_of, cost, likely_channels
    from ia3_studio.models.weights import count_weights
    from ia3_studio.training import TrainConfig

    folder = ready_folder(parse_source(model))
    assert folder, f"{model} is not on this computer"
    parameters, weight_bytes = count_weights(folder), choose_device().dtype.itemsize
    channels = (channels_of(read_sizes(folder / "config.json")) or 0, likely_channels(parameters))
    first, second = (cost(parameters, each, TrainConfig().micro_batch_tokens, weight_bytes) for each in channels)
    return (first.training, second.training) if what == "training" else (first.chat, second.chat)


def train(model: str) -> None:
    """Train a few steps, as a worker does."""
    from ia3_studio.runs import RunConfig
    from ia3_studio.runs.folder import RunFolder
    from ia3_studio.runs.run import Run
    from ia3_studio.training import TrainConfig
    from ia3_studio.worker.training_job import TrainingJob

    data = dict(JOBS).get(model, "lighthouse")
    with tempfile.TemporaryDirectory() as folder:
        config = RunConfig("fit", model, data, "paper", TrainConfig(max_steps=STEPS))
        RunFolder(Path(folder)).config.write_text(config.to_json())
        job = TrainingJob(Run(Path(folder)))
        job.prepare(lambda _share, _said: None)
        for _step in job.steps(lambda: False):
            pass


def chat(model: str) -> None:
    """Load a model as the chat does, and generate with it where it can."""
    import torch

    from ia3_studio.models import ModelMemory

    with ModelMemory().acquire(model) as loaded:
        tokens = loaded.tokenizer("What is a web browser? " * 8, return_tensors="pt")
        if loaded.head == "causal-lm":
            with torch.no_grad():
                loaded.model.generate(**tokens, max_new_tokens=60, do_sample=False, pad_token_id=0)  # type: ignore[operator]


if __name__ == "__main__":
    main()
