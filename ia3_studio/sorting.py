"""Which label does a classifier predict for a text? Base model compared with tuned model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.data.labels import Labels, labels_in, length_in, read_texts
from ia3_studio.errors import StudioError

if TYPE_CHECKING:
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models.loaded import LoadedModel

__all__ = ["Guess", "labels_in", "length_in", "rank_choices", "sort_text", "sort_texts"]


@dataclass(frozen=True)
class Guess:
    """One label for a text."""

    label: str
    share: float
    """Its probability (per label for multi-label classification); the predicted value for regression."""


def sort_text(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    text: str,
    strengths: Sequence[float] = (0, 1),
    max_length: int | None = None,
) -> tuple[tuple[Guess, ...], ...]:
    """Return the labels of one text by probability, once per strength; 0 is the base model.

    Raises:
        StudioError: the text is empty, or the model is a token classifier.
    """
    if not text.strip():
        raise StudioError("There is no text to classify; enter one.")
    return tuple(found[0] for found in sort_texts(loaded, attachment, labels, [text], strengths, max_length=max_length))


def sort_texts(
    loaded: LoadedModel,
    attachment: Attachment,
    labels: Labels,
    texts: Sequence[str],
    strengths: Sequence[float] = (0, 1),
    batch: int = 16,
    max_length: int | None = None,
) -> tuple[tuple[tuple[Guess, ...], ...], ...]:
    """Return the labels by probability, for each strength and each text.

    Texts become rows, and rows a batch, by the functions that training uses.

    Args:
        loaded: a classifier with a head for the labels.
        attachment: the attached adapter.
        labels: the labels of the head's outputs.
        texts: one or more.
        strengths: 0 is the base model.
        batch: maximum texts per forward pass; affects only speed and memory.
        max_length: tokens of a text that are read, such as :func:`length_in` of an adapter; by default at most 512.

    Raises:
        StudioError: the model is a token classifier.
    """
    from ia3_studio.training.class_loss import ClassLoss

    if labels.of_words:
        raise StudioError(
            "This adapter is for token classification, which this page cannot show; use it in a notebook."
        )
    most = min(int(loaded.tokenizer.model_max_length), max_length or _LONGEST_TEXT)
    rows = read_texts(texts, loaded.tokenizer, most)
    budget = batch * max((len(row.input_ids) for row in rows), default=1)
    found: list[tuple[tuple[Guess, ...], ...]] = []
    for strength in strengths:
        with attachment.strengths(strength):
            loss = ClassLoss(loaded.model)
            logits = loss.scores(rows, budget) if rows else ()
        found.append(tuple(_guesses(each, labels, str(loss.kind)) for each in logits))
    return tuple(found)


def rank_choices(
    loaded: LoadedModel, attachment: Attachment, prompt: str, choices: Sequence[str]
) -> tuple[tuple[Guess, ...], tuple[Guess, ...]]:
    """Return the choices ranked by the base model and by the tuned model.

    Choices are ranked by their mean log-probability per token, as in T-Few (Liu et al. 2022, section 3.1); the shares
    are the softmax of these means.

    Raises:
        StudioError: the model cannot rank choices, or there are fewer than two different ones.
    """
    from math import exp

    from ia3_studio.data.choices import ChoiceExample, tokenize_choices
    from ia3_studio.training.ranking import both_scores

    if not prompt.strip():
        raise StudioError("There is no question to rank answers for; enter one.")
    most = min(int(loaded.tokenizer.model_max_length), _LONGEST_QUESTION)
    question = ChoiceExample(1, prompt, tuple(choices), 0)
    rows = tokenize_choices([question], loaded.tokenizer, most, loaded.task == "seq2seq").rows

    def ranked(scores: Sequence[float]) -> tuple[Guess, ...]:
        odds = [exp(min(scores) - score) for score in scores]
        guesses = [Guess(choice, each / sum(odds)) for choice, each in zip(choices, odds, strict=True)]
        return tuple(sorted(guesses, key=lambda guess: -guess.share))

    base, tuned = both_scores(attachment, rows)
    return ranked(base[0]), ranked(tuned[0])


def _guesses(logits: Any, labels: Labels, kind: str) -> tuple[Guess, ...]:
    """Return the labels of one text from its outputs, shape (labels,)."""
    if kind == "number":
        return (Guess(labels.names[0], float(logits[0])),)
    shares = logits.sigmoid() if kind == "multi" else logits.softmax(-1)
    found = (Guess(name, float(share)) for name, share in zip(labels.names, shares, strict=True))
    return tuple(sorted(found, key=lambda guess: -guess.share))


_LONGEST_TEXT = 512
_LONGEST_QUESTION = 1024
