"""What does a worker do for a training run? Load, place the vectors, train, save."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step

if TYPE_CHECKING:
    from ia3_studio.runs.worker import Say


class TrainingJob:
    """One (IA)³ training job, described by a run's settings."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._newest: Step | None = None

    def prepare(self, say: Say) -> None:
        """Load model and data and place the vectors.

        Raises:
            StudioError: anything of it is not possible, with the sentence for the user.
        """
        from ia3_studio.data.load import load_data
        from ia3_studio.data.tokens import tokenize
        from ia3_studio.method.scaling import attach
        from ia3_studio.method.tree import discover
        from ia3_studio.models.load import load_model

        config = self._run.config
        say(None, "Loading the model")
        self._loaded = load_model(config.model, progress=say)
        print(self._loaded.device_reason)
        say(None, "Reading the data")
        split = load_data(self._run.data_source, held_out=config.held_out, seed=config.train.seed)
        self._data = split.description
        length = config.train.max_length
        learned = tokenize(split.train, self._loaded.tokenizer, length)
        self._rows = learned.rows
        self._held_out = tokenize(split.held_out, self._loaded.tokenizer, length).rows
        for problem in split.problems:
            print(f"row {problem.row} is left out: {problem.reason}")
        for name, rows in (
            ("cut to the length limit", learned.cut),
            ("left out: no answer in reach", learned.unlabelled),
        ):
            if rows:
                print(f"rows {', '.join(map(str, rows))}: {name}")
        say(None, "Placing the vectors")
        chosen = config.selection
        if isinstance(chosen, str):
            chosen = discover(self._loaded.model, self._loaded.base_model).select(chosen)
        self._attachment = attach(self._loaded.model, chosen)
        print(f"{len(chosen)} vectors, {chosen.numbers:,} trained numbers")

    def steps(self) -> Iterator[Step]:
        """Train, yielding each step."""
        from ia3_studio.training.train import train

        config = self._run.config.train
        for step in train(self._loaded.model, self._attachment, self._rows, self._held_out, config):
            self._newest = step
            yield step

    def save(self, folder: Path) -> None:
        """Write the adapter as it is now, with the facts of its making."""
        from ia3_studio import __version__

        facts = {
            "task_type": "CAUSAL_LM",
            "studio_version": __version__,
            "run": self._run.id,
            "data": self._data,
            "learning_rate": str(self._run.config.train.learning_rate),
            "steps": str(self._newest.step if self._newest else 0),
        }
        self._attachment.adapter(facts).save(folder)
