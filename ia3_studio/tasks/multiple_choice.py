"""Multiple choice: questions with choices, trained as T-Few does and answered by the likeliest choice.

Rank classification and its losses: Liu et al. 2022, "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper
than In-Context Learning", section 3.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.choices import ChoiceExample, ChoiceRow, choice_examples, tokenize_choices
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, first_kept, reasons
from ia3_studio.errors import StudioError
from ia3_studio.tasks.causal import Generation
from ia3_studio.tasks.classification import Prediction
from ia3_studio.tasks.task import register

if TYPE_CHECKING:
    from ia3_studio.data.choices import TokenizedChoices
    from ia3_studio.data.example import Example
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel
    from ia3_studio.runs.evaluation import RunEvaluation
    from ia3_studio.training.report import Progress

_LONGEST_QUESTION = 1024


@register
class MultipleChoice(Generation):
    """Questions with choices for a causal language model."""

    name: ClassVar[str] = "multiple choice"
    task_type: ClassVar[str] = "CAUSAL_LM"
    row_types: ClassVar[tuple[type, ...]] = (ChoiceRow,)
    encoder_decoder: ClassVar[bool] = False
    """Whether an encoder reads the question."""

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the data have choices, for a model of this class's kind."""
        return data_kind == "choices" and (model_head == "seq2seq") == cls.encoder_decoder

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return the question and each choice as the model sees it, the right one first."""
        found = tokenize_choices(choice_examples([example]), tokenizer, UNLIMITED, cls.encoder_decoder)
        (row,) = found.rows
        asked = len(row.prompt)
        room = max_length - max(map(len, row.choices))
        if cls.encoder_decoder:
            kept = first_kept(asked, room, ends=True)
        else:
            kept = tuple(place >= asked - room for place in range(asked))
        order = sorted(range(len(row.choices)), key=lambda place: place != row.answer)
        offered = [(row.choices[place], place == row.answer) for place in order]
        answers = [Part(ids, (right,) * len(ids), (True,) * len(ids)) for ids, right in offered]
        return TokenPreview(
            example.row, (Part(row.prompt, (False,) * asked, kept), *answers), notes=reasons(found.notes)
        )

    def rows(self, loaded: LoadedModel) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the training rows and the held-out rows."""
        length = self.length_for(loaded)

        def read(examples: Sequence[Example]) -> TokenizedChoices:
            return tokenize_choices(choice_examples(examples), loaded.tokenizer, length, self.encoder_decoder)

        return self.read_both(self.known(read, loaded), loaded.tokenizer)

    def probe(self, loaded: LoadedModel, rows: Sequence[Any]) -> dict[str, Any]:
        """Return the beginning of the longest question as the model takes it."""
        return self._beginning(loaded, max(((*row.prompt, *row.choices[0]) for row in rows), key=len))

    def evaluate(
        self, loaded: LoadedModel, attachment: Attachment, held_out: Sequence[Any]
    ) -> Generator[Progress, None, RunEvaluation]:
        """Measure how often base and tuned model rank the right choice first; yield when it is done."""
        from ia3_studio.tasks.evaluation import evaluate_ranking

        return evaluate_ranking(attachment, held_out, self.evaluation_budget, self.processes)


@register
class Seq2SeqMultipleChoice(MultipleChoice):
    """Questions with choices for an encoder-decoder."""

    task_type: ClassVar[str] = "SEQ_2_SEQ_LM"
    encoder_decoder: ClassVar[bool] = True


def rank_choices(
    loaded: LoadedModel, attachment: Attachment, prompt: str, choices: Sequence[str]
) -> tuple[tuple[Prediction, ...], tuple[Prediction, ...]]:
    """Return the choices by how likely the base model finds them as answers, and by how likely the tuned one does.

    A choice counts by its mean log-probability per token, as T-Few ranks (Liu et al. 2022, section 3.1); the shares are
    the softmax of these means.

    Raises:
        StudioError: the model cannot rank choices, or there are fewer than two different ones.
    """
    from math import exp

    from ia3_studio.training.ranking import both_scores

    if not prompt.strip():
        raise StudioError("There is no question to rank answers for; enter one.")
    most = min(int(loaded.tokenizer.model_max_length), _LONGEST_QUESTION)
    question = ChoiceExample(1, prompt, tuple(choices), 0)
    rows = tokenize_choices([question], loaded.tokenizer, most, loaded.head == "seq2seq").rows

    def ranked(scores: Sequence[float]) -> tuple[Prediction, ...]:
        odds = [exp(min(scores) - score) for score in scores]
        predictions = [Prediction(choice, each / sum(odds)) for choice, each in zip(choices, odds, strict=True)]
        return tuple(sorted(predictions, key=lambda guess: -guess.share))

    base, tuned = both_scores(attachment, rows)
    return ranked(base[0]), ranked(tuned[0])
