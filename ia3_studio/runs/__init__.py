"""Runs: one training job each, a folder on disk and a process of its own. Nothing here knows the page."""

from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.resume import resume
from ia3_studio.runs.run import Run, RunStatus
from ia3_studio.runs.store import RunStore, start

__all__ = ["Run", "RunConfig", "RunStatus", "RunStore", "resume", "start"]
