"""Which kernel multiplies the frozen weights of a small language model the fastest on this machine?

    python benchmarks/products.py [--rows 1024] [--rounds 15] [--step]

Each shape of SmolLM2-135M's layers and a tile of its head, forward (rows · weightᵀ) and backward (gradient · weight),
by MKL (what PyTorch chooses), by oneDNN (which PyTorch ships), and by the OpenBLAS of NumPy; medians in GFLOP/s. With
--step, one forward and backward pass through six such layers, by turns with MKL and with oneDNN in the forward pass, in
CPU seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from torch.autograd import Function
from torch.overrides import TorchFunctionMode

from ia3_studio.models.few_rows import onednn_kernel

SHAPES = {"query, output": (576, 576), "key, value": (576, 192), "gate, up": (576, 1536), "down": (1536, 576),
          "a tile of the head": (576, 2048)}  # fmt: skip
LAYERS = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--step", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(0)
    if options.step:
        steps(options.rows, options.rounds)
        return
    print(f"{'GFLOP/s':22}{'in':>6}{'out':>6}  " + "".join(f"{name:>20}" for name in ways(1, 1, 1)))
    for name, (inputs, outputs) in SHAPES.items():
        works = ways(options.rows, inputs, outputs)
        taken = alone(works, options.rounds)
        work = 2 * options.rows * inputs * outputs / 1e9
        figures = "".join(f"{work / median(each):20.0f}" for each in taken.values())
        print(f"{name:22}{inputs:6}{outputs:6}  {figures}", flush=True)


def ways(rows: int, inputs: int, outputs: int) -> dict[str, Callable[[], object]]:
    """Return the products of one weight, forward and backward, by each kernel."""
    given, weight, gradient = torch.randn(rows, inputs), torch.randn(outputs, inputs), torch.randn(rows, outputs)
    kernel, turned = onednn_kernel(), weight.t().contiguous()
    if kernel is None:
        sys.exit("This build of PyTorch has no oneDNN.")
    found: dict[str, Callable[[], object]] = {
        "MKL forward": lambda: torch.nn.functional.linear(given, weight),
        "oneDNN forward": lambda: kernel(given, weight, None),
        "OpenBLAS forward": lambda: np.matmul(given.numpy(), weight.numpy().T),
        "MKL backward": lambda: gradient @ weight,
        "oneDNN backward": lambda: kernel(gradient, turned, None),
        "OpenBLAS backward": lambda: np.matmul(gradient.numpy(), weight.numpy()),
    }
    return found


def alone(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each turn, one kernel after the other: the threads of one wait busily for a while."""
    taken: dict[str, list[float]] = {}
    for name, work in works.items():
        time.sleep(0.2)
        taken |= by_turns({name: work}, rounds, time.perf_counter)
    return taken


def by_turns(works: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Return the seconds of each turn; what else the machine does hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _round in range(rounds + 1):
        for name, work in works.items():
            began = clock()
            work()
            taken[name].append(clock() - began)
    return {name: each[1:] for name, each in taken.items()}  # the first of each makes its threads and buffers


class Forward(TorchFunctionMode):
    """Inside this block, linear layers multiply by another kernel in the forward pass."""

    def __init__(self, kernel: Any) -> None:
        super().__init__()
        self.kernel = kernel

    def __torch_function__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Take the kernel for a linear layer, and leave every other operation alone."""
        is_layer = func is torch.nn.functional.linear
        return Linear.apply(*args[:2], self.kernel) if is_layer else func(*args, **(kwargs or {}))  # type: ignore[no-untyped-call]


class Linear(Function):
    """x Wᵀ by a kernel without a gradient of its own; the gradient of x is g W."""

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor, weight: torch.Tensor, kernel: Any) -> Any:
        """Multiply, and keep the weight."""
        ctx.save_for_backward(weight)
        return kernel(given, weight, None)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradient of what was given."""
        return gradients[0] @ ctx.saved_tensors[0], None, None


def steps(rows: int, rounds: int) -> None:
    """Print the CPU seconds of a pass through a few layers, by each kernel."""
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(hidden_size=576, intermediate_size=1536, num_hidden_layers=LAYERS, num_attention_heads=9,
                         num_key_value_heads=3, vocab_size=1000)  # fmt: skip
    model = LlamaModel(config).requires_grad_(False)
    given = torch.randn(rows // 128, 128, 576, requires_grad=True)
    kernel = onednn_kernel()
    if kernel is None:
        sys.exit("This build of PyTorch has no oneDNN.")
    blocks: dict[str, Any] = {"MKL": nullcontext(), "oneDNN": Forward(kernel)}

    def run(block: Any) -> None:
        with block:
            output = model(inputs_embeds=given, use_cache=False).last_hidden_state
        output.sum().backward()

    works: dict[str, Callable[[], object]] = {name: lambda block=block: run(block) for name, block in blocks.items()}
    taken = by_turns(works, rounds, time.process_time)
    for name, each in taken.items():
        print(f"{LAYERS} layers, {rows} rows, forward and backward, {name}: median {median(each):.3f} CPU s, "
              f"least {min(each):.3f}")  # fmt: skip
    print(f"oneDNN in turn with MKL: {ratio(taken['oneDNN'], taken['MKL']):.3f}× the CPU seconds")


def ratio(mine: Iterable[float], others: Iterable[float]) -> float:
    """Return the median of the ratios of turns next to each other."""
    return median(own / other for own, other in zip(mine, others, strict=True))


if __name__ == "__main__":
    main()
