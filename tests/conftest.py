"""What every test shares: quiet libraries and no path to a hub."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ia3_studio.ui  # noqa: F401  (before any test file imports gradio: what it changes there, it changes for tests too)
from tests.markers import may_match

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def pytest_sessionfinish() -> None:
    """Keep a capsule of sentencepiece 0.2.1 from being freed: at the end of Python that is a segmentation fault."""
    swig = next((module for name, module in sys.modules.items() if name.startswith("swig_runtime_data")), None)
    for value in vars(swig).values() if swig else ():
        if type(value).__name__ == "PyCapsule":
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End a process that ran tests for another, which has all results: to free a million objects takes five seconds."""
    if hasattr(config, "workerinput"):
        os._exit(0)


def pytest_collection(session: pytest.Session) -> None:
    """Start what apps and workers divide from while the tests are collected, where all tests are of that kind."""
    config = session.config
    divides = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)  # not who only distributes
    asked = "" if config.option.collectonly else config.option.markexpr
    if divides and sys.platform == "linux" and asked and not may_match(asked, "") and may_match(asked, "mark.worker"):
        from tests.e2e.nursery import begin_nursery

        begin_nursery()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files that hold no test of the markers asked for: to import them all takes half a minute."""
    asked = config.option.markexpr
    if not asked:
        return None
    if collection_path.is_dir():  # its conftest.py is not imported either
        files = list(collection_path.rglob("test_*.py"))
    else:
        files = [collection_path] if collection_path.match("test_*.py") else []
    holds_some = any(may_match(asked, path.read_text(encoding="utf-8")) for path in files)
    return True if files and not holds_some else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a GPU unless they are asked for."""
    if "gpu" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("gpu")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later search for garbage, which would go through a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _variables_are_put_back() -> Iterator[None]:
    """Let no test see the environment variables that another has set through the code it calls."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def watched_anew() -> None:
    """Let discovery look at every model, for the files whose claims are about discovery."""


@pytest.fixture(autouse=True)
def _a_structure_is_watched_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let discovery remember what it saw in a model of the same structure."""
    tree = sys.modules.get("ia3_studio.method.tree")
    if tree is not None and "watched_anew" not in request.fixturenames:
        from tests.watching import watch_once

        monkeypatch.setattr(tree, "trace_roles", watch_once)


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

        monkeypatch.setattr("ia3_studio.runs.process.spawn", lambda *asked, **how: spawn_from(nursery(), *asked, **how))


@pytest.fixture
def workers_start_as_ever(workers_start_at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a worker start as it does for users, in a file whose other workers start at once."""
    from tests.e2e.nursery import start_process

    monkeypatch.setattr("ia3_studio.runs.process.spawn", start_process)
