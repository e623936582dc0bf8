"""What is the result of a run? Base and tuned model are evaluated after training, stored in the run's folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ia3_studio.errors import DataError
from ia3_studio.insight.verdict import Verdict, verdict
from ia3_studio.old_names import EVALUATION
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.training.report import Evaluation

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class RunEvaluation:
    """Evaluation of a run: on held-out rows, sample generations, and neutral text."""

    held_out: Evaluation
    forgetting: Evaluation | None = None
    """None for models that do not generate text."""
    sample_generations: Evaluation | None = None
    """Sample generations of both models for held-out prompts; None if disabled."""

    @property
    def verdict(self) -> Verdict:
        """Return the verdict."""
        return verdict(self.held_out, self.forgetting)

    def table(self) -> list[dict[str, str | float | None]]:
        """Return one record per measure, held-out rows first."""
        parts = (self.held_out, self.sample_generations, self.forgetting)
        return [record for part in parts if part for record in part.table()]


def write_evaluation(folder: Path, evaluation: RunEvaluation) -> None:
    """Write an evaluation into a run's folder; the stored verdict is for other tools; it is recomputed on read."""
    parts = {field.name: getattr(evaluation, field.name) for field in fields(evaluation)}
    written = {name: json.loads(part.to_json()) for name, part in parts.items() if part}
    write_json(folder / EVALUATION_FILE, {"verdict": asdict(evaluation.verdict), **written})


def read_evaluation(folder: Path) -> RunEvaluation | None:
    """Return the evaluation in a run's folder; None if it does not exist or cannot be read."""
    document = read_json(folder / EVALUATION_FILE)
    if document is None:
        return None
    document = EVALUATION.replaced(document)
    try:
        held_out = Evaluation.from_json(json.dumps(document.get("held_out")))
        others = [document.get(name) for name in ("forgetting", "sample_generations")]
        return RunEvaluation(held_out, *(Evaluation.from_json(json.dumps(part)) if part else None for part in others))
    except DataError:
        return None
