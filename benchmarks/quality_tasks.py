"""How does a model learn one set of the quality benchmark, and how good is it at it?

Classification: MiniLM with a new head. Multiple choice: the starter language model ranks the choices by the mean
log-probability of their tokens. Generation: the loss of the starter model on the text to be written. One loop trains
all methods: the same batches, padded forward passes, AdamW, 6 % warm-up, linear decay, gradient norm at most 1.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from quality_methods import Tuned
from quality_sets import QualityRow, QualitySet

WARMUP = 0.06
EMBEDDED_PARAGRAPHS = 20
READ_PARAGRAPHS = 6
"""Neutral paragraphs on which forgetting is measured, by MiniLM and by the language model, which takes longer."""
EVALUATED_TOKENS = 2048
"""In one forward pass, padding included."""
RIDGE = 1.0
IGNORED = -100


@dataclass(frozen=True)
class Answers:
    """How a model does on rows."""

    scores: list[float]
    """Of each row: 1 if it is right and 0 if not, or its loss in nats per token."""
    loss: float
    """The mean loss, which decides between equal accuracies."""


class QualityTask(ABC):
    """A model and the rows of one set."""

    heads: tuple[str, ...] = ()
    """Paths of modules that are new and trained in full."""

    def __init__(self, data: QualitySet, seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        self.data = data
        self.model, self.tokenizer = self._opened()
        self.before = self._on_neutral()

    def rows(self, part: Sequence[QualityRow]) -> list[Any]:
        """Return rows as tokens."""
        return [self._tokens(row) for row in part]

    def answers(self, part: Sequence[QualityRow]) -> Answers:
        """Measure the model on rows."""
        import torch

        rows = self.rows(part)
        found: dict[int, tuple[float, float]] = {}
        with torch.no_grad():
            for places in groups([self.length(row) for row in rows], EVALUATED_TOKENS):
                found |= dict(zip(places, self._measured([rows[place] for place in places]), strict=True))
        return Answers(
            [found[place][0] for place in range(len(rows))], sum(each[1] for each in found.values()) / len(rows)
        )

    @abstractmethod
    def length(self, row: Any) -> int:
        """Return how many tokens a row takes in a forward pass."""

    @abstractmethod
    def loss(self, rows: Sequence[Any]) -> Any:
        """Return the mean loss of a batch."""

    @abstractmethod
    def forgetting(self) -> float:
        """Return how far the model has moved on text that it was not trained on."""

    @abstractmethod
    def _opened(self) -> tuple[Any, Any]: ...

    @abstractmethod
    def _tokens(self, row: QualityRow) -> Any: ...

    @abstractmethod
    def _measured(self, rows: Sequence[Any]) -> list[tuple[float, float]]: ...

    @abstractmethod
    def _on_neutral(self) -> Any: ...


class Classes(QualityTask):
    """Text classification by MiniLM with a new head; forgetting is 1 − cosine of embeddings of neutral paragraphs."""

    heads = ("classifier",)

    def length(self, row: Any) -> int:
        return len(row[0]["input_ids"])

    def loss(self, rows: Sequence[Any]) -> Any:
        import torch

        return torch.nn.functional.cross_entropy(self._logits(rows), self._targets(rows))

    def start_head_from_ridge(self) -> None:
        """Set the head to the ridge regression of the labels on the base model's features of the training rows.

        Labels are ±1 around 0, so that the logits start near their final order and far from saturation.
        """
        import torch

        caught: list[Any] = []
        hook = self.model.classifier.register_forward_pre_hook(lambda _module, args: caught.append(args[0]))
        rows, order = self.rows(self.data.train), list[int]()
        with torch.no_grad():
            for places in groups([self.length(row) for row in rows], EVALUATED_TOKENS):
                self._logits([rows[place] for place in places])
                order += places
            hook.remove()
            features = torch.cat(caught)  # (rows, channels)
            targets = self._targets([rows[place] for place in order])
            wanted = 2 * torch.nn.functional.one_hot(targets, len(self.data.labels)).float() - 1  # (rows, labels)
            center, level = features.mean(0), wanted.mean(0)
            left = (features - center).T @ (features - center) + RIDGE * torch.eye(features.shape[1])
            weight = torch.linalg.solve(left, (features - center).T @ (wanted - level)).T  # (labels, channels)
            self.model.classifier.weight.copy_(weight)
            self.model.classifier.bias.copy_(level - weight @ center)

    def forgetting(self) -> float:
        import torch

        return float(1 - torch.cosine_similarity(self.before, self._on_neutral()).mean())

    def _opened(self) -> tuple[Any, Any]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        from ia3_studio.models import TEXT_STARTER, prepare

        logging.set_verbosity_error()
        logging.disable_progress_bar()
        folder = prepare(TEXT_STARTER)
        labels = len(self.data.labels)
        model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=labels).eval()
        return model, AutoTokenizer.from_pretrained(folder)

    def _tokens(self, row: QualityRow) -> Any:
        pair = (row.text, row.pair) if row.pair else (row.text,)
        read = self.tokenizer(*pair, truncation=True, max_length=self.data.max_length)
        known = self.data.labels
        # A label that training has never seen cannot be right: −1.
        return read, known.index(row.answer) if row.answer in known else -1

    def _logits(self, rows: Sequence[Any]) -> Any:
        return self.model(**self.tokenizer.pad([read for read, _label in rows], return_tensors="pt")).logits

    def _targets(self, rows: Sequence[Any]) -> Any:
        import torch

        return torch.tensor([label for _read, label in rows])

    def _measured(self, rows: Sequence[Any]) -> list[tuple[float, float]]:
        import torch

        logits, targets = self._logits(rows), self._targets(rows)
        losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none", ignore_index=-1)
        return list(zip((logits.argmax(-1) == targets).float().tolist(), losses.tolist(), strict=True))

    def _on_neutral(self) -> Any:
        """Return the encoder's mean-pooled embeddings, (paragraphs, channels)."""
        import torch

        batch = self.tokenizer(
            paragraphs(EMBEDDED_PARAGRAPHS), padding=True, truncation=True, max_length=64, return_tensors="pt"
        )
        with torch.no_grad():
            hidden = self.model.base_model(**batch)[0]  # (paragraphs, tokens, channels)
        mask = batch["attention_mask"][:, :, None]
        return (hidden * mask).sum(1) / mask.sum(1)


