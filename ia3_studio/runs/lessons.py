"""How do a run's data become rows for its model? One lesson for each kind of data and model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ia3_studio.errors import DataError
from ia3_studio.method.sites import Selection

if TYPE_CHECKING:
    from ia3_studio.data.choices import TokenizedChoices
    from ia3_studio.data.examples import Example
    from ia3_studio.data.labels import Labelled, Labels
    from ia3_studio.data.load import DataSplit
    from ia3_studio.data.targets import Targeted
    from ia3_studio.data.tokens import Tokenized
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.classifier import Sorted
    from ia3_studio.models.loaded import Task
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.runs.worker import Say
    from ia3_studio.training.report import Progress

PROBED_TOKENS = 8
"""How much of a row the vectors are tried on: as much work as a forward and backward pass over one short row."""


class Lesson(Protocol):
    """What depends on the kind of data and model in a run."""

    @property
    def task_type(self) -> str:
        """Return PEFT's name of the task."""

    def load(self, say: Say) -> LoadedModel:
        """Load the model as the task needs it."""

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why.

        Raises:
            DataError: there is nothing to learn, or nothing to measure.
        """

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""

    def facts(self) -> dict[str, str]:
        """Return what an adapter's file has to say of the task."""

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield how far it is."""


def sorts(split: DataSplit, task: Task) -> bool:
    """Say whether a model of this task learns to sort the texts, or words, of these data."""
    kind = split.mapping.kind
    return kind in ("tags", "pictures") or (kind == "labels" and task not in ("causal-lm", "seq2seq"))


def lesson_for(split: DataSplit, task: Task, config: RunConfig) -> Lesson:
    """Return the lesson that data of this kind are for a model of this task.

    Texts with labels teach a chat model to answer with the label, and any other model to sort them.
    """
    if sorts(split, task):
        return (PictureLesson if split.mapping.kind == "pictures" else ClassLesson)(split, config)
    if split.mapping.kind == "choices":
        return ChoiceLesson(split, config)
    return (TargetLesson if task == "seq2seq" else ChatLesson)(split, config)


def place(loaded: LoadedModel, chosen: Selection | str) -> Attachment:
    """Attach the vectors of a selection or a preset, with the model's new heads where it has any.

    Raises:
        SelectionError: a site does not exist in the model.
    """
    from ia3_studio.method.heads import HeadedAttachment
    from ia3_studio.method.scaling import attach
    from ia3_studio.method.tree import discover

    if isinstance(chosen, str):
        chosen = discover(loaded.model, loaded.base_model).select(chosen)
    selection = _where_they_are(chosen, loaded.model)
    return HeadedAttachment(loaded.model, selection, loaded.heads) if loaded.heads else attach(loaded.model, selection)


def _where_they_are(selection: Selection, model: Any) -> Selection:
    """Return sites of a bare model where a model with a head has them, "bert" in front of each path."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    paths = {path for path, _module in model.named_modules()}
    moved = selection.below(prefix) if prefix else selection
    known = all(site.path in paths for site in moved) and not all(site.path in paths for site in selection)
    return moved if known else selection


class ChatLesson:
    """Conversations, or plain text, for a causal language model."""

    task_type: ClassVar[str] = "CAUSAL_LM"

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        self._split = split
        self._config = config

    def load(self, say: Say) -> LoadedModel:
        """Load the model."""
        from ia3_studio.models.load import load_model

        return load_model(self._config.model, progress=say)

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why."""
        from ia3_studio.data.tokens import tokenize

        def read(examples: Sequence[Example]) -> Tokenized:
            found = tokenize(examples, loaded.tokenizer, self._config.train.max_length)
            tell(found.problems, found.cut)
            if found.unlabelled:
                print(f"rows {', '.join(map(str, found.unlabelled))}: left out: no answer in reach")
            return found

        learned = read(self._split.train)
        return learned.rows, measurable(read, self._split.held_out).rows

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""
        return self._beginning(loaded, max((row.input_ids for row in rows), key=len))

    def _beginning(self, loaded: LoadedModel, tokens: Sequence[int]) -> dict[str, Any]:
        import torch

        from ia3_studio.method.inputs import example_inputs

        tokens = tokens[:PROBED_TOKENS]
        ids = torch.tensor([tokens], device=loaded.model.device)
        return example_inputs(loaded.model, len(tokens)) | {"input_ids": ids}

    def facts(self) -> dict[str, str]:
        """Return nothing: a causal language model says all by itself."""
        return {}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows and neutral text; yield how far it is."""
        from ia3_studio.runs.evaluation import evaluate_chat

        budget = self._config.train.micro_tokens
        return evaluate_chat(loaded.model, loaded.tokenizer, attachment, held_out, budget)


class TargetLesson(ChatLesson):
    """Questions and their answers for an encoder-decoder."""

    task_type: ClassVar[str] = "SEQ_2_SEQ_LM"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why."""
        from ia3_studio.data.targets import tokenize_targets

        def read(examples: Sequence[Example]) -> Targeted:
            found = tokenize_targets(examples, loaded.tokenizer, self._config.train.max_length)
            tell(found.problems, found.cut)
            return found

        learned = read(self._split.train)
        return learned.rows, measurable(read, self._split.held_out).rows

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield how far it is."""
        from ia3_studio.runs.evaluation import evaluate_targets

        return evaluate_targets(loaded.model, attachment, held_out, self._config.train.micro_tokens)


