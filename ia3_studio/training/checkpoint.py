"""What is in a checkpoint? Everything that a later step depends on, for an exact resume.

A file in safetensors' format: tensors by name, and the counters as JSON in its header. No pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ia3_studio.atomic import replacing
from ia3_studio.errors import TrainingError
from ia3_studio.old_names import COUNTERS, SETTINGS
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.trainable_parameters import Copies

HEADER = "ia3_studio_checkpoint"
OPTIMIZER = ("optimizer.", "optimiser.")
"""How names of the optimizer's tensors begin: today, and in version 0.1."""
OBJECTIVE = "objective."
"""How names of the tensors begin that the loss keeps."""


@dataclass(frozen=True)
class Counters:
    """What a job has counted, and what it was started with."""

    settings: dict[str, Any]
    """Its TrainConfig; another one cannot resume from here."""
    rows: int
    row_tokens: int
    """Tokens of all training rows: other data cannot resume from here."""
    step: int
    tokens: int
    seconds: float
    micro_batch_tokens: int
    """The budget of a forward pass, smaller than the settings' after memory ran out."""
    best_step: int
    """The step with the lowest held-out loss so far; 0 for none."""
    best_held_out: float
    waited: int
    """Evaluations since then."""
    loss_scale: float = 1.0
    """What gradients are multiplied by (:mod:`training.loss_scale`); 1 in formats that need none."""
    loss_scale_steps: int = 0
    """Steps since it last changed."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a job between two steps, independent of the model."""

    counters: Counters
    trained: Copies
    good: Copies
    """Vectors to restore if the next loss is NaN or infinite."""
    best: Copies
    """The vectors at ``best_step``; empty for none."""
    optimizer: Mapping[str, Tensor]
    """The optimizer's state by parameter and name."""
    optimizer_scalars: Mapping[str, float]
    """The non-tensor part of that state."""
    objective: Mapping[str, Tensor] = field(default_factory=dict)
    """What the loss keeps: of preferences, the base model's log probabilities of the rows so far."""

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically."""
        groups = {"trained": self.trained, "good": self.good, "best": self.best}
        tensors = {f"{name}.{place}": each for name, copies in groups.items() for place, each in enumerate(copies)}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in self.optimizer.items()}
        tensors |= {f"{OBJECTIVE}{name}": tensor for name, tensor in self.objective.items()}
        header = {"counters": asdict(self.counters), "scalars": dict(self.optimizer_scalars)}
        own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with replacing(path) as part:
            save_file(own, part, metadata={HEADER: json.dumps(header)})

    def require_fit(self, config: TrainConfig, rows: int, row_tokens: int) -> None:
        """Reject other settings or other rows, for which the losses would be meaningless.

        Raises:
            TrainingError: they differ.
        """
        settings = json.loads(json.dumps(asdict(config)))
        usual = asdict(TrainConfig())  # of settings that are newer than the checkpoint
        before = {**usual, **self.counters.settings}
        changed = [name for name, value in settings.items() if value != before[name]]
        if changed:
            raise TrainingError(
                f"This job was started with different settings ({', '.join(changed)}); resume with the "
                "same settings, or start a new one."
            )
        if (rows, row_tokens) != (self.counters.rows, self.counters.row_tokens):
            raise TrainingError(
                f"This job was started with {self.counters.rows} rows of {self.counters.row_tokens:,} tokens, "
                f"now there are {rows} of {row_tokens:,}; resume with the same data, or start a new one."
            )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that :meth:`Checkpoint.save` wrote.

    Raises:
        TrainingError: it does not exist, or is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            header = json.loads((file.metadata() or {})[HEADER])
        counters = _counters(header["counters"])
        scalars = {str(name): float(value) for name, value in header.get("scalars", header.get("numbers")).items()}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(
            f"{path.name} cannot be read ({error}), so training cannot be resumed; start a new run."
        ) from error
    trained, good, best = (_group(tensors, name) for name in ("trained", "good", "best"))
    optimizer = {name.partition(".")[2]: each for name, each in tensors.items() if name.startswith(OPTIMIZER)}
    kept = {name.removeprefix(OBJECTIVE): each for name, each in tensors.items() if name.startswith(OBJECTIVE)}
    return Checkpoint(counters, trained, good, best, optimizer, scalars, kept)


def _counters(document: Mapping[str, Any]) -> Counters:
    counters = Counters(**COUNTERS.replaced(document))
    return replace(counters, settings=SETTINGS.replaced(counters.settings))


def optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Return copies of an optimizer's tensors and scalars, by parameter and name."""
    named = {
        f"{place}.{name}": value
        for place, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }
    tensors = {name: value.detach().clone() for name, value in named.items() if isinstance(value, Tensor)}
    return tensors, {name: value for name, value in named.items() if isinstance(value, (int, float))}


def restore_optimizer(optimizer: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Restore an optimizer's state. **Overwrites its moments.**"""
    state: dict[int, dict[str, Tensor | float]] = {}
    for source in (checkpoint.optimizer, checkpoint.optimizer_scalars):
        for key, value in source.items():
            place, _dot, name = key.partition(".")
            state.setdefault(int(place), {})[name] = value.clone() if isinstance(value, Tensor) else value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _group(tensors: Mapping[str, Tensor], name: str) -> Copies:
    """Return the tensors of a group in their order."""
    found: Sequence[str] = sorted((key for key in tensors if key.startswith(f"{name}.")), key=_place)
    return tuple(tensors[key] for key in found)


def _place(key: str) -> int:
    return int(key.rpartition(".")[2])
