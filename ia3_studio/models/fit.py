"""Will a model fit into this machine's memory, and how long will an epoch take? Estimated before it is downloaded.

What training needs, beyond a process with its libraries:

- the weights, in the number format of the device (float32 on a CPU), and a copy in bfloat16 for the backward pass where
  the processor multiplies it natively;
- activations that the backward pass reads: 4 bytes for each token of a micro-batch and each channel that goes into a
  frozen linear layer or comes out of one. Frozen weights have no gradients;
- the (IA)³ vectors with their gradients and the two moments of AdamW: 16 bytes for each of about 0.04 % as many
  parameters as the model has, less than a hundredth of its weights, so that they are not counted.

A chat also keeps keys and values of earlier messages (:mod:`ia3_studio.models.kept_prefixes`), at most 256 MB and an
eighth of what is free, and, where twice their size is free once the model is loaded, copies of the weights in fewer
bytes. Both are left out where memory is short, so that they decide nothing here.

`benchmarks/fit.py` compares the estimates with the peaks of processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ia3_studio.models.machine import MachineMemory

Fit = Literal["fits", "tight", "too large"]

PROCESS_BYTES = 520 * 2**20
"""Memory of a process without a model: interpreter, torch, transformers."""
KEPT_A_CHANNEL = 1.05
"""Numbers kept for the backward pass for each channel that goes into a linear layer or comes out of one."""
BACKWARD_COPY_BYTES = 2
"""Of a weight in the copy for the backward pass."""
CHANNELS_OF_WIDTH = 18
"""Channels of a block in multiples of its width. Llama: 2 each around query and output, 1 and the heads' share around
key and value, 9 with the 8/3 of its three feed-forward layers. GPT-2 and BERT: 8 of attention, 10 of feed-forward."""
WEIGHTS_OF_BLOCK = 12
"""Weights of a block in multiples of its squared width: 4 of attention and 8 of feed-forward."""
CHAT_SHARE = 1.1
"""Memory of a chat in multiples of the weights: a tenth for cached keys and values and for logits."""
COMFORTABLE = 0.8
"""Share of the free memory up to which a model fits: other programs need some, and estimates err."""
USABLE = 0.95
"""Share of all memory up to which closing other programs helps."""
OPERATIONS = 4
"""Per weight and token: one multiplication and one addition forward, and the same backward."""


@dataclass(frozen=True)
class ModelCost:
    """What the size of a model means for a machine."""

    training: int
    """Bytes at the peak of training, with default settings."""
    chat: int
    """Bytes of loading the model and generating with it."""


def training_bytes(parameters: float, channels: float, tokens: int, weight_bytes: float) -> int:
    """Return the bytes of a training process at its peak.

    Args:
        parameters: of the model.
        channels: that go into its frozen linear layers, and out of them.
        tokens: of a micro-batch.
        weight_bytes: of a weight in memory.
    """
    weights = parameters * (weight_bytes + BACKWARD_COPY_BYTES)
    return round(PROCESS_BYTES + weights + KEPT_A_CHANNEL * channels * tokens * 4)


def cost(parameters: int, channels: int, tokens: int, weight_bytes: float) -> ModelCost:
    """Return what a model needs.

    Args:
        parameters: as :func:`training_bytes`; of a quantized model its stored bytes, with ``weight_bytes`` 1.
        channels: as :func:`training_bytes`.
        tokens: of a micro-batch.
        weight_bytes: as :func:`training_bytes`.
    """
    chat = round(PROCESS_BYTES + CHAT_SHARE * parameters * weight_bytes)
    return ModelCost(training_bytes(parameters, channels, tokens, weight_bytes), chat)


def judge(needed: int, memory: MachineMemory) -> Fit:
    """Say whether something fits: into what is free now, into the machine at all, or not.

    Args:
        needed: bytes.
        memory: of the machine.
    """
    if needed <= COMFORTABLE * memory.free:
        return "fits"
    return "tight" if needed <= USABLE * memory.total else "too large"


def channels_of(config: Mapping[str, Any]) -> int | None:
    """Return the channels around the linear layers of a model, from its config; None if it names no sizes.

    Args:
        config: the content of a config.json, which may claim anything.
    """
    inner = config.get("text_config")
    named = inner if isinstance(inner, Mapping) else config
    layers = _first(named, "num_hidden_layers", "n_layer", "num_layers", "n_layers")
    width = _first(named, "hidden_size", "n_embd", "d_model", "dim")
    decoder = _first(named, "num_decoder_layers", "decoder_layers") or 0
    return CHANNELS_OF_WIDTH * (layers + decoder) * width if layers and width else None


def _first(config: Mapping[str, Any], *names: str) -> int | None:
    found = (config.get(name) for name in names)
    return next((each for each in found if isinstance(each, int) and not isinstance(each, bool) and each > 0), None)


def likely_channels(parameters: int) -> int:
    """Return about how many channels a model of that many parameters has.

    Twice as many parameters come with more layers and with wider ones: 24 layers up to a billion parameters, 32 at 7
    billion (Llama 2), 80 at 70 billion. From the weights of a block follows its width.
    """
    layers = 24 * max(1.0, parameters / 1e9) ** 0.27
    return round(CHANNELS_OF_WIDTH * math.sqrt(parameters * layers / WEIGHTS_OF_BLOCK))


def epoch_seconds(parameters: int, tokens: float, operations_per_second: float) -> float:
    """Return about how long training on these tokens takes.

    Args:
        parameters: of the model. Experts that rest for a token count as well, so that the time of such a model is an
            upper bound.
        tokens: of all training rows.
        operations_per_second: that training reaches on this machine.
    """
    return OPERATIONS * parameters * tokens / operations_per_second
