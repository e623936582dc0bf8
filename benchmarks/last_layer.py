"""What does it save to compute the last layer at needed positions only? Steps with and without it, by turns.

    python benchmarks/last_layer.py [--turns 6] [--model FOLDER]

A random BERT of the base size with a head on texts of 8 to 128 tokens, one of six layers of 384 channels, and the
starter on conversations, of which the answers are trained. Prints the processor time of a step (forward and backward
pass, one thread) without and with it, each the shortest of all turns, their ratio, and the largest difference of the
gradient.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

Step = Callable[[], Any]
"""A forward and backward pass; returns the gradient of the vectors."""


def main() -> None:
    """Measure each model and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--model", default="SmolLM2-135M-Instruct")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    print("| model | whole last layer, s | needed positions, s | ratio | gradient differs by |\n|---|---|---|---|---|")
    for name, step in steps(options.model):
        print(f"| {name} | {compared(step, options.turns)} |", flush=True)


def steps(folder: str) -> Iterator[tuple[str, Step]]:
    """Yield what is measured, one model after the other."""
    yield "BERT-base, classification", classifier_step()
    yield (
        "BERT of 6 layers, 384 channels, classification",
        classifier_step(hidden_size=384, num_hidden_layers=6, intermediate_size=1536),
    )
    yield "starter, answers in conversations", starter_step(folder)


def classifier_step(**sizes: int) -> Step:
    """Return a step of a random BERT on 48 texts."""
    import torch
    import transformers as hf
    from classification import CLASSES, texts

    from ia3_studio import attach, discover
    from ia3_studio.data.labels import LabelRow
    from ia3_studio.training.class_loss import ClassLoss

    torch.manual_seed(0)
    config = hf.BertConfig(num_labels=CLASSES, problem_type="single_label_classification", **sizes)
    model = hf.BertForSequenceClassification(config).eval().requires_grad_(False)
    attachment = attach(model, discover(model).select("paper"))
    drawn = texts(argparse.Namespace(steps=3, batch=16))
    rows = [LabelRow(tuple(ids), (), (float(label),), place) for place, (ids, label) in enumerate(drawn)]
    return _step(attachment, ClassLoss(model, "float32"), rows)


def starter_step(folder: str) -> Step:
    """Return a step of the starter on 16 conversations."""
    from training import rows_of

    from ia3_studio import attach, discover, load_model
    from ia3_studio.training.loss import CausalLoss

    loaded = load_model(folder)
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    return _step(attachment, CausalLoss(loaded.model, "float32"), rows_of(None, loaded.tokenizer, 16))


def _step(attachment: Any, loss: Any, rows: list[Any]) -> Step:
    def step() -> Any:
        attachment.parameter.grad = None
        loss.backward(rows, rows, 1024)
        return attachment.parameter.grad.clone()

    return step


def compared(step: Step, turns: int) -> str:
    """Return the cells of a line."""
    from ia3_studio.training import needed_positions

    usual = needed_positions.LARGEST_SHARE
    seconds: dict[float, list[float]] = {0.0: [], usual: []}
    gradients: dict[float, Any] = {}
    for share in [*seconds] * turns:
        needed_positions.LARGEST_SHARE = share  # at 0, no share is small enough
        begun = time.process_time()
        gradients[share] = step()
        seconds[share].append(time.process_time() - begun)
    whole, needed = map(min, seconds.values())  # what other programs do only ever adds to it
    difference = float((gradients[0.0] - gradients[usual]).abs().max() / gradients[0.0].abs().max())
    return f"{whole:.2f} | {needed:.2f} | {whole / needed:.3f}× | {difference:.0e}"


if __name__ == "__main__":
    main()
