"""What are the settings of a training job, and what does it report at each step?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ia3_studio.errors import TrainingError
from ia3_studio.typed import FieldError, require_types

BackwardDtype = Literal["auto", "float32", "bfloat16"]
Optimizer = Literal["adamw", "adafactor"]
LongRows = Literal["truncate", "skip"]
LossType = Literal["sigmoid", "ipo"]

MOST = {
    "epochs": 100_000,
    "max_steps": 100_000_000,
    "batch_size": 1_000_000,
    "micro_batch_tokens": 100_000_000,
    "max_length": 100_000_000,
    "eval_steps": 100_000_000,
    "cache_mb": 100_000_000,
    "sample_generations": 100_000,
}
"""Upper bounds: a larger value is a typo, and loops over it would not end."""
HIGH_RATE = 0.3
"""Above it the user is warned: with AdamW a scale moves by about the rate at each step, and identity is 1."""
LOW_RATE = 1e-3
"""Below it the user is warned: PEFT's (IA)³ on Llama-3.2-3B reached 31 % at 1e-4, 45 % at 5e-3."""


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training job.

    Defaults follow the paper's recipe (warm-up 6 %, linear decay, clip 1, no decay of the vectors) with the
    learning rate that small chat models need: (IA)³ needs 10 to 100 times the rate of LoRA.
    """

    learning_rate: float = 1e-2
    """Peak rate. The paper uses 3e-3 for large models; 1e-2 suits models of about 100 M parameters."""
    epochs: float = 2.0
    """Passes over the training rows; a fraction ends within an epoch."""
    max_steps: int | None = None
    """Maximum optimizer steps; None trains for ``epochs``."""
    batch_size: int = 8
    """Rows per optimizer step."""
    micro_batch_tokens: int = 1024
    """Padded tokens per forward pass; bounds memory, never changes the gradients beyond rounding."""
    max_length: int = 512
    """Maximum tokens per row; longer rows are truncated or skipped."""
    warmup_ratio: float = 0.06
    """Warmup ratio: share of the steps in which the rate rises from 0."""
    max_grad_norm: float = 1.0
    """Max gradient norm."""
    decay_to_one: float = 0.0
    """Decay of each vector towards 1 (the base model), as AdamW's decoupled decay."""
    eval_steps: int = 10
    """Optimizer steps between held-out losses; also taken before the first and after the last step."""
    seed: int = 0
    backward_dtype: BackwardDtype = "auto"
    """Number format of the backward products with frozen weights; "auto" is bfloat16 on CPUs with hardware support."""
    optimizer: Optimizer = "adamw"
    """AdamW, or Adafactor as in T-Few, which bounds each vector's step by that vector's size."""
    early_stopping_patience: int | None = None
    """Early stopping: held-out losses in a row without a new lowest value; None disables it."""
    long_rows: LongRows = "truncate"
    """Whether rows longer than ``max_length`` are truncated or skipped."""
    cache_mb: int = 1024
    """MB for cached outputs of the layers below the lowest vector, at most a quarter of free memory; 0 disables it."""
    cache_folder: str | None = None
    """Folder for overflow when the memory is full; None disables it."""
    keep_best: bool = True
    """Whether the vectors with the lowest held-out loss are kept at the end, not those of the last step."""
    sample_generations: int = 0
    """Held-out prompts for sample generations at the end, compared with the reference answers."""
    loss_type: LossType = "sigmoid"
    """Preference pairs: DPO ("sigmoid") or IPO. Answers with a label are always trained by KTO."""
    beta: float = 0.1
    """Preferences: how strongly the model is held at the base model; a smaller value lets it move further."""
    label_smoothing: float = 0.0
    """DPO: the share of pairs that are assumed to be labeled the wrong way round, from 0 to below 0.5."""
    sft_weight: float = 0.0
    """Preference pairs: weight of ordinary training on the chosen answers, added to the loss."""
    desirable_weight: float = 1.0
    """KTO: weight of the desirable answers."""
    undesirable_weight: float = 1.0
    """KTO: weight of the undesirable answers."""

    def __post_init__(self) -> None:
        try:
            require_types(self)
        except FieldError as error:
            raise TrainingError(f"{error}.") from error
        positive = (
            "learning_rate",
            "epochs",
            "batch_size",
            "micro_batch_tokens",
            "max_length",
            "max_grad_norm",
            "eval_steps",
            "beta",
        )
        for name in positive:
            if not getattr(self, name) > 0:
                raise TrainingError(f"{name} is {getattr(self, name)}; it must be greater than 0.")
        for name, most in MOST.items():
            if (getattr(self, name) or 0) > most:
                raise TrainingError(f"{name} is {getattr(self, name):g}; use at most {most:,}.")
        if not 0 <= self.warmup_ratio < 1:
            raise TrainingError(f"warmup_ratio is {self.warmup_ratio}; it is a share of the steps, from 0 to below 1.")
        if self.max_steps is not None and self.max_steps < 1:
            raise TrainingError(f"max_steps is {self.max_steps}; it must be at least 1.")
        if self.decay_to_one < 0:
            raise TrainingError(f"decay_to_one is {self.decay_to_one}; it must be 0 or more.")
        if self.sample_generations < 0:
            raise TrainingError(f"sample_generations is {self.sample_generations}; it must be 0 or more.")
        if self.cache_mb < 0:
            raise TrainingError(f"cache_mb is {self.cache_mb}; it must be 0 or more.")
        for name in ("sft_weight", "desirable_weight", "undesirable_weight"):
            if getattr(self, name) < 0:
                raise TrainingError(f"{name} is {getattr(self, name)}; it must be 0 or more.")
        if not 0 <= self.label_smoothing < 0.5:
            raise TrainingError(
                f"label_smoothing is {self.label_smoothing}; it is a share of the pairs, from 0 to below 0.5."
            )
        if self.early_stopping_patience is not None and self.early_stopping_patience < 1:
            raise TrainingError(
                f"early_stopping_patience is {self.early_stopping_patience}; it must be at least 1 held-out loss."
            )

    def warnings(self, rows: int, held_out: int) -> tuple[str, ...]:
        """Return a sentence for each setting that is allowed and most likely not what is wanted."""
        found = []
        if self.learning_rate > HIGH_RATE:
            found.append(
                f"The learning rate {self.learning_rate:g} moves every scale by about that much per step; "
                f"rates from 0.003 to 0.03 are usual, and above {HIGH_RATE:g} training usually fails."
            )
        if self.learning_rate < LOW_RATE:
            found.append(
                f"The learning rate {self.learning_rate:g} suits LoRA; (IA)³ needs rates 10 to 100 times "
                "higher, otherwise it learns almost nothing."
            )
        if rows < self.batch_size:
            found.append(
                f"The batch size {self.batch_size} is larger than the {rows} training rows: every step uses "
                "all of them."
            )
        if not held_out and self.early_stopping_patience is not None:
            found.append("No rows are held out, so early stopping has no effect.")
        return tuple(found)


