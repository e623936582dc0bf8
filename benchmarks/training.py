"""How fast and how lean is training beside PEFT (IA)³ under transformers.Trainer? One run measures both.

    python benchmarks/training.py [--steps 10] [--data lighthouse]

Same model, rows, batch size, sites, learning rate and loss; each side in a process of its own, in turn. Prints tokens
per second (median over the steps, padding not counted), peak memory of the process, and the ratio of the two.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

BATCH_SIZE = 8
LEARNING_RATE = 1e-2
SIDES = ("ours", "peer")


def main() -> None:
    """Run both sides and print the comparison, or one side for the process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--data", default="lighthouse")
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--side", choices=SIDES)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(measure(options.side, options)))
        return
    figures = {side: run_side(side, sys.argv[1:]) for side in SIDES}
    report(figures)


def run_side(side: str, arguments: list[str]) -> dict[str, float]:
    """Run one side in its own process; return its figures."""
    command = [sys.executable, __file__, *arguments, "--side", side]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(figures: dict[str, dict[str, float]]) -> None:
    """Print both sides and their ratio."""
    ours, peer = figures["ours"], figures["peer"]
    print(f"{'':24}{'IA3 Studio':>12}{'PEFT+Trainer':>14}{'ratio':>8}")
    for name in ("tokens per second", "peak memory, MB", "mean loss"):
        print(f"{name:24}{ours[name]:12.4g}{peer[name]:14.4g}{ours[name] / peer[name]:8.3f}")


def measure(side: str, options: argparse.Namespace) -> dict[str, float]:
    """Train a few steps on one side and return its figures."""
    from ia3_studio import load_data, load_model, tokenize

    loaded = load_model(options.model)
    rows = list(tokenize(load_data(options.data).train, loaded.tokenizer, 512).rows)
    count = options.steps * BATCH_SIZE
    rows = (rows * (count // len(rows) + 1))[:count]
    rates, losses = (train_ours if side == "ours" else train_peer)(loaded, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "tokens per second": statistics.median(rates),
        "peak memory, MB": peak,
        "mean loss": statistics.mean(losses),
    }


def train_ours(loaded: Any, rows: list[Any]) -> tuple[list[float], list[float]]:
    """Return tokens per second and loss of each step of our own loop."""
    from ia3_studio import TrainConfig, attach, discover, train

    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    config = TrainConfig(epochs=1, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE)
    steps = list(train(loaded.model, attachment, rows, [], config))[1:]
    return [step.tokens_per_second or 0.0 for step in steps], [step.loss or 0.0 for step in steps]


def train_peer(loaded: Any, rows: list[Any]) -> tuple[list[float], list[float]]:
    """Return tokens per second and loss of each step of PEFT under Trainer, with its usual collator."""
    import peft
    import transformers as hf

    model = peft.get_peft_model(loaded.model, peft.IA3Config(task_type="CAUSAL_LM"))
    features = [{"input_ids": list(row.input_ids), "labels": list(row.labels)} for row in rows]
    watch = _watch(hf.TrainerCallback, features)
    trainer = hf.Trainer(
        model=model,
        args=hf.TrainingArguments(
            output_dir=tempfile.mkdtemp(), per_device_train_batch_size=BATCH_SIZE, num_train_epochs=1, logging_steps=1,
            learning_rate=LEARNING_RATE, warmup_steps=0.06, report_to=[], save_strategy="no", disable_tqdm=True,
            use_cpu=not loaded.model.device.type.startswith("cuda"), seed=0,
        ),
        train_dataset=features,
        data_collator=hf.DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=-100),
        callbacks=[watch],
    )  # fmt: skip
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    tokens = sum(len(row.input_ids) for row in rows) / len(watch.seconds)
    return [tokens / seconds for seconds in watch.seconds], losses


def _watch(base: Any, features: list[Any]) -> Any:
    class Watch(base):  # type: ignore[misc]
        """Note the seconds of each optimiser step."""

        def __init__(self) -> None:
            self.seconds: list[float] = []

        def on_step_begin(self, *_args: Any, **_kwargs: Any) -> None:
            self._began = time.perf_counter()

        def on_step_end(self, *_args: Any, **_kwargs: Any) -> None:
            self.seconds.append(time.perf_counter() - self._began)

    return Watch()


if __name__ == "__main__":
    main()
