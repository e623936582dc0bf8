"""What does a run have to know of its kind of data and model? One task for each kind, found in one table.

A task says which data and models it fits, makes rows of examples, previews them, gives the loss, the probe and the
evaluation, and names itself. A new kind of task is one file and one call of :func:`register`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.errors import DataError
from ia3_studio.tasks.rows import RowReader

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labels
    from ia3_studio.data.split import DataSplit
    from ia3_studio.data.token_preview import TokenPreview
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.method.sites import Selection
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.models.sharding_plan import ShardingPlan
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.config import TrainConfig
    from ia3_studio.training.known_losses import MeasuredRows
    from ia3_studio.training.objective import Objective
    from ia3_studio.training.processes import Processes
    from ia3_studio.training.report import Progress


class Task(RowReader):
    """What depends on the kind of data and model in a run.

    Args:
        split: the run's data.
        config: the run's settings.
        labels: of a classifier, those of the adapter or the run that is resumed or measured; by default those of the
            data.
    """

    name: ClassVar[str]
    """What the kind is called for the user."""
    plan: ShardingPlan | None = None
    """Where the model's weights go; None: all to one device."""
    processes: Processes | None = None
    """Those that divide the evaluation; None if one does all of it, or all of them do as they share the weights."""
    parts: int = 1
    """Into how many parts each forward pass of the evaluation is cut, where memory is short."""
    known_losses: Sequence[MeasuredRows] = ()
    """Losses of held-out rows that are known from training; the evaluation does not compute them again."""
    without_tokens: ClassVar[str] = ""
    """Why its rows are no tokens, which could be counted and previewed; empty where they are."""

    def __init__(self, split: DataSplit, config: RunConfig, labels: Labels | None = None) -> None:
        super().__init__(split, config)
        self.labels = labels

    @classmethod
    @abstractmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether data and model are of this kind.

        Args:
            data_kind: of the mapping, such as "pairs".
            model_head: of the model, such as "causal-lm".
        """

    @classmethod
    @abstractmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return an example as the model sees it in training.

        Raises:
            DataError: it cannot be trained on.
        """

    @property
    @abstractmethod
    def task_type(self) -> str:
        """Return PEFT's name of the task; empty where PEFT has none."""

    @abstractmethod
    def load(self, say: ProgressCallback) -> LoadedModel:
        """Load the model as the task needs it."""

    @abstractmethod
    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows; print what was cut or left out, and why.

        Raises:
            DataError: there is nothing to train on, or nothing to evaluate.
        """

    @abstractmethod
    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""

    def objective(
        self, loaded: LoadedModel, attachment: Attachment, rows: Sequence[Any], config: TrainConfig
    ) -> Objective[Any]:
        """Return what is minimized.

        Raises:
            TrainingError: the model cannot be trained on such rows.
        """
        from ia3_studio.training.objectives import objective_for

        return objective_for(loaded.model, attachment, rows, config)

    @property
    def evaluation_budget(self) -> int:
        """Return the tokens of a forward pass of the evaluation at most."""
        return max(1, self._config.train.micro_batch_tokens // self.parts)

    def facts(self) -> dict[str, str]:
        """Return what an adapter's metadata say of the task."""
        return {}

    @abstractmethod
    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield the progress."""


_registered: list[type[Task]] = []


def register(task: type[Task]) -> type[Task]:
    """Add a kind of task to the table; later ones are asked first."""
    _registered.insert(0, task)
    return task


def tasks() -> tuple[type[Task], ...]:
    """Return all kinds of tasks; the package registers its own as it is imported."""
    return tuple(_registered)


def task_class(data_kind: str, model_head: str) -> type[Task]:
    """Return the kind of task that data are for a model: the one decision of run, preview and forecast.

    Args:
        data_kind: of the mapping.
        model_head: of the model.

    Raises:
        DataError: no task fits.
    """
    found = next((task for task in tasks() if task.fits(data_kind, model_head)), None)
    if found is None and data_kind == "preferences":
        raise DataError(
            f"Preference tuning needs a causal language model, and this is a {model_head} model; choose a chat or "
            "text-generation model, or train on the chosen answers alone (task: prompt-answer pairs)."
        )
    if found is None:
        raise DataError(f"No task trains a {model_head} model on {data_kind}; choose another model or other data.")
    return found


def task_for(split: DataSplit, model_head: str, config: RunConfig, labels: Labels | None = None) -> Task:
    """Return the task of a run.

    Args:
        split: its data.
        model_head: of its model.
        config: its settings.
        labels: as in :class:`Task`.

    Raises:
        DataError: no task fits.
    """
    return task_class(split.mapping.kind, model_head)(split, config, labels)


def attach_selection(loaded: LoadedModel, chosen: Selection | str) -> Attachment:
    """Attach the vectors of a selection, a preset or a choice in words, with the model's new heads where it has any.

    Raises:
        SelectionError: a site does not exist in the model.
    """
    from ia3_studio.method.heads import HeadedAttachment
    from ia3_studio.method.scaling import attach
    from ia3_studio.method.sites import PRESETS
    from ia3_studio.method.tree import discover
    from ia3_studio.models.placement import traceable
    from ia3_studio.models.summary import kept_tree

    if isinstance(chosen, str):
        known = kept_tree(loaded.source, type(loaded.model).__name__)
        tree = known or discover(traceable(loaded.model), loaded.base_model)
        chosen = tree.select(chosen) if chosen in PRESETS else tree.choose(chosen)
    selection = _where_they_are(chosen, loaded.model)
    return (
        HeadedAttachment(loaded.model, selection, loaded.modules_to_save)
        if loaded.modules_to_save
        else attach(loaded.model, selection)
    )


def _where_they_are(selection: Selection, model: Any) -> Selection:
    """Return sites of a bare model where a model with a head has them, "bert" in front of each path."""
    prefix = str(getattr(model, "base_model_prefix", ""))
    paths = {path for path, _module in model.named_modules()}
    moved = selection.below(prefix) if prefix else selection
    known = all(site.path in paths for site in moved) and not all(site.path in paths for site in selection)
    return moved if known else selection
