"""Text classification: texts or pairs of texts with one label, several labels, or a number."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.labels import LabelRow, Labels, read_texts, tokenize_labels
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, kept_of_texts, reasons
from ia3_studio.errors import StudioError
from ia3_studio.tasks.rows import PROBED_TOKENS
from ia3_studio.tasks.task import Task, register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labeled, LabeledRows
    from ia3_studio.data.split import DataSplit
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel, ModelHead
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.report import Progress

CLASSIFIER_HEADS: dict[Labeled, ModelHead] = {
    "texts": "classification",
    "words": "token-classification",
    "images": "image-classification",
}
"""The model's head, by what has labels."""
_NAMED = 20
"""Labels that a sentence names."""
_LONGEST_TEXT = 512


class Classification(Task):
    """What tasks have in common whose model gets a new head for labels."""

    labels: Labels
    of: ClassVar[Labeled] = "texts"
    """What has labels."""

    def __init__(self, split: DataSplit, config: RunConfig, labels: Labels | None = None) -> None:
        from ia3_studio.data.labels import labels_of

        super().__init__(split, config, labels or labels_of(split.train, split.mapping.target))
        if labels:
            self._tell_difference(split)

    def _tell_difference(self, split: DataSplit) -> None:
        """Say where the data on disk have other labels than the adapter."""
        from ia3_studio.data.labels import foreign_labels

        new, gone = foreign_labels(self.labels, (*split.train, *split.held_out))
        if new:
            shown = ", ".join(map(repr, new[:_NAMED]))
            self.say(f"{len(new):,} labels of the data are unknown to the adapter; their rows are skipped: {shown}.")
        if gone:
            shown = ", ".join(map(repr, gone[:_NAMED]))
            self.say(f"{len(gone):,} labels of the adapter do not occur in the data: {shown}.")

    def load(self, say: ProgressCallback) -> LoadedModel:
        """Load the model with a head for the labels."""
        from ia3_studio.models.classifier import load_classifier
        from ia3_studio.models.sharding_plan import WHOLE

        labels, seed = self.labels, self._config.train.seed
        return load_classifier(
            self._config.model, labels.names, labels.kind, head=CLASSIFIER_HEADS[self.of], seed=seed, progress=say,
            plan=self.plan or WHOLE,
        )  # fmt: skip

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows."""
        from ia3_studio.data.labels import rare_labels

        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> LabeledRows:
            found = tokenize_labels(examples, self.labels, loaded.tokenizer, length)
            if found.unread:
                shown = ", ".join(map(str, found.unread[:_NAMED]))
                self.say(f"{len(found.unread):,} rows contain a word without tokens; its label is ignored: {shown}.")
            return found

        rare = rare_labels(self._split.train) if self.labels.kind != "number" else ()
        if rare:
            names = ", ".join(rare[:_NAMED])
            self.notes.append(f"{len(rare):,} labels have only one row, too few to learn from: {names}.")
        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""
        from ia3_studio.training.class_loss import padded

        row = max(rows, key=lambda row: len(row.input_ids))
        names = [name for name in ("input_ids", "segments", "labels") if hasattr(row, name)]
        shorter = replace(row, **{name: getattr(row, name)[:PROBED_TOKENS] for name in names})
        return dict(padded([shorter], loaded.model))

    def facts(self) -> dict[str, str]:
        """Return the labels, by which the classifier's answers are named, and how much of a text it reads."""
        length = str(self._config.train.max_length)
        return {"labels": self.labels.to_json(), "labels_of": self.of, "max_length": length}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield the progress."""
        from ia3_studio.tasks.evaluation import evaluate_classifier

        budget = self.evaluation_budget
        scorer = self.scorer(loaded.model)
        return evaluate_classifier(scorer, attachment, held_out, self.labels, budget, self.processes)

    def scorer(self, model: Any) -> Any:
        """Return what gives the classifier's outputs for rows."""
        from ia3_studio.training.class_loss import ClassLoss

        return ClassLoss(model)


