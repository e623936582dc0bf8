"""Text generation: conversations, or plain text, for a causal language model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.problem import Problem
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, first_kept, reasons
from ia3_studio.data.tokens import IGNORED, TokenRow, tokenize
from ia3_studio.tasks.rows import PROBED_TOKENS
from ia3_studio.tasks.task import Task, register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.tokens import Tokenized
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.report import Progress

ENDS_ANSWER = "ends_answer"
"""Under which an adapter's metadata name the token that ends an answer."""
NO_ANSWER = "it has no label, so there is no answer to train on"


class Generation(Task):
    """What tasks have in common whose model writes an answer."""

    @classmethod
    def usable(cls, examples: Sequence[Example], data_kind: str) -> tuple[Sequence[Example], tuple[Problem, ...]]:
        """Return the examples with an answer.

        A row of several labels that has none teaches a classifier, but holds no answer for a model that writes: its
        text would be learned as plain text.
        """
        if data_kind != "labels" or all(example.labels for example in examples):
            return examples, ()
        kept = [example for example in examples if example.labels]
        return kept, tuple(Problem(example.row, NO_ANSWER) for example in examples if not example.labels)

    def load(self, say: ProgressCallback) -> LoadedModel:
        """Load the model."""
        from ia3_studio.models.load import load_model
        from ia3_studio.models.sharding_plan import WHOLE

        return load_model(self._config.model, progress=say, plan=self.plan or WHOLE)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as the model takes it."""
        return self._beginning(loaded, max((row.input_ids for row in rows), key=len))

    def _beginning(self, loaded: LoadedModel, tokens: Sequence[int]) -> dict[str, Any]:
        import torch

        from ia3_studio.method.inputs import example_inputs

        tokens = tokens[:PROBED_TOKENS]
        ids = torch.tensor([tokens], device=loaded.model.device)
        return example_inputs(loaded.model, len(tokens)) | {"input_ids": ids}

    def _with_answers(
        self, loaded: LoadedModel, attachment: Attachment, measured: Generator[Progress, None, RunEvaluation]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Return what measures, and lets both models answer as many held-out prompts as the run wants."""
        from ia3_studio.tasks.evaluation import with_answers

        asked = self._split.held_out[: self._config.train.sample_generations]
        if not asked:
            return measured
        return with_answers(loaded.model, loaded.tokenizer, attachment, asked, measured, self.processes, self.parts)


@register
class TextGeneration(Generation):
    """Conversations, or plain text, for a causal language model."""

    name: ClassVar[str] = "text generation"
    task_type: ClassVar[str] = "CAUSAL_LM"
    row_types: ClassVar[tuple[type, ...]] = (TokenRow,)
    _closing = ""
    """The token that ends an answer, once the rows are read."""

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the data are text, for a model that is neither an encoder-decoder nor to get a new head."""
        writes = data_kind in ("pairs", "messages", "text") or (data_kind == "labels" and model_head == "causal-lm")
        return writes and model_head != "seq2seq"

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return an example as the model sees it in training."""
        found = tokenize([example], tokenizer, UNLIMITED)
        (row,) = found.rows
        trained = tuple(label != IGNORED for label in row.labels)
        part = Part(row.input_ids, trained, first_kept(len(trained), max_length))
        return TokenPreview(example.row, (part,), notes=reasons(found.notes))

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows."""
        from ia3_studio.data.answer_end import closing_id, endless

        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> Tokenized:
            found = tokenize(examples, loaded.tokenizer, length)
            if found.unlabeled:
                print(f"rows {', '.join(map(str, found.unlabeled))}: skipped: no answer within the max length")
            return found

        closing = closing_id(loaded.tokenizer)
        self._closing = "" if closing is None else str(loaded.tokenizer.convert_ids_to_tokens(closing))
        self.notes += filter(None, [endless(loaded.tokenizer)])
        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def facts(self) -> dict[str, str]:
        """Return the token that ends an answer, which whoever generates with the adapter has to stop at."""
        return {ENDS_ANSWER: self._closing} if self._closing else {}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows and neutral text; yield the progress."""
        from ia3_studio.tasks.evaluation import evaluate_chat

        budget = self.evaluation_budget
        measured = evaluate_chat(
            loaded.model, loaded.tokenizer, attachment, held_out, budget, self.processes, self.known_losses
        )
        return self._with_answers(loaded, attachment, measured)
