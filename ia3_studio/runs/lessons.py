"""How do a run's data become rows for its model? One lesson for each kind of data and model."""

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
    """What depends on the kind of data and model in a run."""

    @property
    def task_type(self) -> str:
        """Return PEFT's name of the task."""

    @property
    def labels(self) -> Labels | None:
        """Return the labels of a classifier, in output order; None for any other model."""

    @property
    def notes(self) -> Sequence[str]:
        """Return what a user should know of the rows before the first step."""

    def load(self, say: Say) -> LoadedModel:
        """Load the model as the task needs it."""

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and held-out rows; print what was truncated or skipped, and why.

        Raises:
            DataError: there is nothing to train on, or nothing to evaluate.
        """

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""

    def facts(self) -> dict[str, str]:
        """Return what an adapter's file has to say of the task."""

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield how far it is."""


def lesson_for(split: DataSplit, task: Task, config: RunConfig, labels: Labels | None = None) -> Lesson:
    """Return the lesson that data of this kind are for a model of this task, as :func:`use_of` decides.

    Texts with labels teach a chat model to answer with the label, and any other model to sort them.

    Args:
        labels: those of the adapter or the run that goes on or is measured; by default those of the data.
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
    """Attach the vectors of a selection, a preset or a choice in words, with the model's new heads where it has any.

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
    """Return sites of a bare model where a model with a head has them, "bert" in front of each path."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    paths = {path for path, _module in model.named_modules()}
    moved = selection.below(prefix) if prefix else selection
    known = all(site.path in paths for site in moved) and not all(site.path in paths for site in selection)
    return moved if known else selection