@register
class TextClassification(Classification):
    """Texts with labels."""

    name: ClassVar[str] = "text classification"
    task_type: ClassVar[str] = "SEQ_CLS"
    row_types: ClassVar[tuple[type, ...]] = (LabelRow,)

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether texts have labels, for a model that writes no text: those answer with the label."""
        return data_kind == "labels" and model_head not in ("causal-lm", "seq2seq")

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return a text, or a pair of them, as the classifier reads it."""
        labels = Labels("multi", tuple(dict.fromkeys(example.labels)))
        found = tokenize_labels([example], labels, tokenizer, UNLIMITED)
        ids = found.rows[0].input_ids
        kept = kept_of_texts(example, tokenizer, max_length) if len(ids) > max_length else (True,) * len(ids)
        return TokenPreview(example.row, (Part(ids, (False,) * len(ids), kept),), example.labels, reasons(found.notes))


@dataclass(frozen=True)
class Prediction:
    """One label with its probability."""

    label: str
    share: float
    """Its probability; for several labels each has its own, and for regression it is the value itself."""


def classify_text(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    text: str,
    strengths: Sequence[float] = (0, 1),
    max_length: int | None = None,
) -> tuple[tuple[Prediction, ...], ...]:
    """Return the labels of one text by probability, once for each strength; 0 is the base model.

    Raises:
        StudioError: the text is empty, or the classifier labels words.
    """
    if not text.strip():
        raise StudioError("There is no text to classify; enter one.")
    return tuple(
        found[0] for found in classify_texts(loaded, attachment, labels, [text], strengths, max_length=max_length)
    )


def classify_texts(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    texts: Sequence[str],
    strengths: Sequence[float] = (0, 1),
    batch: int = 16,
    max_length: int | None = None,
) -> tuple[tuple[tuple[Prediction, ...], ...], ...]:
    """Return, for each strength and each text, its labels by probability.

    Texts become rows, and rows a batch, by the functions that training uses.

    Args:
        loaded: a classifier with a head for the labels.
        attachment: what was learned.
        labels: what the head's outputs mean.
        texts: one or more.
        strengths: 0 is the base model.
        batch: texts in one forward pass at most; it changes speed and memory only.
        max_length: tokens of a text that are read, as :func:`ia3_studio.data.labels.length_in` tells of an adapter; by
            default 512 at most.

    Raises:
        StudioError: the classifier labels words.
    """
    from ia3_studio.training.class_loss import ClassLoss

    if labels.of_words:
        raise StudioError("This adapter labels words; use tag_text for it.")
    rows = read_texts(texts, loaded.tokenizer, readable(loaded, max_length))
    budget = batch * max((len(row.input_ids) for row in rows), default=1)
    found: list[tuple[tuple[Prediction, ...], ...]] = []
    for strength in strengths:
        with attachment.strengths(strength):
            loss = ClassLoss(loaded.model)
            logits = loss.scores(rows, budget) if rows else ()
        found.append(tuple(predictions(each, labels.names, str(loss.kind)) for each in logits))
    return tuple(found)


def readable(loaded: LoadedModel, max_length: int | None) -> int:
    """Return how many tokens of a text a classifier reads: as many as it was trained on, where that is known."""
    return min(int(loaded.tokenizer.model_max_length), max_length or _LONGEST_TEXT)


def predictions(logits: Any, names: Sequence[str], kind: str) -> tuple[Prediction, ...]:
    """Return labels by probability.

    Args:
        logits: of one text, word or image; shape (labels,).
        names: of the labels, in the order of the outputs.
        kind: "single", "multi" or "number".
    """
    if kind == "number":
        return (Prediction(names[0], float(logits[0])),)
    shares = logits.sigmoid() if kind == "multi" else logits.softmax(-1)
    found = (Prediction(name, float(share)) for name, share in zip(names, shares, strict=True))
    return tuple(sorted(found, key=lambda guess: -guess.share))
