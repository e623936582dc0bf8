"""Text-to-text: questions and their answers for an encoder-decoder."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.targets import TargetRow, tokenize_targets
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, first_kept, reasons
from ia3_studio.tasks.causal import Generation
from ia3_studio.tasks.task import register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.targets import Targeted
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.report import Progress


@register
class TextToText(Generation):
    """Questions and their answers for an encoder-decoder."""

    name: ClassVar[str] = "text-to-text"
    task_type: ClassVar[str] = "SEQ_2_SEQ_LM"
    row_types: ClassVar[tuple[type, ...]] = (TargetRow,)

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the data are text, for an encoder-decoder."""
        return data_kind in ("pairs", "messages", "text", "labels") and model_head == "seq2seq"

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return what the encoder reads and what the decoder learns to write."""
        found = tokenize_targets([example], tokenizer, UNLIMITED)
        (row,) = found.rows
        sides = ((row.input_ids, False), (row.labels, True))
        parts = tuple(
            Part(ids, (trained,) * len(ids), first_kept(len(ids), max_length, ends=True)) for ids, trained in sides
        )
        return TokenPreview(example.row, parts, notes=reasons(found.notes))

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows."""
        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> Targeted:
            return tokenize_targets(examples, loaded.tokenizer, length)

        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows; yield the progress."""
        from ia3_studio.tasks.evaluation import evaluate_targets

        budget = self.evaluation_budget
        measured = evaluate_targets(loaded.model, attachment, held_out, budget, self.processes, self.known_losses)
        return self._with_answers(loaded, attachment, measured)
