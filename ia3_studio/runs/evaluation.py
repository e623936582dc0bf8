"""What did a run bring? Base and tuned model measured when training has ended, kept in the run's folder."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import DataError
from ia3_studio.insight.verdict import Verdict, verdict
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.training.report import Evaluation

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.training.evaluation import Progress

EVALUATION_FILE = "evaluation.json"


@dataclass(frozen=True)
class RunEvaluation:
    """What was measured of a run: on the rows it held out, and on neutral text."""

    held_out: Evaluation
    forgetting: Evaluation

    @property
    def verdict(self) -> Verdict:
        """Return what the numbers amount to."""
        return verdict(self.held_out, self.forgetting)

    def table(self) -> list[dict[str, str | float | None]]:
        """Return one record a measure, held-out rows first."""
        return [*self.held_out.table(), *self.forgetting.table()]


def evaluate_run(
    model: Any, tokenizer: Any, attachment: Attachment, held_out: Sequence[TokenRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Measure a causal language model, base beside tuned; yield how far it is.

    Raises:
        TrainingError: the model is not causal, there is nothing to measure, or a loss is no number.
    """
    from ia3_studio.training.evaluation import evaluate_language, measure_forgetting

    measured = yield from evaluate_language(model, attachment, held_out, budget)
    forgotten = yield from measure_forgetting(model, tokenizer, attachment, budget)
    return RunEvaluation(measured, forgotten)


def write_evaluation(folder: Path, evaluation: RunEvaluation) -> None:
    """Write an evaluation into a run's folder; the verdict is there for other readers, ours is computed on read."""
    parts = {name: json.loads(getattr(evaluation, name).to_json()) for name in ("held_out", "forgetting")}
    write_json(folder / EVALUATION_FILE, {"verdict": asdict(evaluation.verdict), **parts})


def read_evaluation(folder: Path) -> RunEvaluation | None:
    """Return the evaluation in a run's folder, or None when there is none that can be read."""
    document = read_json(folder / EVALUATION_FILE)
    if document is None:
        return None
    try:
        return RunEvaluation(
            *(Evaluation.from_json(json.dumps(document.get(name))) for name in ("held_out", "forgetting"))
        )
    except DataError:
        return None
