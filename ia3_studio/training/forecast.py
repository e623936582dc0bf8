"""How long will a run take, and how much memory? From a model's sizes, the tokens, and this machine's matrix products.

A frozen layer of n weights costs 2 n operations a token forward and 2 n backward (the gradient of its input; its
weights need none). What a step does besides products is taken to be in proportion to them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ia3_studio.method.sites import in_block
from ia3_studio.models.fit import training_bytes
from ia3_studio.training.config import TrainConfig

if TYPE_CHECKING:
    import torch

    from ia3_studio.data.token_preview import Survey
    from ia3_studio.method.layer_tree import LayerTree, TreeNode

REACHED = 0.75
"""Share of the speed of products that a run reaches: a step's own 74 % (benchmarks/training.py), less what else is
done, and more for the beginnings that rows share and that run once. Checked by benchmarks/forecast.py."""
START_SECONDS = 11.0
"""From a click to the first step: interpreter, libraries, weights (benchmarks/demo.py)."""
NEUTRAL_TOKENS = 6_000
"""About what the neutral text has on which forgetting is measured."""
TRIED_SECONDS = 0.15


@dataclass(frozen=True)
class ModelSize:
    """Sizes of a model that determine its cost."""

    parameters: int
    body: int
    """Weights of the linear layers within the repeated blocks."""
    channels: int
    """Channels that go into these layers, and out of them."""
    head: int
    """Weights of the head after the blocks, computed at trained tokens."""


@dataclass(frozen=True)
class Speed:
    """Multiplications and additions of matrix products a second, each counted as one operation."""

    forward: float
    backward: float


@dataclass(frozen=True)
class Forecast:
    """Estimate of a run's time and memory; times within about a half, bytes within a tenth (benchmarks/forecast.py)."""

    steps: int
    tokens: int
    """Tokens of the training rows, all epochs."""
    seconds: float
    memory: int
    """Bytes at the worker's peak, model included."""


def model_size(tree: LayerTree) -> ModelSize:
    """Return the sizes of a model that determine its cost. Experts count as if all of them ran."""
    layers = [node for node in tree.nodes if node.sites and node.parameters]
    body = [node for node in layers if in_block(node.path)]
    head = sum(node.parameters for node in layers if not in_block(node.path))
    return ModelSize(tree.parameters, sum(node.parameters for node in body), sum(map(_channels, body)), head)


def _channels(node: TreeNode) -> int:
    """Return the channels on both sides of a linear layer."""
    side = sum(site.size for site in node.sites if site.side == node.sites[0].side)
    return side + node.parameters // side


def forecast(
    size: ModelSize, training: Survey, held_out: Survey, config: TrainConfig, speed: Speed, weight_bytes: int = 4
) -> Forecast:
    """Return the estimate of a run's time and memory.

    Args:
        training: lengths of the training rows.
        held_out: lengths of the held-out rows.
        speed: of this machine; :func:`measure_speed` finds it.
        weight_bytes: bytes of a weight in memory.
    """
    from ia3_studio.training.schedule import total_steps

    steps = total_steps(training.of, config)
    epochs = steps / math.ceil(training.of / config.batch_size)
    forward, backward = (sum(_operations(size, training)) * epochs / rate for rate in (speed.forward, speed.backward))
    looks = 1 + math.ceil(steps / config.eval_steps) + 2  # step 0, now and then, and both models for the verdict
    evaluation = sum(_operations(size, held_out)) * looks / speed.forward
    neutral = 2 * 2 * NEUTRAL_TOKENS * (size.body + size.head) / speed.forward
    seconds = START_SECONDS + (forward + backward + evaluation + neutral) / REACHED
    return Forecast(steps, round(training.tokens * epochs), seconds, _memory(size, training, config, weight_bytes))


def _operations(size: ModelSize, rows: Survey) -> Iterable[int]:
    """Yield the operations of one forward pass over all rows: those of the blocks, those of the head."""
    yield 2 * size.body * rows.tokens
    yield 2 * size.head * (rows.trained or rows.of)


def _memory(size: ModelSize, rows: Survey, config: TrainConfig, weight_bytes: int) -> int:
    longest = min(max(rows.lengths, default=0), rows.limit)
    tokens = max(min(config.micro_batch_tokens, rows.tokens), longest)
    return training_bytes(size.parameters, size.channels, tokens, weight_bytes)


@lru_cache(maxsize=1)
def measure_speed(width: int = 1024, tokens: int = 512) -> Speed:
    """Benchmark matrix products on this machine, in the formats used by training; measured once.

    A GPU is tried in a process of its own, so that this one does not hold on to it.

    Args:
        width: of the layer tried, in and out.
        tokens: of a micro-batch.

    Raises:
        ModelError: the GPU does not answer.
    """
    from ia3_studio.models.device import choose_device
    from ia3_studio.models.gpu_process import ask

    if choose_device().name.startswith("cuda"):
        return Speed(*ask(_MEASURED.format(width=width, tokens=tokens)))
    return speed_here(width, tokens)


_MEASURED = """
import dataclasses, json
from ia3_studio.training.forecast import speed_here
print(json.dumps(dataclasses.astuple(speed_here({width}, {tokens}))))
"""


def speed_here(width: int, tokens: int) -> Speed:
    """Benchmark matrix products in this process.

    Args:
        width: of the layer tried, in and out.
        tokens: of a micro-batch.
    """
    import torch

    from ia3_studio.models.device import choose_device
    from ia3_studio.training.precision import backward_format

    chosen = choose_device()
    device = torch.device(chosen.name)
    rounded = backward_format("auto", device) == "bfloat16"
    forward = _operations_a_second(chosen.dtype, device, width, tokens)
    return Speed(forward, _operations_a_second(torch.bfloat16, device, width, tokens) if rounded else forward)


def _operations_a_second(dtype: torch.dtype, device: torch.device, width: int, tokens: int) -> float:
    import torch

    weight = torch.randn(width, width, device=device, dtype=dtype)
    given = torch.randn(tokens, width, device=device, dtype=dtype)
    (given @ weight).sum().item()  # the first product of a kind also sets up its kernel
    began, done = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < TRIED_SECONDS or not done:
        (given @ weight)[0, 0].item()  # waits for a GPU
        done += 1
    return 2 * tokens * width * width * done / taken
