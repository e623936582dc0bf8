"""Runs: one training job each, a folder on disk. Records only: nothing here loads a model or starts a process."""

from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.run import Run, RunStatus
from ia3_studio.runs.store import RunStore

__all__ = ["Run", "RunConfig", "RunStatus", "RunStore"]
