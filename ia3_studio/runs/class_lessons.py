"""How are labeled texts, words and images converted to rows for a model with a new head?"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.runs.reading import PROBED_TOKENS, Reading

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.data.labels import Labelled, Labels
    from ia3_studio.data.split import DataSplit
    from ia3_studio.data.use import Use
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.classifier import Sorted
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.runs.worker import Say
    from ia3_studio.training.report import Progress


class ClassLesson(Reading):
    """Text or token classification with a new head."""

    use: ClassVar[Use] = "sorts"

    def __init__(self, split: DataSplit, config: RunConfig, labels: Labels | None = None) -> None:
        """Train a classifier.

        Args:
            labels: label order of the adapter that is resumed or evaluated; by default the labels of the training rows.
        """
        from ia3_studio.data.labels import labels_of

        super().__init__(split, config)
        self.labels: Labels = labels or labels_of(split.train, split.mapping.target)
        if labels:
            self._tell_difference(split)

    def _tell_difference(self, split: DataSplit) -> None:
        """Print notes if the data have other labels than the adapter."""
        from ia3_studio.data.labels import foreign_labels

        new, gone = foreign_labels(self.labels, (*split.train, *split.held_out))
        if new:
            shown = ", ".join(map(repr, new[:_NAMED]))
            self.say(f"{len(new):,} labels of the data are unknown to the adapter; their rows are skipped: {shown}.")
        if gone:
            shown = ", ".join(map(repr, gone[:_NAMED]))
            self.say(f"{len(gone):,} labels of the adapter do not occur in the data: {shown}.")

    @property
    def task_type(self) -> str:
        """Return PEFT's task type."""
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
        """Return the training and held-out rows; log truncated and skipped rows, with reasons."""
        from ia3_studio.data.labels import rare_labels, tokenize_labels

        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> Labelled:
            found = tokenize_labels(examples, self.labels, loaded.tokenizer, length)
            if found.unread:
                shown = ", ".join(map(str, found.unread[:_NAMED]))
                self.say(f"{len(found.unread):,} rows contain a word without tokens; its label is ignored: {shown}.")
            return found

        rare = rare_labels(self._split.train) if self.labels.kind != "number" else ()
        if rare:
            names = ", ".join(rare[:20])
            self.notes.append(f"{len(rare):,} labels have only one row, too few to learn from: {names}.")
        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as model inputs."""
        from ia3_studio.training.class_loss import padded

        row = max(rows, key=lambda row: len(row.input_ids))
        return dict(padded([replace(row, input_ids=row.input_ids[:PROBED_TOKENS], **_shorter(row))], loaded.model))

    def facts(self) -> dict[str, str]:
        """Return the labels of the classifier and its max length."""
        return {"labels": self.labels.to_json(), "max_length": str(self._config.train.max_length)}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the base and the tuned model on held-out rows; yield the progress."""
        from ia3_studio.runs.evaluation import evaluate_classifier
        from ia3_studio.training.class_loss import ClassLoss, TagLoss

        loss = TagLoss(loaded.model) if self.labels.of_words else ClassLoss(loaded.model)
        return evaluate_classifier(loss, attachment, held_out, self.labels, self._config.train.micro_tokens)


class PictureLesson(ClassLesson):
    """Image classification with a new head."""

    @property
    def task_type(self) -> str:
        """Return an empty string: PEFT has no task type for it."""
        return ""

    @property
    def sorted(self) -> Sorted:
        """Return what has labels."""
        return "images"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out images; log skipped ones, with reasons."""
        from ia3_studio.data.images import Pictured, read_pictures

        def read(examples: Sequence[Example]) -> Pictured:
            return read_pictures(examples, self.labels, loaded.tokenizer)

        return self.read_both(read, loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return one image as model inputs."""
        return {"pixel_values": rows[0].pixels[None].to(loaded.model.device, loaded.model.dtype)}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the base and the tuned model on held-out images; yield the progress."""
        from ia3_studio.runs.evaluation import evaluate_classifier
        from ia3_studio.training.class_loss import ImageLoss

        budget = self._config.train.micro_tokens
        return evaluate_classifier(ImageLoss(loaded.model), attachment, held_out, self.labels, budget)


_NAMED = 20
"""Maximum labels listed in a message."""


def _shorter(row: Any) -> dict[str, Any]:
    """Return the other per-token fields of a row, truncated like its tokens."""
    names = [name for name in ("segments", "labels") if hasattr(row, name)]
    return {name: getattr(row, name)[:PROBED_TOKENS] for name in names}