class ChoiceLesson(ChatLesson):
    """Questions with choices, learned as T-Few does and answered by the choice that is likeliest."""

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        super().__init__(split, config)
        self._writes_apart = False
        """Whether the model is an encoder-decoder."""

    @property
    def task_type(self) -> str:  # type: ignore[override]
        """Return PEFT's name of the task."""
        return "SEQ_2_SEQ_LM" if self._writes_apart else "CAUSAL_LM"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why."""
        from ia3_studio.data.choices import choice_examples, tokenize_choices

        self._writes_apart = loaded.task == "seq2seq"

        def read(examples: Sequence[Example]) -> TokenizedChoices:
            length = self._config.train.max_length
            found = tokenize_choices(choice_examples(examples), loaded.tokenizer, length, self._writes_apart)
            tell(found.problems, found.cut)
            return found

        learned = read(self._split.train)
        return learned.rows, measurable(read, self._split.held_out).rows

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest question as the model takes it."""
        return self._beginning(loaded, max(((*row.prompt, *row.choices[0]) for row in rows), key=len))

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure how often base and tuned model rank the right choice first; yield when it is done."""
        from ia3_studio.runs.evaluation import evaluate_ranking

        return evaluate_ranking(attachment, held_out, self._config.train.micro_tokens)


class ClassLesson:
    """Texts, or words, with labels, for a model with a new head."""

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        from ia3_studio.data.labels import labels_of

        self._split = split
        self._config = config
        self.labels: Labels = labels_of(split.train, split.mapping.target)

    @property
    def task_type(self) -> str:
        """Return PEFT's name of the task."""
        return "TOKEN_CLS" if self.labels.of_words else "SEQ_CLS"

    def load(self, say: Say) -> LoadedModel:
        """Load the model with a head for the labels."""
        from ia3_studio.models.classifier import load_classifier

        labels, seed = self.labels, self._config.train.seed
        return load_classifier(self._config.model, labels.names, labels.kind, of=self.sorted, seed=seed, progress=say)

    @property
    def sorted(self) -> Sorted:
        """Return what has labels."""
        return "words" if self.labels.of_words else "texts"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why."""
        from ia3_studio.data.labels import rare_labels, tokenize_labels

        def read(examples: Sequence[Example]) -> Labelled:
            found = tokenize_labels(examples, self.labels, loaded.tokenizer, self._config.train.max_length)
            tell(found.problems, found.cut)
            return found

        rare = rare_labels(self._split.train) if self.labels.kind != "number" else ()
        if rare:
            print(f"labels of one row alone, of which little can be learned: {', '.join(rare[:20])}")
        learned = read(self._split.train)
        return learned.rows, measurable(read, self._split.held_out).rows

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""
        from ia3_studio.training.class_loss import padded

        row = max(rows, key=lambda row: len(row.input_ids))
        return dict(padded([replace(row, input_ids=row.input_ids[:PROBED_TOKENS], **_shorter(row))], loaded.model))

    def facts(self) -> dict[str, str]:
        """Return the labels, by which the classifier's answers are named."""
        return {"labels": self.labels.to_json()}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield how far it is."""
        from ia3_studio.runs.evaluation import evaluate_classifier
        from ia3_studio.training.class_loss import ClassLoss, TagLoss

        loss = TagLoss(loaded.model) if self.labels.of_words else ClassLoss(loaded.model)
        return evaluate_classifier(loss, attachment, held_out, self.labels, self._config.train.micro_tokens)


class PictureLesson(ClassLesson):
    """Pictures with labels, for a model with a new head."""

    @property
    def task_type(self) -> str:
        """Return nothing: PEFT has no name for it."""
        return ""

    @property
    def sorted(self) -> Sorted:
        """Return what has labels."""
        return "images"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the pictures to learn and those held out; print what was left out, and why."""
        from ia3_studio.data.images import Pictured, read_pictures

        def read(examples: Sequence[Example]) -> Pictured:
            found = read_pictures(examples, self.labels, loaded.tokenizer)
            tell(found.problems, found.cut)
            return found

        return read(self._split.train).rows, measurable(read, self._split.held_out).rows

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return one picture as the model takes it."""
        return {"pixel_values": rows[0].pixels[None].to(loaded.model.device, loaded.model.dtype)}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out pictures; yield how far it is."""
        from ia3_studio.runs.evaluation import evaluate_classifier
        from ia3_studio.training.class_loss import ImageLoss

        budget = self._config.train.micro_tokens
        return evaluate_classifier(ImageLoss(loaded.model), attachment, held_out, self.labels, budget)


def _shorter(row: Any) -> dict[str, Any]:
    """Return what else of a row has a number for each token, cut as its tokens are."""
    names = [name for name in ("segments", "labels") if hasattr(row, name)]
    return {name: getattr(row, name)[:PROBED_TOKENS] for name in names}


def measurable(read: Any, examples: Sequence[Example]) -> Any:
    """Return the held-out rows as a reader makes them of examples.

    Raises:
        DataError: none can be measured.
    """
    try:
        return read(examples)
    except DataError as error:
        raise DataError(f"The held-out rows cannot be measured. {error} Set more rows aside.") from error


def tell(problems: Sequence[Any], cut: Sequence[int]) -> None:
    """Print which rows were left out or cut on their way to tokens, and why."""
    for problem in problems:
        print(f"row {problem.row} is left out: {problem.reason}")
    if cut:
        print(f"rows {', '.join(map(str, cut))}: cut to the length limit")
