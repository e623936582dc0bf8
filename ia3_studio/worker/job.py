"""What does a worker ask of a job?"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ia3_studio.training.config import Step

if TYPE_CHECKING:
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.training.objective import Measuring
    from ia3_studio.training.report import Progress


class Job(Protocol):
    """A job for a worker."""

    @property
    def measuring(self) -> Measuring | None:
        """Return how far a measurement of the held-out rows is; None outside of one."""

    def prepare(self, say: ProgressCallback) -> None:
        """Load model and data; report progress."""

    def steps(self, is_stopping: Callable[[], bool]) -> Generator[Step, None, None]:
        """Train and yield each step, resuming from the run's checkpoint if there is one.

        Args:
            is_stopping: called during long operations, such as evaluation.
        """

    def checkpoint(self, path: Path) -> None:
        """Write the training state after the newest step; the file is replaced atomically."""

    def save(self, folder: Path) -> None:
        """Save the adapter trained so far as a folder."""

    def evaluate(self, folder: Path) -> Generator[Progress, None, None]:
        """Evaluate the adapter and write the result into the run's folder; yield the progress."""
