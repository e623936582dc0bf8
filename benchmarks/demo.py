"""How long does the demo take, what does it learn, and how does it sound? The run behind "Train the demo", timed.

    python benchmarks/demo.py [--learning-rate 0.01] [--epochs 2]

Starts the same worker as the page with the same settings in a run folder of its own, and asks both models the
questions of the chat tab with its settings. Fetch the model first (open the app once), or its download is timed too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio import ChatSettings, Message, TrainConfig, load_adapter, load_model, reply
from ia3_studio.data.load import LIGHTHOUSE
from ia3_studio.models import STARTER
from ia3_studio.runs import Run, RunConfig, RunStore, start
from ia3_studio.ui import text

POLL_SECONDS = 0.2
DEFAULTS = TrainConfig()


def main() -> None:
    """Run the demo and print its figures and its answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learning-rate", type=float, default=DEFAULTS.learning_rate)
    parser.add_argument("--epochs", type=float, default=DEFAULTS.epochs)
    options = parser.parse_args()
    config = RunConfig("Demo", STARTER, LIGHTHOUSE, train=TrainConfig(options.learning_rate, options.epochs))
    with tempfile.TemporaryDirectory() as folder:
        run, first_point, done = train_demo(Path(folder), config)
        report(run, first_point, done)
        answer_questions(run)


def train_demo(folder: Path, config: RunConfig) -> tuple[Run, float, float]:
    """Start a run and wait for its end; return it, and the seconds to its first point and to its end."""
    began = time.perf_counter()
    run = RunStore(folder).create(config, "demo")
    start(run)
    first_point = None
    while run.status().active:
        if first_point is None and run.metrics()[0]:
            first_point = time.perf_counter() - began
        time.sleep(POLL_SECONDS)
    if run.status().state != "finished" or first_point is None:
        sys.exit(run.status().sentence)
    return run, first_point, time.perf_counter() - began


def report(run: Run, first_point: float, done: float) -> None:
    """Print what the run took and what it learned."""
    steps, _offset = run.metrics()
    rates = sorted(step.tokens_per_second for step in steps if step.tokens_per_second)
    print(f"first point after    {first_point:8.1f} s")
    print(f"done after           {done:8.1f} s  ({steps[-1].step} steps)")
    print(f"tokens per second    {rates[len(rates) // 2]:8.0f}  (median over the steps)")
    print(f"held-out loss        {steps[0].held_out:8.3f} → {steps[-1].held_out:.3f} nats per token")


def answer_questions(run: Run) -> None:
    """Print both answers to the chat tab's questions, drawn with its settings."""
    loaded = load_model(run.config.model)
    attachment = load_adapter(loaded.model, run.adapter_folder() or run.folder)
    for question in text.CHAT_EXAMPLES:
        prompt = [Message("user", question)]
        *_, (base, tuned) = reply(loaded, attachment, [prompt, prompt], (0.0, 1.0), ChatSettings())
        print(f"\n{question}\n  {text.BASE}: {base}\n  {text.TUNED}: {tuned}")


if __name__ == "__main__":
    main()
