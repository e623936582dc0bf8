"""How much does the loss of the language-model head take in tiles, beside the matrix of logits?

    python benchmarks/head_loss.py [--threads 1]

The head of the starter model: 600 label tokens, 576 channels, 49,152 words. Prints CPU seconds of the best of several
turns, loss and gradient, and loss alone, and the share that the products alone would take.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch import nn
from torch.nn import functional as F

from ia3_studio.training.head_loss import head_losses, head_losses_and_gradient

TOKENS, CHANNELS, WORDS = 600, 576, 49_152
ROWS = 128
"""Tokens whose logits are computed at the same time where there is a matrix of them."""
TURNS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(0)
    head = nn.Linear(CHANNELS, WORDS, bias=False).requires_grad_(False)
    head.weight.normal_(0, 0.05)
    hidden, targets = torch.randn(TOKENS, CHANNELS), torch.randint(0, WORDS, (TOKENS,))

    def of_logits() -> None:
        leaf = hidden.clone().requires_grad_()
        for part, wanted in zip(leaf.split(ROWS), targets.split(ROWS), strict=True):
            F.cross_entropy(head(part), wanted, reduction="sum").backward()

    def products() -> None:
        for part in hidden.split(ROWS):
            F.linear(part, head.weight) @ head.weight

    @torch.no_grad()
    def loss_of_logits() -> None:
        for part, wanted in zip(hidden.split(ROWS), targets.split(ROWS), strict=True):
            F.cross_entropy(head(part), wanted, reduction="sum")

    trained, tiled = seconds(of_logits), seconds(lambda: head_losses_and_gradient(head, hidden, targets))
    alone, tiled_alone = seconds(loss_of_logits), seconds(lambda: head_losses(head, hidden, targets))
    print(f"loss and gradient: {trained:.3f} s of logits, {tiled:.3f} s in tiles ({trained / tiled:.2f}×); "
          f"the products alone {seconds(products):.3f} s")  # fmt: skip
    print(f"loss alone:        {alone:.3f} s of logits, {tiled_alone:.3f} s in tiles ({alone / tiled_alone:.2f}×)")


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the best turn."""
    work()
    best = float("inf")
    for _ in range(TURNS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


if __name__ == "__main__":
    main()
