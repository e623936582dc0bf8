"""What is the result of a run? Base and tuned model are evaluated after training, stored in the run's folder."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import DataError
from ia3_studio.insight.verdict import Verdict, verdict
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.training.report import Evaluation, Progress, RowChange, furthest_changes

if TYPE_CHECKING:
    from ia3_studio.data.choices import ChoiceRow
    from ia3_studio.data.examples import Example
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.targets import TargetRow
    from ia3_studio.data.tokens import TokenRow
    from ia3_studio.method.scaling import Attachment

EVALUATION_FILE = "evaluation.json"
ANSWER_TOKENS = 96
"""Max new tokens of an answer."""


@dataclass(frozen=True)
class RunEvaluation:
    """Evaluation of a run: on held-out rows, sample generations, and neutral text."""

    held_out: Evaluation
    forgetting: Evaluation | None = None
    """None for models that do not generate text."""
    written: Evaluation | None = None
    """Sample generations of both models for held-out prompts; None if disabled."""

    @property
    def verdict(self) -> Verdict:
        """Return the verdict."""
        return verdict(self.held_out, self.forgetting)

    def table(self) -> list[dict[str, str | float | None]]:
        """Return one record per measure, held-out rows first."""
        return [record for part in (self.held_out, self.written, self.forgetting) if part for record in part.table()]


def evaluate_chat(
    model: Any, tokenizer: Any, attachment: Attachment, held_out: Sequence[TokenRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Evaluate a causal language model, base compared with tuned; yield the progress.

    Raises:
        TrainingError: the model is not causal, there are no rows, or a loss is NaN or infinite.
    """
    from ia3_studio.training.evaluation import evaluate_language, measure_forgetting

    measured = yield from evaluate_language(model, attachment, held_out, budget)
    forgotten = yield from measure_forgetting(model, tokenizer, attachment, budget)
    return RunEvaluation(measured, forgotten)


def evaluate_targets(
    model: Any, attachment: Attachment, held_out: Sequence[TargetRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Evaluate an encoder-decoder, base compared with tuned; yield the progress.

    Raises:
        TrainingError: there is nothing to evaluate, or a loss is NaN or infinite.
    """
    from ia3_studio.training.evaluation import evaluate_language
    from ia3_studio.training.target_loss import TargetLoss

    return RunEvaluation((yield from evaluate_language(model, attachment, held_out, budget, loss_of=TargetLoss)))


def with_answers(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    examples: Sequence[Example],
    measured: Generator[Progress, None, RunEvaluation],
) -> Generator[Progress, None, RunEvaluation]:
    """Evaluate, then generate sample answers with both models; yield the progress.

    Rows without an answer, or whose prompt leaves no room for one, are skipped.

    Raises:
        TrainingError: as ``measured``.
    """
    from ia3_studio.training.evaluation import evaluate_generation
    from ia3_studio.training.generation import answerable

    found = yield from measured
    asked = answerable(model, tokenizer, examples, ANSWER_TOKENS)
    if len(asked) < len(examples):
        print(
            f"{len(examples) - len(asked)} held-out rows have no prompt that fits with an answer; they are "
            "skipped for sample generations"
        )
    if not asked:
        return found
    written = yield from evaluate_generation(model, tokenizer, attachment, asked, ANSWER_TOKENS, limit=len(asked))
    return replace(found, written=written)


def evaluate_ranking(
    attachment: Attachment, held_out: Sequence[ChoiceRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Evaluate rank classification, base compared with tuned; yield the progress."""
    from ia3_studio.training.evaluation import evaluate_choices

    found = evaluate_choices(attachment, held_out, budget)
    yield Progress(2 * len(held_out), 2 * len(held_out))
    return RunEvaluation(found)


def evaluate_classifier(
    loss: Any, attachment: Attachment, rows: Sequence[Any], labels: Labels, budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Evaluate a classifier, base compared with tuned; yield the progress. The base model's new head is untrained.

    Args:
        loss: that of texts or of words, which gives the classifier's outputs for rows.

    Raises:
        DataError: there is nothing to evaluate.
    """
    scores = []
    for place, strength in enumerate((0, 1), start=1):
        with attachment.strengths(strength):
            scores.append(loss.scores(rows, budget).numpy())
        yield Progress(place * len(rows), 2 * len(rows))
    return RunEvaluation(_compared(scores[0], scores[1], rows, labels))


def _compared(base: Any, tuned: Any, rows: Sequence[Any], labels: Labels) -> Evaluation:
    from ia3_studio.training import compare

    if labels.of_words:
        return _compared_words(base, tuned, rows, labels.names)
    if labels.kind == "multi":
        wanted = [[int(target) for target in row.targets] for row in rows]
        return compare.evaluate_labels(base > 0, tuned > 0, wanted)
    if labels.kind == "number":
        return compare.evaluate_values(base[:, 0], tuned[:, 0], [row.targets[0] for row in rows])
    right = [int(row.targets[0]) for row in rows]
    found = compare.evaluate_classes(base, tuned, right, labels.names)
    return replace(found, changes=_class_changes(base, tuned, rows, right, labels.names))


def _class_changes(
    base: Any, tuned: Any, rows: Sequence[Any], right: Sequence[int], names: Sequence[str]
) -> tuple[RowChange, ...]:
    """Return the rows whose correct class gained and lost most probability."""
    import numpy as np

    odds = [np.exp(scores - scores.max(1, keepdims=True)) for scores in (base, tuned)]
    one, other = (each / each.sum(1, keepdims=True) for each in odds)
    changes = [
        RowChange(row.row, float(one[place, label]), float(other[place, label]),
                  names[int(one[place].argmax())], names[int(other[place].argmax())])
        for place, (row, label) in enumerate(zip(rows, right, strict=True))
    ]  # fmt: skip
    return furthest_changes(changes, "higher")


def _compared_words(base: Any, tuned: Any, rows: Sequence[Any], names: Sequence[str]) -> Evaluation:
    """Compare words row by row; rows without labeled words are skipped."""
    from ia3_studio.data.tokens import IGNORED
    from ia3_studio.training import compare

    labels = [[label for label in row.labels if label != IGNORED] for row in rows]
    wanted = [[names[label] for label in row] for row in labels if row]
    said = [iter(scores.argmax(1).tolist()) for scores in (base, tuned)]
    tags = [[[names[next(places)] for _word in row] for row in wanted] for places in said]
    return compare.evaluate_tags(tags[0], tags[1], wanted)


def write_evaluation(folder: Path, evaluation: RunEvaluation) -> None:
    """Write an evaluation into a run's folder; the stored verdict is for other tools; it is recomputed on read."""
    parts = {"held_out": evaluation.held_out, "forgetting": evaluation.forgetting, "written": evaluation.written}
    written = {name: json.loads(part.to_json()) for name, part in parts.items() if part}
    write_json(folder / EVALUATION_FILE, {"verdict": asdict(evaluation.verdict), **written})


def read_evaluation(folder: Path) -> RunEvaluation | None:
    """Return the evaluation in a run's folder; None if it does not exist or cannot be read."""
    document = read_json(folder / EVALUATION_FILE)
    if document is None:
        return None
    try:
        held_out = Evaluation.from_json(json.dumps(document.get("held_out")))
        others = [document.get(name) for name in ("forgetting", "written")]
        return RunEvaluation(held_out, *(Evaluation.from_json(json.dumps(part)) if part else None for part in others))
    except DataError:
        return None
