"""What did training change on held-out text and questions? Base model compared with tuned model.

Both are one model: strength 0 is the base model bit for bit, so nothing is loaded twice. Long work is a generator that
yields how far it is and returns an evaluation: ``finish(evaluate_language(model, attachment, rows))``, or
``found = yield from …`` in a longer one. The model is used between yields only; **it is put into eval mode**, else it
stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ia3_studio.data.answer_spans import start_ids
from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.neutral import neutral_texts
from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.data.words import encode
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.limits import limits_of
from ia3_studio.training.compare import mean_of, per_token, share
from ia3_studio.training.divided import as_progress, divided
from ia3_studio.training.generation import Prompt, answer_both, prompts_of
from ia3_studio.training.known_losses import MeasuredRows, known_losses
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.metrics import exact_match, rouge_l
from ia3_studio.training.processes import Processes
from ia3_studio.training.ranking import answers, both_scores
from ia3_studio.training.report import Evaluation, EvaluationTask, Progress, RowChange, largest_changes
from ia3_studio.training.within_memory import WithinMemory

if TYPE_CHECKING:
    from ia3_studio.data.example import Example

NEUTRAL_TOKENS = 256
"""Tokens of a neutral paragraph at most; with most tokenizers none is cut."""

Found = TypeVar("Found")


Work = Generator[Progress, None, Evaluation]


class RowLoss(Protocol):
    """A loss with values per row."""

    def count(self, rows: Sequence[Any]) -> int:
        """Return the number of trained tokens of the rows."""

    def micro_batches(self, rows: Sequence[Any], budget: int) -> Iterator[list[Any]]:
        """Yield the rows in groups of at most ``budget`` tokens."""

    def row_losses(self, rows: Sequence[Any]) -> list[float]:
        """Return each row's summed loss over its label tokens, in nats."""


def finish(work: Generator[Progress, None, Found], tell: Callable[[Progress], None] = lambda _progress: None) -> Found:
    """Run an evaluation to its end, reporting progress; return the result."""
    while True:
        try:
            tell(next(work))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def evaluate_language(
    model: Any,
    attachment: Attachment,
    rows: Sequence[Any],
    budget: int = 1024,
    task: EvaluationTask = "language",
    loss_of: Callable[[Any], RowLoss] = CausalLoss,
    processes: Processes | None = None,
    measured: Sequence[MeasuredRows] = (),
) -> Work:
    """Evaluate loss and perplexity on held-out rows, base compared with tuned.

    Args:
        model: a language model that carries ``attachment``.
        rows: what was never trained on; rows without a label token are passed over.
        budget: tokens per forward pass; bounds memory.
        loss_of: makes the loss of a model, by default that of a causal one.
        processes: those that divide the rows; None if this one evaluates all.
        measured: losses of these rows that are known from training, and are not computed again.

    Raises:
        TrainingError: the model is not causal, there are no rows, or a loss is NaN or infinite.
    """
    began = perf_counter()
    model.eval()
    with attachment.strengths(0):  # what it tries on the model is about the model, not about the vectors
        loss = loss_of(model)
    counted = [row for row in rows if loss.count([row])]
    if not counted:
        raise TrainingError(
            f"None of the {len(rows)} held-out rows has an answer token to evaluate; hold out other rows."
        )
    groups = list(loss.micro_batches(counted, budget))

    def measure(strength: int, group: Sequence[Any]) -> list[float]:
        with attachment.strengths(strength):
            return loss.row_losses(group)

    found: list[list[float]] = []
    for strength in (0, 1):
        known = known_losses(attachment, strength, counted, measured)
        if known is not None:
            found.append([_finite(row, loss) for row, loss in zip(counted, known, strict=True)])
            yield Progress((strength + 1) * len(counted), 2 * len(counted))
            continue
        work = divided(groups, WithinMemory(partial(measure, strength), model), processes)
        losses = yield from as_progress(work, strength * len(counted), len(counted), 2 * len(counted))
        summed: dict[Any, float] = {}
        for group, part in zip(groups, losses, strict=True):
            summed.update(zip(group, part, strict=True))
        found.append([_finite(row, summed[row]) for row in counted])
    base, tuned = found
    tokens = [loss.count([row]) for row in counted]
    measures = per_token(base, tuned, tokens)
    changes = [
        RowChange(row.row, one / count, other / count)
        for row, one, other, count in zip(counted, base, tuned, tokens, strict=True)
    ]
    furthest = largest_changes(changes, "lower")
    return Evaluation(task, measures, len(counted), perf_counter() - began, changes=furthest)


