"""Runs: one training job each, with a folder on disk and its own process. Independent of the UI."""

from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.resume import resume
from ia3_studio.runs.run import Run, RunStatus
from ia3_studio.runs.store import RunStore, start

__all__ = ["Run", "RunConfig", "RunStatus", "RunStore", "resume", "start"]
