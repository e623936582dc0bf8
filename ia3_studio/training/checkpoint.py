"""What is in a checkpoint? Everything that a later step depends on, for an exact resume.

A file in safetensors' format: tensors by name, and the counters as JSON in its header. No pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ia3_studio.atomic import replacing
from ia3_studio.errors import TrainingError
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.trained import Copies

HEADER = "ia3_studio_checkpoint"


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
    micro_tokens: int
    """The budget of a forward pass, smaller than the settings' after memory ran out."""
    best_step: int
    """The step with the lowest held-out loss so far; 0 for none."""
    best_held_out: float
    waited: int
    """Evaluations since then."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a job between two steps, independent of the model."""

    counters: Counters
    trained: Copies
    good: Copies
    """Vectors to restore if the next loss is NaN or infinite."""
    best: Copies
    """The vectors at ``best_step``; empty for none."""
    optimiser: Mapping[str, Tensor]
    """The optimizer's state by parameter and name."""
    optimiser_numbers: Mapping[str, float]
    """The non-tensor part of that state."""

    def save(self, path: Path) -> None:
        """Write the checkpoint atomically."""
        groups = {"trained": self.trained, "good": self.good, "best": self.best}
        tensors = {f"{name}.{place}": each for name, copies in groups.items() for place, each in enumerate(copies)}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.items()}
        header = {"counters": asdict(self.counters), "numbers": dict(self.optimiser_numbers)}
        own = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with replacing(path) as part:
            save_file(own, part, metadata={HEADER: json.dumps(header)})

    def require_fit(self, config: TrainConfig, rows: int, row_tokens: int) -> None:
        """Reject other settings or other rows, for which the losses would be meaningless.

        Raises:
            TrainingError: they differ.
        """
        settings = json.loads(json.dumps(asdict(config)))
        changed = [name for name, value in settings.items() if value != self.counters.settings.get(name)]
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
        counters = Counters(**header["counters"])
        numbers = {str(name): float(value) for name, value in header["numbers"].items()}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path.name} cannot be read ({error}), so training cannot be resumed; start a new run."
        ) from error
    trained, good, best = (_group(tensors, name) for name in ("trained", "good", "best"))
    optimiser = {name.removeprefix("optimiser."): each for name, each in tensors.items() if name.startswith("optim")}
    return Checkpoint(counters, trained, good, best, optimiser, numbers)


def optimiser_state(optimiser: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Return copies of an optimizer's tensors and scalars, by parameter and name."""
    named = {
        f"{place}.{name}": value
        for place, state in optimiser.state_dict()["state"].items()
        for name, value in state.items()
    }
    tensors = {name: value.detach().clone() for name, value in named.items() if isinstance(value, Tensor)}
    return tensors, {name: value for name, value in named.items() if isinstance(value, (int, float))}


def restore_optimiser(optimiser: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Restore an optimizer's state. **Overwrites its moments.**"""
    state: dict[int, dict[str, Tensor | float]] = {}
    for source in (checkpoint.optimiser, checkpoint.optimiser_numbers):
        for key, value in source.items():
            place, _dot, name = key.partition(".")
            state.setdefault(int(place), {})[name] = value.clone() if isinstance(value, Tensor) else value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def _group(tensors: Mapping[str, Tensor], name: str) -> Copies:
    """Return the tensors of a group in their order."""
    found: Sequence[str] = sorted((key for key in tensors if key.startswith(f"{name}.")), key=_place)
    return tuple(tensors[key] for key in found)


def _place(key: str) -> int:
    return int(key.rpartition(".")[2])
