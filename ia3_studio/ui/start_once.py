"""How does one click start one run, however often it arrives?"""

from __future__ import annotations

import hashlib
import time
from itertools import count
from typing import TYPE_CHECKING

from ia3_studio.runs import Run, RunConfig
from ia3_studio.ui.current_run import run_key
from ia3_studio.worker import start

if TYPE_CHECKING:
    from ia3_studio.ui.session import Studio

SAME_CLICK = 3.0
"""Seconds within which the same start from the same page is the same click."""


def launch(studio: Studio, config: RunConfig, page: str) -> str:
    """Create a run and start its worker; return its key.

    The same configuration from the same page is the same run while that run is under way; once it has ended, a
    click starts another one.

    Args:
        page: names the page the click came from, the same until it is reloaded.

    Raises:
        RunError: there is no disk space, or the folder cannot be written.
    """
    digest = hashlib.sha256(config.to_json().encode()).hexdigest()
    for number in count():
        run = studio.store.create(config, f"{page}-{digest}-{number}")
        if _under_way(run):
            break
    start(run)
    return run_key(run.id)


def _under_way(run: Run) -> bool:
    status = run.status()
    return status.active or time.time() - status.created_at < SAME_CLICK
