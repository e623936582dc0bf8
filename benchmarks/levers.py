"""What did each lever give that makes training fast and lean? One after the other, each on top of those before.

    python benchmarks/levers.py [--steps 6] [--model FOLDER]

The starter, the rows and the batches of ``benchmarks/training.py``; each line in a process of its own. Below them the
time of an epoch with the vectors of the upper half of the layers alone, whose lower half is remembered from the second
epoch on, beside the time of one with all vectors.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from training import BATCH_SIZE, LEARNING_RATE, in_dealt_order, rows_of, tokens_in

from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.objective import MeanLoss
from ia3_studio.training.precision import has_fast_bfloat16

LEVERS = {
    "plain": "padded batch, transformers' own loss",
    "answers": "logits at the answers only, in parts",
    "micro": "forward passes of 1,024 tokens",
    "end": "rows end to end instead of padded",
    "shared": "their common beginning once",
    "attention": "attention with its own gradient (on a CPU)",
    "rounded": "backward matrix products in bfloat16",
    "recomputed": "activations of the feed-forward computed again",
    "last": "the last layer at label positions only",
}
ORDER = tuple(LEVERS)
WHOLE = 10**7
"""Tokens of a micro-batch that no batch of this benchmark reaches: a batch is one micro-batch."""


class PlainLoss(MeanLoss[Any]):
    """The loss as transformers computes it, over all logits of a padded batch."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def count(self, rows: Sequence[Any]) -> int:
        from ia3_studio.training.batches import label_count

        return label_count(rows)

    def lengths(self, _rows: Sequence[Any]) -> None:
        return None

    def micro_batches(self, rows: Sequence[Any], _budget: int) -> Iterator[list[Any]]:
        yield list(rows)

    def group_backward(self, rows: Sequence[Any], total: int) -> float:
        from ia3_studio.training.batches import pad

        ids, labels = pad(rows, self.model.device)
        loss = self.model(input_ids=ids, labels=labels, use_cache=False).loss * self.count(rows)
        (loss / total).backward()
        return float(loss)

    def group_loss(self, rows: Sequence[Any]) -> float:
        raise NotImplementedError("this benchmark holds no rows out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    parser.add_argument("--side", choices=(*ORDER, "epochs"))
    options = parser.parse_args()
    if options.side:
        print(json.dumps(epochs(options) if options.side == "epochs" else lever(options, options.side)))
        return
    print("| lever, on top of those above | tokens per second | peak memory, GB |\n|---|---|---|")
    for side, words in LEVERS.items():
        if side == "rounded" and not has_fast_bfloat16():
            print(f"| {words} | not used: this CPU has no instructions for them | |", flush=True)
            continue
        found = run(side)
        print(f"| {words} | {found['speed']:.0f} | {found['peak']:.1f} |", flush=True)
    found = run("epochs")
    print(f"an epoch with all vectors {found['all']:.1f} s; with the upper half's: first {found['first']:.1f} s, second"
          f" {found['second']:.1f} s, which is {found['second'] / found['all']:.2f}×")  # fmt: skip


def run(side: str) -> dict[str, float]:
    """Run one side in its own process."""
    done = subprocess.run([sys.executable, __file__, *sys.argv[1:], "--side", side], check=True,
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def lever(options: argparse.Namespace, side: str) -> dict[str, float]:
    """Train a few steps with a lever and those before it; return speed and peak memory."""
    from ia3_studio import TrainConfig, attach, discover, load_model, train
    from ia3_studio.training import loss as losses
    from ia3_studio.training import needed_positions, packing
    from ia3_studio.training.bundles import RowBundle

    loaded = load_model(options.model)
    rows = rows_of(None, loaded.tokenizer, options.steps * BATCH_SIZE)
    reached = ORDER[: ORDER.index(side) + 1]
    if "end" not in reached:
        losses.packing_of = lambda _model: (None, FastPath("packed rows", False))
    if "shared" not in reached:
        losses.bundled = lambda rows: [RowBundle((row,), 0) for row in rows]  # type: ignore[assignment]
    if "attention" not in reached:
        packing.fits = lambda *_args, **_named: False
    if "recomputed" not in reached:
        losses.recomputed = lambda _device: nullcontext()
    if "last" not in reached:
        needed_positions.LARGEST_SHARE = 0.0
    backward: Any = "auto" if "rounded" in reached else "float32"
    config = TrainConfig(epochs=1, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE,
                         micro_batch_tokens=1024 if "micro" in reached else WHOLE)  # fmt: skip
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    loss: Any = losses.CausalLoss(loaded.model, backward) if "answers" in reached else PlainLoss(loaded.model)
    loss.lengths = lambda _rows: None  # the same batches for all: dealt at random
    steps = list(train(loaded.model, attachment, in_dealt_order(rows), [], config, objective=loss))
    speed = tokens_in(rows) / (steps[-1].seconds - steps[0].seconds)
    return {"speed": speed, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


def epochs(options: argparse.Namespace) -> dict[str, float]:
    """Return the seconds of an epoch with all vectors, and of two with those of the upper half."""
    from ia3_studio import TrainConfig, attach, discover, load_model, train
    from ia3_studio.method import Selection

    loaded = load_model(options.model)
    rows = rows_of(None, loaded.tokenizer, options.steps * BATCH_SIZE)
    paper = discover(loaded.model).select("paper")
    half = loaded.model.config.num_hidden_layers // 2
    upper = Selection(tuple(site for site in paper if int(site.path.split(".")[2]) >= half))
    found: dict[str, list[float]] = {}
    for name, chosen in (("all", paper), ("upper", upper)):
        attachment = attach(loaded.model, chosen)
        config = TrainConfig(epochs=2, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE)
        ends = [step.seconds for step in train(loaded.model, attachment, rows, [], config)]
        attachment.detach()
        middle = len(ends) // 2
        found[name] = [ends[middle] - ends[0], ends[-1] - ends[middle]]
    return {"all": sum(found["all"]) / 2, "first": found["upper"][0], "second": found["upper"][1]}


if __name__ == "__main__":
    main()
