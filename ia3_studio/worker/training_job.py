"""What does a worker do for a training run? Load, attach the vectors, train, save."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from ia3_studio.data.problem import skipped_sentences
from ia3_studio.runs.folder import write_json
from ia3_studio.runs.run import Run
from ia3_studio.runs.split_record import labels_of_run, record_labels, record_split, split_of
from ia3_studio.runs.trackers import open_reports
from ia3_studio.tasks.task import attach_selection, task_for
from ia3_studio.training.config import Step
from ia3_studio.worker.full_memory import begun_again

if TYPE_CHECKING:
    from ia3_studio.data.split import DataSplit
    from ia3_studio.models.loaded import ModelHead
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.models.sharding_plan import ShardingPlan
    from ia3_studio.training.checkpoint import Checkpoint
    from ia3_studio.training.known_losses import MeasuredRows
    from ia3_studio.training.objective import Measuring
    from ia3_studio.training.processes import Processes
    from ia3_studio.training.report import Progress

Stage = Literal["files", "passes"]
"""Whether a stage of preparing reads files and computes for itself, or runs passes of the model."""


class TrainingJob:
    """One (IA)³ training job, described by a run's settings.

    Args:
        run: the run.
        processes: those that share its batches; only the first of them writes into the run's folder.
    """

    def __init__(self, run: Run, processes: Processes | None = None) -> None:
        self._run = run
        self._processes = processes
        self._step = 0
        self._known_losses: Sequence[MeasuredRows] = ()
        """Losses of the held-out rows that training has measured, once it has ended."""
        self._fitting_parts = 1
        """Into how many parts passes of as many tokens as the settings allow were cut at the end of training."""

    @property
    def _writes(self) -> bool:
        return self._processes is None or self._processes.rank == 0

    @property
    def was_stopped(self) -> bool:
        """Return whether several processes agreed to stop before the last step."""
        return self._training.was_stopped

    @property
    def gave_up(self) -> bool:
        """Return whether the newest measurement was given up because of a stop."""
        return self._training.gave_up

    @property
    def measuring(self) -> Measuring | None:
        """Return how far a measurement of the held-out rows is; None outside of one."""
        return self._training.measuring

    def prepare(self, say: ProgressCallback) -> None:
        """Read the data, load the model and attach the vectors, fastest failures first.

        Raises:
            StudioError: a step failed, with the message for the user.
        """
        for _stage in self.preparing(say):
            pass

    def preparing(self, say: ProgressCallback) -> Generator[Stage, None, None]:
        """Do the same stage by stage; yield between two of them, so that several processes can agree to go on.

        What is yielded says whether the next stage runs passes of the model, which all processes run together where
        they share its weights.

        Raises:
            StudioError: a stage failed, with the message for the user.
        """
        self._reports = open_reports(self._run.config, self._run.folder, self._run.id) if self._writes else None
        say(None, "Reading the data")
        split = self._read_data()
        yield "files"
        say(None, "Loading the model")
        self._load(split, say)
        yield "passes"
        self._try_shared()
        yield "files"
        say(None, "Tokenizing the rows")
        self._read_rows()
        yield "files"
        say(None, "Attaching the vectors")
        self._place_vectors()
        self._record_making()
        yield "passes"
        self._require_live()
        self._objective = self._task.objective(self._loaded, self._attachment, self._rows, self._run.config.train)

    def _load(self, split: DataSplit, say: ProgressCallback) -> None:
        self._task = task_for(split, self._model_head(say), self._run.config, labels_of_run(self._run))
        if self._task.labels and self._writes:
            record_labels(self._run, self._task.labels)
        self._plan = self._task.plan = self._planned(say)
        self._task.processes = None if self.is_sharded else self._processes
        if self._plan.sentence:
            say(None, f"Loading the model. {self._plan.sentence}")
        self._loaded = self._task.load(say)
        for said in (self._loaded.device_reason, *self._loaded.notes):
            print(said)
        if self._plan.sentence:
            print(self._plan.sentence)

    def _read_rows(self) -> None:
        self._rows, self._held_out = self._task.rows(self._loaded)

    def _try_shared(self) -> None:
        """Try a model whose weights several processes share: each of them takes part in the first pass."""
        from ia3_studio.models.sharding import try_shared

        if self.is_sharded:
            try_shared(self._loaded.model)

    def _planned(self, say: ProgressCallback) -> ShardingPlan:
        from ia3_studio.worker.planning import handed_plan, plan_of_run

        return handed_plan() if self._processes else plan_of_run(self._run, 1, say)

    @property
    def is_sharded(self) -> bool:
        """Return whether the processes share the weights, so that all of them take part in every pass."""
        return self._plan.kind == "sharded"

    def steps(self, is_stopping: Callable[[], bool]) -> Generator[Step, None, None]:
        """Train and yield each step, resuming from the run's checkpoint if there is one.

        Args:
            is_stopping: called during evaluation of held-out rows.

        Raises:
            TrainingError: the checkpoint cannot be read, or belongs to another job; or as :func:`train`.
        """
        from ia3_studio.models import fast_paths
        from ia3_studio.training.precision import backward_format
        from ia3_studio.training.train import train

        config = self._run.config.train
        print(f"backward matrix products in {backward_format(config.backward_dtype, self._loaded.model.device)}")
        self._require_same()
        since = self._kept()
        if since:
            self._step = since.counters.step
            print(f"resuming after step {since.counters.step}")
        again = begun_again() if self._processes else None
        self._training = train(
            self._loaded.model,
            self._attachment,
            self._rows,
            self._held_out,
            config,
            objective=self._objective,
            since=since,
            is_stopping=is_stopping,
            processes=self._processes,
            most_tokens=again.tokens or None if again else None,
        )
        for line in fast_paths.lines(self._training.fast_paths):
            print(line)
        news = again.note if again else ""
        for step in self._training:
            self._step = step.step
            if self._reports:
                self._reports.log(step)
            told = step if step.step else self._with_notes(step)
            yield replace(told, note=f"{news} {told.note or ''}".strip()) if news else told
            news = ""
        if self._processes is None or self._processes.count == 1:  # else each has measured its own rows only
            self._known_losses = self._training.measured_rows
        self._fitting_parts = math.ceil(config.micro_batch_tokens / self._training.budget)
        if self._reports:
            self._reports.end()

    def _with_notes(self, step: Step) -> Step:
        """Return a step with what is to be known of the rows in front of what it says itself."""
        said = [
            *self._differences,
            *self._on_processes(),
            *self._loaded.notes,
            *self._task.notes,
            *([step.note] if step.note else []),
        ]
        return replace(step, note=" ".join(said) or None)

    def _on_processes(self) -> list[str]:
        """Return what is different where several processes share the batches, or parts have the weights."""
        count = self._processes.count if self._processes else 1
        planned = [self._plan.sentence] if self._plan.sentence else []
        if count == 1:
            return planned
        if self.is_sharded:
            return [*planned, f"{count} processes share each batch; after training, all of them evaluate."]
        return [
            *planned,
            f"{count} processes share each batch; after training, they divide the evaluation.",
            *(["Each process caches the lower layers of the rows that it has had itself."] if self._caches else []),
        ]

    @property
    def _caches(self) -> bool:
        from ia3_studio.training.prefix_cache import PREFIX

        return any(path.name == PREFIX and path.is_on for path in self._training.fast_paths)

    def _kept(self) -> Checkpoint | None:
        """Return the checkpoint in the run's folder; of several processes, each gets that of the first."""
        kept = self._run.files.checkpoint
        if not self._processes:
            return self._load_checkpoint(kept) if kept.exists() else None
        content = self._processes.from_first(lambda: kept.read_bytes() if kept.exists() else b"")
        if not content:
            return None
        with TemporaryDirectory(prefix="ia3-studio-") as folder:
            copy = Path(folder) / kept.name
            with self._processes.together():
                copy.write_bytes(content)
                found = self._load_checkpoint(copy)
        return found

    def _load_checkpoint(self, path: Path) -> Checkpoint:
        from ia3_studio.training.checkpoint import load_checkpoint

        return load_checkpoint(path)

    def _require_same(self) -> None:
        """Compare the files that each process has read: those of several machines may differ."""
        if self._processes:
            self._processes.same("training data", crc32(self._data_mark.encode()))
            self._processes.same("weights or tokenizer of the base model", crc32(self._model_mark.encode()))

    def checkpoint(self, path: Path) -> None:
        """Write the training state after the newest step; the file is replaced atomically."""
        self._training.checkpoint().save(path)

    def save(self, folder: Path) -> None:
        """Save the current adapter, with its metadata."""
        from ia3_studio import __version__

        task = self._task.task_type
        facts = {
            **({"task_type": task} if task else {}),
            "studio_version": __version__,
            "run": self._run.id,
            "data": self._data,
            "learning_rate": str(self._run.config.train.learning_rate),
            "steps": str(self._step),
            **self._task.facts(),
        }
        adapter = self._attachment.adapter(facts)
        if adapter.why_not_peft:
            adapter.save_native(folder)
        else:
            adapter.save(folder)

    @property
    def weight_bytes(self) -> int:
        """Return the bytes of weights that this process has, once the model is loaded."""
        from ia3_studio.models.sharding import local_bytes

        return local_bytes(self._loaded.model)

    @property
    def evaluation_parts(self) -> int:
        """Return into how many parts each pass of the evaluation is cut: no larger ones than training had room for."""
        again = begun_again() if self._processes else None
        return max(self._fitting_parts, again.parts if again else 1)

    def evaluate(self, folder: Path) -> Generator[Progress, None, None]:
        """Evaluate the base and the tuned model on held-out rows; write ``evaluation.json`` into a folder.

        Yields the progress. Nothing is written if it is closed early.

        Raises:
            TrainingError: a loss is NaN or infinite.
        """
        from ia3_studio.runs.evaluation import write_evaluation

        self._task.parts = self.evaluation_parts
        self._task.known_losses = self._known_losses
        found = yield from self._task.evaluate(self._loaded, self._attachment, self._held_out)
        if not self._writes:
            return
        write_evaluation(folder, found)
        print(found.verdict.sentence)

    def _read_data(self) -> DataSplit:
        split = split_of(self._run)
        for sentence in skipped_sentences(split.problems):
            print(sentence)
        for sentence in split.notes:
            print(sentence)
        if self._writes:
            record_split(self._run.files.split, split, self._run.config)
        self._data, self._data_mark = split.description, split.fingerprint
        return split

    def _record_making(self) -> None:
        """Write the environment of the run; for a re-run, print the differences."""
        from ia3_studio.models import prepare
        from ia3_studio.runs.environment import describe_environment, differences, read_environment

        made = describe_environment(prepare(self._run.config.model), self._loaded.device_reason)
        self._model_mark = str(made["base_model"])
        made |= {"parameters": self._attachment.selection.parameters, "vectors": len(self._attachment.selection)}
        if self._writes:
            write_json(self._run.files.environment, made)
        recorded = read_environment(self._run.files.original_environment)
        self._differences = differences(recorded, made) if recorded else []
        for sentence in self._differences:
            print(sentence)

    def _model_head(self, say: ProgressCallback) -> ModelHead:
        from ia3_studio.models.load import head_of_source

        return head_of_source(self._run.config.model, progress=say)

    def _place_vectors(self) -> None:
        self._attachment = attach_selection(self._loaded, self._run.config.selection)
        chosen = self._attachment.selection
        print(f"{len(chosen)} vectors, {chosen.parameters:,} trainable parameters")
        if self._loaded.modules_to_save:
            print(f"fully trained modules: {', '.join(self._loaded.modules_to_save)}")

    def _require_live(self) -> None:
        """Test the vectors on the beginning of the longest row for sites without gradients."""
        from ia3_studio.method.liveness import require_live

        require_live(self._loaded.model, self._attachment, self._task.probe(self._loaded, self._rows))