class Language(QualityTask):
    """What the starter language model learns; forgetting is the rise of its loss on neutral paragraphs."""

    def forgetting(self) -> float:
        return float(self._on_neutral() - self.before)

    def _opened(self) -> tuple[Any, Any]:
        from ia3_studio import load_model

        loaded = load_model("SmolLM2-135M-Instruct")
        return loaded.model, loaded.tokenizer

    def _pieces(self, prompt: str, answer: str) -> tuple[list[int], int]:
        """Return prompt and answer as tokens, and where the answer starts; a long prompt loses its beginning."""
        ends = [self.tokenizer.eos_token_id]
        asked = self.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        said = self.tokenizer(answer, add_special_tokens=False)["input_ids"][: self.data.max_length - 2] + ends
        asked = (ends + asked)[-(self.data.max_length - len(said)) :]
        return asked + said, len(asked)

    def _summed(self, pieces: Sequence[tuple[list[int], int]]) -> tuple[Any, Any]:
        """Return the loss summed over the answer of each row, and its number of tokens, both (rows,)."""
        import torch

        longest = max(len(ids) for ids, _start in pieces)
        ids = torch.zeros((len(pieces), longest), dtype=torch.long)
        labels = torch.full((len(pieces), longest), IGNORED)
        for number, (tokens, start) in enumerate(pieces):
            ids[number, : len(tokens)] = torch.tensor(tokens)
            labels[number, start : len(tokens)] = torch.tensor(tokens[start:])
        hidden = self.model.base_model(input_ids=ids, use_cache=False)[0][:, :-1]  # (rows, tokens, channels)
        wanted = labels[:, 1:]
        kept = wanted != IGNORED
        logits = self.model.get_output_embeddings()(hidden[kept])  # (answer tokens, vocabulary)
        losses = torch.nn.functional.cross_entropy(logits, wanted[kept], reduction="none")
        spread = torch.zeros(wanted.shape).masked_scatter(kept, losses)
        return spread.sum(1), kept.sum(1)

    def _on_neutral(self) -> float:
        import torch

        pieces = [self._pieces("", text) for text in paragraphs(READ_PARAGRAPHS)]
        with torch.no_grad():
            found = [self._summed(pieces[start : start + 4]) for start in range(0, len(pieces), 4)]
        return float(sum(loss.sum() for loss, _count in found) / sum(count.sum() for _loss, count in found))


class Generation(Language):
    """Text to be written: the loss is the mean over tokens in training, and a row's own mean in measuring."""

    def length(self, row: Any) -> int:
        return len(row[0])

    def loss(self, rows: Sequence[Any]) -> Any:
        loss, count = self._summed(rows)
        return loss.sum() / count.sum()

    def _tokens(self, row: QualityRow) -> Any:
        return self._pieces(f"{row.text}\n", row.answer)

    def _measured(self, rows: Sequence[Any]) -> list[tuple[float, float]]:
        loss, count = self._summed(rows)
        return [(each, each) for each in (loss / count).tolist()]


