"""How do runs differ? Settings side by side, and loss curves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.errors import RunError
from ia3_studio.insight.curves import Curve
from ia3_studio.runs.environment import read_environment
from ia3_studio.runs.run import Run
from ia3_studio.runs.split_record import read_split

MOST_POINTS = 400
"""Maximum points of a curve: more than a screen can resolve."""
NOT_SETTINGS = ("name", "selection.sites", "selection.base_model")


def differing(runs: Sequence[Run]) -> list[tuple[str, tuple[str, ...]]]:
    """Return the settings, data and versions that differ between runs, with the value of every run."""
    documents = [settings_of(run) for run in runs]
    names = dict.fromkeys(name for document in documents for name in document)
    rows = [(name, tuple(document.get(name, "–") for document in documents)) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def settings_of(run: Run) -> dict[str, str]:
    """Return everything that determines a run's result, by dotted names."""
    try:
        document: dict[str, Any] = json.loads(run.config.to_json())
    except RunError:
        return {}
    chosen = document.get("selection")
    if isinstance(chosen, dict):
        document["selection"] = f"{len(chosen.get('sites', ()))} sites"
    split, environment = read_split(run.files.split) or {}, read_environment(run.files.environment)
    document["data fingerprint"] = str(split.get("data", ""))[:12]
    keys = ("studio_version", "device", "libraries", "base_model")
    document["versions and machine"] = {key: environment.get(key) for key in keys}
    return {name: value for name, value in _flat("", document) if name not in NOT_SETTINGS}


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [each for name, inner in value.items() for each in _flat(f"{prefix}.{name}" if prefix else name, inner)]
    return [(prefix, "–" if value in (None, "", [], ()) else str(value))]


def curve_of(run: Run) -> Curve:
    """Return a run's losses, subsampled if there are many."""
    steps, _offset = run.metrics()
    training = _thinned([(step.step, step.loss) for step in steps if step.loss is not None])
    measured = _thinned([(step.step, step.held_out) for step in steps if step.held_out is not None])
    return Curve(
        run.name,
        tuple(step for step, _loss in training),
        tuple(loss for _step, loss in training),
        tuple(step for step, _loss in measured),
        tuple(loss for _step, loss in measured),
    )


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most ``MOST_POINTS`` points, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(place * last / (MOST_POINTS - 1))] for place in range(MOST_POINTS)]
