"""How are a run's data converted to rows for its model? One lesson per task."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ia3_studio.data.use import SORTING, use_of
from ia3_studio.method.sites import Selection

if TYPE_CHECKING:
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.split import DataSplit
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.loaded import Task
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.runs.worker import Say
    from ia3_studio.training.report import Progress


class Lesson(Protocol):
    """The task-dependent parts of a run."""

    @property
    def task_type(self) -> str:
        """Return PEFT's task type."""

    @property
    def labels(self) -> Labels | None:
        """Return the labels of a classifier, in output order; None for any other model."""

    @property
    def notes(self) -> Sequence[str]:
        """Return notes on the rows before the first step."""

    def load(self, say: Say) -> LoadedModel:
        """Load the model for the task."""

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out rows; log truncated and skipped rows, with reasons.

        Raises:
            DataError: there are no training rows, or no held-out rows.
        """

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as model inputs."""

    def facts(self) -> dict[str, str]:
        """Return the task's metadata for the adapter file."""

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the base and the tuned model on held-out rows; yield the progress."""


def lesson_for(split: DataSplit, task: Task, config: RunConfig, labels: Labels | None = None) -> Lesson:
    """Return the lesson for data of this kind and a model of this task, as :func:`use_of` decides.

    With labeled texts a chat model is trained to generate the label, any other model is trained as a classifier.

    Args:
        labels: labels of the adapter or run that is resumed or evaluated; by default those of the data.
    """
    from ia3_studio.runs.chat_lessons import ChatLesson, ChoiceLesson, TargetLesson
    from ia3_studio.runs.class_lessons import ClassLesson, PictureLesson

    use = use_of(split.mapping.kind, task)
    if use in SORTING:
        return (PictureLesson if use == "sorts images" else ClassLesson)(split, config, labels)
    if use in ("ranks", "ranks apart"):
        return ChoiceLesson(split, config)
    return (TargetLesson if use == "translates" else ChatLesson)(split, config)


def place(loaded: LoadedModel, chosen: Selection | str) -> Attachment:
    """Attach the vectors of a selection, a preset or an expression, with the model's new heads if it has any.

    Raises:
        SelectionError: a site does not exist in the model.
    """
    from ia3_studio.method.heads import HeadedAttachment
    from ia3_studio.method.scaling import attach
    from ia3_studio.method.tree import PRESETS, discover

    if isinstance(chosen, str):
        tree = discover(loaded.model, loaded.base_model)
        chosen = tree.select(chosen) if chosen in PRESETS else tree.choose(chosen)
    selection = _where_they_are(chosen, loaded.model)
    return HeadedAttachment(loaded.model, selection, loaded.heads) if loaded.heads else attach(loaded.model, selection)


def _where_they_are(selection: Selection, model: Any) -> Selection:
    """Return the sites of a base model for a model with a head, with a prefix such as "bert" before each path."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    paths = {path for path, _module in model.named_modules()}
    moved = selection.below(prefix) if prefix else selection
    known = all(site.path in paths for site in moved) and not all(site.path in paths for site in selection)
    return moved if known else selection
