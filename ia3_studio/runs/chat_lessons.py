"""How are conversations, texts and questions converted to rows for generative models?"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.runs.reading import PROBED_TOKENS, Reading

if TYPE_CHECKING:
    from ia3_studio.data.choices import TokenizedChoices
    from ia3_studio.data.examples import Example
    from ia3_studio.data.split import DataSplit
    from ia3_studio.data.targets import Targeted
    from ia3_studio.data.tokens import Tokenized
    from ia3_studio.data.use import Use
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.runs.worker import Say
    from ia3_studio.training.report import Progress


ENDS_ANSWER = "ends_answer"
"""Metadata key of an adapter for the end-of-answer token."""


class ChatLesson(Reading):
    """Conversations, or plain text, for a causal language model."""

    task_type: ClassVar[str] = "CAUSAL_LM"
    _closing = ""
    """The end-of-answer token, once the rows are read."""

    def load(self, say: Say) -> LoadedModel:
        """Load the model."""
        from ia3_studio.models.load import load_model

        return load_model(self._config.model, progress=say)

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out rows; log truncated and skipped rows, with reasons."""
        from ia3_studio.data.tokens import tokenize

        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> Tokenized:
            found = tokenize(examples, loaded.tokenizer, length)
            if found.unlabelled:
                print(f"rows {', '.join(map(str, found.unlabelled))}: skipped: no answer within the max length")
            return found

        from ia3_studio.data.answer_end import closing_id, endless

        closing = closing_id(loaded.tokenizer)
        self._closing = "" if closing is None else str(loaded.tokenizer.convert_ids_to_tokens(closing))
        self.notes += filter(None, [endless(loaded.tokenizer)])
        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest row as model inputs."""
        return self._beginning(loaded, max((row.input_ids for row in rows), key=len))

    def _beginning(self, loaded: LoadedModel, tokens: Sequence[int]) -> dict[str, Any]:
        import torch

        from ia3_studio.method.inputs import example_inputs

        tokens = tokens[:PROBED_TOKENS]
        ids = torch.tensor([tokens], device=loaded.model.device)
        return example_inputs(loaded.model, len(tokens)) | {"input_ids": ids}

    def facts(self) -> dict[str, str]:
        """Return the end-of-answer token, at which generation must stop."""
        return {ENDS_ANSWER: self._closing} if self._closing else {}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the base and the tuned model on held-out rows and neutral text; yield the progress."""
        from ia3_studio.runs.evaluation import evaluate_chat

        budget = self._config.train.micro_tokens
        return self._answered(
            loaded, attachment, evaluate_chat(loaded.model, loaded.tokenizer, attachment, held_out, budget)
        )

    def _answered(
        self, loaded: LoadedModel, attachment: Attachment, measured: Generator[Progress, None, RunEvaluation]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Return the evaluation with sample generations of both models, as many as configured."""
        from ia3_studio.runs.evaluation import with_answers

        asked = self._split.held_out[: self._config.train.answers]
        return with_answers(loaded.model, loaded.tokenizer, attachment, asked, measured) if asked else measured


class TargetLesson(ChatLesson):
    """Prompts and answers for an encoder-decoder."""

    task_type: ClassVar[str] = "SEQ_2_SEQ_LM"
    use: ClassVar[Use] = "translates"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out rows; log truncated and skipped rows, with reasons."""
        from ia3_studio.data.targets import tokenize_targets

        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> Targeted:
            return tokenize_targets(examples, loaded.tokenizer, length)

        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the base and the tuned model on held-out rows; yield the progress."""
        from ia3_studio.runs.evaluation import evaluate_targets

        budget = self._config.train.micro_tokens
        return self._answered(loaded, attachment, evaluate_targets(loaded.model, attachment, held_out, budget))


class ChoiceLesson(ChatLesson):
    """Multiple choice, trained as in T-Few and answered by rank classification."""

    use: ClassVar[Use] = "ranks"

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        super().__init__(split, config)
        self._writes_apart = False
        """Whether the model is an encoder-decoder."""

    @property
    def task_type(self) -> str:  # type: ignore[override]
        """Return PEFT's task type."""
        return "SEQ_2_SEQ_LM" if self._writes_apart else "CAUSAL_LM"

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training and held-out rows; log truncated and skipped rows, with reasons."""
        from ia3_studio.data.choices import choice_examples, tokenize_choices

        self._writes_apart = loaded.task == "seq2seq"
        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> TokenizedChoices:
            return tokenize_choices(choice_examples(examples), loaded.tokenizer, length, self._writes_apart)

        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest question as model inputs."""
        return self._beginning(loaded, max(((*row.prompt, *row.choices[0]) for row in rows), key=len))

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Evaluate the rank accuracy of the base and the tuned model; yield the progress."""
        from ia3_studio.runs.evaluation import evaluate_ranking

        return evaluate_ranking(attachment, held_out, self._config.train.micro_tokens)