def measure_forgetting(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    budget: int = 1024,
    processes: Processes | None = None,
    loss_of: Callable[[Any], RowLoss] = CausalLoss,
) -> Work:
    """Evaluate the effect of the vectors on neutral text (forgetting).

    The text ships with the project (:mod:`ia3_studio.data.neutral`); a loss that rises on it is forgetting.

    Raises:
        TrainingError: the model is not causal, or a loss is NaN or infinite.
    """
    rows = neutral_rows(tokenizer, min(NEUTRAL_TOKENS, limits_of(model).row or NEUTRAL_TOKENS))
    work = evaluate_language(model, attachment, rows, budget, "forgetting", loss_of, processes)
    return (yield from work)


def neutral_rows(tokenizer: Any, max_length: int) -> list[TokenRow]:
    """Return the neutral text as rows of at most ``max_length`` tokens, all after the first are labels.

    No end token is among them: whether a text ends there is a matter of form, which any chat data changes.
    """
    rows = []
    for example in neutral_texts():
        ids = (*start_ids(tokenizer), *encode(example.text, tokenizer))
        kept = ids[:max_length]
        rows.append(TokenRow(kept, (IGNORED, *kept[1:]), example.row, len(ids) > max_length))
    return rows


def evaluate_generation(
    model: Any,
    tokenizer: Any,
    attachment: Attachment,
    examples: Sequence[Example],
    max_new_tokens: int = 64,
    batch_rows: int = 8,
    limit: int = 64,
    processes: Processes | None = None,
) -> Work:
    """Let base and tuned model answer the prompts greedily; measure ROUGE-L and exact match against the reference
    answers.

    Args:
        model: a causal language model or an encoder-decoder with ``attachment``.
        examples: conversations that end with the reference answer.
        max_new_tokens: maximum tokens of an answer.
        batch_rows: prompts answered at the same time, each by both models.
        limit: maximum prompts, the first ones: an answer takes one forward pass per token.
        processes: those that divide the prompts; None if this one answers all.

    Raises:
        DataError: an example does not end with an answer, or its prompt leaves no room for one.
        TrainingError: there are no examples.
    """
    began = perf_counter()
    chosen = examples[:limit]
    if not chosen:
        raise TrainingError("There are no examples to answer; give at least one.")
    model.eval()
    asked = prompts_of(model, tokenizer, chosen, max_new_tokens)
    asked.sort(key=lambda prompt: len(prompt.ids))
    share_of_each = math.ceil(len(asked) / processes.count) if processes else len(asked)
    groups = list(_groups(asked, min(batch_rows, share_of_each)))

    def answer(group: Sequence[Prompt]) -> list[tuple[str, str]]:
        return answer_both(model, tokenizer, attachment, [prompt.ids for prompt in group], max_new_tokens)

    work = divided(groups, WithinMemory(answer, model), processes)
    parts = yield from as_progress(work, 0, 2 * len(asked), 2 * len(asked))
    rouge: list[tuple[float, float]] = []
    exact: list[tuple[bool, bool]] = []
    changes: list[RowChange] = []
    for prompt, (base, tuned) in zip(asked, (both for part in parts for both in part), strict=True):
        rouge.append((rouge_l(base, prompt.reference), rouge_l(tuned, prompt.reference)))
        exact.append((exact_match(base, prompt.reference), exact_match(tuned, prompt.reference)))
        changes.append(RowChange(prompt.row, *rouge[-1], base, tuned))
    measures = (
        mean_of("ROUGE-L", "", "higher", *zip(*rouge, strict=True)),
        share("Exact match", *zip(*exact, strict=True)),
    )
    furthest = largest_changes(changes, "higher")
    return Evaluation("generation", measures, len(asked), perf_counter() - began, changes=furthest)


def evaluate_choices(
    attachment: Attachment, rows: Sequence[ChoiceRow], budget: int = 1024, processes: Processes | None = None
) -> Evaluation:
    """Rank the choices of questions with the base and the tuned model; measure the accuracy.

    Args:
        attachment: the vectors.
        rows: the questions.
        budget: tokens per forward pass; bounds memory.
        processes: those that divide the questions; None if this one ranks all.

    Raises:
        TrainingError: the model cannot rank choices, or there are no questions.
    """
    began = perf_counter()
    base, tuned = (
        [place == row.answer for place, row in zip(answers(scores), rows, strict=True)]
        for scores in both_scores(attachment, rows, budget, processes)
    )
    changes = [RowChange(row.row, one, other) for row, one, other in zip(rows, base, tuned, strict=True)]
    measures, furthest = (share("Rank accuracy", base, tuned),), largest_changes(changes, "higher")
    return Evaluation("choices", measures, len(rows), perf_counter() - began, changes=furthest)


def _groups(items: Sequence[Found], size: int) -> Iterator[Sequence[Found]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _finite(row: Any, loss: float) -> float:
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss of row {row.row} is NaN or infinite ({loss}), so the base and the tuned model cannot "
            "be compared; train again with a lower learning rate."
        )
    return loss
