"""What was asked of one run of the quality benchmark, what came out, and where finished runs are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """What one run does; two runs that are asked the same are the same run."""

    set_name: str
    method: str
    rate: float
    seed: int
    steps: int
    """Optimizer steps."""
    time_of: int | None = None
    """The steps of LoRA whose time these steps take; None if all methods take equally many."""
    head_rate: float | None = None
    """Of the new head, if it has one of its own."""

    @property
    def budget(self) -> str:
        """Return what all methods have the same of: steps, or time."""
        return f"{self.steps} steps" if self.time_of is None else f"the time of {self.time_of} steps of LoRA r8"

    @property
    def file_name(self) -> str:
        """Return the name under which a run is kept."""
        budget = f"{self.steps}steps" if self.time_of is None else f"{self.steps}steps.time{self.time_of}"
        rates = f"{self.rate:g}" if self.head_rate is None else f"{self.rate:g}.head{self.head_rate:g}"
        return f"{self.set_name}.{budget}.{self.method}.{rates}.seed{self.seed}.json"


@dataclass(frozen=True)
class QualityRun:
    """One finished run of one method."""

    asked: Asked
    kind: str
    validation: float
    """Mean over validation rows: accuracy, or loss in nats per token."""
    validation_loss: float
    test: tuple[float, ...]
    """Of each test row: 1 if right and 0 if not, or its loss in nats per token."""
    forgetting: float
    """How far the model moved on neutral text: 1 − cosine of embeddings, or nats per token."""
    trained: int
    """Trainable parameters without the new head, which all methods train."""
    in_head: int
    file_bytes: int
    seconds: float
    """Of training, on one core."""
    steps: int
    peak_mb: float
    rows: tuple[int, int]
    """Training and validation rows."""

    @property
    def shares_rate(self) -> bool:
        """Say whether a new head and the rest of what is trained had one learning rate."""
        return bool(self.trained and self.in_head) and self.asked.head_rate is None

    @property
    def is_loss(self) -> bool:
        """Say whether the figures are losses, of which the lower is the better."""
        return self.kind == "generation"

    @property
    def goodness(self) -> tuple[float, float]:
        """Return what the search maximizes; the loss decides between equal accuracies."""
        figures = (-self.validation_loss, 0.0) if self.is_loss else (self.validation, -self.validation_loss)
        is_number = all(figure == figure for figure in figures)  # a run that diverged has NaN
        return figures if is_number else (float("-inf"), float("-inf"))


Measure = Callable[[Asked], QualityRun]


def kept(folder: Path, measure: Measure) -> Measure:
    """Return a function that measures only what the folder does not hold, and stores it there.

    A run of as many steps that was measured for another comparison is the same run.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def looked_up(asked: Asked) -> QualityRun:
        path, alike = folder / asked.file_name, folder / replace(asked, time_of=None).file_name
        if path.exists():
            return read(path)
        run = replace(read(alike), asked=asked) if alike.exists() else measure(asked)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(run)), encoding="utf-8")
        part.replace(path)  # an interrupted write leaves no half of a run
        return run

    return looked_up


def stored(folder: Path) -> Iterator[QualityRun]:
    """Yield the runs of a folder."""
    yield from (read(path) for path in sorted(folder.glob("*.json")))


def read(path: Path) -> QualityRun:
    """Return a stored run."""
    values = json.loads(path.read_text("utf-8"))
    values |= {"asked": Asked(**values["asked"]), "test": tuple(values["test"]), "rows": tuple(values["rows"])}
    return QualityRun(**values)
