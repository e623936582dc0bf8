"""How much faster is a step of T-Few's losses when a question is read once for all its choices?

    python benchmarks/choices.py

The starter learns which of five matters a letter is about, eight questions a step, with Adafactor: read once, and with
the question in front of every choice, as models are read that cannot do the former. Both take the same steps from the
same beginning; the losses of each are printed, so that what is compared is the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

MATTERS = {
    "weather_warning": "weather", "overdue_vessel": "a missing boat", "tide_times": "tides",
    "mooring_fee": "mooring fees", "boat_repair": "repairs",
}  # fmt: skip


def main() -> None:
    """Print tokens, seconds and losses of both, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6)
    steps = parser.parse_args().steps
    from ia3_studio import ChoiceExample, load_data, load_model, tokenize_choices
    from ia3_studio.models import STARTER

    loaded, names = load_model(STARTER), list(MATTERS)
    letters = [each for each in load_data("harbour").train if each.labels[0] in names]
    questions = [
        ChoiceExample(each.row, f"{each.text}\nWhat is this letter about?", tuple(MATTERS.values()),
                      names.index(each.labels[0]))
        for each in letters[:8]
    ]  # fmt: skip
    rows = tokenize_choices(questions, loaded.tokenizer, 256).rows
    once, repeated = measure(loaded, rows, steps, True), measure(loaded, rows, steps, False)
    print(f"{repeated / once:.2f}× as fast")


def measure(loaded: Any, rows: Any, steps: int, once: bool) -> float:
    """Take some steps; return the median seconds of one, less the first."""
    import torch

    from ia3_studio import TrainConfig, attach, discover
    from ia3_studio.training.choice_model import CausalChoices
    from ia3_studio.training.tfew_loss import ChoiceObjective, LossWeights
    from ia3_studio.training.train import train

    torch.manual_seed(0)
    attachment = attach(loaded.model, discover(loaded.model, loaded.base_model).select("paper"))
    model = CausalChoices(loaded.model)
    if not once:
        model._packing = None
    config = TrainConfig(learning_rate=1e-2, optimizer="adafactor", epochs=steps, batch_size=8)
    moments, losses = [time.perf_counter()], []
    for step in train(loaded.model, attachment, rows, [], config, objective=ChoiceObjective(model, LossWeights())):
        moments.append(time.perf_counter())
        losses += [] if step.loss is None else [step.loss]
    attachment.detach()
    seconds = statistics.median(after - before for before, after in pairwise(moments[2:]))
    read = sum(len(row.prompt) + sum(map(len, row.choices)) for row in rows)
    read = read if once else sum(len(row.choices) * len(row.prompt) + sum(map(len, row.choices)) for row in rows)
    how = "a question read once" if once else "a question in front of every choice"
    print(
        f"{how}: {read:,} tokens, {seconds:.2f} s a step; losses {', '.join(f'{loss:.4f}' for loss in losses)}",
        flush=True,
    )
    return seconds


if __name__ == "__main__":
    main()
