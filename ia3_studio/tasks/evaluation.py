"""How are base and tuned model measured when training has ended? A function for each kind of rows."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ia3_studio.runs.evaluation import RunEvaluation
from ia3_studio.training.report import Evaluation, Progress, RowChange, largest_changes

if TYPE_CHECKING:
    from ia3_studio.data.choices import ChoiceRow
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.preference_rows import JudgedRow, PairRow
    from ia3_studio.data.targets import TargetRow
    from ia3_studio.data.tokens import TokenRow
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.training.known_losses import MeasuredRows
    from ia3_studio.training.processes import Processes

ANSWER_TOKENS = 96
"""Tokens of an answer at most."""
ANSWERS_AT_ONCE = 8
"""Prompts that are answered in one forward pass, by both models."""


def evaluate_chat(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    held_out: Sequence[TokenRow],
    budget: int,
    processes: Processes | None = None,
    measured: Sequence[MeasuredRows] = (),
) -> Generator[Progress, None, RunEvaluation]:
    """Measure a causal language model, base beside tuned; yield how far it is.

    Args:
        measured: losses of held-out rows that are known from training.

    Raises:
        TrainingError: the model is not causal, there is nothing to measure, or a loss is no number.
    """
    from ia3_studio.training.evaluation import evaluate_language, measure_forgetting
    from ia3_studio.training.loss import CausalLoss

    loss_of = cache(CausalLoss)  # for both: what it tries on the model costs passes
    found = yield from evaluate_language(
        model, attachment, held_out, budget, loss_of=loss_of, processes=processes, measured=measured
    )
    forgotten = yield from measure_forgetting(model, tokenizer, attachment, budget, processes, loss_of)
    return RunEvaluation(found, forgotten)


def evaluate_preference_run(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    held_out: Sequence[PairRow] | Sequence[JudgedRow],
    beta: float,
    budget: int,
    processes: Processes | None = None,
) -> Generator[Progress, None, RunEvaluation]:
    """Measure which answers a causal language model prefers, and what it forgot; yield how far it is.

    Raises:
        TrainingError: there is nothing to measure, or a log probability is no number.
    """
    from ia3_studio.training.evaluation import measure_forgetting
    from ia3_studio.training.preference_evaluation import evaluate_preferences

    def decode(ids: Sequence[int]) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()

    measured = yield from evaluate_preferences(model, attachment, held_out, beta, budget, decode, processes)
    forgotten = yield from measure_forgetting(model, tokenizer, attachment, budget, processes)
    return RunEvaluation(measured, forgotten)


def evaluate_targets(
    model: Any,
    attachment: Attachment,
    held_out: Sequence[TargetRow],
    budget: int,
    processes: Processes | None = None,
    measured: Sequence[MeasuredRows] = (),
) -> Generator[Progress, None, RunEvaluation]:
    """Measure an encoder-decoder, base beside tuned; yield how far it is.

    Args:
        measured: losses of held-out rows that are known from training.

    Raises:
        TrainingError: there is nothing to measure, or a loss is no number.
    """
    from ia3_studio.training.evaluation import evaluate_language
    from ia3_studio.training.target_loss import TargetLoss

    work = evaluate_language(
        model, attachment, held_out, budget, loss_of=TargetLoss, processes=processes, measured=measured
    )
    return RunEvaluation((yield from work))


def with_answers(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    examples: Sequence[Example],
    measured: Generator[Progress, None, RunEvaluation],
    processes: Processes | None = None,
    parts: int = 1,
) -> Generator[Progress, None, RunEvaluation]:
    """Measure, and then let both models answer prompts; yield how far each is.

    Rows without an answer to a prompt, or whose prompt leaves no room for one, are not asked.

    Args:
        model: a language model that carries ``attachment``.
        tokenizer: the model's.
        attachment: the vectors.
        examples: whose prompts are asked.
        measured: what measures before.
        processes: those that divide the prompts; None if this one answers all.
        parts: into how many parts each forward pass is cut.

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
    written = yield from evaluate_generation(
        model, tokenizer, attachment, asked, ANSWER_TOKENS, max(1, ANSWERS_AT_ONCE // parts), len(asked), processes
    )
    return replace(found, sample_generations=written)


def evaluate_ranking(
    attachment: Attachment, held_out: Sequence[ChoiceRow], budget: int, processes: Processes | None = None
) -> Generator[Progress, None, RunEvaluation]:
    """Measure rank classification, base beside tuned; yield when it is done."""
    from ia3_studio.training.evaluation import evaluate_choices

    found = evaluate_choices(attachment, held_out, budget, processes)
    yield Progress(2 * len(held_out), 2 * len(held_out))
    return RunEvaluation(found)


def evaluate_classifier(
    loss: Any,
    attachment: Attachment,
    rows: Sequence[Any],
    labels: Labels,
    budget: int,
    processes: Processes | None = None,
) -> Generator[Progress, None, RunEvaluation]:
    """Measure a classifier, base beside tuned; yield how far it is. The base model's new head has learned nothing.

    Args:
        loss: that of texts or of words, which gives the classifier's outputs for rows.
        processes: those that divide the rows; None if this one evaluates all.

    Raises:
        DataError: there is nothing to measure.
    """
    base = yield from _scores(loss, attachment, rows, budget, 0, processes)
    tuned = yield from _scores(loss, attachment, rows, budget, 1, processes)
    return RunEvaluation(_compared(base, tuned, rows, labels))


def _scores(
    loss: Any, attachment: Attachment, rows: Sequence[Any], budget: int, strength: int, processes: Processes | None
) -> Generator[Progress, None, Any]:
    """Return a classifier's outputs, (trained things, outputs), row after row; yield how far it is."""
    import numpy as np

    from ia3_studio.training.divided import as_progress, divided
    from ia3_studio.training.within_memory import WithinMemory

    groups = list(loss.micro_batches(rows, budget))

    def measure(group: Sequence[Any]) -> list[list[list[float]]]:
        with attachment.strengths(strength):
            outputs = loss.scores(group, budget)
        return [each.tolist() for each in outputs.split([loss.count([row]) for row in group])]

    work = divided(groups, WithinMemory(measure, attachment.model), processes)
    parts = yield from as_progress(work, strength * len(rows), len(rows), 2 * len(rows))
    found: dict[int, list[list[float]]] = {}
    for group, part in zip(groups, parts, strict=True):
        found.update(zip(map(id, group), part, strict=True))
    return np.array([outputs for row in rows for outputs in found[id(row)]], dtype=np.float32)


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
