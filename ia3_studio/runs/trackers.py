"""Which experiment tracker receives a run's metrics? One supported by accelerate; by default none."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import RunError
from ia3_studio.runs.config import SINKS

if TYPE_CHECKING:
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.training.config import Step

_PROJECT = "ia3-studio"
_FIELDS = (
    "loss", "held_out", "learning_rate", "grad_norm", "tokens", "tokens_per_second", "epoch", "chosen_reward",
    "rejected_reward", "reward_accuracy", "held_out_chosen_reward", "held_out_rejected_reward",
    "held_out_reward_accuracy",
)  # fmt: skip


class Reports:
    """The tracker of one run.

    A failing tracker is disabled with one message; training continues.
    """

    def __init__(self, tracker: Any, name: str) -> None:
        self._tracker = tracker
        self._name = name

    def log(self, step: Step) -> None:
        """Log the metrics of a step."""
        values = {field: value for field in _FIELDS if (value := getattr(step, field)) is not None}
        self._try("log", values, step=step.step)

    def end(self) -> None:
        """Flush and close the tracker."""
        self._try("finish")

    def _try(self, act: str, *values: Any, **options: Any) -> None:
        if self._tracker is None:
            return
        try:
            getattr(self._tracker, act)(*values, **options)
        except Exception as error:  # a foreign program, often with a network behind it
            self._tracker = None
            print(f"{self._name} failed ({type(error).__name__}: {error}); the run continues without it.")


def open_reports(config: RunConfig, folder: Path, run_id: str) -> Reports | None:
    """Return the tracker of a run; None if there is none.

    Args:
        folder: the run's folder; TensorBoard writes into it.

    Raises:
        RunError: the tracker is unknown, not installed, or cannot be started.
    """
    sink = config.report_to
    if not sink:
        return None
    require_sink(sink)
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    kind = LOGGER_TYPE_TO_CLASS[sink]
    try:
        if kind.requires_logging_directory:
            tracker = kind(run_id, logging_dir=str(folder / sink))
        else:
            tracker = kind(_PROJECT, **{"name": f"{config.name} {run_id[-6:]}"})
        if hasattr(tracker, "start"):
            tracker.start()
    except Exception as error:  # a foreign program: no account, no network, another version
        raise RunError(
            f"{SINKS[sink]} cannot be started ({type(error).__name__}: {str(error)[:200]}); set it up, or "
            "leave report_to empty."
        ) from error
    return Reports(tracker, SINKS[sink])


def require_sink(sink: str) -> None:
    """Check that a tracker is known and installed.

    Raises:
        RunError: it is not.
    """
    if sink not in SINKS:
        raise RunError(f"Unknown tracker {sink[:40]!r}; choose from {', '.join(SINKS)}, or leave it empty.")
    if not is_installed(sink):
        raise RunError(f"{SINKS[sink]} is not installed; run 'pip install {sink}' in the studio's environment.")


def is_installed(package: str) -> bool:
    """Return whether a package is installed."""
    return importlib.util.find_spec(package) is not None
