"""Preference tuning: two answers to one prompt, or single answers with a label, for a causal language model."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.preference_rows import JudgedRow, PairRow, tokenize_judged, tokenize_pairs
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, first_kept, reasons
from ia3_studio.data.tokens import IGNORED, TokenRow
from ia3_studio.errors import DataError
from ia3_studio.tasks.causal import ENDS_ANSWER, Generation
from ia3_studio.tasks.task import register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.report import Progress

FOR_PAIRS = {"loss_type": "sigmoid", "label_smoothing": 0.0, "sft_weight": 0.0}
"""Settings of pairs, and the values at which they have no effect on answers with a label."""
FOR_LABELS = {"desirable_weight": 1.0, "undesirable_weight": 1.0}


@register
class PreferenceTuning(Generation):
    """Pairs of answers (DPO, IPO), or answers with a label (KTO), for a causal language model."""

    name: ClassVar[str] = "preference tuning"
    task_type: ClassVar[str] = "CAUSAL_LM"
    row_types: ClassVar[tuple[type, ...]] = (PairRow, JudgedRow)
    _closing = ""
    """The token that ends an answer, once the rows are read."""

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the data are preferences, and the model a causal language model."""
        return data_kind == "preferences" and model_head == "causal-lm"

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return both answers, each with its prompt, or the only one, as the model sees them in training."""
        if example.rejected:
            found = tokenize_pairs([example], tokenizer, UNLIMITED)
            labels: tuple[str, ...] = ()
        else:
            found = tokenize_judged([example], tokenizer, UNLIMITED)
            labels = ("desirable" if example.desirable else "undesirable",)
        (row,) = found.rows
        sides = row.sides if isinstance(row, PairRow) else (row.answer,)
        parts = tuple(_part(side, max_length) for side in sides)
        names = ("chosen", "rejected") if isinstance(row, PairRow) else ()
        return TokenPreview(example.row, parts, labels, reasons(found.notes), names)

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows."""
        from ia3_studio.data.answer_end import closing_id, endless

        length = self.length_for(loaded)
        judged = bool(self._split.mapping.flag)
        read = partial(tokenize_judged if judged else tokenize_pairs, tokenizer=loaded.tokenizer, max_length=length)
        closing = closing_id(loaded.tokenizer)
        self._closing = "" if closing is None else str(loaded.tokenizer.convert_ids_to_tokens(closing))
        self.notes += filter(None, [endless(loaded.tokenizer), self._unused_settings(judged)])
        rows = self.read_both(self.known(read, loaded), loaded.tokenizer)
        if judged:
            self._require_desirable(rows[0])
        return rows

    def facts(self) -> dict[str, str]:
        """Return the loss, and the token that ends an answer."""
        config = self._config.train
        loss = "kto" if self._split.mapping.flag else config.loss_type
        closing = {ENDS_ANSWER: self._closing} if self._closing else {}
        return {**closing, "loss_type": loss, "beta": f"{config.beta:g}"}

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure base and tuned model on held-out rows and neutral text; yield the progress."""
        from ia3_studio.tasks.evaluation import evaluate_preference_run

        measured = evaluate_preference_run(
            loaded.model, loaded.tokenizer, attachment, held_out, self._config.train.beta, self.evaluation_budget,
            self.processes,
        )  # fmt: skip
        return self._with_answers(loaded, attachment, measured)

    def _unused_settings(self, judged: bool) -> str:
        """Return a note on settings that the data have no use for; empty if there are none."""
        config = self._config.train
        named = [
            name for name, usual in (FOR_PAIRS if judged else FOR_LABELS).items() if getattr(config, name) != usual
        ]
        if not named:
            return ""
        what = "answers with a label, which are trained by KTO" if judged else "pairs of answers"
        return f"Settings without effect on {what}: {', '.join(named)}."

    def _require_desirable(self, rows: Sequence[JudgedRow]) -> None:
        """Refuse answers that only say what the model is not to write; note if none says so.

        Raises:
            DataError: no answer is desirable.
        """
        labels: set[bool] = set()
        for row in rows:
            labels.add(row.desirable)
            if len(labels) == 2:
                return
        if False in labels:
            raise DataError(
                f"All {len(rows):,} training rows are labeled undesirable, so there is no answer to learn; add rows "
                "whose label is true."
            )
        self.say("All training rows are labeled desirable; KTO is meant for both labels.")


def _part(side: TokenRow, max_length: int) -> Part:
    trained = tuple(label != IGNORED for label in side.labels)
    return Part(side.input_ids, trained, first_kept(len(trained), max_length))
