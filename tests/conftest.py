"""What every test shares: quiet libraries and no path to a hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _one_thread_for_tiny_models(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compute in one thread unless the test has a real model: handing work to others takes longer than doing it."""
    torch = sys.modules.get("torch")
    if torch is None or request.node.get_closest_marker("starter"):
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def workers_start_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker divide from a process that has imported everything (tests/e2e/nursery.py), where that is possible.

    For tests of what comes of a run; how a worker starts is told by the tests with ``workers_start_as_ever``.
    """
    if sys.platform == "linux":
        from tests.e2e.nursery import nursery, spawn_from

        monkeypatch.setattr("ia3_studio.runs.process.spawn", lambda *asked: spawn_from(nursery(), *asked))


@pytest.fixture
def workers_start_as_ever(workers_start_at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker start as it does for users, in a file whose other workers start at once."""
    from tests.e2e.nursery import start_process

    monkeypatch.setattr("ia3_studio.runs.process.spawn", start_process)
