"""Token classification: a label for each word of a text, such as the entities of named entity recognition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ia3_studio.data.labels import Labels, TagRow, tokenize_labels
from ia3_studio.data.scripts import word_places
from ia3_studio.data.token_preview import UNLIMITED, Part, TokenPreview, kept_of_words, reasons
from ia3_studio.data.tokens import IGNORED
from ia3_studio.data.word_tokens import word_tokens
from ia3_studio.errors import StudioError
from ia3_studio.tasks.classification import Classification, Prediction, predictions, readable
from ia3_studio.tasks.task import register

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.labels import Labeled
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models import LoadedModel


@register
class TokenClassification(Classification):
    """Words with labels."""

    name: ClassVar[str] = "token classification"
    of: ClassVar[Labeled] = "words"
    task_type: ClassVar[str] = "TOKEN_CLS"
    row_types: ClassVar[tuple[type, ...]] = (TagRow,)

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        """Say whether the words of texts have labels; the model may be of any kind."""
        del model_head
        return data_kind == "tags"

    @classmethod
    def preview(cls, example: Example, tokenizer: Any, max_length: int) -> TokenPreview:
        """Return the words as the classifier reads them; the first token of each is trained."""
        labels = Labels("single", tuple(dict.fromkeys(example.labels)), of_words=True)
        found = tokenize_labels([example], labels, tokenizer, UNLIMITED)
        (row,) = found.rows
        assert isinstance(row, TagRow)
        trained = tuple(label != IGNORED for label in row.labels)
        ids = row.input_ids
        kept = kept_of_words(example, tokenizer, max_length) if len(ids) > max_length else (True,) * len(ids)
        return TokenPreview(example.row, (Part(ids, trained, kept),), example.labels, reasons(found.notes))

    def scorer(self, model: Any) -> Any:
        """Return what gives the classifier's outputs for words."""
        from ia3_studio.training.class_loss import TagLoss

        return TagLoss(model)


@dataclass(frozen=True)
class TaggedWord:
    """One word of a text with its likeliest label."""

    word: str
    start: int
    """Where it begins in the text, in characters."""
    prediction: Prediction | None
    """None for a word beyond the limit, or of which the tokenizer makes no token."""


def tag_text(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    text: str,
    strengths: Sequence[float] = (0, 1),
    max_length: int | None = None,
) -> tuple[tuple[TaggedWord, ...], ...]:
    """Return the words of a text with their likeliest labels, once for each strength; 0 is the base model.

    Args:
        loaded: a classifier of words with a head for the labels.
        attachment: what was learned.
        labels: what the head's outputs mean.
        text: its words are separated by blanks, or are single letters in scripts without blanks; punctuation marks are
            words of their own.
        strengths: 0 is the base model.
        max_length: tokens that are read; by default 512 at most.

    Raises:
        StudioError: the text has no words, or the classifier labels whole texts.
    """
    from ia3_studio.training.class_loss import TagLoss

    if not labels.of_words:
        raise StudioError("This adapter labels whole texts; use classify_text for it.")
    places = word_places(text)
    words = [text[start:end] for start, end in places]
    if not words:
        raise StudioError("There is no word to label; write a text.")
    read = word_tokens(words, loaded.tokenizer, readable(loaded, max_length))
    starts = [word for word in read.firsts if word is not None]
    marks = tuple(IGNORED if word is None else 0 for word in read.firsts)  # which outputs are read, not what they are
    row = TagRow(read.ids, marks, 1, read.truncated, read.segments)
    tagged: list[tuple[TaggedWord, ...]] = []
    for strength in strengths:
        with attachment.strengths(strength):
            scores = TagLoss(loaded.model).scores([row], len(read.ids)) if starts else ()
        by_word = {
            word: predictions(each, labels.names, "single")[0] for word, each in zip(starts, scores, strict=True)
        }
        tagged.append(
            tuple(TaggedWord(text[start:end], start, by_word.get(at)) for at, (start, end) in enumerate(places))
        )
    return tuple(tagged)
