"""What does a worker do for a training run? Load, place the vectors, train, save."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.errors import DataError
from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step

if TYPE_CHECKING:
    from ia3_studio.data.load import DataSplit
    from ia3_studio.data.tokens import Tokenized
    from ia3_studio.runs.worker import Say
    from ia3_studio.training.evaluation import Progress

PROBED_TOKENS = 8
"""How much of a row the vectors are tried on: as much work as a forward and backward pass over one short row."""


class TrainingJob:
    """One (IA)³ training job, described by a run's settings."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._newest: Step | None = None

    def prepare(self, say: Say) -> None:
        """Read the data, load the model and place the vectors; what fails sooner is tried first.

        Raises:
            StudioError: anything of it is not possible, with the sentence for the user.
        """
        say(None, "Reading the data")
        split = self._read_data()
        say(None, "Loading the model")
        self._load_model(say)
        say(None, "Turning the rows into tokens")
        self._tokenize(split)
        say(None, "Placing the vectors")
        self._place_vectors()
        self._require_live()

    def steps(self) -> Generator[Step, None, None]:
        """Train, yielding each step."""
        from ia3_studio.training.precision import backward_format
        from ia3_studio.training.train import train

        config = self._run.config.train
        print(f"backward products in {backward_format(config.backward, self._loaded.model.device)}")
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
        adapter = self._attachment.adapter(facts)
        if adapter.why_not_peft:
            adapter.save_native(folder)
        else:
            adapter.save(folder)

    def evaluate(self, folder: Path) -> Generator[Progress, None, None]:
        """Measure base and tuned model on held-out rows and neutral text; write ``evaluation.json`` into a folder.

        Yields how far it is. Nothing is written when it is closed before its end.

        Raises:
            TrainingError: a loss is no number.
        """
        from ia3_studio.runs.evaluation import evaluate_run, write_evaluation

        budget = self._run.config.train.micro_tokens
        found = yield from evaluate_run(
            self._loaded.model, self._loaded.tokenizer, self._attachment, self._held_out, budget
        )
        write_evaluation(folder, found)
        print(found.verdict.sentence)

    def _read_data(self) -> DataSplit:
        from ia3_studio.data.load import load_data

        config = self._run.config
        split = load_data(self._run.data_source, held_out=config.held_out, seed=config.train.seed)
        for problem in split.problems:
            print(f"row {problem.row} is left out: {problem.reason}")
        self._data = split.description
        return split

    def _load_model(self, say: Say) -> None:
        from ia3_studio.models.load import load_model

        self._loaded = load_model(self._run.config.model, progress=say)
        print(self._loaded.device_reason)

    def _tokenize(self, split: DataSplit) -> None:
        from ia3_studio.data.tokens import tokenize

        length = self._run.config.train.max_length
        learned = tokenize(split.train, self._loaded.tokenizer, length)
        try:
            measured = tokenize(split.held_out, self._loaded.tokenizer, length)
        except DataError as error:
            raise DataError(f"The held-out rows cannot be measured. {error} Set more rows aside.") from error
        _tell_losses(learned)
        _tell_losses(measured)
        self._rows, self._held_out = learned.rows, measured.rows

    def _place_vectors(self) -> None:
        from ia3_studio.method.scaling import attach
        from ia3_studio.method.tree import discover

        chosen = self._run.config.selection
        if isinstance(chosen, str):
            chosen = discover(self._loaded.model, self._loaded.base_model).select(chosen)
        self._attachment = attach(self._loaded.model, chosen)
        print(f"{len(chosen)} vectors, {chosen.numbers:,} trained numbers")

    def _require_live(self) -> None:
        """Try the vectors on the beginning of a row, so that none is trained in vain."""
        import torch

        from ia3_studio.method.inputs import example_inputs
        from ia3_studio.method.probe import require_live

        model = self._loaded.model
        tokens = max((row.input_ids for row in self._rows), key=len)[:PROBED_TOKENS]
        inputs = example_inputs(model, len(tokens)) | {"input_ids": torch.tensor([tokens], device=model.device)}
        require_live(model, self._attachment, inputs)


def _tell_losses(tokenized: Tokenized) -> None:
    """Print which rows were cut or left out on their way to tokens, and why."""
    for problem in tokenized.problems:
        print(f"row {problem.row} is left out: {problem.reason}")
    if tokenized.cut:
        print(f"rows {', '.join(map(str, tokenized.cut))}: cut to the length limit")
    if tokenized.unlabelled:
        print(f"rows {', '.join(map(str, tokenized.unlabelled))}: left out: no answer in reach")