class Choices(Language):
    """Multiple choice: the loss is T-Few's length-normalized one and the right choice's own."""

    def length(self, row: Any) -> int:
        return sum(len(ids) for ids, _start in row[0])

    def loss(self, rows: Sequence[Any]) -> Any:
        import torch

        means, right = self._means(rows), torch.tensor([place for _pieces, place in rows])
        return torch.nn.functional.cross_entropy(-means, right) + means.gather(1, right[:, None]).mean()

    def _tokens(self, row: QualityRow) -> Any:
        pieces = [self._pieces(row.text, f" {choice}") for choice in row.choices]
        return pieces, row.choices.index(row.answer)

    def _means(self, rows: Sequence[Any]) -> Any:
        """Return the mean loss per token of each choice, (rows, choices); all rows have as many choices."""
        loss, count = self._summed([piece for pieces, _right in rows for piece in pieces])
        return (loss / count).view(len(rows), -1)

    def _measured(self, rows: Sequence[Any]) -> list[tuple[float, float]]:
        import torch

        means, right = self._means(rows), torch.tensor([place for _pieces, place in rows])
        losses = torch.nn.functional.cross_entropy(-means, right, reduction="none")
        return list(zip((means.argmin(1) == right).float().tolist(), losses.tolist(), strict=True))


TASKS: dict[str, type[QualityTask]] = {"classes": Classes, "choices": Choices, "generation": Generation}


class Fitting:
    """Training of what a method trains on a task, one step at a time.

    Args:
        task: whose rows are learned.
        tuned: what is trained.
        rates: the learning rates of the method's own parameters and of the new head.
    """

    def __init__(self, task: QualityTask, tuned: Tuned, rates: tuple[float, float]) -> None:
        import torch

        self.task = task
        self.tuned = tuned  # its settings end with it
        self.factors = tuned.factors
        self.parts = [(part, rate) for part, rate in zip((tuned.parameters, tuned.head), rates, strict=True) if part]
        self.optimizer = torch.optim.AdamW([{"params": part, "lr": rate} for part, rate in self.parts], weight_decay=0)
        self.rows = task.rows(task.data.train)

    def batches(self, seed: int) -> Iterator[list[int]]:
        """Yield batches of row numbers in random order, rows of similar length together, epoch after epoch."""
        from ia3_studio.training.batches import batches_by_length

        lengths = [self.task.length(row) for row in self.rows]
        for epoch in count():
            yield from batches_by_length(lengths, self.task.data.batch_size, seed, epoch)

    def step(self, batch: Sequence[int], done: float) -> bool:
        """Take a step when this share of all steps is done; return False, and change nothing, at a loss not finite."""
        import torch

        for group, (_part, rate) in zip(self.optimizer.param_groups, self.parts, strict=True):
            group["lr"] = rate * min(1.0, (done + 1e-3) / WARMUP, (1 - done) / (1 - WARMUP))
        loss = self.task.loss([self.rows[place] for place in batch])
        if not math.isfinite(loss.item()):
            return False
        loss.backward()
        torch.nn.utils.clip_grad_norm_([each for part, _rate in self.parts for each in part], 1.0)
        before = [parameter.detach().clone() for parameter, _factor in self.factors]
        self.optimizer.step()
        for (parameter, factor), old in zip(self.factors, before, strict=True):
            parameter.data.copy_(old + factor * (parameter.data - old))
        self.optimizer.zero_grad()
        return True


def fit(task: QualityTask, tuned: Tuned, rates: tuple[float, float], seed: int, steps: int) -> tuple[float, int]:
    """Train so many steps; return the seconds of one core and the steps that were taken.

    A loss that is not finite ends the training: such a run is the worst of its method.
    """
    if not (tuned.parameters or tuned.head):
        return 0.0, 0
    fitting = Fitting(task, tuned, rates)
    began = core_seconds()
    for step, batch in enumerate(islice(fitting.batches(seed), steps)):
        if not fitting.step(batch, step / steps):
            return core_seconds() - began, step
    return core_seconds() - began, steps


def core_seconds() -> float:
    """Return the processor time of this process per thread: what the clock shows if nothing else runs."""
    import torch

    return time.process_time() / torch.get_num_threads()


def groups(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Yield row numbers, longest first, in groups of at most so many padded tokens."""
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    group: list[int] = []
    for place in order:
        if group and lengths[group[0]] * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(place)
    if group:
        yield group


def paragraphs(count: int) -> list[str]:
    """Return the first of the project's neutral paragraphs."""
    from ia3_studio.data.neutral import neutral_texts

    return [example.text for example in neutral_texts()[:count]]
