"""How are base and tuned model measured when training has ended? A function for each kind of rows."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.runs.evaluation import RunEvaluation
from ia3_studio.training.report import Evaluation, Progress, RowChange, largest_changes

if TYPE_CHECKING:
    from ia3_studio.data.choices import ChoiceRow
    from ia3_studio.data.examples import Example
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.preference_rows import JudgedRow, PairRow
    from ia3_studio.data.targets import TargetRow
    from ia3_studio.data.tokens import TokenRow
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.training.config import TrainConfig

ANSWER_TOKENS = 96
"""Tokens of an answer at most."""


def evaluate_chat(
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


def evaluate_preference_run(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    held_out: Sequence[PairRow] | Sequence[JudgedRow],
    config: TrainConfig,
) -> Generator[Progress, None, RunEvaluation]:
    """Measure which answers a causal language model prefers, and what it forgot; yield how far it is.

    Raises:
        TrainingError: there is nothing to measure, or a log probability is no number.
    """
    from ia3_studio.training.evaluation import measure_forgetting
    from ia3_studio.training.preference_evaluation import evaluate_preferences

    def decode(ids: Sequence[int]) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()

    budget = config.micro_batch_tokens
    measured = yield from evaluate_preferences(model, attachment, held_out, config.beta, budget, decode)
    forgotten = yield from measure_forgetting(model, tokenizer, attachment, budget)
    return RunEvaluation(measured, forgotten)


def evaluate_targets(
    model: Any, attachment: Attachment, held_out: Sequence[TargetRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Measure an encoder-decoder, base beside tuned; yield how far it is.

    Raises:
        TrainingError: there is nothing to measure, or a loss is no number.
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
    """Measure, and then let both models answer prompts; yield how far each is.

    Rows without an answer to a prompt, or whose prompt leaves no room for one, are not asked.

    Raises:
        TrainingError: as ``measured``.
    """
    from ia3_studio.training.evaluation import evaluate_generation
    from ia3_studio.training.generation import answerable

    found = yield from measured
    asked = answerable(model, tokenizer, examples, ANSWER_TOKENS)
    if len(asked) < len(examples):
        skipped = len(examples) - len(asked)
        print(f"{skipped} held-out rows have no prompt that fits with an answer; no sample is generated for them")
    if not asked:
        return found
    written = yield from evaluate_generation(model, tokenizer, attachment, asked, ANSWER_TOKENS, limit=len(asked))
    return replace(found, sample_generations=written)


def evaluate_ranking(
    attachment: Attachment, held_out: Sequence[ChoiceRow], budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Measure rank classification, base beside tuned; yield when it is done."""
    from ia3_studio.training.evaluation import evaluate_choices

    found = evaluate_choices(attachment, held_out, budget)
    yield Progress(2 * len(held_out), 2 * len(held_out))
    return RunEvaluation(found)


def evaluate_classifier(
    loss: Any, attachment: Attachment, rows: Sequence[Any], labels: Labels, budget: int
) -> Generator[Progress, None, RunEvaluation]:
    """Measure a classifier, base beside tuned; yield how far it is. The base model's new head has learned nothing.

    Args:
        loss: that of texts or of words, which gives the classifier's outputs for rows.

    Raises:
        DataError: there is nothing to measure.
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
    """Return the rows whose right class gained most probability, and those whose lost most."""
    import numpy as np

    odds = [np.exp(scores - scores.max(1, keepdims=True)) for scores in (base, tuned)]
    one, other = (each / each.sum(1, keepdims=True) for each in odds)
    changes = [
        RowChange(row.row, float(one[place, label]), float(other[place, label]),
                  names[int(one[place].argmax())], names[int(other[place].argmax())])
        for place, (row, label) in enumerate(zip(rows, right, strict=True))
    ]  # fmt: skip
    return largest_changes(changes, "higher")


def _compared_words(base: Any, tuned: Any, rows: Sequence[Any], names: Sequence[str]) -> Evaluation:
    """Compare the words row by row; a row without a labeled word says nothing."""
    from ia3_studio.data.tokens import IGNORED
    from ia3_studio.training import compare

    labels = [[label for label in row.labels if label != IGNORED] for row in rows]
    wanted = [[names[label] for label in row] for row in labels if row]
    said = [iter(scores.argmax(1).tolist()) for scores in (base, tuned)]
    tags = [[[names[next(places)] for _word in row] for row in wanted] for places in said]
    return compare.evaluate_tags(tags[0], tags[1], wanted)
