"""How many steps of each method of the quality benchmark fit into the time of LoRA's steps?

All methods take the same batches by turns, one step each, so that the load of the machine and the length of the rows
fall on all of them alike. What counts is processor time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean

from quality_methods import METHODS
from quality_sets import load_set

PEER = "lora"
ROUNDS = 12
"""Steps of each method that are measured, after one that is not."""
Costs = dict[str, float]
"""Seconds of one core for a step of each method."""


def step_costs(set_name: str, methods: Sequence[str], folder: Path | None) -> Costs:
    """Return the seconds of one core that a step of each method takes on a set."""
    from quality_tasks import TASKS, Fitting, core_seconds

    data = load_set(set_name, folder)
    fittings = {}
    for name in methods:
        task = TASKS[data.kind](data, 0)
        tuned = METHODS[name].prepare(task.model, task.heads)
        if tuned.parameters or tuned.head:
            fittings[name] = Fitting(task, tuned, (1e-4, 1e-4))
    spent: dict[str, list[float]] = {name: [] for name in fittings}
    first = next(iter(fittings.values()))
    for batch in islice(first.batches(0), ROUNDS + 1):
        for name, fitting in fittings.items():
            began = core_seconds()
            fitting.step(batch, 0.5)
            spent[name].append(core_seconds() - began)
    return {name: fmean(seconds[1:]) for name, seconds in spent.items()}


def steps_in_time(steps: int, costs: Mapping[str, float], methods: Sequence[str]) -> dict[str, int]:
    """Return how many steps of each method take the time of so many of LoRA's; what trains nothing has those.

    >>> steps_in_time(60, {"lora": 1.0, "ia3": 1.25, "head": 0.5}, ["ia3", "lora", "head", "none"])
    {'ia3': 48, 'lora': 60, 'head': 120, 'none': 60}
    """
    return {name: max(1, round(steps * costs[PEER] / costs.get(name, costs[PEER]))) for name in methods}


def kept_costs(path: Path | None, measure: Callable[[], Costs]) -> Costs:
    """Return costs that were measured once: an interrupted measurement goes on with the same numbers of steps."""
    if path and path.exists():
        return dict(json.loads(path.read_text("utf-8")))
    costs = measure()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(costs), encoding="utf-8")
    return costs