@dataclass(frozen=True)
class Step:
    """One training step: first step 0 (before training), then one per optimizer step."""

    step: int
    total_steps: int
    epoch: float
    """Passes over the training rows so far."""
    loss: float | None
    """Mean loss of this step's batch, in nats per label token; None at step 0."""
    held_out: float | None
    """The same mean over all held-out rows; None if not evaluated."""
    learning_rate: float
    grad_norm: float | None
    """Norm of the gradient before clipping."""
    tokens: int
    """Tokens trained on so far, without padding."""
    seconds: float
    """Time since training started, including evaluation."""
    tokens_per_second: float | None
    """Tokens of this step over its own time, evaluation excluded."""
    note: str | None = None
    """A note on this step; usually None."""
    chosen_reward: float | None = None
    """Preferences: mean reward of the batch's chosen (desirable) answers, β times their log ratio to the base model."""
    rejected_reward: float | None = None
    """The same of its rejected (undesirable) answers."""
    reward_accuracy: float | None = None
    """Share of the batch's pairs whose chosen answer has the higher reward."""
    held_out_chosen_reward: float | None = None
    """The mean reward over the held-out rows' chosen answers; None if not evaluated."""
    held_out_rejected_reward: float | None = None
    """The same of their rejected answers."""
    held_out_reward_accuracy: float | None = None
    """The same share of the held-out pairs."""
